"""`pipelinegen runs` and `pipelinegen logs`: what was run here, and what its steps said."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelinegen.errors import ExitCode, suggest
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.find_runs import FoundRun, all_runs, find_run, is_busy
from pipelinegen.local.logs import step_of_log
from pipelinegen.local.run_folders import shown_status
from pipelinegen.tree import compile_specs

_STYLES = {"SUCCEEDED": "green", "RUNNING": "cyan", "INTERRUPTED": "yellow"}
_FOLLOW_SECONDS = 0.2


def list_runs(options: Namespace) -> int:
    """The runs of a spec or of all, the newest last."""
    runs = all_runs(options.state)
    if options.spec is not None:
        (compiled,) = compile_specs([options.spec], Path("generated"), options.env)
        names = {pipeline.name for pipeline in compiled.pipelines}
        runs = [run for run in runs if run.pipeline in names]
    if options.env is not None:
        runs = [run for run in runs if run.environment == options.env]
    runs = runs[-options.limit :]
    if options.format == "json":
        print(json.dumps([_as_json(run) for run in runs], indent=2))
        return ExitCode.CLEAN
    if not runs:
        print("there are no runs yet; start one with `pipelinegen run SPEC`")
        return ExitCode.CLEAN
    Console(width=None if sys.stdout.isatty() else 200).print(_table(runs))
    return ExitCode.CLEAN


def show_logs(options: Namespace) -> int:
    """What the steps of a run said; each log under a heading where there are several."""
    found = find_run(options.state, options.run)
    logs = found.folder.logs_of(options.step)
    follows = options.follow and is_busy(found.runs.state)
    if not logs and options.step is not None and not follows:
        known = sorted({step_of_log(path) for path in found.folder.logs_of()})
        raise LocalCloudError(
            f"the run '{found.record.id}' has no log of a step '{options.step}'",
            suggest(options.step, known, "steps with logs"),
        )
    if not logs and not follows:
        print(f"no step of '{found.record.id}' has said anything")
        return ExitCode.CLEAN
    printer = _LogPrinter(several=follows or len(logs) > 1)
    printer.print_new(logs, whole_lines=follows)
    while follows:
        # First whether somebody is at work: what was said before the end is read after it.
        follows = is_busy(found.runs.state)
        printer.print_new(found.folder.logs_of(options.step), whole_lines=follows)
        if follows:
            time.sleep(_FOLLOW_SECONDS)
    return ExitCode.CLEAN


class _LogPrinter:
    """Prints logs as they grow, what was printed once never again; a heading tells where the next lines come from."""

    def __init__(self, *, several: bool) -> None:
        self._several = several
        self._printed: dict[Path, int] = {}
        self._current: Path | None = None

    def print_new(self, logs: Sequence[Path], *, whole_lines: bool) -> None:
        """Prints what was added; only whole lines, where more of the last one may come."""
        for path in logs:
            with path.open("rb") as file:
                file.seek(self._printed.get(path, 0))
                added = file.read()
            if whole_lines:
                added = added[: added.rfind(b"\n") + 1]
            if not added:
                continue
            if self._several and path != self._current:
                print(f"==> {path.as_posix()} <==")
            self._current = path
            self._printed[path] = self._printed.get(path, 0) + len(added)
            print(added.decode(errors="replace"), end="", flush=True)


def _as_json(run: FoundRun) -> dict[str, Any]:
    record = run.record
    return {
        "run": record.id,
        "pipeline": run.pipeline,
        "environment": run.environment,
        "date": record.date,
        "status": shown_status(record, busy=is_busy(run.runs.state)),
        "started_at": record.started_at,
        "ended_at": record.ended_at or None,
        "seconds": record.seconds,
        "retries": record.redrive_count,
        "failed_step": record.failed_step or None,
        "error": record.error or None,
        "folder": run.folder.path.as_posix(),
    }


def _table(runs: list[FoundRun]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    several = len({run.runs.state for run in runs}) > 1
    for heading in (
        "run",
        *(["pipeline"] if several else []),
        "started (UTC)",
        "status",
        "seconds",
        "retries",
        "failed",
    ):
        table.add_column(heading, justify="right" if heading in ("seconds", "retries") else "left", no_wrap=True)
    for run in runs:
        record = run.record
        status = shown_status(record, busy=is_busy(run.runs.state))
        table.add_row(
            record.id,
            *([f"{run.pipeline}/{run.environment}"] if several else []),
            record.started_at[:19].replace("T", " "),
            Text(status, style=_STYLES.get(status, "red")),
            f"{record.seconds:.1f}",
            str(record.redrive_count or "-"),
            Text(f"{record.failed_step}: {record.error}" if record.failed_step else "-"),
        )
    return table
