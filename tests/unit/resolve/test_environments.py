"""Overlays: mappings merge key by key, null removes a key, anything else replaces; places follow the text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelinegen.layers import merge
from pipelinegen.resolve.environments import Overlaid, overlay
from pipelinegen.source import Data, parse

TEXT = """\
schedule: {cron: a, timezone: b}
steps:
  train: {instance: {type: small, count: 1}, tags: [a, b]}
environments:
  dev: {}
  prod:
    overrides:
      schedule: null
      steps: {train: {instance: {type: large}, tags: [c]}, extra: {kind: x}}
"""


def test_an_overlay_by_example() -> None:
    source = parse(TEXT, "spec.yaml")
    over = overlay(source.data, source.spans, "prod")
    data, spans = over.data, over.spans
    assert "schedule" not in data
    assert data["steps"] == {
        "train": {"instance": {"type": "large", "count": 1}, "tags": ["c"]},
        "extra": {"kind": "x"},
    }
    assert spans.at("steps", "train", "instance", "type").value.line == 9
    assert spans.at("steps", "train", "instance", "count").value.line == 3
    assert spans.at("steps", "extra", "kind").value.line == 9


def test_without_overrides_nothing_changes() -> None:
    source = parse(TEXT, "spec.yaml")
    assert overlay(source.data, source.spans, "dev") == Overlaid(source.data, source.spans)


def test_the_base_is_not_changed() -> None:
    source = parse(TEXT, "spec.yaml")
    overlay(source.data, source.spans, "prod")
    assert source.data == parse(TEXT, "spec.yaml").data


def test_null_removes_a_key_and_stays_where_there_is_none_for_the_models_to_judge() -> None:
    base, over = parse("a: {x: 1}", "b"), parse("a: {y: null, x: null}", "o")
    assert merge(base.data, base.spans, over.data, over.spans)[0] == {"a": {"y": None}}


values = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
EMPTY = parse("x", "x").spans


def merged(base: Data, over: Data) -> Data:
    return merge(base, EMPTY, over, EMPTY)[0]


@settings(derandomize=True, deadline=None)
@given(values, values)
def test_laying_twice_is_laying_once_and_nothing_changes_nothing(base: Data, over: Data) -> None:
    once = merged(base, over)
    assert merged(once, over) == once
    if isinstance(base, dict):
        assert merged(base, {}) == base
    if not isinstance(base, dict) or not isinstance(over, dict):
        assert once == over
