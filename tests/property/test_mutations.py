"""Whatever is done to the reference spec, the compiler ends in files or in diagnostics, never in another exception."""

import copy
import os
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.source import parse
from tests.compiling import REFERENCE_SPEC, files_of

EXAMPLES = int(os.environ.get("PIPELINEGEN_EXAMPLES", "150"))
SETTINGS = settings(
    derandomize=True,
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)

TEXT = REFERENCE_SPEC.read_text(encoding="utf-8")
SPEC: Any = parse(TEXT, "specs/spec.yaml").data

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["${steps.train.model}", "${steps.gone.model}", "${datasets.clicks}", "${run.date}", "${", "x" * 200]
    ),
    st.just([]),
    st.just({}),
    st.just([1, "a", None]),
    st.just({"a": {"b": [None]}}),
    st.sampled_from(
        [["dev"], ["prod"], ["gone"], [1], {"steps": None}, {"environments": None}, {"steps": {"train": None}}]
    ),
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of everything inside a value."""
    inside = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [*([path] if path else []), *(found for key, item in inside for found in places(item, (*path, key)))]


def _has(parent: Any, part: str | int) -> bool:
    if isinstance(parent, list):
        return isinstance(part, int) and part < len(parent)
    return isinstance(parent, dict) and part in parent


def mutate(spec: Any, path: tuple[str | int, ...], action: str, value: Any) -> None:
    """Replaces, removes, renames or adds beside what is at a path; nothing where an earlier mutation took it away."""
    parent = spec
    for part in path[:-1]:
        if not _has(parent, part):
            return
        parent = parent[part]
    if isinstance(parent, dict) and action == "remove":
        parent.pop(path[-1], None)
    elif isinstance(parent, dict) and action == "rename":
        parent[str(value)] = parent.pop(path[-1], None)
    elif isinstance(parent, dict) and action == "add":
        parent[f"{path[-1]}x"] = value
    elif isinstance(parent, dict) or _has(parent, path[-1]):
        parent[path[-1]] = value


def outcome(text: str) -> tuple[Diagnostic, ...]:
    """The diagnostics of a text, none if it compiles; any other exception fails the test."""
    try:
        files_of(text)
    except SpecError as error:
        return error.diagnostics
    return ()


def check(found: tuple[Diagnostic, ...]) -> None:
    for item in found:
        assert item.id != "PG034", item
        assert item.message, item
        assert item.help, item
        assert item.span is not None, item


@SETTINGS
@given(
    st.lists(
        st.tuples(st.sampled_from(places(SPEC)), st.sampled_from(["replace", "remove", "rename", "add"]), VALUES),
        min_size=1,
        max_size=3,
    )
)
def test_a_changed_value_gives_files_or_diagnostics(changes: list[tuple[tuple[str | int, ...], str, Any]]) -> None:
    spec = copy.deepcopy(SPEC)
    for path, action, value in changes:
        mutate(spec, path, action, value)
    check(outcome(yaml.safe_dump(spec, sort_keys=False, allow_unicode=True)))


@SETTINGS
@given(
    st.integers(0, len(TEXT)), st.integers(0, 30), st.text(alphabet="a1:-{}[]&*!|>'\"#%@$\n\t ,.${}é\x00", max_size=6)
)
def test_a_changed_text_gives_files_or_diagnostics(start: int, length: int, new: str) -> None:
    check(outcome(TEXT[:start] + new + TEXT[start + length :]))


@pytest.mark.parametrize("path", places(SPEC), ids=str)
def test_every_value_replaced_by_nothing_gives_files_or_diagnostics(path: tuple[str | int, ...]) -> None:
    spec = copy.deepcopy(SPEC)
    mutate(spec, path, "replace", None)
    check(outcome(yaml.safe_dump(spec, sort_keys=False)))
