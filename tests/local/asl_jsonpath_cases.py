"""The States Language with JSONPath: 46 features."""

import json
from typing import Any

from tests.local.asl_case import DONE, Case, World, branch, fails, gives, task, training


def _choice(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "C": {"Type": "Choice", "Choices": [{**rule, "Next": "Y"}], "Default": "N"},
        "Y": {"Type": "Pass", "Result": "Y", "End": True},
        "N": {"Type": "Pass", "Result": "N", "End": True},
    }


def _distributed(reader: dict[str, Any], **rest: Any) -> dict[str, Any]:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **branch(A=DONE)}
    return {
        "M": {"Type": "Map", "ItemReader": reader, "MaxConcurrency": 3, "ItemProcessor": processor, "End": True, **rest}
    }


_JSON_ITEMS = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSON"},
    "Parameters": {"Bucket": "suite", "Key": "in/items.json"},
}
_BOOM = {"FunctionName": "suite-fn", "Payload": {"boom": True}}
_SECOND = {
    "ErrorEquals": ["States.TaskFailed"],
    "IntervalSeconds": 1,
    "BackoffRate": 2.0,
    "MaxAttempts": 2,
    "JitterStrategy": "NONE",
    "MaxDelaySeconds": 5,
}
_INTRINSICS = {
    "fmt.$": "States.Format('{}-{}', $.a, $.b)",
    "arr.$": "States.Array(1, $.b)",
    "len.$": "States.ArrayLength($.l)",
    "part.$": "States.ArrayPartition($.l, 2)",
    "has.$": "States.ArrayContains($.l, 2)",
    "rng.$": "States.ArrayRange(1,7,3)",
    "get.$": "States.ArrayGetItem($.l, 1)",
    "add.$": "States.MathAdd($.b, 1)",
    "s2j.$": "States.StringToJson($.js)",
    "j2s.$": "States.JsonToString($.o)",
    "b64.$": "States.Base64Encode($.a)",
    "hash.$": "States.Hash($.a,'SHA-1')",
    "split.$": "States.StringSplit('a,b', ',')",
    "merge.$": "States.JsonMerge($.o, $.o2, false)",
}
_INTRINSIC_RESULTS = {
    "fmt": "x-2",
    "arr": [1, 2],
    "len": 4,
    "part": [[1, 2], [3, 3]],
    "has": True,
    "rng": [1, 4, 7],
    "get": 2,
    "add": 3,
    "s2j": {"k": 1},
    "j2s": '{"q":1}',
    "b64": "eA==",
    "hash": "11f6ad8ec52a2984abaafd7c3b516503785c2072",
    "split": ["a", "b"],
    "merge": {"q": 1, "r": 2},
}
_METRICS = {"metrics": [{"MetricName": "x", "Value": 1}, {"MetricName": "val:auc", "Value": 0.9}]}


