"""What wakes somebody: runs that fail, are late or stay away, and services that do not do what they should."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pipelinegen.emit.base import Workbench
from pipelinegen.emit.terraform_rhythm import longest_pause_hours
from pipelinegen.ir.model import Api, HttpApi, LambdaFunction, RedisCache

#: CloudWatch looks back seven days at most (PutMetricAlarm, `EvaluationPeriods`); two hours are left for the run.
LONGEST_PAUSE_HOURS = 7 * 24 - 2
_RUNS = (("StateMachineArn", "aws_sfn_state_machine.pipeline.arn"),)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; `dimensions` are names and Terraform expressions, `each` the names that it is made for one by one."""

    label: str
    name: str
    description: str
    namespace: str
    metric: str
    threshold: float
    dimensions: tuple[tuple[str, str], ...]
    statistic: str | None = "Sum"
    percentile: str | None = None
    comparison: str = "GreaterThanThreshold"
    period_seconds: int = 300
    periods: int = 1
    missing_data: str = "notBreaching"
    each: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """A number that a function writes to its log."""

    label: str
    name: str
    log_group: str
    pattern: str
    metric: str
    namespace: str
    value: str


@dataclass(frozen=True, slots=True)
class AlarmsContext:
    """The alarms of one file, and the numbers in logs that they are about."""

    alarms: tuple[Alarm, ...]
    filters: tuple[MetricFilter, ...] = ()


def run_alarms(bench: Workbench) -> AlarmsContext:
    """The alarms about runs: failed, timed out, later than the deadline, none for too long, not started."""
    stem, deadline = bench.names.stem, bench.pipeline.infrastructure.deadline_minutes

    def alarm(label: str, metric: str, description: str, threshold: float = 0, statistic: str = "Sum") -> Alarm:
        name = f"{stem}-{label.replace('_', '-')}"
        return Alarm(label, name, description, "AWS/States", metric, threshold, _RUNS, statistic=statistic)

    found = [
        alarm("failed", "ExecutionsFailed", "A run failed; the notification names the state."),
        alarm("timed_out", "ExecutionsTimedOut", "A run took longer than it may."),
    ]
    if deadline:
        text = f"A run took longer than {deadline} minutes."
        found.append(alarm("late", "ExecutionTime", text, threshold=deadline * 60_000, statistic="Maximum"))
    found.extend(_about_schedules(bench))
    return AlarmsContext(tuple(found))


def _about_schedules(bench: Workbench) -> Iterable[Alarm]:
    if not bench.pipeline.schedules:
        return
    stem = bench.names.stem
    yield Alarm(
        label="not_started",
        name=f"{stem}-not-started",
        description="The schedule could not start the pipeline; the reason is in the queue.",
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        threshold=0,
        dimensions=(("QueueName", "aws_sqs_queue.schedule.name"),),
        statistic="Maximum",
    )
    hours = longest_pause_hours(bench.pipeline.schedules)
    if hours is None or hours > LONGEST_PAUSE_HOURS:
        return
    yield Alarm(
        label="no_success",
        name=f"{stem}-no-success",
        description=f"No run has succeeded for {hours + 2} hours; the schedule wants one every {hours}.",
        namespace="AWS/States",
        metric="ExecutionsSucceeded",
        threshold=1,
        dimensions=_RUNS,
        comparison="LessThanThreshold",
        period_seconds=3600,
        periods=hours + 2,
        missing_data="breaching",
    )


def service_alarms(bench: Workbench) -> AlarmsContext:
    """The alarms about what is there beside the runs: rejected rows, the API, Redis."""
    loaders = [item for item in bench.resources(LambdaFunction) if "redis_loader" in item.packages]
    found = [
        *(_rejects(bench, loader) for loader in loaders),
        *(alarm for api in bench.resources(Api) for alarm in _about_api(bench, api)),
        *(alarm for api in bench.resources(HttpApi) for alarm in _about_http_api(bench, api)),
        *(alarm for cache in bench.resources(RedisCache) for alarm in _about_redis(bench, cache)),
    ]
    return AlarmsContext(tuple(found), tuple(_reject_filter(bench, loader) for loader in loaders))


def _metrics_of(bench: Workbench) -> str:
    return f"pipelinegen/{bench.names.stem}"


def _reject_filter(bench: Workbench, loader: LambdaFunction) -> MetricFilter:
    return MetricFilter(
        label=f"{loader.step}_rejects",
        name=f"{loader.name}-rejects",
        log_group=loader.step,
        pattern='{ $.event = "load finished" }',
        metric=f"{loader.step}_rejects",
        namespace=_metrics_of(bench),
        value="$.rejects",
    )


