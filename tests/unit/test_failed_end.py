"""The end of a failed run: every state that can fail says where a redriven run goes on, and the end leads there."""

import json
from typing import Any

from tests.compiling import REFERENCE_SPEC
from tests.oracle.cases import Case


def machine() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Case(REFERENCE_SPEC, "prod").files()["stepfunctions/pipeline.asl.json"])
    return found


def test_every_failure_leads_back_to_the_start_of_its_step() -> None:
    states = machine()["States"]
    choices = states["Go on after redrive"]["Choices"]
    known = {item["Condition"].partition('"')[2].rpartition('"')[0]: item["Next"] for item in choices}
    assert all(name == target for name, target in known.items())
    assigned = [
        holder["Assign"]
        for state in states.values()
        for holder in (state, *state.get("Catch", ()), *state.get("Choices", ()))
        if "failure" in holder.get("Assign", {})
    ]
    assert len(assigned) > len(known) > 5
    assert {item["resume"]["at"] for item in assigned} == set(known)
    assert {item["resume"]["redrives"] for item in assigned} == {"{% $states.context.Execution.RedriveCount %}"}


def test_it_fails_as_what_failed_until_it_is_redriven() -> None:
    end = machine()["States"]["Pipeline failed"]
    assert end["Resource"].endswith(":aws-sdk:sfn:sendTaskFailure.waitForTaskToken")
    redriven = "$states.context.Execution.RedriveCount > $resume.redrives"
    assert end["Arguments"]["Error"] == f"{{% {redriven} ? 'Redriven' : $substring($failure.error, 0, 256) %}}"
    assert [(item["ErrorEquals"], item["Next"]) for item in end["Catch"]] == [(["Redriven"], "Go on after redrive")]
