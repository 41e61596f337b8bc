"""Events as EventBridge matches them, and what of an event starts a run."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.events import event_input, matches
from pipelinegen.local.faults import LocalCloudError
from tests.compiling import ROOT, files_of

EVENT = {"source": "shop.orders", "detail": {"total": 120, "day": "2026-02-03", "kinds": ["a", "b"], "ip": "10.0.0.7"}}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["shop.orders"]}, True),
        ({"source": ["shop"]}, False),
        ({"detail": {"kinds": ["b", "z"]}}, True),
        ({"detail": {"total": [{"numeric": [">", 100, "<=", 120]}]}}, True),
        ({"detail": {"total": [{"numeric": ["<", 100]}]}}, False),
        ({"detail": {"total": ["120"]}}, False),
        ({"detail": {"day": [{"prefix": "2026-"}], "none": [{"exists": False}]}}, True),
        ({"detail": {"day": [{"suffix": "-04"}]}}, False),
        ({"detail": {"day": [{"wildcard": "2026-*-03"}]}}, True),
        ({"detail": {"day": [{"anything-but": ["2026-02-03"]}]}}, False),
        ({"source": [{"equals-ignore-case": "SHOP.orders"}]}, True),
        ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, True),
        ({"$or": [{"source": ["x"]}, {"detail": {"total": [120]}}]}, True),
        ({"detail": {"deep": {"deeper": [1]}}}, False),
    ],
)
def test_patterns(pattern: dict[str, Any], expected: bool) -> None:
    assert matches(pattern, EVENT) is expected


@pytest.fixture(scope="module")
def generated() -> tuple[dict[str, Any], dict[str, Any]]:
    """deployment.json and the state machine of the golden with triggers."""
    files = files_of((ROOT / "tests/golden/triggers/spec.yaml").read_text(encoding="utf-8"))["dev"]
    return json.loads(files["deployment.json"]), json.loads(files["stepfunctions/pipeline.asl.json"])


def test_the_date_of_an_event_is_what_the_state_machine_finds(generated: Any, tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps({**EVENT, "detail-type": "Closed", "time": "2026-05-05T01:02:03Z"}), encoding="utf-8")
    execution, date = event_input(*generated, str(path))
    assert (execution["trigger"], date) == ("ordered", "2026-02-03")


def test_a_key_is_a_new_object(generated: Any) -> None:
    execution, date = event_input(*generated, "raw/a.csv")
    assert execution["trigger"] == "from_partner"
    assert execution["event"]["detail"]["bucket"]["name"] == "partner-inbox"
    assert execution["event"]["time"].startswith(date)


def test_what_nobody_waits_for_is_refused(generated: Any) -> None:
    with pytest.raises(LocalCloudError, match="no trigger waits"):
        event_input(*generated, "elsewhere/a.csv")
