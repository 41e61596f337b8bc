"""The States Language with JSONata, which is what the compiler writes."""

from collections.abc import Mapping
from typing import Any

from tests.local.asl_case import DONE, Case, World, branch, fails, gives, training


def _task(resource: str, arguments: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, **rest}
    return state if "Next" in rest else {**state, "End": True}


def _jsonata(states: Any, expect: Any, given: Any = None) -> Case:
    return Case(states, expect, {} if given is None else given, {"QueryLanguage": "JSONata"})


def _output(expression: str) -> dict[str, Any]:
    return {"P": {"Type": "Pass", "Output": "{% " + expression + " %}", "End": True}}


def _map(mode: str, **rest: Any) -> dict[str, Any]:
    inner = rest.pop("inner", {"A": DONE})
    config = {"Mode": mode} if mode == "INLINE" else {"Mode": mode, "ExecutionType": "STANDARD"}
    return {"M": {"Type": "Map", "ItemProcessor": {"ProcessorConfig": config, **branch(**inner)}, "End": True, **rest}}


_LIST_KEYS = {
    "Resource": "arn:aws:states:::s3:listObjectsV2",
    "Arguments": {"Bucket": "suite", "Prefix": "{% 'in/' %}"},
}
_KEY = {"A": {"Type": "Pass", "Output": "{% $states.input.Key %}", "End": True}}
_BOOM = {"FunctionName": "suite-fn", "Payload": {"boom": True}}
_NAME = "{% 'tj-' & $states.context.Execution.Name & '-' & $string($states.context.State.RetryCount) %}"


def _training_states(world: World) -> dict[str, Any]:
    return {
        "T": _task(
            "sagemaker:createTrainingJob.sync",
            training(world.role, _NAME),
            Assign={"model": "{% $states.result.ModelArtifacts.S3ModelArtifacts %}"},
            Next="Z",
        ),
        "Z": {"Type": "Pass", "Output": "{% $contains($model, 'model.tar.gz') %}", "End": True},
    }


