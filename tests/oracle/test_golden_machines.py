"""The state machine of every golden passes the static checks, as it is before Terraform fills in its variables."""

import json
from pathlib import Path

import pytest

from tests.compiling import ROOT
from tests.oracle import asl

MACHINES = sorted((ROOT / "tests/golden").glob("*/expected/*/stepfunctions/pipeline.asl.json"))


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.parts[-5])
def test_the_state_machine_is_sound(path: Path) -> None:
    assert asl.faults(json.loads(path.read_text(encoding="utf-8"))) == []
