"""The static checks of state machines find what they must: a sound machine, and one broken copy for each rule."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pipelinegen.asl_lint.expressions import free_variables
from tests.oracle.asl import faults

States = dict[str, Any]

SOUND: dict[str, Any] = {
    "Comment": "Two jobs in parallel, a training job, a gate and a notification.",
    "QueryLanguage": "JSONata",
    "StartAt": "Start run",
    "TimeoutSeconds": 3600,
    "States": {
        "Start run": {
            "Type": "Pass",
            "Assign": {"run_date": "{% $states.input.date ? $states.input.date : $substring($now(), 0, 10) %}"},
            "Next": "Extract",
        },
        "Extract": {
            "Type": "Parallel",
            "Branches": [
                {
                    "StartAt": "Interactions",
                    "States": {
                        "Interactions": {
                            "Type": "Task",
                            "Resource": "arn:${partition}:states:::glue:startJobRun.sync",
                            "Arguments": {"JobName": "interactions", "Arguments": {"--run_date": "{% $run_date %}"}},
                            "TimeoutSeconds": 2400,
                            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 30, "MaxAttempts": 2}],
                            "End": True,
                        }
                    },
                }
            ],
            "Catch": [
                {"ErrorEquals": ["States.ALL"], "Assign": {"failure": "{% $states.errorOutput %}"}, "Next": "Tell"}
            ],
            "Next": "Train",
        },
        "Train": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Arguments": {
                "TrainingJobName": "{% 'train-' & $uuid() %}",
                "RoleArn": "arn:${partition}:iam::${account_id}:role/train",
                "AlgorithmSpecification": {"TrainingImage": "${account_id}.dkr.ecr/x:1", "TrainingInputMode": "File"},
                "OutputDataConfig": {"S3OutputPath": "s3://models/train/"},
                "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            },
            "TimeoutSeconds": 5400,
            "Assign": {"ndcg": "{% $states.result.FinalMetricDataList[MetricName='ndcg_at_20'].Value %}"},
            "Next": "Gate",
        },
        "Gate": {"Type": "Choice", "Choices": [{"Condition": "{% $ndcg > 0.1 %}", "Next": "Done"}], "Default": "Poor"},
        "Poor": {"Type": "Pass", "Assign": {"failure": "{% 'ndcg ' & $string($ndcg) %}"}, "Next": "Tell"},
        "Tell": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Arguments": {"TopicArn": "${topic_notifications}", "Message": "{% $string($failure) %}"},
            "TimeoutSeconds": 60,
            "Next": "Failed",
        },
        "Failed": {"Type": "Fail", "Error": "Failed", "Cause": "{% $string($failure) %}"},
        "Done": {"Type": "Succeed", "Output": {"ndcg": "{% $ndcg %}"}},
    },
}


def job(states: States) -> dict[str, Any]:
    found: dict[str, Any] = states["Extract"]["Branches"][0]["States"]["Interactions"]
    return found


#: what is done to the sound machine → all faults that must be found, and no others
BROKEN: dict[str, tuple[Callable[[States], object], list[str]]] = {
    "next is no state": (
        lambda states: states["Poor"].update(Next="Nope"),
        ["Poor: leads to 'Nope', which is no state here"],
    ),
    "neither next nor end": (
        lambda states: states["Poor"].pop("Next"),
        ["Poor: exactly one of Next and End is needed"],
    ),
    "unreachable": (
        lambda states: states.update(Orphan={"Type": "Succeed"}),
        ["Orphan: no state leads here"],
    ),
    "unknown field": (
        lambda states: states["Train"].update(Argument={}),
        ["Train: a Task state in JSONata mode has no field 'Argument'"],
    ),
    "field of the other query language": (
        lambda states: states["Train"].update(ResultPath="$.x"),
        ["Train: a Task state in JSONata mode has no field 'ResultPath'"],
    ),
    "inner machine leads outside": (
        lambda states: (job(states).pop("End"), job(states).update(Next="Train")),
        [
            "Interactions: leads to 'Train', which is no state here",
            "Extract: no state ends the machine",
        ],
    ),
    "States.ALL not last": (
        lambda states: job(states)["Retry"].append({"ErrorEquals": ["States.Timeout"]}),
        ["Interactions.Retry[0]: States.ALL must stand alone and last"],
    ),
    "States.ALL not alone": (
        lambda states: job(states)["Retry"][0]["ErrorEquals"].append("States.Timeout"),
        ["Interactions.Retry[0]: States.ALL must stand alone and last"],
    ),
    "no such error": (
        lambda states: states["Extract"]["Catch"][0].update(ErrorEquals=["States.Timeoutt"]),
        ["Extract.Catch[0]: Step Functions raises no 'States.Timeoutt'"],
    ),
    "no such integration": (
        lambda states: job(states).update(Resource="arn:aws:states:::glue:startJobRunn.sync"),
        ["Interactions: glue:startJobRunn is not an optimised integration"],
    ),
    "no sync there": (
        lambda states: states["Tell"].update(Resource="arn:aws:states:::sns:publish.sync"),
        ["Tell: sns:publish does not support .sync"],
    ),
    "no such SDK operation": (
        lambda states: states["Tell"].update(Resource="arn:aws:states:::aws-sdk:sns:shout"),
        ["Tell: sns has no operation 'shout'"],
    ),
    "no time limit": (
        lambda states: states["Tell"].pop("TimeoutSeconds"),
        ["Tell: a task without 'TimeoutSeconds' is waited for as long as an execution may last"],
    ),
    "heartbeat that nobody can send": (
        lambda states: job(states).update(HeartbeatSeconds=60),
        ["Interactions: nobody has the token that a heartbeat is sent with, so 'HeartbeatSeconds' ends the task"],
    ),
    "heartbeat that comes too late": (
        lambda states: states["Tell"].update(
            Resource="arn:aws:states:::sns:publish.waitForTaskToken",
            Arguments={"TopicArn": "${topic_notifications}", "Message": "{% $states.context.Task.Token %}"},
            HeartbeatSeconds=60,
        ),
        ["Tell: HeartbeatSeconds 60 must be below TimeoutSeconds 60"],
    ),
    "token never handed on": (
        lambda states: states["Tell"].update(Resource="arn:aws:states:::sns:publish.waitForTaskToken"),
        ["Tell: .waitForTaskToken, but the token is never handed on"],
    ),
    "unknown parameter": (
        lambda states: job(states)["Arguments"].update(JobNam="x"),
        ["Interactions.Arguments.JobNam: there is no such parameter"],
    ),
    "missing parameter": (
        lambda states: states["Train"]["Arguments"].pop("RoleArn"),
        ['Train: Missing required parameter in input: "RoleArn"'],
    ),
    "parameter missing that only the service misses": (
        lambda states: states["Train"]["Arguments"].pop("ResourceConfig"),
        ['Train: Missing required parameter in input: "ResourceConfig"'],
    ),
    "wrong type": (
        lambda states: states["Train"]["Arguments"]["ResourceConfig"].update(InstanceCount="one"),
        [
            "Train: Invalid type for parameter ResourceConfig.InstanceCount, value: one, type: <class 'str'>, "
            "valid types: <class 'int'>"
        ],
    ),
    "not JSONata": (
        lambda states: states["Done"].update(Output="{% $merge([$states.input, %}"),
        ["Done.Output: not JSONata: Expected ] before end of expression: {% $merge([$states.input, %}"],
    ),
    "expression not closed": (
        lambda states: states["Done"].update(Output="{% $states.input"),
        ["Done.Output: the whole string must be one {% … %}: {% $states.input"],
    ),
    "variable never assigned": (
        lambda states: states["Done"].update(Output="{% $nosuch %}"),
        ["Done.Output: $nosuch is not assigned on every way here"],
    ),
    "variable assigned on one way only": (
        lambda states: states["Poor"].pop("Assign"),
        [
            "Tell.Arguments.Message: $failure is not assigned on every way here",
            "Failed.Cause: $failure is not assigned on every way here",
        ],
    ),
    "no such function": (
        lambda states: states["Done"].update(Output="{% $eval('1') %}"),
        ["Done.Output: $eval is not assigned on every way here"],
    ),
    "variable named like a function": (
        lambda states: states["Poor"]["Assign"].update(sum=1),
        ["Poor: $sum is a function of JSONata; a variable of that name would hide it"],
    ),
    "outer variable assigned inside": (
        lambda states: job(states).update(Assign={"run_date": "2026-01-01"}),
        ["Interactions: $run_date belongs to the machine around this one and cannot be assigned here"],
    ),
}


def test_a_sound_machine_has_no_faults() -> None:
    assert faults(SOUND) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_machine_has_exactly_these_faults(name: str) -> None:
    change, expected = BROKEN[name]
    broken = copy.deepcopy(SOUND)
    change(broken["States"])
    assert faults(broken) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{% $a + $sum($b) %}", {"a", "b"}),
        ("{% ($x := $a; $x * 2) %}", {"a"}),
        ("{% $map($rows, function($row, $i) { $row.price * $factor }) %}", {"rows", "factor"}),
        ("{% $states.input.items[price > $limit].{'id': id, 'by': $who} %}", {"limit", "who"}),
        ("{% 'a $text' & $uuid() %}", set()),
    ],
)
def test_free_variables_are_those_from_outside(expression: str, expected: set[str]) -> None:
    assert free_variables(expression) == expected
