"""Which model a run goes on from, as the state machine decides it."""

import json
from typing import Any

import pytest

from pipelinegen.local.cloud.jsonata import evaluate
from tests.compiling import REFERENCE_SPEC
from tests.oracle.cases import Case

NONE = {"model": None}
OLD = {"model": "s3://m/1", "version": "1", "run_date": "2026-11-19"}
NEW = {"model": "s3://m/2", "version": "2", "run_date": "2026-11-20", "before": OLD}


@pytest.mark.parametrize(
    ("pointer", "date", "expected"),
    [
        (NONE, "2026-11-20", NONE),
        (OLD, "2026-11-19", OLD),
        (NEW, "2026-11-21", NEW),
        (NEW, "2026-11-20", OLD),
        ({**NEW, "before": NONE}, "2026-11-20", NONE),
    ],
)
def test_a_date_that_runs_again_goes_on_from_what_its_first_run_did(
    pointer: dict[str, Any], date: str, expected: dict[str, Any]
) -> None:
    machine = json.loads(Case(REFERENCE_SPEC, "prod").files()["stepfunctions/pipeline.asl.json"])
    text = machine["States"]["Read promoted model"]["Assign"]["promoted"]
    states = {"result": {"Parameter": {"Value": json.dumps(pointer)}}}
    assert evaluate(text.removeprefix("{%").removesuffix("%}"), {"run_date": date, "states": states}) == expected