def _put_item(**rest: Any) -> dict[str, Any]:
    item = {
        "TableName": "suite-t",
        "Item": {"pk": {"S.$": "$.pk"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    return task("dynamodb:putItem", item, **rest)


def _processing(world: World) -> dict[str, Any]:
    return {
        "ProcessingJobName.$": "States.Format('pr-{}', $.rid)",
        "AppSpecification": {"ImageUri": "img", "ContainerEntrypoint": ["python3", "-c", "print('hello')"]},
        "RoleArn": world.role,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        },
    }


_TRANSFORM = {
    "TransformJobName": "transform",
    "ModelName": "suite-model",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://suite/in/"}}},
    "TransformOutput": {"S3OutputPath": "s3://suite/preds"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


def _caught(error: str, path: str = "$.e") -> list[dict[str, Any]]:
    return [{"ErrorEquals": [error], "ResultPath": path, "Next": "H"}]


CASES: dict[str, Case] = {
    "intrinsics": Case(
        {"P": {**DONE, "Parameters": _INTRINSICS}},
        gives(lambda o: {**o, "j2s": o["j2s"].replace(" ", "")} == _INTRINSIC_RESULTS),
        {"a": "x", "b": 2, "l": [1, 2, 3, 3], "js": '{"k":1}', "o": {"q": 1}, "o2": {"r": 2}},
    ),
    "intrinsic_uuid_and_unique": Case(
        {"P": {**DONE, "Parameters": {"id.$": "States.UUID()", "set.$": "States.ArrayUnique($.l)"}}},
        gives(lambda o: len(o["id"]) == 36 and sorted(o["set"]) == [1, 2]),
        {"l": [1, 2, 2]},
    ),
    "context_object": Case(
        {
            "P": {
                **DONE,
                "Parameters": {
                    "name.$": "$$.Execution.Name",
                    "in.$": "$$.Execution.Input.z",
                    "start.$": "$$.Execution.StartTime",
                    "redrive.$": "$$.Execution.RedriveCount",
                    "state.$": "$$.State.Name",
                    "retry.$": "$$.State.RetryCount",
                    "entered.$": "$$.State.EnteredTime",
                    "machine.$": "$$.StateMachine.Name",
                },
            }
        },
        gives(
            lambda o: (
                o["name"].startswith("run-")
                and o["machine"].startswith("m-")
                and (o["in"], o["redrive"], o["retry"], o["state"]) == (1, 0, 0, "P")
                and o["start"].endswith("Z")
                and len(o["entered"]) == len("2026-11-22T04:00:00.000Z")
            )
        ),
        {"z": 1},
    ),
    "choice_numeric_path": Case(
        _choice({"Variable": "$.m", "NumericGreaterThanEqualsPath": "$.t"}), "Y", {"m": 0.8, "t": 0.75}
    ),
    "choice_and_or_not": Case(
        _choice(
            {
                "And": [
                    {"Variable": "$.a", "IsPresent": True},
                    {"Or": [{"Variable": "$.a", "StringMatches": "x*"}, {"Variable": "$.a", "StringEquals": "q"}]},
                    {"Not": {"Variable": "$.b", "BooleanEquals": False}},
                ]
            }
        ),
        "Y",
        {"a": "xyz", "b": True},
    ),
    "choice_missing_variable_fails": Case(
        _choice({"Variable": "$.nope", "StringEquals": "x"}), fails("States.Runtime"), {"a": 1}
    ),
    "choice_missing_variable_is_not_present": Case(_choice({"Variable": "$.nope", "IsPresent": False}), "Y"),
    "choice_index_then_field": Case(_choice({"Variable": "$.metrics[1].Value", "NumericEquals": 0.9}), "Y", _METRICS),
    "jsonpath_indefinite": Case(
        {
            "P": {
                **DONE,
                "Parameters": {
                    "filtered.$": "$.metrics[?(@.MetricName=='val:auc')].Value",
                    "deep.$": "$..Value",
                    "all.$": "$.metrics[*].Value",
                    "last.$": "$.metrics[-1:].Value",
                    "none.$": "$.metrics[?(@.MetricName=='nope')].Value",
                },
            }
        },
        {"filtered": [0.9], "deep": [1, 0.9], "all": [1, 0.9], "last": [0.9], "none": []},
        _METRICS,
    ),
    "parallel": Case(
        {
            "P": {
                "Type": "Parallel",
                "Branches": [branch(A={**DONE, "Result": 1}), branch(B={**DONE, "Result": 2})],
                "ResultPath": "$.r",
                "End": True,
            }
        },
        {"k": 0, "r": [1, 2]},
        {"k": 0},
    ),
    "parallel_catch": Case(
        {
            "P": {
                "Type": "Parallel",
                "Branches": [
                    branch(A={"Type": "Fail", "Error": "E1", "Cause": "c"}),
                    branch(B={"Type": "Wait", "Seconds": 1, "End": True}),
                ],
                "Catch": _caught("E1"),
                "End": True,
            },
            "H": DONE,
        },
        {"e": {"Error": "E1", "Cause": "c"}},
    ),
    "parallel_passes_on_errors_of_states": Case(
        {
            "P": {
                "Type": "Parallel",
                "Branches": [
                    branch(A=task("glue:startJobRun.sync", {"JobName": "suite-job", "Arguments": {"--mode": "fail"}}))
                ],
                "Catch": _caught("States.TaskFailed"),
                "End": True,
            },
            "H": DONE,
        },
        gives(lambda o: json.loads(o["e"]["Cause"])["ErrorMessage"] == "bad data"),
    ),
    "map_inline": Case(
        {
            "M": {
                "Type": "Map",
                "ItemsPath": "$.l",
                "MaxConcurrency": 2,
                "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "g.$": "$.g"},
                "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **branch(A=DONE)},
                "End": True,
            }
        },
        [{"v": 5, "i": 0, "g": "G"}, {"v": 6, "i": 1, "g": "G"}],
        {"l": [5, 6], "g": "G"},
    ),
    "map_distributed_csv": Case(
        _distributed(
            {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                "Parameters": {"Bucket": "suite", "Key": "in/items.csv"},
            }
        ),
        [{"id": "1", "score": "0.5"}, {"id": "2", "score": "0.7"}],
    ),
    "map_distributed_json": Case(_distributed(_JSON_ITEMS), [{"id": i} for i in range(5)]),
    "map_distributed_keys": Case(
        _distributed(
            {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "suite", "Prefix": "in/"}}
        ),
        gives(lambda o: sorted(x["Key"] for x in o) == ["in/items.csv", "in/items.json"]),
    ),
    "map_distributed_batches": Case(
        _distributed(_JSON_ITEMS, ItemBatcher={"MaxItemsPerBatch": 2}),
        gives(lambda o: [len(x["Items"]) for x in o] == [2, 2, 1]),
    ),
    "map_distributed_writes_results": Case(
        _distributed(
            _JSON_ITEMS,
            ResultWriter={
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "suite", "Prefix": "dm-out"},
            },
        ),
        gives(lambda o: o["ResultWriterDetails"]["Bucket"] == "suite"),
    ),
    "lambda_invoke": Case(
        {
            "L": task(
                "lambda:invoke",
                {"FunctionName": "suite-fn", "Payload.$": "$"},
                ResultSelector={"p.$": "$.Payload.echo", "env.$": "$.Payload.env", "code.$": "$.StatusCode"},
            )
        },
        {"p": {"hi": 1}, "env": "bar", "code": 200},
        {"hi": 1},
    ),
    "lambda_error_caught_by_class": Case(
        {"L": task("lambda:invoke", _BOOM, Catch=_caught("RedisWriteError")), "H": DONE},
        gives(
            lambda o: o["e"]["Error"] == "RedisWriteError" and json.loads(o["e"]["Cause"])["errorMessage"] == "boom!"
        ),
    ),
    "lambda_task_token": Case(
        {
            "L": task(
                "lambda:invoke.waitForTaskToken",
                {"FunctionName": "suite-fn", "Payload": {"token.$": "$$.Task.Token"}},
                TimeoutSeconds=20,
            )
        },
        {"cb": True},
    ),
    "retry_backs_off": Case(
        {"L": task("lambda:invoke", _BOOM, Retry=[_SECOND], Catch=_caught("States.ALL")), "H": DONE},
        # Two attempts more, after one and after two seconds.
        lambda outcome: outcome.status == "SUCCEEDED" and outcome.seconds > 2.8,
    ),
    "glue_sync": Case(
        {
            "G": task(
                "glue:startJobRun.sync",
                {"JobName": "suite-job", "Arguments": {"--mode": "ok"}},
                ResultSelector={"state.$": "$.JobRunState", "name.$": "$.JobName"},
            )
        },
        {"state": "SUCCEEDED", "name": "suite-job"},
    ),
    "glue_sync_failure": Case(
        {
            "G": task(
                "glue:startJobRun.sync",
                {"JobName": "suite-job", "Arguments": {"--mode": "fail"}},
                Catch=_caught("States.TaskFailed"),
            ),
            "H": DONE,
        },
        gives(lambda o: json.loads(o["e"]["Cause"])["ErrorMessage"] == "bad data"),
    ),
    "training_sync": Case(
        lambda world: {
            "T": task(
                "sagemaker:createTrainingJob.sync",
                training(world.role, "States.Format('tj-{}', $.rid)", "TrainingJobName.$"),
                ResultSelector={"s.$": "$.TrainingJobStatus", "m.$": "$.ModelArtifacts.S3ModelArtifacts"},
            )
        },
        {"s": "Completed", "m": "s3://suite/out/tj-jsonpath/output/model.tar.gz"},
        {"rid": "jsonpath"},
    ),
    "training_not_waited_for": Case(
        lambda world: {"T": task("sagemaker:createTrainingJob", training(world.role, "tj-plain"))},
        gives(lambda o: o["TrainingJobArn"].endswith("training-job/tj-plain")),
    ),
    "transform_sync": Case(
        {"T": task("sagemaker:createTransformJob.sync", _TRANSFORM)},
        gives(lambda o: o["TransformJobStatus"] == "Completed"),
    ),
    "processing_sync": Case(
        lambda world: {
            "P": task(
                "sagemaker:createProcessingJob.sync",
                _processing(world),
                ResultSelector={"s.$": "$.ProcessingJobStatus"},
            )
        },
        {"s": "Completed"},
        {"rid": "jsonpath"},
    ),
    "create_model": Case(
        lambda world: {
            "M": task(
                "sagemaker:createModel",
                {
                    "ModelName": "m-jsonpath",
                    "ExecutionRoleArn": world.role,
                    "PrimaryContainer": {"Image": "img", "ModelDataUrl": "s3://suite/m.tar.gz"},
                },
            )
        },
        gives(lambda o: "ModelArn" in o),
    ),
    "sdk_ssm": Case(
        {
            "W": task(
                "aws-sdk:ssm:putParameter",
                {"Name": "/suite/x", "Value": "42", "Type": "String", "Overwrite": True},
                ResultPath=None,
                Next="R",
            ),
            "R": task("aws-sdk:ssm:getParameter", {"Name": "/suite/x"}, ResultSelector={"v.$": "$.Parameter.Value"}),
        },
        {"v": "42"},
    ),
    "sdk_error_names": Case(
        {
            "R": task("aws-sdk:ssm:getParameter", {"Name": "/nope"}, Catch=_caught("Ssm.ParameterNotFoundException")),
            "H": DONE,
        },
        gives(lambda o: o["e"]["Error"] == "Ssm.ParameterNotFoundException"),
    ),
    "sdk_sagemaker": Case({"R": task("aws-sdk:sagemaker:listModels", {})}, gives(lambda o: "Models" in o)),
    "sdk_glue": Case(
        {"R": task("aws-sdk:glue:getJob", {"JobName": "suite-job"}, ResultSelector={"n.$": "$.Job.Name"})},
        {"n": "suite-job"},
    ),
    "sdk_s3_bodies": Case(
        {
            "W": task(
                "aws-sdk:s3:putObject",
                {"Bucket": "suite", "Key": "sdk/x.json", "Body": {"a": 1}},
                Next="R",
                ResultPath=None,
            ),
            "R": task(
                "aws-sdk:s3:getObject",
                {"Bucket": "suite", "Key": "sdk/x.json"},
                ResultSelector={"b.$": "States.StringToJson($.Body)"},
            ),
        },
        {"b": {"a": 1}},
    ),
    "sns_publish": Case(
        lambda world: {"P": task("sns:publish", {"TopicArn": world.topic, "Subject": "s", "Message": {"a.$": "$.x"}})},
        gives(lambda o: "MessageId" in o),
        {"x": 1},
    ),
    "sqs_send": Case(
        lambda world: {"P": task("sqs:sendMessage", {"QueueUrl": world.queue, "MessageBody.$": "$"})},
        gives(lambda o: "MessageId" in o),
        {"x": 1},
    ),
    "dynamodb_condition": Case(
        {
            "P": _put_item(ResultPath=None, Next="P2"),
            "P2": _put_item(Catch=_caught("DynamoDB.ConditionalCheckFailedException")),
            "H": DONE,
        },
        gives(lambda o: "e" in o),
        {"pk": "once"},
    ),
    "events_put": Case(
        {
            "P": task(
                "events:putEvents",
                {"Entries": [{"Source": "pg", "DetailType": "d", "Detail": {"a": 1}, "EventBusName": "default"}]},
                ResultSelector={"failed.$": "$.FailedEntryCount"},
            )
        },
        {"failed": 0},
    ),
    "variables": Case(
        {
            "P": {"Type": "Pass", "Assign": {"x.$": "$.a"}, "Next": "Q"},
            "Q": {**DONE, "Parameters": {"y.$": "$x", "z.$": "$x.b[0]"}},
        },
        {"y": {"b": [7]}, "z": 7},
        {"a": {"b": [7]}},
    ),
    "wait_seconds_path": Case({"W": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}, {"s": 1}, {"s": 1}),
    "task_timeout": Case(
        {
            "G": task(
                "glue:startJobRun.sync",
                {"JobName": "suite-job", "Arguments": {"--mode": "slow"}},
                TimeoutSeconds=2,
                Catch=_caught("States.Timeout"),
            ),
            "H": {**DONE, "Result": "TO"},
        },
        "TO",
    ),
    "machine_timeout": Case(
        {"W": {"Type": "Wait", "Seconds": 3, "End": True}},
        lambda outcome: outcome.status == "TIMED_OUT",
        top={"TimeoutSeconds": 1},
    ),
    "nested_execution": Case(
        lambda world: {
            "N": task(
                "states:startExecution.sync:2",
                {"StateMachineArn": world.child, "Input": {"a": 1}},
                ResultSelector={"a.$": "$.Output.a"},
            )
        },
        {"a": 1},
    ),
    "fail_with_paths": Case(
        {"F": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('x{}', $.c)"}},
        fails("EE", "xCC"),
        {"e": "EE", "c": "CC"},
    ),
    "fail_passes_on_an_error_of_states": Case(
        {"F": {"Type": "Fail", "ErrorPath": "$.e"}}, fails("States.TaskFailed"), {"e": "States.TaskFailed"}
    ),
    "input_and_output_paths": Case(
        {"P": {**DONE, "InputPath": "$.a", "Parameters": {"z.$": "$.b"}, "ResultPath": "$.r", "OutputPath": "$.r"}},
        {"z": 3},
        {"a": {"b": 3}},
    ),
    "athena_sync": Case(
        {"A": task("athena:startQueryExecution.sync", {"QueryString": "select 1", "WorkGroup": "primary"})},
        gives(lambda o: o["QueryExecution"]["Status"]["State"] == "SUCCEEDED"),
    ),
    "sdk_redshift_data": Case(
        {
            "A": task(
                "aws-sdk:redshiftdata:executeStatement", {"Database": "dev", "WorkgroupName": "wg", "Sql": "select 1"}
            )
        },
        gives(lambda o: "Id" in o),
    ),
    "sdk_cloudwatch": Case(
        {
            "A": task(
                "aws-sdk:cloudwatch:putMetricData",
                {"Namespace": "pg", "MetricData": [{"MetricName": "m", "Value": 1.0}]},
            )
        },
        gives(lambda o: True),
    ),
}
