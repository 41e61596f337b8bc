"""The JSON Schema and the compiler accept and refuse the same structures."""

import copy
import json
import os
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
import yaml

from pipelinegen.errors import SpecError
from pipelinegen.resolve.blocks import flatten_steps
from pipelinegen.resolve.environments import overlay
from pipelinegen.resolve.steps import typed_steps
from pipelinegen.source import Source, parse
from pipelinegen.spec.load import load_pipeline
from pipelinegen.tree import schema_text
from tests.compiling import KINDS, REFERENCE_SPEC, ROOT

EXAMPLES = int(os.environ.get("PIPELINEGEN_EXAMPLES", "50"))
#: Rules between values, and on what a text may not hold, which the schema leaves out.
BETWEEN_VALUES = re.compile(
    r"no number is from|SQL holds no references|an e-mail has a subject and a message"
    r"|is none of the step's metrics"
    r"|Fargate has no task of|a range from .* is empty|AWS takes no resource for|there is no time zone"
)
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema_text()))

VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    1,
    -1,
    1.5,
    10**12,
    "",
    "x",
    "1",
    "X y",
    "x" * 1500,
    "${steps.a.b}",
    "a ${run.date} b",
    "é",
    [],
    {},
    [1],
    ["x"],
    ["x", None],
    {"a": 1},
    {"A b": {}},
)


