"""Every spec of this repository in every environment, as pytest parameters: specs/ and below, and the goldens."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

from pipelinegen.tree import compile_specs, generate_folders
from tests.compiling import ROOT
from tests.oracle.terraform import write_files


@dataclass(frozen=True, slots=True)
class Case:
    """One environment of one spec."""

    spec: Path
    environment: str

    @property
    def name(self) -> str:
        """Such as `vehicle_recommendations-prod`; goldens go by their folder."""
        stem = self.spec.parent.name if self.spec.name == "spec.yaml" else self.spec.stem
        return f"{stem}-{self.environment}"

    def files(self) -> dict[str, str]:
        """What is generated, by path below the environment's folder."""
        return _files(self.spec)[self.environment]

    def write(self, folder: Path) -> Path:
        """Lays the generated files into a folder, and returns it."""
        write_files(self.files(), folder)
        return folder


@cache
def _files(spec: Path) -> dict[str, dict[str, str]]:
    out = ROOT / "generated"
    folders = generate_folders(compile_specs([spec], out), out)
    return {folder.name: dict(files) for folder, files in folders.items()}


def _environments(spec: Path) -> list[str]:
    document = yaml.safe_load(spec.read_text(encoding="utf-8"))
    found = document.get("environments") if isinstance(document, dict) else None
    # A spec may take its environments from a file that it includes.
    return list(found) if isinstance(found, dict) else list(_files(spec))


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case, specs before goldens."""
    specs = [path for path in sorted((ROOT / "specs").rglob("*.yaml")) if "\nversion:" in _padded(path)]
    specs += sorted((ROOT / "tests" / "golden").glob("*/spec.yaml"))
    return tuple(Case(spec, environment) for spec in specs for environment in _environments(spec))


def _padded(path: Path) -> str:
    """The text with a line break in front; a file that specs include has no `version`."""
    return "\n" + path.read_text(encoding="utf-8")


def as_parameters(cases: tuple[Case, ...]) -> list[object]:
    """One pytest parameter a case."""
    return [pytest.param(case, id=case.name, marks=pytest.mark.xdist_group(case.name)) for case in cases]
