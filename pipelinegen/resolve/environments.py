"""Overlays: what an environment changes of the spec, positions kept."""

from collections.abc import Mapping

from pipelinegen.source import Data, SpanTree


def overlay(data: Data, spans: SpanTree, environment: str) -> tuple[dict[str, Data], SpanTree]:
    """The spec as one environment has it. Mappings merge key by key, null removes a key, anything else replaces."""
    assert isinstance(data, dict)
    environments = data["environments"]
    assert isinstance(environments, dict)
    here = environments[environment]
    changes = here.get("overrides") if isinstance(here, dict) else None
    if not isinstance(changes, dict):
        return dict(data), spans
    merged, tree = merge(data, spans, changes, spans.at("environments", environment, "overrides"))
    assert isinstance(merged, dict)
    return merged, tree


def merge(base: Data, base_spans: SpanTree, over: Data, over_spans: SpanTree) -> tuple[Data, SpanTree]:
    """`over` laid upon `base`, each value with the span of the text it came from."""
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over, over_spans
    data = dict(base)
    children = dict(base_spans.children)
    for key, value in over.items():
        if value is None:
            data.pop(key, None)
            children.pop(key, None)
        elif key in data:
            data[key], children[key] = merge(data[key], base_spans.at(key), value, over_spans.at(key))
        else:
            data[key], children[key] = value, over_spans.at(key)
    return data, SpanTree(base_spans.value, base_spans.key, children)
