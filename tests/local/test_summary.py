"""The table at the end of a run shows what the pipeline has, and nothing that it has not."""

from io import StringIO
from typing import Any

from rich.console import Console

from pipelinegen.local.follow import ExecutionEnd
from pipelinegen.local.run_folders import RunRecord
from pipelinegen.local.summary import Day, RunSummary, print_summary


def shown(metrics: dict[str, list[str]], steps: dict[str, Any], record: RunRecord) -> str:
    """The table of days of a run of one day."""
    end = ExecutionEnd("SUCCEEDED", "arn", "2026-11-22", 2.0, {"steps": steps})
    text = StringIO()
    summary = RunSummary("p", "dev", metrics, [Day(record, end)], (), (), 3.0)
    print_summary(summary, Console(file=text, width=120))
    lines = [" ".join(line.split()) for line in text.getvalue().splitlines()]
    return "\n".join(lines[2 : lines.index("", 2)])


def record(**more: Any) -> RunRecord:
    return RunRecord("r", "2026-11-22", "w", **more)


def test_a_recommender_beside_its_rivals() -> None:
    given = {"ndcg": 0.5, "promoted_ndcg": 0.4, "popular_ndcg": 0.1, "loss": 2.0}
    steps = {"train": {"metrics": given}, "gate": {"accepted": True}}
    assert shown({"train": ["ndcg"]}, steps, record(rows={"clicks": 1200}, keys=34)) == (
        "day clicks read ndcg of the promoted of the popular gate keys\n"
        "2026-11-22 1,200 0.5000 0.4000 0.1000 accepted 34"
    )


def test_any_other_model_has_no_rivals_and_several_metrics() -> None:
    steps = {"train": {"metrics": {"rmse": 0.41}}, "check": {"metrics": {"rmse": 0.39, "rows": 4300}}}
    assert shown({"train": ["rmse"], "check": ["rmse", "rows"]}, steps, record()) == (
        "day train rmse check rmse rows\n2026-11-22 0.4100 0.3900 4,300"
    )


def test_without_a_model_it_is_rows_and_what_functions_returned() -> None:
    reports = [{"step": "demand", "output": {"rows": 3384}}, {"step": "broken", "output": {"rows": None}}]
    steps = {"load": {"result": {"rows": 10, "name": "x", "done": True}}}
    assert shown({}, steps, record(rows={"clicks": 9}, reports=reports)) == (
        "day clicks read demand wrote load rows\n2026-11-22 9 3,384 10"
    )


def test_nothing_to_show_is_no_table() -> None:
    assert shown({}, {}, record(steps={"tell": 1.0})).startswith("seconds 2026-11-22")
