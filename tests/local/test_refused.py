"""A call that nothing here carries out is named before the run, with its step."""

from collections.abc import Mapping
from typing import Any

import pytest

from pipelinegen.local.backfill import refuse_bookmarks
from pipelinegen.local.cloud.jsonata import evaluate
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.refused import refuse_calls
from pipelinegen.local.stand_ins import StandIns


def machine(resource: str) -> dict[str, object]:
    inner = {"StartAt": "Submit", "States": {"Submit": {"Type": "Task", "Resource": f"arn:aws:states:::{resource}"}}}
    return {"States": {"Both": {"Type": "Parallel", "Branches": [inner]}}}


def refuse(definition: Mapping[str, Any], steps: list[dict[str, object]]) -> None:
    refuse_calls(definition, steps, {"submit": ("prepare",)}, {"submit"}, StandIns())


def steps(kind: str = "aws_api") -> list[dict[str, object]]:
    return [{"name": "submit", "kind": kind, "states": ["Submit"]}]


def test_a_call_of_somebody_elses_server_a_pipeline_and_an_image_are_refused() -> None:
    image = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"
    asked = {
        "http_call": ("http:invoke", {"ApiEndpoint": "https://partner.example.com/v1"}),
        "pipeline": ("states:startExecution.sync:2", {"StateMachineArn": "arn:aws:states:r:1:stateMachine:other-dev"}),
        "sagemaker_training": (
            "sagemaker:createTrainingJob.sync",
            {"AlgorithmSpecification": {"TrainingImage": image}},
        ),
    }
    found = []
    for kind, (resource, arguments) in asked.items():
        state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments}
        with pytest.raises(LocalCloudError) as caught:
            refuse({"States": {"Submit": state}}, steps(kind))
        found.append(str(caught.value))
        origin = "https://partner.example.com=http://127.0.0.1:8000"
        first = f"let a server of your own answer, `--stand-in {origin}`, " if kind == "http_call" else ""
        assert caught.value.help == (
            f"{first}end before it with `--until prepare`, leave the step out of an environment with `only_in:` and "
            "run that one, or run it in AWS"
        )
        refuse_calls({"States": {"Submit": state}}, steps(kind), {"submit": ("prepare",)}, {"prepare"}, StandIns())
    assert found == [
        "step 'submit' asks https://partner.example.com/v1, and a local run leaves other people's servers alone",
        "step 'submit' starts 'other-dev', and the local cloud holds one pipeline at a time",
        f"step 'submit' runs the image {image}, which the pipeline does not build, and the local cloud pulls none",
    ]


def test_all_such_steps_are_named_at_once() -> None:
    states = {
        name: {"Type": "Task", "Resource": f"arn:aws:states:::{call}"}
        for name, call in {"One": "batch:submitJob.sync", "Two": "athena:startQueryExecution.sync"}.items()
    }
    given = [{"name": name.lower(), "kind": "aws_api", "states": [name]} for name in states]
    with pytest.raises(LocalCloudError) as caught:
        refuse_calls({"States": states}, given, {}, {"one", "two"}, StandIns())
    assert str(caught.value) == (
        "step 'one' calls batch:submitJob.sync, which nothing on this machine carries out; "
        "step 'two' calls athena:startQueryExecution.sync, which nothing on this machine carries out"
    )
    assert caught.value.help.startswith("leave them out of an environment with `only_in:`")


@pytest.mark.parametrize("kind", ["sagemaker_training", "tuning"])
def test_the_pipelines_own_images_are_run(kind: str) -> None:
    arguments = {"AlgorithmSpecification": {"TrainingImage": "${image_training_own}"}}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Arguments": arguments}
    refuse({"States": {"Submit": state}}, steps(kind))


@pytest.mark.parametrize(
    "resource", ["batch:submitJob.sync", "aws-sdk:glue:startCrawler", "athena:startQueryExecution.sync"]
)
def test_what_would_be_invented_is_refused(resource: str) -> None:
    with pytest.raises(LocalCloudError) as caught:
        refuse(machine(resource), steps())
    call = resource.removeprefix("aws-sdk:")
    assert str(caught.value) == f"step 'submit' calls {call}, which nothing on this machine carries out"


def test_arguments_may_be_one_expression() -> None:
    refuse({"States": {"Submit": {"Type": "Map", "Arguments": "{% $states.input %}"}}}, steps("for_each"))


@pytest.mark.parametrize("resource", ["aws-sdk:ssm:getParameter", "aws-sdk:dynamodb:putItem", "glue:startJobRun.sync"])
def test_what_is_kept_or_run_for_real_is_not(resource: str) -> None:
    refuse(machine(resource), steps())


def test_the_compilers_own_kinds_are_left_alone() -> None:
    refuse(machine("aws-sdk:redshiftdata:executeStatement"), steps("quality_gate"))


def test_a_text_for_athena_is_a_literal_whatever_is_in_it() -> None:
    """As the golden `kind-sql-athena` sends it."""
    literal = '"\'" & $replace($string($brand), "\'", "\'\'") & "\'"'
    assert evaluate(literal, {"brand": "O'Hara' OR '1'='1"}) == "'O''Hara'' OR ''1''=''1'"


def test_jobs_with_a_bookmark_are_not_filled_several_dates_at_a_time() -> None:
    jobs = [{"step": "sales", "max_concurrent_runs": 3}, {"step": "collect", "max_concurrent_runs": 1}]
    refuse_bookmarks(jobs[:1])
    with pytest.raises(LocalCloudError, match="'collect' reads from a bookmark, so that its runs follow one another"):
        refuse_bookmarks(jobs)
