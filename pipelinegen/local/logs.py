"""Where the logs of a local run lie.

What an execution with a run folder says: `<workdir>/runs/<run id>/logs/<step>.log`, then `<step>.2.log` for a second
attempt. All else: `<workdir>/logs/<step>/<date>.log`, then `<date>.2.log`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_ATTEMPT: Final = re.compile(r"^(?P<stem>.+?)(?:\.(?P<attempt>\d+))?\.log$")


def new_log(workdir: Path, step: str, date: str, run: str = "") -> Path:
    """An empty log file of its own for one attempt of a step; safe against two attempts at the same moment."""
    folder, stem = _place(workdir, step, date, run)
    folder.mkdir(parents=True, exist_ok=True)
    attempt = 1
    while True:
        path = folder / (f"{stem}.log" if attempt == 1 else f"{stem}.{attempt}.log")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            attempt += 1
        else:
            return path


def shared_log(workdir: Path, step: str, date: str, run: str = "") -> Path:
    """The one log file of a step and date (or run), for programs that append to it."""
    folder, stem = _place(workdir, step, date, run)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{stem}.log"


def find_logs(workdir: Path, step: str, date: str | None = None) -> list[Path]:
    """The log files of a step that belong to no run, of one date or of all, oldest attempt first."""
    return [path for stem, path in _attempts(workdir / "logs" / _file_name(step)) if date in (None, stem)]


def run_logs(run_folder: Path, step: str | None = None) -> list[Path]:
    """The log files of a run, of one step or of all, by step and then the oldest attempt first."""
    wanted = None if step is None else _file_name(step)
    return [path for stem, path in _attempts(run_folder / "logs") if wanted in (None, stem)]


def step_of_log(path: Path) -> str:
    """The step whose log in a run folder this is."""
    match = _ATTEMPT.match(path.name)
    return match["stem"] if match else path.name


def tail(path: Path, lines: int = 20, limit_bytes: int = 32_768) -> str:
    """The last lines of a file, empty if there is none; reads at most `limit_bytes`."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - limit_bytes))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _place(workdir: Path, step: str, date: str, run: str) -> tuple[Path, str]:
    """The folder, and the file's name without attempt and suffix."""
    run_folder = workdir / "runs" / (_file_name(run) if run else "none")
    if run and run_folder.is_dir():
        return run_folder / "logs", _file_name(step)
    return workdir / "logs" / _file_name(step), date


def _file_name(step: str) -> str:
    return _UNSAFE.sub("-", step) or "unknown"


def _attempts(folder: Path) -> Iterator[tuple[str, Path]]:
    """The logs in a folder: what comes before the attempt's number, and the file."""
    named = (
        [(match, path) for path in folder.iterdir() if (match := _ATTEMPT.match(path.name))] if folder.is_dir() else []
    )
    for stem, _, path in sorted((match["stem"], int(match["attempt"] or 1), path) for match, path in named):
        yield stem, path
