"""Counts and latencies in Prometheus's text format; of one process, as Prometheus expects."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

#: Upper bounds of the latency buckets.
BUCKET_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class _Latency:
    """Requests by bucket (the last is for what exceeds all bounds), and their time in all."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKET_SECONDS) + 1))
    seconds: float = 0.0


class Metrics:
    """What the service counts."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._latencies: dict[str, _Latency] = {}
        self._answers: Counter[str] = Counter()

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request under its route (`/v1/recommendations/{user_id}`, never the path: that names a user)."""
        self._requests[method, route, status] += 1
        latency = self._latencies.get(route)
        if latency is None:
            latency = self._latencies[route] = _Latency()
        latency.buckets[bisect_left(BUCKET_SECONDS, seconds)] += 1
        latency.seconds += seconds

    def count_answer(self, source: str) -> None:
        """Counts one user's answer: `model`, `popular` or `none`."""
        self._answers[source] += 1

    def text(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> str:
        """All of it, with gauges (name → help and reading) that others keep."""
        lines = _family("api_requests_total", "counter", "Requests by route and status.", self._request_lines())
        lines += _family("api_request_seconds", "histogram", "Time to answer.", self._latency_lines())
        answers = (f'api_answers_total{{source="{source}"}} {n}' for source, n in sorted(self._answers.items()))
        lines += _family("api_answers_total", "counter", "Users answered, by where the list came from.", answers)
        for name, (help_text, read) in gauges.items():
            lines += _family(name, "gauge", help_text, [f"{name} {read():g}"])
        return "\n".join(lines) + "\n"

    def _request_lines(self) -> Iterable[str]:
        for (method, route, status), count in sorted(self._requests.items()):
            yield f'api_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}'

    def _latency_lines(self) -> Iterable[str]:
        for route, latency in sorted(self._latencies.items()):
            total = 0
            for bound, count in zip((*BUCKET_SECONDS, "+Inf"), latency.buckets, strict=True):
                total += count
                yield f'api_request_seconds_bucket{{route="{route}",le="{bound}"}} {total}'
            yield f'api_request_seconds_sum{{route="{route}"}} {latency.seconds:.6f}'
            yield f'api_request_seconds_count{{route="{route}"}} {total}'


def _family(name: str, kind: str, help_text: str, samples: Iterable[str]) -> list[str]:
    return [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", *samples]
