"""Compiles text the way the commands do, without a disk: what the tests of the compiler share."""

import os
from collections.abc import Mapping
from pathlib import Path

from pipelinegen.assets import templates_folder
from pipelinegen.code_folders import CodeReader, no_code
from pipelinegen.compiler import compile_source
from pipelinegen.generate import generate_files
from pipelinegen.ir.model import Pipeline
from pipelinegen.render.env import Renderer
from pipelinegen.source import parse
from pipelinegen.steps.registry import built_in_kinds

ROOT = Path(__file__).resolve().parents[1]
#: For processes: they run the code of this checkout, whichever one is installed.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
REFERENCE_SPEC = ROOT / "specs" / "vehicle_recommendations.yaml"

RENDERER = Renderer(templates_folder())
KINDS = built_in_kinds()


def fixed_digest(packages: tuple[str, ...]) -> str:
    """Stands in for the hash of the runtime's code, so that no golden changes with it."""
    return f"code of {' '.join(packages)}"


def pipelines_of(text: str, read_code: CodeReader = no_code) -> tuple[Pipeline, ...]:
    """The pipeline in every environment. Raises: SpecError for whatever is wrong with it."""
    return compile_source(parse(text, "specs/spec.yaml"), KINDS, "specs/spec.yaml", read_code=read_code)


def files_of(text: str, read_code: CodeReader = no_code) -> dict[str, Mapping[str, str]]:
    """Every generated file, by environment and path."""
    pipelines = pipelines_of(text, read_code)
    return {item.environment: generate_files(item, RENDERER, text, fixed_digest) for item in pipelines}
