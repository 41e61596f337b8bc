"""Tuning jobs: where they look, which is best, and that every training job really runs."""

import json
import math
import time
from typing import Any

import pytest

from pipelinegen.local.deployed import Deployed
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.sagemaker_tuning import Trial, best, points
from tests.local.serving_cloud import BUCKET, make_role
from tests.local.test_sagemaker import DOCKERFILE

RATE = {"Name": "rate", "MinValue": "0.001", "MaxValue": "0.1", "ScalingType": "Logarithmic"}
DEPTH = {"Name": "depth", "MinValue": "2", "MaxValue": "4"}
KIND = {"Name": "kind", "Values": ["a", "b"]}
RANGES = {
    "ContinuousParameterRanges": [RATE],
    "IntegerParameterRanges": [DEPTH],
    "CategoricalParameterRanges": [KIND],
}


def config(strategy: str = "Random", seed: int = 1, ranges: dict[str, Any] = RANGES) -> dict[str, Any]:
    return {"Strategy": strategy, "RandomSeed": seed, "ParameterRanges": ranges}


def test_points_lie_in_their_ranges_and_follow_the_seed() -> None:
    found = points(config(), 200)
    assert found == points(config(), 200) == points(config("Bayesian"), 200)
    assert found != points(config(seed=2), 200)
    assert {point["depth"] for point in found} == {"2", "3", "4"}
    assert {point["kind"] for point in found} == {"a", "b"}
    rates = [float(point["rate"]) for point in found]
    assert all(0.001 <= rate <= 0.1 for rate in rates)
    assert 60 < sum(math.log10(rate) < -2 for rate in rates) < 140, "as many below the logarithmic middle as above"


def test_a_grid_is_every_combination() -> None:
    other = {"Name": "size", "Values": ["1", "2"]}
    found = points(config("Grid", ranges={"CategoricalParameterRanges": [KIND, other]}), 99)
    assert found == [{"kind": kind, "size": size} for kind in "ab" for size in "12"]


def test_the_best_is_the_first_of_the_best_that_completed() -> None:
    trials = [
        Trial("1", {}, "Completed", 0.5),
        Trial("2", {}, "Failed", 0.9),
        Trial("3", {}, "Completed", 0.7),
        Trial("4", {}, "Completed", 0.7),
        Trial("5", {}, "Completed", None),
    ]
    high, low = best(trials, "Maximize"), best(trials, "Minimize")
    assert high is not None
    assert low is not None
    assert (high.job, low.job, best(trials[1:2], "Maximize")) == ("3", "1", None)


PROGRAM = """\
import argparse, os, pathlib, sys
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--kind")
options = parser.parse_args()
if options.kind == "broken":
    sys.exit("no such kind")
print(f"loss={abs(options.epochs - 3)};")
(pathlib.Path(os.environ["SM_MODEL_DIR"]) / "epochs").write_text(str(options.epochs))
"""


@pytest.fixture(scope="module")
def tuned(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> LocalCloud:
    code = tmp_path_factory.mktemp("code")
    (code / "runtime/training").mkdir(parents=True)
    (code / "runtime/training/train.py").write_text(PROGRAM)
    Deployed(images={"img": DOCKERFILE}, code=str(code)).write(cloud.workdir)
    cloud.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": cloud.region})
    make_role(cloud, "tuning")
    return cloud


def search(cloud: LocalCloud, name: str, kind: str) -> dict[str, Any]:
    """The states of a `tuning` step in short: search, and look at the best job."""
    role = cloud.client("iam").get_role(RoleName="tuning")["Role"]["Arn"]
    algorithm = {"TrainingImage": "img", "TrainingInputMode": "File"}
    definitions = [{"Name": "loss", "Regex": "loss=([0-9.]+);"}]
    request = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"IntegerParameterRanges": [{"Name": "epochs", "MinValue": "1", "MaxValue": "9"}]},
            "RandomSeed": 1,
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": {"kind": kind},
            "AlgorithmSpecification": {**algorithm, "MetricDefinitions": definitions},
            "RoleArn": role,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/tuned"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
    }
    states = {"StartAt": "Search", "States": {"Search": {"Type": "Task", "Arguments": request, "End": True}}}
    states["QueryLanguage"] = "JSONata"
    states["States"]["Search"]["Resource"] = "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync"  # type: ignore[index]
    machines = cloud.client("stepfunctions")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    caller = make_role(cloud, f"states-{name}", everything, service="states")
    machine = machines.create_state_machine(name=name, definition=json.dumps(states), roleArn=caller)
    arn = machines.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")["executionArn"]
    while True:
        found: dict[str, Any] = machines.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.1)


@pytest.mark.slow
def test_every_job_runs_and_the_best_one_is_named(tuned: LocalCloud) -> None:
    found = search(tuned, "search", "fine")
    assert found["status"] == "SUCCEEDED", found
    result = json.loads(found["output"])
    chosen = result["BestTrainingJob"]
    jobs = [f"search-{number:03d}" for number in range(1, 7)]
    listed = tuned.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="tuned/search-")["Contents"]
    assert [item["Key"].split("/")[1][:10] for item in listed] == jobs
    drawn = [abs(int(point["epochs"]) - 3) for point in points({**_tuned_config()}, 6)]
    assert chosen["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(drawn)
    assert abs(int(chosen["TunedHyperParameters"]["epochs"]) - 3) == min(drawn)
    assert result["TrainingJobStatusCounters"]["Completed"] == 6
    described = tuned.client("sagemaker").describe_training_job(TrainingJobName=chosen["TrainingJobName"])
    assert described["ModelArtifacts"]["S3ModelArtifacts"].endswith(f"{chosen['TrainingJobName']}/output/model.tar.gz")


def _tuned_config() -> dict[str, Any]:
    ranges = {"IntegerParameterRanges": [{"Name": "epochs", "MinValue": "1", "MaxValue": "9"}]}
    return config(seed=1, ranges=ranges)


@pytest.mark.slow
def test_a_search_whose_jobs_all_fail_fails_with_their_reason(tuned: LocalCloud) -> None:
    found = search(tuned, "lost", "broken")
    assert found["status"] == "FAILED"
    reason = json.loads(found["cause"])["FailureReason"]
    assert reason.startswith("No training job succeeded with a value of loss. AlgorithmError: ")
