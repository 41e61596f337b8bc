"""What a run may be given: the machine's own check of its input, and the same of `pipelinegen run --parameter`."""

import json
from typing import Any

import pytest

from pipelinegen.local.cloud.jsonata import evaluate
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.prepare import run_parameters
from tests.compiling import files_of, pipelines_of

SPEC = """\
version: 1
name: demo
description: A parameter of every type.
owner: {team: demo, email: demo@example.com}
parameters:
  n: {type: int, default: 0}
  d: {type: double, default: 0.5}
  b: {type: boolean, default: true}
  word: {type: string, default: "a ${x} {% b"}
  list: {type: list, default: [a]}
  since: {type: timestamp, default: "2026-01-31T06:00:00Z"}
  files: {type: s3_uri, default: "s3://inbox/in/x/", within: "s3://inbox/in/"}
steps: {pause: {kind: wait, seconds: 1}}
environments: {dev: {account_id: "111111111111", region: eu-central-1}}
"""
FITS: list[tuple[str, Any]] = [
    *(("n", value) for value in (0, -5, 12)),
    *(("d", value) for value in (0.25, 3)),
    *(("b", value) for value in (True, False)),
    *(("word", value) for value in ("", 'it\'s "so" ${x} {% y')),
    *(("list", value) for value in ([], [1, "a", {"k": 1}])),
    *(("since", value) for value in ("2026-12-31T23:59:59Z", "2026-01-31T06:00:00.125+01:00")),
    *(("files", value) for value in ("s3://inbox/in/", "s3://inbox/in/a/b..c/")),
]
WRONG: list[tuple[str, Any]] = [
    *(("n", value) for value in (1.5, "1", True, None, [1])),
    *(("d", value) for value in ("0.5", True, None)),
    *(("b", value) for value in (1, "true", None)),
    *(("word", value) for value in (1, True, None, ["a"])),
    *(("list", value) for value in ("a", {"a": 1}, None)),
    *(("since", value) for value in ("yesterday", "2026-13-01T00:00:00Z", "2026-01-31", 5, None)),
    *(("files", value) for value in ("s3://other/in/", "s3://inbox/", "s3://inbox/in/../x", 5, None)),
]


@pytest.fixture(scope="module")
def states() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files_of(SPEC)["dev"]["stepfunctions/pipeline.asl.json"])["States"]
    return found


def _value(text: str, **variables: Any) -> Any:
    return evaluate(text.removeprefix("{%").removesuffix("%}"), variables)


def _cause(states: dict[str, Any], given: dict[str, Any]) -> str:
    """Why the machine ends the run; empty if it goes on."""
    about = {"input": given, "context": {"Execution": {"StartTime": "2026-11-22T01:02:03Z"}}}
    run = {
        name: _value(states["Start run"]["Assign"][name].replace("$${", "${"), states=about)
        for name in ("run_date", "parameters")
    }
    gathered = states["Start run: check input"]["Assign"]["input_faults"]
    faults = [_value(text, states=about, **run) for text in gathered]
    rule = states["Start run: fits?"]["Choices"][0]
    if not _value(rule["Condition"], input_faults=faults):
        return ""
    assert rule["Next"] == "Notify failure"
    return str(_value(rule["Assign"]["failure"]["cause"], input_faults=faults))


def test_what_runs_are_given_as_a_rule_fits(states: dict[str, Any]) -> None:
    assert states["Start run: fits?"]["Default"] == "Pause"
    for given in ({}, {"date": "2026-11-20"}, {"scheduled_time": "2026-11-20T06:00:00Z", "parameters": {}}):
        assert _cause(states, given) == ""


@pytest.mark.parametrize(("name", "value"), FITS)
def test_values_of_the_type_fit(states: dict[str, Any], name: str, value: Any) -> None:
    assert _cause(states, {"parameters": {name: value}}) == ""
    text = value if isinstance(value, str) else json.dumps(value)
    assert run_parameters(pipelines_of(SPEC)[0], [f"{name}={text}"]) == {name: value}


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_values_of_another_type_end_the_run(states: dict[str, Any], name: str, value: Any) -> None:
    cause = _cause(states, {"parameters": {name: value}})
    assert cause.startswith(f"the parameter '{name}' wants ")
    assert cause.endswith(f", found {_value('$string($value)', value=value)}")


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"parameters": {"n": 1, "m": 1, "k": 2}}, "there is no parameter m, k"),
        (
            {"parameters": {"n": "x" * 90, "b": 0}},
            f"the parameter 'n' wants a whole number, found {'x' * 60}; the parameter 'b' wants true or false, found 0",
        ),
        ({"parameters": "n=1"}, "'parameters' wants a mapping, found n=1"),
        ({"parameters": None}, "'parameters' wants a mapping, found null"),
        ({"date": "2026-13-01"}, "the date wants a day such as 2026-01-31, found 2026-13-01"),
        ({"date": "../../x"}, "the date wants a day such as 2026-01-31, found ../../x"),
        ({"date": 20260131}, "the date wants a day such as 2026-01-31, found 20260131"),
    ],
)
def test_everything_that_is_wrong_is_told(states: dict[str, Any], given: dict[str, Any], cause: str) -> None:
    assert _cause(states, given) == cause


@pytest.mark.parametrize("given", ["n=1.5", "n=x", "d=NaN", "b=1", "list=a", "since=yesterday", "files=s3://other/"])
def test_the_command_takes_the_same_values(given: str) -> None:
    with pytest.raises(LocalCloudError, match=f"the parameter '{given.split('=')[0]}' wants "):
        run_parameters(pipelines_of(SPEC)[0], [given])
