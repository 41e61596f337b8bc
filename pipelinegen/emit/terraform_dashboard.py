"""One CloudWatch dashboard a pipeline: its runs, its jobs and functions, its cache and its API on one page."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from pipelinegen.emit.base import File, Workbench, json_text
from pipelinegen.ir import arns
from pipelinegen.ir.model import Api, GlueJob, HttpApi, Json, LambdaFunction, RedisCache

PATH = "terraform/dashboard.json"
_WIDTH, _HEIGHT, _COLUMNS = 8, 6, 3


@dataclass(frozen=True, slots=True)
class Graph:
    """A widget: its title, how values of five minutes become one, and the metrics: namespace, name, dimensions."""

    title: str
    statistic: str
    metrics: tuple[tuple[str, ...], ...]


def emit_dashboard(bench: Workbench) -> Iterable[File]:
    """The body, in which Terraform fills in region, account and the load balancers' ids."""
    places = ((number % _COLUMNS * _WIDTH, number // _COLUMNS * _HEIGHT) for number in count())
    widgets: list[Json] = [
        {
            "type": "metric",
            "x": x,
            "y": y,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": {
                "title": graph.title,
                "region": "${region}",
                "view": "timeSeries",
                "period": 300,
                "stat": graph.statistic,
                "metrics": [list(metric) for metric in graph.metrics],
            },
        }
        for graph, (x, y) in zip(_graphs(bench), places, strict=False)
    ]
    return [File(PATH, json_text({"widgets": widgets}))]


def _graphs(bench: Workbench) -> Iterable[Graph]:
    yield from _runs(bench)
    yield from _jobs(bench)
    for api in bench.resources(Api):
        yield from _api(api)
    for http_api in bench.resources(HttpApi):
        yield from _http_api(http_api)
    for cache in bench.resources(RedisCache):
        yield from _redis(bench, cache)


def _runs(bench: Workbench) -> Iterable[Graph]:
    machine = arns.arn("states", f"stateMachine:{bench.names.state_machine()}")
    ends = ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut")
    yield Graph("Runs", "Sum", tuple(("AWS/States", name, "StateMachineArn", machine) for name in ends))
    yield Graph("How long runs take", "Maximum", (("AWS/States", "ExecutionTime", "StateMachineArn", machine),))


def _jobs(bench: Workbench) -> Iterable[Graph]:
    functions = bench.resources(LambdaFunction)
    for title, metric, statistic in (
        ("How long functions take", "Duration", "Maximum"),
        ("Errors of functions", "Errors", "Sum"),
    ):
        if functions:
            lines = tuple(("AWS/Lambda", metric, "FunctionName", function.name) for function in functions)
            yield Graph(title, statistic, lines)
    jobs = bench.resources(GlueJob)
    if jobs:
        metric = "glue.driver.aggregate.elapsedTime"
        names = tuple(("Glue", metric, "JobName", job.name, "JobRunId", "ALL", "Type", "count") for job in jobs)
        yield Graph("How long Glue jobs take", "Maximum", names)


def _api(api: Api) -> Iterable[Graph]:
    front = ("LoadBalancer", f"${{load_balancer_{api.step}}}")
    space = "AWS/ApplicationELB"
    answers = ("RequestCount", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count")
    yield Graph("Requests to the API", "Sum", tuple((space, name, *front) for name in answers))
    yield Graph("How long the API takes", "p99", ((space, "TargetResponseTime", *front),))


def _http_api(api: HttpApi) -> Iterable[Graph]:
    front = ("ApiId", f"${{http_api_{api.step}}}")
    answers = ("Count", "4xx", "5xx")
    yield Graph("Requests to the API", "Sum", tuple(("AWS/ApiGateway", name, *front) for name in answers))
    yield Graph("How long the API takes", "p99", (("AWS/ApiGateway", "Latency", *front),))


def _redis(bench: Workbench, cache: RedisCache) -> Iterable[Graph]:
    if cache.serverless:
        for title, metric in (("Data in Redis", "BytesUsedForCache"), ("Work of Redis", "ElastiCacheProcessingUnits")):
            yield Graph(title, "Maximum", (("AWS/ElastiCache", metric, "clusterId", bench.names.redis()),))
        return
    nodes = [f"{bench.names.redis()}-{number:03}" for number in range(1, cache.nodes + 1)]
    for title, metric in (
        ("Memory of Redis", "DatabaseMemoryUsagePercentage"),
        ("Evictions of Redis", "Evictions"),
        ("Work of Redis", "EngineCPUUtilization"),
    ):
        yield Graph(title, "Maximum", tuple(("AWS/ElastiCache", metric, "CacheClusterId", node) for node in nodes))