CASES: dict[str, Case] = {
    "output": _jsonata(_output("{'a': $states.input.x + 1}"), {"a": 2}, {"x": 1}),
    "assign": _jsonata(
        {
            "P": {
                "Type": "Pass",
                "Assign": {"d": "{% $states.input.date ? $states.input.date : $states.context.Execution.StartTime %}"},
                "Next": "Q",
            },
            "Q": {"Type": "Pass", "Output": "{% $d %}", "End": True},
        },
        "2026-01-02",
        {"date": "2026-01-02"},
    ),
    "values_with_quotes_and_newlines": _jsonata(
        {
            "P": {"Type": "Pass", "Assign": {"d": "{% $states.input.text %}"}, "Next": "Q"},
            "Q": {"Type": "Pass", "Output": "{% $d %}", "End": True},
        },
        'a "quoted" \\ back\nslash {% $x %}',
        {"text": 'a "quoted" \\ back\nslash {% $x %}'},
    ),
    "choice": _jsonata(
        {
            "C": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.m >= 0.5 %}", "Assign": {"v": "yes"}, "Next": "Y"}],
                "Default": "N",
            },
            "Y": {"Type": "Pass", "Output": "{% $v %}", "End": True},
            "N": {"Type": "Pass", "Output": "no", "End": True},
        },
        "yes",
        {"m": 0.7},
    ),
    "parallel": _jsonata(
        {
            "P": {
                "Type": "Parallel",
                "Branches": [
                    branch(A={"Type": "Pass", "Output": {"a": 1}, "End": True}),
                    branch(B={"Type": "Pass", "Output": {"b": 2}, "End": True}),
                ],
                "Assign": {"r": "{% $states.result %}"},
                "Next": "Z",
            },
            "Z": {"Type": "Pass", "Output": "{% $merge($r) %}", "End": True},
        },
        {"a": 1, "b": 2},
    ),
    "parallel_arguments": _jsonata(
        {
            "P": {
                "Type": "Parallel",
                "Arguments": {"k": "{% $states.input.k %}"},
                "Branches": [branch(A={"Type": "Pass", "Output": "{% $states.input.k %}", "End": True})],
                "Output": "{% $states.result[0] %}",
                "End": True,
            }
        },
        5,
        {"k": 5},
    ),
    "outer_variable_in_branch": _jsonata(
        {
            "S": {"Type": "Pass", "Assign": {"g": 7}, "Next": "P"},
            "P": {
                "Type": "Parallel",
                "Branches": [branch(A={"Type": "Pass", "Output": "{% $g %}", "End": True})],
                "Output": "{% $states.result[0] %}",
                "End": True,
            },
        },
        7,
    ),
    "map_items": _jsonata(
        _map(
            "INLINE",
            Items="{% $states.input.l %}",
            ItemSelector={
                "v": "{% $states.context.Map.Item.Value %}",
                "i": "{% $states.context.Map.Item.Index %}",
            },
            MaxConcurrency=2,
            inner={"A": {"Type": "Pass", "Output": "{% $states.input.v * 10 + $states.input.i %}", "End": True}},
            Output="{% $states.result %}",
        ),
        [10, 21],
        {"l": [1, 2]},
    ),
    "map_over_keys": _jsonata(
        _map("DISTRIBUTED", ItemReader=_LIST_KEYS, MaxConcurrency=2, inner=_KEY),
        gives(lambda o: sorted(o) == ["in/items.csv", "in/items.json"]),
    ),
    "map_tolerates_failures": _jsonata(
        _map("DISTRIBUTED", ItemReader=_LIST_KEYS, ToleratedFailurePercentage=10, inner=_KEY),
        gives(lambda o: len(o) == 2),
    ),
    "map_catches_inside": _jsonata(
        _map(
            "INLINE",
            Items=[1, 2],
            inner={
                "L": _task(
                    "lambda:invoke",
                    {"FunctionName": "suite-fn", "Payload": {"boom": "{% $states.input = 2 %}"}},
                    Output="ok",
                    Catch=[{"ErrorEquals": ["States.ALL"], "Output": "bad", "Next": "B"}],
                ),
                "B": DONE,
            },
        ),
        ["ok", "bad"],
    ),
    "lambda_arguments": _jsonata(
        {
            "L": _task(
                "lambda:invoke",
                {"FunctionName": "suite-fn", "Payload": {"hi": "{% $states.input.x %}"}},
                Output="{% $states.result.Payload.echo %}",
            )
        },
        {"hi": 3},
        {"x": 3},
    ),
    "catch_assigns_the_error": _jsonata(
        {
            "L": _task(
                "lambda:invoke",
                _BOOM,
                Retry=[{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}],
                Catch=[{"ErrorEquals": ["States.ALL"], "Assign": {"err": "{% $states.errorOutput %}"}, "Next": "H"}],
            ),
            "H": {"Type": "Pass", "Output": "{% $err.Error %}", "End": True},
        },
        "RedisWriteError",
    ),
    "retry_count_in_arguments": _jsonata(
        {
            "L": _task(
                "lambda:invoke",
                {
                    "FunctionName": "suite-fn",
                    "Payload": {
                        "boom": "{% $states.context.State.RetryCount < 1 %}",
                        "n": "{% $states.context.State.RetryCount %}",
                    },
                },
                Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3}],
                Output="{% $states.result.Payload.echo.n %}",
            )
        },
        1,
    ),
    "redrive_count": _jsonata(_output("$states.context.Execution.RedriveCount"), 0),
    "glue_sync": _jsonata(
        {
            "G": _task(
                "glue:startJobRun.sync",
                {"JobName": "suite-job", "Arguments": {"--mode": "{% 'ok' %}"}},
                Output="{% $states.result.JobRunState %}",
            )
        },
        "SUCCEEDED",
    ),
    "training_sync": _jsonata(_training_states, True),
    "missing_parameter_starts_cold": _jsonata(
        {
            "R": _task(
                "aws-sdk:ssm:getParameter",
                {"Name": "/nope"},
                Assign={"m": "{% $states.result.Parameter.Value %}"},
                Catch=[{"ErrorEquals": ["Ssm.ParameterNotFoundException"], "Assign": {"m": None}, "Next": "H"}],
                Next="H",
            ),
            "H": {"Type": "Pass", "Output": "{% $m = null ? 'cold' : 'warm' %}", "End": True},
        },
        "cold",
    ),
    "task_token": _jsonata(
        {
            "L": _task(
                "lambda:invoke.waitForTaskToken",
                {"FunctionName": "suite-fn", "Payload": {"token": "{% $states.context.Task.Token %}"}},
                TimeoutSeconds=20,
                Output="{% $states.result.cb %}",
            )
        },
        True,
    ),
    "metric_lookup": _jsonata(
        _output("$states.input.FinalMetricDataList[MetricName='ndcg'].Value"),
        0.25,
        {"FinalMetricDataList": [{"MetricName": "a", "Value": 1}, {"MetricName": "ndcg", "Value": 0.25}]},
    ),
    "fail": _jsonata(
        {"F": {"Type": "Fail", "Error": "{% 'E' & 'x' %}", "Cause": "{% $states.input.c %}"}},
        fails("Ex", "why"),
        {"c": "why"},
    ),
    "undefined_is_an_error": _jsonata(_output("$states.input.nope"), fails("States.QueryEvaluationError")),
    "undefined_variable_is_an_error": _jsonata(_output("$nope"), fails("States.QueryEvaluationError")),
    "broken_expression_is_an_error": _jsonata(_output("1 + 'a'"), fails("States.QueryEvaluationError")),
    "query_error_is_caught": _jsonata(
        {
            "L": _task(
                "lambda:invoke",
                {"FunctionName": "{% $states.input.nope %}"},
                Catch=[
                    {
                        "ErrorEquals": ["States.QueryEvaluationError"],
                        "Output": "{% $states.errorOutput.Error %}",
                        "Next": "H",
                    }
                ],
            ),
            "H": DONE,
        },
        "States.QueryEvaluationError",
    ),
    "null_is_a_value": _jsonata(_output("$states.input.a"), None, {"a": None}),
    "dates": _jsonata(
        _output("$fromMillis($toMillis('2026-03-29T02:00:00Z') - 86400000, '[Y0001]-[M01]-[D01]')"), "2026-03-28"
    ),
    "function_uuid": _jsonata(_output("$length($uuid())"), 36),
    "function_partition": _jsonata(_output("$partition([1,2,3], 2)"), [[1, 2], [3]]),
    "function_range": _jsonata(_output("$range(0, 10, 5)"), [0, 5, 10]),
    "function_hash": _jsonata(_output("$hash('a', 'SHA-1')"), "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    "function_random": _jsonata(_output("$random(7) = $random(7) and $random() < 1"), True),
    "function_parse": _jsonata(_output("$parse($states.input.text).model"), "m1", {"text": '{"model": "m1"}'}),
    "wait_and_succeed": _jsonata(
        {
            "W": {"Type": "Wait", "Seconds": "{% $states.input.s %}", "Next": "Z"},
            "Z": {"Type": "Succeed", "Output": "{% 'done' %}"},
        },
        "done",
        {"s": 1},
    ),
}