def everything() -> Any:
    """The reference spec with all it can say, and beside its steps one of every kind."""
    spec = parse(REFERENCE_SPEC.read_text(encoding="utf-8"), "spec.yaml").data
    assert isinstance(spec, dict)
    spec = copy.deepcopy(spec)
    examples = {
        f"example_of_{number}": path.read_text(encoding="utf-8")
        for number, path in enumerate(sorted((ROOT / "pipelinegen/steps").glob("*/example*.yaml")))
    }
    spec["steps"].update({name: parse(text, "example.yaml").data for name, text in examples.items()})
    spec["steps"]["train"]["only_in"] = ["dev"]
    spec["datasets"]["vehicles"]["checks"] = [
        {"not_null": ["make"]},
        {"unique": ["vehicle_id"]},
        {"min_rows": 1},
        {"accepted_values": {"fuel": ["petrol"], "year": [2020]}},
        {"range": {"price_eur": {"min": 0, "max": 1e6}}},
        {"freshness": {"column": "listed_on", "max_age_hours": 48}},
        {"foreign_key": {"vehicle_id": "for_sale.vehicle_id"}},
        {"max_rows": 1000},
    ]
    spec["datasets"]["vehicles"] |= {"description": "Cars", "keys": ["vehicle_id"], "partitions": ["make", "fuel"]}
    spec["datasets"]["vehicles"]["freshness"] = {"column": "listed_on"}
    spec["datasets"]["vehicles"]["columns"]["price_eur"] = {"type": "decimal(12,2)", "nullable": False}
    spec["datasets"]["vehicles"]["columns"]["make"]["description"] = "Who made it"
    spec["tags"] = {"cost centre": "42"}
    metric = "${steps.train.metrics.ndcg_at_20}"
    spec["steps"]["train"]["if"] = {"all": [{"value": metric, "above": 1}, {"not": {"is": "${steps.gate.accepted}"}}]}
    spec["steps"]["train"]["when"] = {"weekdays": ["monday"], "days_of_month": [1]}
    spec["steps"]["train"]["retry"] = {"max_attempts": 1, "backoff_rate": 1.5}
    extra = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::a/*"], "role": "states", "reason": "x"}
    conditions = {"StringEquals": {"aws:SourceVpc": ["vpc-1"], "aws:ResourceAccount": "1"}}
    deny = {"deny": ["s3:Put*"], "resources": ["*"], "reason": "x"}
    spec["steps"]["train"]["iam"] = {"extra": [{**extra, "conditions": conditions}], "narrow": [deny]}
    spec["iam"] = {"narrow": [{"remove": ["s3:GetObject"], "reason": "x"}]}
    instance = {"description": "One", "schedule": {"rate": "1 day"}, "tags": {"a b": "c"}, "only_in": ["dev"]}
    spec["instances"] = {"one": instance, "two": {"parameters": {"share": 1.5}, "schedules": {"x": {"rate": "1 day"}}}}
    spec["owner"]["cost_centre"] = "42"
    rest = {"kind": "wait", "seconds": 1}
    spec["steps"]["train"]["on_failure"] = {"notify": "It failed.", "steps": {"rest_then": rest}}
    spec["on_failure"]["steps"] = {"rest_at_last": rest}
    spec["triggers"] = {
        "files": {"s3": {"bucket": "an-inbox", "prefix": "raw/", "suffix": ".csv"}, "parameters": {"share": 0.5}},
        "events": {
            "event": {"bus": "own", "pattern": {"source": ["a.b"], "detail": {"rows": [{"exists": True}]}}},
            "date": "${event.time}",
        },
    }
    spec["parameters"] = {"share": {"type": "double", "default": 0.5, "description": "How much"}}
    return spec


BASE = everything()


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of everything inside a value; what an environment overrides is no structure of its own."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        if key != "overrides":
            yield from places(item, (*path, key))


def mutants() -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    for path in places(BASE):
        if path == ("parameters", "share", "default"):  # must fit `type:`, a rule between two values as well
            continue
        yield from ((path, "replace", value) for value in VALUES)
        yield (path, "remove", None)
        yield from ((path, "add", name) for name in ("unknown", "Not A Name", "kind", "description"))


def mutated(path: tuple[str | int, ...], action: str, value: Any) -> Any:
    spec = copy.deepcopy(BASE)
    parent = spec
    for part in path[:-1]:
        parent = parent[part]
    if action == "replace":
        parent[path[-1]] = value
    elif action == "remove":
        del parent[path[-1]]
    elif isinstance(parent[path[-1]], dict):
        parent[path[-1]][value] = "x"
    return spec


def faults(source: Source) -> list[str]:
    """What the compiler says of the structure alone: the pipeline's model in each environment, then each step's."""
    try:
        spec = load_pipeline(source)
        assert isinstance(source.data, dict)
        for name in spec.environments:
            found = overlay(source.data, source.spans, name)
            load_pipeline(replace(source, data=found.data, spans=found.spans))
    except SpecError as error:
        return [item.message for item in error.diagnostics]
    steps, spans, _, _ = flatten_steps(source.data, source.spans)
    _, diagnostics = typed_steps(steps, spans, KINDS)
    return [item.message for item in diagnostics]


def disagreement(path: tuple[str | int, ...], action: str, value: Any) -> str | None:
    source = parse(yaml.safe_dump(mutated(path, action, value), sort_keys=False, allow_unicode=True), "spec.yaml")
    ours, theirs = faults(source), [item.message for item in VALIDATOR.iter_errors(source.data)]
    structural = [item for item in ours if not BETWEEN_VALUES.search(item)]
    if (ours and theirs) or not (structural or theirs):
        return None
    return f"{path} {action} {str(value)[:40]!r}: compiler {ours[:2]}, schema {[item[:120] for item in theirs[:2]]}"


def test_both_accept_the_spec_that_is_mutated() -> None:
    source = parse(yaml.safe_dump(BASE, sort_keys=False), "spec.yaml")
    assert faults(source) == []
    assert [item.message for item in VALIDATOR.iter_errors(source.data)] == []


def test_both_accept_and_refuse_the_same_mutants() -> None:
    chosen = random.Random(0).sample(list(mutants()), EXAMPLES)
    assert [found for mutant in chosen if (found := disagreement(*mutant))] == []


@pytest.mark.slow
def test_both_accept_and_refuse_many_more_mutants() -> None:
    chosen = random.Random(1).sample(list(mutants()), 8 * EXAMPLES)
    assert [found for mutant in chosen if (found := disagreement(*mutant))] == []
