"""`pipelinegen lint-asl` on machines that are sound, faulty, and none at all."""

import gc
import json
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.cli import main
from tests.compiling import ROOT

SOUND = ROOT / "tests/golden/parallel_steps/expected/dev/stepfunctions/pipeline.asl.json"


def run(arguments: list[str]) -> int:
    """The exit code; commands that live for a moment leave garbage alone, which this process should not."""
    try:
        return main(arguments)
    finally:
        gc.enable()


def machine(**states: Any) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}


def test_what_we_generate_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint-asl", str(SOUND)]) == 0
    assert capsys.readouterr().out == "1 state machine is sound\n"


def test_faults_are_at_their_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "machine.json"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish.sync",
        "Arguments": {"Messag": "x"},
        "TimeoutSeconds": 9,
    }
    faulty = machine(
        Tell={**task, "Retry": [{"ErrorEquals": ["States.ALL", "States.Timeout"]}], "Next": "Wait"},
        Wait={"Type": "Wait", "Seconds": "{% $unknown %}", "End": True},
    )
    path.write_text(json.dumps(faulty, indent=2), encoding="utf-8")
    assert run(["lint-asl", str(path), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    assert [(item["line"], item["message"]) for item in found] == [
        (5, "Tell.Retry[0]: States.ALL must stand alone and last"),
    ]
    del faulty["States"]["Tell"]["Retry"]
    path.write_text(json.dumps(faulty, indent=2), encoding="utf-8")
    assert run(["lint-asl", str(path), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    assert [(item["line"], item["message"]) for item in found if "statelint" not in item["message"]] == [
        (5, "Tell: sns:publish does not support .sync"),
        (14, "Wait.Seconds: $unknown is not assigned on every way here"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the file is not JSON"),
        ("[]", "the file holds no JSON object"),
        ("[" * 100_000, "the file nests too deeply"),
        ('{"States": {"A": 1}}', "A: a state is an object"),
        ('{"States": {"A": {"Type": "Map", "Branches": 1}}}', "A: Branches is a list of objects"),
    ],
)
def test_what_is_no_machine_is_named(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "machine.json"
    path.write_text(text, encoding="utf-8")
    assert run(["lint-asl", str(path), str(tmp_path / "none.json")]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert "none.json:1:1: error PG107: the file cannot be read: No such file or directory" in told


def test_a_machine_in_jsonpath_mode_is_checked_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "machine.json"
    resource = "arn:aws:states:::lambda:invoke"
    parameters = {"FunctionName": "f", "Payload.$": "$"}
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "TimeoutSeconds": 9, "End": True}
    path.write_text(json.dumps({"StartAt": "A", "States": {"A": task}}), encoding="utf-8")
    assert run(["lint-asl", str(path)]) == 0
    assert "note: paths and variables of states in JSONPath mode were not checked" in capsys.readouterr().err
