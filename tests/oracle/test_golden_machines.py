"""The state machine of every golden passes the static checks, as it is before Terraform fills in its variables."""

import json
from pathlib import Path

import pytest

from pipelinegen.asl_lint.structure import all_states
from tests.compiling import ROOT
from tests.oracle import asl

MACHINES = sorted((ROOT / "tests/golden").glob("*/expected/*/stepfunctions/pipeline.asl.json"))


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.parts[-5])
def test_the_state_machine_is_sound(path: Path) -> None:
    assert asl.faults(json.loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.parts[-5])
def test_every_task_has_a_timeout_and_retries_that_spread(path: Path) -> None:
    # States of an `asl` step are the user's own.
    own = {} if "kind-asl" in path.parts else json.loads(path.read_text(encoding="utf-8"))
    for name, state in all_states(own):
        if state["Type"] == "Task":
            assert "TimeoutSeconds" in state, name
            assert all({"BackoffRate", "JitterStrategy"} <= set(item) for item in state.get("Retry", [])), name
