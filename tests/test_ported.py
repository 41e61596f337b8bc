"""Six real pipelines of others, ported: which services they call, step by step, and in which order."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pipelinegen.code_folders import code_beside
from tests.compiling import ROOT, files_of

PORTED = ROOT / "specs" / "ported"
GLUE, TRAINING = "glue:startJobRun.sync", "sagemaker:createTrainingJob.sync"
PROCESSING, TRANSFORM = "sagemaker:createProcessingJob.sync", "sagemaker:createTransformJob.sync"
MODEL, FUNCTION, TELL = "sagemaker:createModel", "lambda:invoke", "sns:publish"
#: An endpoint is made or, where there is one, updated, and asked for until it serves.
ENDPOINT = (
    *(MODEL, "sagemaker:createEndpointConfig", "aws-sdk:sagemaker:listEndpoints"),
    *("sagemaker:createEndpoint", "sagemaker:updateEndpoint", "aws-sdk:sagemaker:describeEndpoint"),
)
#: What the originals do, a step a row; a step without calls decides, loops or fails.
CALLS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "etl_train_deploy_predict": {
        "prepare": (GLUE,),
        "train": (TRAINING,),
        "deploy": ENDPOINT,
        "predict": (FUNCTION,),
    },
    "glue_train_vpc_deploy": {"prepare": (GLUE,), "train": (TRAINING,), "deploy": ENDPOINT},
    "train_and_batch_transform": {
        "make_data": (FUNCTION,),
        "train": (TRAINING,),
        "predict": (MODEL, TRANSFORM, "aws-sdk:sagemaker:deleteModel"),
    },
    "training_with_evaluation": {"preprocess": (PROCESSING,), "train": (TRAINING,), "evaluate": (PROCESSING,)},
    "inference_by_processing": {"preprocess": (PROCESSING,), "predict": (PROCESSING,)},
    "event_driven_chunks": {
        "refuse": (),
        "split": (FUNCTION,),
        "nothing": (),
        "clean_chunk": ("batch:submitJob.sync", TELL),
        "clean": (),
        "combine": (FUNCTION,),
        "train": (TRAINING, TELL),
        "promote": ("aws-sdk:ssm:putParameter",),
        "predict": (MODEL, TRANSFORM, "aws-sdk:sagemaker:deleteModel", TELL),
        "watch_drift": (FUNCTION,),
    },
}


def generated(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """deployment.json and the state machine."""
    path = PORTED / f"{name}.yaml"
    files = files_of(path.read_text(encoding="utf-8"), code_beside(path))["dev"]
    return json.loads(files["deployment.json"]), json.loads(files["stepfunctions/pipeline.asl.json"])


def states(machine: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in (*state.get("Branches", ()), *filter(None, (state.get("ItemProcessor"),))):
            yield from states(inner)


def test_every_one_is_held_here() -> None:
    assert {path.stem for path in PORTED.glob("*.yaml")} == CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_the_same_services_in_the_same_order(name: str) -> None:
    deployment, machine = generated(name)
    every = dict(states(machine))
    calls = {
        step["name"]: tuple(
            every[state]["Resource"].split(":::")[1] for state in step["states"] if "Resource" in every[state]
        )
        for step in deployment["steps"]
    }
    assert calls == CALLS[name]
    assert list(calls) == list(CALLS[name])
    if name == "training_with_evaluation":
        tasks = [state for state in every.values() if "Processing" in state.get("Resource", "")]
        assert {catch["Next"] for task in tasks for catch in task["Catch"]} == {"Notify failure"}
    if name == "glue_train_vpc_deploy":
        assert "$parameters.region" in every["Prepare"]["Arguments"]["Arguments"]["--parameters"]
        assert set(every["Train"]["Arguments"]["VpcConfig"]) == {"SecurityGroupIds", "Subnets"}
    if name == "event_driven_chunks":
        inside = dict(states(every["Clean"]["ItemProcessor"]))
        assert {"Clean chunk", "Clean chunk: tell of failure"} <= inside.keys()
        (trigger,) = deployment["triggers"]
        assert trigger["pattern"]["detail"]["object"] == {"key": [{"prefix": "raw/"}]}