def _rejects(bench: Workbench, loader: LambdaFunction) -> Alarm:
    return Alarm(
        label=f"{loader.step}_rejects",
        name=f"{loader.name}-rejects",
        description="Rows of predictions could not be loaded; the log says why, and how many.",
        namespace=_metrics_of(bench),
        metric=f"{loader.step}_rejects",
        threshold=0,
        dimensions=(),
    )


def _about_api(bench: Workbench, api: Api) -> Iterable[Alarm]:
    front = (("LoadBalancer", f"aws_lb.{api.step}.arn_suffix"),)
    stem = f"{bench.names.stem}-{api.step.replace('_', '-')}"
    space = "AWS/ApplicationELB"
    errors = "The API answers with errors of its own."
    yield Alarm(f"{api.step}_errors", f"{stem}-errors", errors, space, "HTTPCode_Target_5XX_Count", 5, front)
    gone = "No container answers, so that callers hear from the load balancer alone."
    yield Alarm(f"{api.step}_away", f"{stem}-away", gone, space, "HTTPCode_ELB_5XX_Count", 5, front)
    slow = "One answer in a hundred takes longer than half a second."
    yield _latency(Alarm(f"{api.step}_latency", f"{stem}-latency", slow, space, "TargetResponseTime", 0.5, front))


def _about_http_api(bench: Workbench, api: HttpApi) -> Iterable[Alarm]:
    front = (("ApiId", f"aws_apigatewayv2_api.{api.step}.id"),)
    stem, space = f"{bench.names.stem}-{api.step.replace('_', '-')}", "AWS/ApiGateway"
    errors = "The API answers with errors of its own."
    yield Alarm(f"{api.step}_errors", f"{stem}-errors", errors, space, "5xx", 5, front)
    slow = "One answer in a hundred takes longer than a second, the start of a function counted in."
    yield _latency(Alarm(f"{api.step}_latency", f"{stem}-latency", slow, space, "Latency", 1000, front))


def _latency(alarm: Alarm) -> Alarm:
    """The alarm, on the slowest hundredth of the answers, for three periods in a row."""
    return replace(alarm, statistic=None, percentile="p99", periods=3)


def _about_redis(bench: Workbench, cache: RedisCache) -> Iterable[Alarm]:
    stem, name = f"{bench.names.stem}-redis", bench.names.redis()
    if cache.serverless:
        yield from _about_serverless(stem, name, cache.serverless.storage_gb)
        return
    nodes = tuple(f"{name}-{number:03}" for number in range(1, cache.nodes + 1))
    known: Mapping[str, tuple[str, float, str, str]] = {
        "memory": ("DatabaseMemoryUsagePercentage", 80, "Maximum", "Redis has less than a fifth of its memory left."),
        "evictions": ("Evictions", 0, "Sum", "Redis removes predictions before they expire: it is too small."),
        "cpu": ("EngineCPUUtilization", 80, "Maximum", "Redis is busy more than four fifths of the time."),
    }
    for label, (metric, threshold, statistic, text) in known.items():
        yield Alarm(
            label=f"redis_{label}",
            name=f"{stem}-{label}-${{each.key}}",
            description=text,
            namespace="AWS/ElastiCache",
            metric=metric,
            threshold=threshold,
            dimensions=(("CacheClusterId", "each.key"),),
            statistic=statistic,
            each=nodes,
        )


def _about_serverless(stem: str, name: str, storage_gb: int) -> Iterable[Alarm]:
    cluster = (("clusterId", "aws_elasticache_serverless_cache.main.name"),)
    full = round(storage_gb * 0.8 * 1000**3)
    text = f"Redis holds more than four fifths of the {storage_gb} GB that it may."
    size = "BytesUsedForCache"
    yield Alarm("redis_memory", f"{stem}-memory", text, "AWS/ElastiCache", size, full, cluster, statistic="Maximum")
    gone = "Redis removes predictions before they expire: its bound is too low."
    yield Alarm("redis_evictions", f"{stem}-evictions", gone, "AWS/ElastiCache", "Evictions", 0, cluster)
    slowed = "Redis refuses commands, for they are more work than its bound."
    yield Alarm("redis_throttled", f"{stem}-throttled", slowed, "AWS/ElastiCache", "ThrottledCmds", 0, cluster)
