"""A spec spread over layers: the schema finds no fault that the compiler does not, and misses no unknown key."""

import copy
import json
import os
import random
from typing import Any

import jsonschema
import pytest
import referencing
import yaml

from pipelinegen.layers import merge
from pipelinegen.source import Data, parse
from pipelinegen.spec.layer_schema import LAYER_FILE, SPEC_FILE
from pipelinegen.tree import schema_texts
from tests.property.test_schema_agrees import BASE, faults, mutants, mutated

EXAMPLES = int(os.environ.get("PIPELINEGEN_EXAMPLES", "40"))
SCHEMAS = {name: json.loads(text) for name, text in schema_texts().items()}
REGISTRY: Any = referencing.Registry().with_resources(
    (name, referencing.Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
SPEC = jsonschema.Draft202012Validator(SCHEMAS[SPEC_FILE])
LAYER = jsonschema.Draft202012Validator(SCHEMAS[LAYER_FILE], registry=REGISTRY)
IDENTITY = ("environments", "include", "name", "version")


def spread(value: Any, chosen: random.Random) -> tuple[Any, Any]:
    """Two mappings that merge to the given one."""
    lower, upper = {}, {}
    for key, item in value.items():
        if isinstance(item, dict) and item and chosen.random() < 0.7:
            lower[key], upper[key] = spread(item, chosen)
        elif chosen.random() < 0.5:
            lower[key] = item
        else:
            upper[key] = item
    return lower, upper


def complaints(lower: Data, upper: dict[str, Any]) -> list[str]:
    """What the schemas say of an included file, and of the spec that includes it."""
    spec = {**upper, "include": "organisation.yaml"}
    return [item.message for item in (*LAYER.iter_errors(lower), *SPEC.iter_errors(spec))]


def disagreement(path: tuple[str | int, ...], action: str, value: Any) -> str | None:
    spec = mutated(path, action, value)
    chosen = random.Random(str((path, action, value)))
    lower, upper = spread(spec, chosen)
    nowhere = parse("{}", "x.yaml").spans
    assert merge(lower, nowhere, upper, nowhere)[0] == spec
    ours = faults(parse(yaml.safe_dump(spec, sort_keys=False, allow_unicode=True), "spec.yaml"))
    theirs = complaints(lower, upper)
    # In a step without its kind, a name may be one of a kind's own choosing.
    if ours and not theirs and path[0] != "steps" and (action, value) == ("add", "Not A Name"):
        return f"{path} {action} {value!r}: the schemas miss {ours[:2]}"
    if theirs and not ours:
        return f"{path} {action} {str(value)[:40]!r}: the schemas say {[item[:120] for item in theirs[:2]]}"
    return None


def test_every_part_of_a_spec_may_stand_in_any_layer() -> None:
    for seed in range(10):
        lower, upper = spread(copy.deepcopy(BASE), random.Random(seed))
        assert complaints(lower, upper) == []
        place = {"account_id": "111111111111", "region": "eu-central-1"}
        place["overrides"] = {key: item for key, item in upper.items() if key not in IDENTITY}
        assert [item.message for item in SPEC.iter_errors({**BASE, "environments": {"dev": place}})] == []


@pytest.mark.parametrize(
    ("layer", "is_fine"),
    [
        ({"steps": {"train": {"instance": {"type": "ml.m5.xlarge"}}}}, True),
        ({"steps": {"train": None}, "on_failure": None, "owner": {"team": "a"}}, True),
        ({"steps": {"train": {"kind": "wait"}}}, True),
        ({"steps": {"train": {"kind": "wait", "instance": {}}}}, False),
        ({"steps": {"train": {"instnace": {}}}}, False),
        ({"steps": {"train": {"kind": "sagemaker_training", "instance": {"type": 3}}}}, False),
        ({"owner": {"team": 3}}, False),
        ({"schedule": {"corn": "0 4 * * ? *"}}, False),
        ({"datasets": {"a": {"columns": {"b": {"type": "strnig"}}}}}, False),
        ({"nonsense": 1}, False),
    ],
)
def test_a_layer_lacks_what_it_will_but_says_nothing_wrong(layer: dict[str, Any], is_fine: bool) -> None:
    assert (not list(LAYER.iter_errors(layer))) == is_fine
    whole = {"dev": {"account_id": "111111111111", "region": "eu-central-1", "overrides": layer}}
    assert (not list(SPEC.iter_errors({**BASE, "environments": whole}))) == is_fine


def test_no_false_alarm_and_no_unknown_key() -> None:
    chosen = random.Random(2).sample(list(mutants()), EXAMPLES)
    assert [found for mutant in chosen if (found := disagreement(*mutant))] == []


@pytest.mark.slow
def test_no_false_alarm_in_many_more() -> None:
    chosen = random.Random(3).sample(list(mutants()), 3 * EXAMPLES)
    assert [found for mutant in chosen if (found := disagreement(*mutant))] == []
