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
def test_what_is_generated_is_sound(spec: Spec) -> None:
    """Each spec is compiled once, and everything that holds for every spec is looked at."""
    for files in files_of(as_yaml(spec)).values():
        machine = filled(files)
        assert asl.faults(machine) == []
        names_are_unique(machine)
        files_are_what_their_names_say(files)
        scripts_say_what_the_spec_says(files, spec)


def names_are_unique(machine: dict[str, Any]) -> None:
    def names(machine: dict[str, Any]) -> list[str]:
        inner = [branch for state in machine["States"].values() for branch in state.get("Branches", [])]
        return [*machine["States"], *(name for branch in inner for name in names(branch))]

    found = names(machine)
    assert sorted(found) == sorted(set(found))
    assert max(len(name) for name in found) <= 80


def files_are_what_their_names_say(files: Mapping[str, str]) -> None:
    for path, text in files.items():
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert [line for line in text.split("\n") if line != line.rstrip(" \t")] == [], path
        if path.endswith(".json"):
            json.loads(text)
        if path.endswith(".py"):
            ast.parse(text)


def scripts_say_what_the_spec_says(files: Mapping[str, str], spec: Spec) -> None:
    for name, step in spec["steps"].items():
        if step["kind"] == "glue_etl":
            assert script_settings(files[f"glue/{name}.py"])["sql"] == step["sql"].strip()


def script_settings(script: str) -> dict[str, Any]:
    found = next(node for node in ast.parse(script).body if isinstance(node, ast.Assign))
    settings: dict[str, Any] = ast.literal_eval(found.value)
    return settings


@settings(SETTINGS, max_examples=EXAMPLES // 2)
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
