"""One feature of the States Language: a definition, an input, and what AWS makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class World:
    """What the definitions may refer to."""

    role: str
    topic: str
    queue: str
    child: str


@dataclass(frozen=True)
class Outcome:
    """How an execution ended."""

    status: str
    output: Any
    error: str | None
    cause: str | None
    seconds: float


@dataclass(frozen=True)
class Case:
    """`expect` is the output, or what has to hold for the outcome."""

    states: Mapping[str, Any] | Callable[[World], Mapping[str, Any]]
    expect: Any
    input: Any = field(default_factory=dict)
    top: Mapping[str, Any] = field(default_factory=dict)

    def definition(self, world: World) -> dict[str, Any]:
        states = self.states(world) if callable(self.states) else self.states
        return {"StartAt": next(iter(states)), "States": dict(states), **self.top}

    def check(self, outcome: Outcome) -> None:
        if callable(self.expect):
            assert self.expect(outcome), outcome
        else:
            assert (outcome.status, outcome.output) == ("SUCCEEDED", self.expect), outcome


def gives(holds: Callable[[Any], bool]) -> Callable[[Outcome], bool]:
    """Expects success with an output for which something holds."""
    return lambda outcome: outcome.status == "SUCCEEDED" and holds(outcome.output)


def fails(error: str, cause: str | None = None) -> Callable[[Outcome], bool]:
    """Expects a failure with an error and, if given, exactly this cause."""
    return lambda outcome: outcome.status == "FAILED" and outcome.error == error and cause in (None, outcome.cause)


def task(resource: str, parameters: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
    """A Task state with Parameters, the last one unless `Next` says otherwise."""
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, **rest}
    return state if "Next" in rest else {**state, "End": True}


def branch(**states: Any) -> dict[str, Any]:
    """A machine of its own, as in Branches and ItemProcessor."""
    return {"StartAt": next(iter(states)), "States": states}


def training(role: str, name: Any, name_field: str = "TrainingJobName") -> dict[str, Any]:
    """A request for a training job of the tiny image."""
    return {
        name_field: name,
        "AlgorithmSpecification": {"TrainingImage": "img", "TrainingInputMode": "File"},
        "RoleArn": role,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://suite/in/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://suite/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": {"epochs": "2"},
    }


DONE = {"Type": "Pass", "End": True}
