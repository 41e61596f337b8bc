"""Invariants of every valid spec: what is generated is well formed, sound, and the same whatever does not matter."""

import ast
import json
import os
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelinegen.local.variables import fill
from tests.compiling import files_of
from tests.oracle import asl
from tests.property.specs import Spec, as_yaml, specs

#: More for a night: PIPELINEGEN_EXAMPLES=5000.
EXAMPLES = int(os.environ.get("PIPELINEGEN_EXAMPLES", "40"))
SETTINGS = settings(
    derandomize=True,
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    # Shrinking a whole spec takes minutes; the failing one is printed as it is.
    phases=[Phase.explicit, Phase.generate],
)

#: Mappings whose order carries meaning: columns, inputs and environments as the reader sees them, and steps.
ORDERED = {"columns", "inputs", "environments", "steps", "datasets", "metrics"}


class Itself(dict[str, str]):
    """Terraform's variables standing for themselves: only the escapes of a template are undone."""

    def get(self, name: str, default: Any = None) -> str:
        return f"${{{name}}}"


def filled(files: Mapping[str, str]) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(fill(files["stepfunctions/pipeline.asl.json"], Itself()))
    return definition


@SETTINGS
@given(specs())
def test_the_state_machine_is_sound(spec: Spec) -> None:
    """It parses, every Next exists, every state is reachable, every variable is assigned before it is used."""
    for files in files_of(as_yaml(spec)).values():
        assert asl.faults(filled(files)) == []


@SETTINGS
@given(specs())
def test_state_names_are_unique_in_the_whole_machine(spec: Spec) -> None:
    def names(machine: dict[str, Any]) -> list[str]:
        inner = [branch for state in machine["States"].values() for branch in state.get("Branches", [])]
        return [*machine["States"], *(name for branch in inner for name in names(branch))]

    for files in files_of(as_yaml(spec)).values():
        found = names(filled(files))
        assert sorted(found) == sorted(set(found))
        assert max(len(name) for name in found) <= 80


@SETTINGS
@given(specs())
def test_every_file_is_what_its_name_says(spec: Spec) -> None:
    for files in files_of(as_yaml(spec)).values():
        for path, text in files.items():
            assert text.endswith("\n"), path
            assert not text.endswith("\n\n"), path
            assert [line for line in text.split("\n") if line != line.rstrip(" \t")] == [], path
            if path.endswith(".json"):
                json.loads(text)
            if path.endswith(".py"):
                ast.parse(text)


@SETTINGS
@given(specs())
def test_the_script_says_exactly_what_the_spec_says(spec: Spec) -> None:
    for files in files_of(as_yaml(spec)).values():
        for name, step in spec["steps"].items():
            if step["kind"] == "glue_etl":
                assert script_settings(files[f"glue/{name}.py"])["sql"] == step["sql"].strip()


def script_settings(script: str) -> dict[str, Any]:
    found = next(node for node in ast.parse(script).body if isinstance(node, ast.Assign))
    settings: dict[str, Any] = ast.literal_eval(found.value)
    return settings


@SETTINGS
@given(specs(), st.randoms(use_true_random=False))
def test_order_of_keys_and_comments_do_not_matter(spec: Spec, random: Any) -> None:
    text = as_yaml(spec)
    shuffled = "# a comment\n" + as_yaml(shuffle(spec, random)).replace("version: 1", "version: 1 # another")
    for environment, files in files_of(text).items():
        others = files_of(shuffled)[environment]
        assert {path: without_places(text) for path, text in files.items() if path != "MANIFEST.json"} == {
            path: without_places(text) for path, text in others.items() if path != "MANIFEST.json"
        }


def shuffle(value: Any, random: Any, key: str = "") -> Any:
    if isinstance(value, list):
        return [shuffle(item, random) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if key not in ORDERED:
        random.shuffle(keys)
    return {name: shuffle(value[name], random, name) for name in keys}


def without_places(text: str) -> str:
    """Lines of the spec are cited, and tags hashed from files that cite them: neither is compared."""
    import re

    return re.sub(r"spec\.yaml:[0-9]+|[0-9a-f]{12}", "…", text)
