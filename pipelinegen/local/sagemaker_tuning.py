"""Where a tuning job looks: hyperparameters drawn from ranges, and which of the jobs was the best."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

#: From this ratio of its ends on, SageMaker's scaling `Auto` means logarithmic here; AWS does not publish its own rule.
_WIDE = 1000.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One training job of the search: the values it had, and what came of it."""

    job: str
    tuned: Mapping[str, str]
    status: str = "InProgress"
    objective: float | None = None
    reason: str = ""
    described: Mapping[str, Any] = field(default_factory=dict)


def points(config: Mapping[str, Any], count: int) -> list[dict[str, str]]:
    """The hyperparameters of each job, the same for the same seed. Grid: every combination of the categories.

    Bayesian and Hyperband are run as Random: what they save, jobs, costs nothing here.
    """
    ranges: Mapping[str, Any] = config.get("ParameterRanges") or {}
    if config["Strategy"] == "Grid":
        return list(_grid(ranges.get("CategoricalParameterRanges") or []))
    chance = random.Random(config.get("RandomSeed", 0))
    return [_drawn(ranges, chance) for _ in range(count)]


def _grid(categories: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    names = [given["Name"] for given in categories]
    for values in product(*(given["Values"] for given in categories)):
        yield dict(zip(names, values, strict=True))


def _drawn(ranges: Mapping[str, Any], chance: random.Random) -> dict[str, str]:
    found = {}
    for given in ranges.get("IntegerParameterRanges") or []:
        found[given["Name"]] = str(round(_between(given, chance)))
    for given in ranges.get("ContinuousParameterRanges") or []:
        found[given["Name"]] = repr(_between(given, chance))
    for given in ranges.get("CategoricalParameterRanges") or []:
        found[given["Name"]] = chance.choice(list(given["Values"]))
    return found


def _between(given: Mapping[str, Any], chance: random.Random) -> float:
    low, high = float(given["MinValue"]), float(given["MaxValue"])
    scaling, share = given.get("ScalingType", "Auto"), chance.random()
    if scaling == "ReverseLogarithmic":
        return 1.0 - math.exp(math.log(1.0 - low) + share * (math.log(1.0 - high) - math.log(1.0 - low)))
    if scaling == "Logarithmic" or (scaling == "Auto" and low > 0 and high / low >= _WIDE):
        return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    return low + share * (high - low)


def best(trials: Sequence[Trial], objective: str) -> Trial | None:
    """The completed trial with the best objective ('Maximize' or 'Minimize'), the earliest of equals; None if none."""
    measured = [trial for trial in trials if trial.status == "Completed" and trial.objective is not None]
    sign = -1.0 if objective == "Maximize" else 1.0
    return min(measured, key=lambda trial: sign * (trial.objective or 0.0), default=None)
