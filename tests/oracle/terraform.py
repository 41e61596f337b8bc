"""Drives the real `terraform` over a copy of a generated folder: no registry, no cloud, no trace beside it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

#: Replaces the S3 backend of the generated code: the copy keeps its state beside itself.
_LOCAL_BACKEND: Final = 'terraform {\n  backend "local" {\n  }\n}\n'
#: `# aws_sns_topic.owner["a"] will be created`, in a plan's own words.
_PLANNED: Final = re.compile(r"^  # (\S.*) will be created$", re.MULTILINE)
_RUN: Final = re.compile(r'^run "\w+" \{\n  command = plan\n(.*)^\}$', re.MULTILINE | re.DOTALL)
_TIMEOUT_SECONDS: Final = 120


class TerraformError(Exception):
    """A terraform command failed; the message is terraform's own."""


def unformatted(program: str, folder: Path) -> str:
    """What `terraform fmt` would change in a folder, as a diff; empty if nothing."""
    command = [program, "fmt", "-check", "-diff", "-recursive", "-no-color", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    answer = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS
    )
    return answer.stdout + answer.stderr


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a plan or a state: its address, its type and its values (None where known after apply)."""

    address: str
    type_name: str
    values: dict[str, Any]


def resources_in(module: dict[str, Any]) -> list[Resource]:
    """The managed resources of a `values.root_module` or `planned_values.root_module`, in terraform's order."""
    own = [
        Resource(entry["address"], entry["type"], entry["values"])
        for entry in module.get("resources", [])
        if entry["mode"] == "managed"
    ]
    return own + [inner for child in module.get("child_modules", []) for inner in resources_in(child)]


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Lays generated files into a folder, by their paths."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Applied:
    """What the state holds after an apply: its resources, in the order of their addresses, and one wanted value."""

    resources: list[Resource]
    value: Any


class Terraform:
    """One working copy of a configuration."""

    def __init__(
        self,
        program: str,
        given: Mapping[str, str],
        source: Path,
        workspace: Path,
        root: str = ".",
        data: Path | None = None,
    ) -> None:
        """Copies `source` to `workspace`; `root` is the folder in it that holds the .tf files.

        `given` are environment variables that say where the provider is: TF_CLI_CONFIG_FILE or TF_REATTACH_PROVIDERS.
        Copies that share a `data` folder need one `init` for all of them.
        """
        self._program = program
        tree = workspace / "tree"
        shutil.copytree(source, tree, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        self.folder = tree / root
        self._use_local_backend()
        self._environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(workspace),
            **given,
            "TF_DATA_DIR": str(data or workspace / "data"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }

    def _run(
        self, *arguments: str, accepted: tuple[int, ...] = (0,), given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        answer = subprocess.run(
            [self._program, *arguments],
            cwd=self.folder,
            env=self._environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
        if answer.returncode not in accepted:
            raise TerraformError(f"terraform {' '.join(arguments)}:\n{answer.stdout}{answer.stderr}")
        return answer

    def overwrite(self, files: Mapping[str, str]) -> None:
        """Puts another generated folder in the place of the files, and keeps the state."""
        for path in [*self.folder.glob("*.tf"), *self.folder.glob("policies/*")]:
            path.unlink()
        write_files(files, self.folder.parent)
        self._use_local_backend()

    def _use_local_backend(self) -> None:
        (self.folder / "oracle_override.tf").write_text(_LOCAL_BACKEND)

    def init(self) -> None:
        """Installs the offline provider. Raises: TerraformError if the requirements cannot be met."""
        self._run("init", "-no-color", "-input=false")

    def validate(self) -> list[str]:
        """Each fault as `file:line: summary: detail`, in terraform's order; warnings count as faults."""
        answer = json.loads(self._run("validate", "-json", "-no-color", accepted=(0, 1)).stdout)
        return [_fault(diagnostic) for diagnostic in answer["diagnostics"]]

    def plan(self) -> dict[str, Any]:
        """The plan as `terraform show -json` has it. Raises: TerraformError if planning fails."""
        self._run("plan", "-no-color", "-input=false", "-lock=false", "-out=oracle.tfplan")
        plan: dict[str, Any] = json.loads(self._run("show", "-json", "oracle.tfplan").stdout)
        return plan

    def plan_addresses(self) -> list[str]:
        """What a first plan makes, sorted. Raises: TerraformError if planning fails, or warns of something."""
        said = self._run("plan", "-no-color", "-input=false", "-lock=false", "-out=oracle.tfplan").stdout
        if "Warning:" in said:
            raise TerraformError(said)
        return sorted(_PLANNED.findall(said))

    def apply_and_read(self) -> Applied:
        """The state after the last plan was applied, with the value that was wanted before it; see `want`."""
        self._run("apply", "-no-color", "-input=false", "-lock=false", "oracle.tfplan")
        state = json.loads((self.folder / "terraform.tfstate").read_text(encoding="utf-8"))
        found = [
            Resource(_address(entry, instance), entry["type"], instance["attributes"])
            for entry in state["resources"]
            if entry["mode"] == "managed"
            for instance in entry["instances"]
        ]
        return Applied(sorted(found, key=lambda item: item.address), state["outputs"]["oracle"]["value"])

    def want(self, expression: str) -> None:
        """Adds an output of the expression, so that a plan computes it and the state holds it."""
        (self.folder / "oracle.tf").write_text(f'output "oracle" {{\n  value = {expression}\n}}\n', encoding="utf-8")

    def join_tests(self) -> None:
        """Puts the assertions of all test files into one run, so that they share a plan."""
        folder = self.folder / "tests"
        bodies = [body for path in sorted(folder.iterdir()) for body in _RUN.findall(path.read_text(encoding="utf-8"))]
        shutil.rmtree(folder)
        folder.mkdir()
        text = 'run "all" {\n  command = plan\n' + "".join(bodies) + "}\n"
        (folder / "all.tftest.hcl").write_text(text, encoding="utf-8")

    def apply(self) -> dict[str, Any]:
        """The state after the last plan was applied. Raises: TerraformError if that fails."""
        self._run("apply", "-no-color", "-input=false", "-lock=false", "oracle.tfplan")
        state: dict[str, Any] = json.loads(self._run("show", "-json").stdout)
        return state

    def evaluate(self, expression: str) -> Any:
        """The value of an expression over the applied configuration, e.g. `local.names`."""
        answer = self._run("console", given=f"jsonencode({expression})\n")
        return json.loads(json.loads(answer.stdout))  # the console prints the JSON as a quoted string

    def test(self) -> str:
        """What `terraform test` says. Raises: TerraformError if an assertion does not hold."""
        return self._run("test", "-no-color").stdout

    def remaining_changes(self) -> str:
        """What a second plan would still change, in terraform's words; empty if nothing."""
        answer = self._run("plan", "-no-color", "-input=false", "-lock=false", "-detailed-exitcode", accepted=(0, 2))
        return answer.stdout if answer.returncode else ""


def _address(entry: Mapping[str, Any], instance: Mapping[str, Any]) -> str:
    key = instance.get("index_key")
    place = "" if key is None else f"[{json.dumps(key)}]"
    return f"{entry['type']}.{entry['name']}{place}"


def _fault(diagnostic: dict[str, Any]) -> str:
    place = ""
    if "range" in diagnostic:
        place = f"{diagnostic['range']['filename']}:{diagnostic['range']['start']['line']}: "
    detail = f": {diagnostic['detail']}" if diagnostic.get("detail") else ""
    return f"{place}{diagnostic['severity']}: {diagnostic['summary']}{detail}"
