"""The metrics that other steps use, held against those that an algorithm of AWS gives."""

from collections.abc import Iterator
from typing import Final

from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.steps.algorithm_step import AlgorithmStep, is_known
from pipelinegen.steps.base import Scope
from pipelinegen.steps.built_in_algorithms import Algorithm

#: What the service itself names a metric: the objective of a tuning.
_OBJECTIVE: Final = "ObjectiveMetric"
#: How the algorithms name the last value of a metric, and those of a round.
_MOMENTS: Final = ("batch", "epoch", "final")


def faults_of_metrics(
    scope: Scope, found: Algorithm, step: AlgorithmStep, objective: str | None
) -> Iterator[Diagnostic]:
    """PG145 for a metric that the algorithm has not, or does not give as it is set and fed; `objective`: a tuning's."""
    counts_itself = any(name.startswith("_") for name in step.hyperparameters)
    for key, metric in step.metrics.items():
        channel, _, rest = (metric.name or "").partition(":")
        if metric.name is None or metric.name == _OBJECTIVE:
            continue
        span = scope.spans.at("metrics", key, "name").value
        if not _has_metric(found, channel, rest):
            help = suggest(metric.name, _listed(found), "it has")
            yield Diagnostic(span, "PG145", f"{found.title} gives no metric '{metric.name}'", help)
        elif channel != "train" and channel not in step.inputs and not counts_itself:
            message = f"{found.title} gives '{metric.name}' of the channel '{channel}', which the step has not"
            yield Diagnostic(span, "PG145", message, f"add `{channel}` to the `inputs:`")
        elif key == objective and found.tuned_by not in (None, channel):
            message = (
                f"{found.title} is tuned by a metric of the channel '{found.tuned_by}', and not by '{metric.name}'"
            )
            yield Diagnostic(span, "PG145", message, f"write {found.tuned_by}:{rest}")
        elif key != objective:
            yield from _of_settings(scope, found, step, key, _base(rest), is_tuned=objective is not None)


def faults_of_regexes(scope: Scope, found: Algorithm, step: AlgorithmStep) -> Iterator[Diagnostic]:
    """PG145 for metrics that the spec defines: SageMaker defines those of these images, and refuses such a request."""
    for key, metric in step.metrics.items():
        if metric.regex is not None:
            span, help = scope.spans.at("metrics", key, "regex").label, suggest(key, _listed(found), "use `name:`")
            message = f"SageMaker knows the metrics of {found.title}, and takes no `regex:` for one"
            yield Diagnostic(span, "PG145", message, help)


def _of_settings(
    scope: Scope, found: Algorithm, step: AlgorithmStep, key: str, name: str, *, is_tuned: bool
) -> Iterator[Diagnostic]:
    """A metric that there is under other settings only."""
    measured_by = found.measured_by
    value = step.hyperparameters.get(measured_by or "")
    given: dict[str, tuple[str, ...]] = {}
    if measured_by and value is not None:
        if is_known(value):
            given = {f"'{measured_by}' is '{value}'": tuple(_base(word.strip()) for word in str(value).split(","))}
    elif not (measured_by and is_tuned):
        given = {
            f"'{decisive}' is '{value}'": names
            for (decisive, value), names in found.metrics_where.items()
            if step.hyperparameters.get(decisive) == value
        }
    elsewhere = {other for names in found.metrics_where.values() for other in names}
    for why, names in given.items():
        if name not in names and (measured_by or name in elsewhere) and found.has_all_names:
            message = f"{found.title} gives no '{step.metrics[key].name}' where {why}"
            help = f"name it in `{measured_by}`" if measured_by else f"it gives: {', '.join(sorted(names))}"
            yield Diagnostic(scope.spans.at("metrics", key, "name").value, "PG145", message, help)


def _has_metric(found: Algorithm, channel: str, name: str) -> bool:
    """Whether the algorithm gives it; a channel of which nothing is documented may give any."""
    if channel not in found.channels:
        return False
    known, moment = found.metrics.get(channel), name.partition(":")[2]
    if known is not None and _base(name) not in known and found.may_have(_base(name), known):
        return True
    return known is None or (_base(name) in known and (not moment or moment in _MOMENTS))


def _base(name: str) -> str:
    """A metric's own name: without the threshold or the number that it is taken at, and without its moment."""
    return name.partition(":")[0].partition("@")[0]


def _listed(found: Algorithm) -> list[str]:
    return [f"{channel}:{name}" for channel, names in found.metrics.items() for name in names]
