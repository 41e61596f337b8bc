"""`pipelinegen report`, and `--report FILE.html`: writes the page about the runs of the local cloud there is."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any, Final

from pipelinegen.errors import ExitCode
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.find_runs import all_runs, is_busy
from pipelinegen.local.report.page import render_report
from pipelinegen.local.run_folders import RunFolders, read_lines
from pipelinegen.local.world import read_world
from pipelinegen.tree import compile_specs

#: What the last command summed up, in the state folder.
SUMMARY_FILE: Final = "run.json"


def is_page(path: Path) -> bool:
    """Whether a file is to be the HTML report, by its name."""
    return path.suffix.lower() in (".html", ".htm")


def report_runs(options: Namespace) -> int:
    """Writes the page about the runs of a spec, or of what was run last."""
    runs = all_runs(options.state)
    if options.spec is not None:
        (compiled,) = compile_specs([options.spec], Path("generated"), options.env)
        runs = [run for run in runs if run.pipeline == compiled.pipelines[0].name]
    if options.env is not None:
        runs = [run for run in runs if run.environment == options.env]
    if not runs:
        raise LocalCloudError("there are no runs yet", "start one: `pipelinegen run SPEC`")
    state = runs[-1].runs.state
    write_page(state, options.out, every=options.all, busy=is_busy(state))
    print(f"wrote {options.out.as_posix()}")
    return ExitCode.CLEAN


def write_page(state: Path, path: Path, *, every: bool = False, busy: bool = True) -> None:
    """The page about the runs of the world there is, or of every world. Raises: LocalCloudError if it has no place."""
    world = read_world(state).id
    runs = [(folder, record) for folder, record in RunFolders(state).all() if every or record.world == world]
    summary = _summary(state / SUMMARY_FILE)
    metric = summary.get("metric")  # the one that the quality gate goes by
    page = render_report(
        state.parent.name,
        state.name,
        runs,
        metric=None if metric is None else str(metric),
        by_hand=[str(line) for line in summary.get("permissions_by_hand", ())],
        notifications=read_lines(state / "notifications.jsonl"),
        busy=busy,
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise LocalCloudError(f"'{path}' cannot be written: {error.strerror}", "give another file") from error


def _summary(path: Path) -> dict[str, Any]:
    """What the last command summed up; empty if there is nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
