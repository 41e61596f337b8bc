"""Where the logs of a local run lie: `<workdir>/logs/<step>/<date>.log`, then `<date>.2.log` for a second attempt."""

import re
from pathlib import Path
from typing import Final

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_ATTEMPT: Final = re.compile(r"^(?P<date>.+?)(?:\.(?P<attempt>\d+))?\.log$")


def folder_of(workdir: Path, step: str) -> Path:
    """The folder that holds the logs of one step."""
    return workdir / "logs" / (_UNSAFE.sub("-", step) or "unknown")


def new_log(workdir: Path, step: str, date: str) -> Path:
    """An empty log file of its own for one attempt of a step; safe against two attempts at the same moment."""
    folder = folder_of(workdir, step)
    folder.mkdir(parents=True, exist_ok=True)
    attempt = 1
    while True:
        path = folder / (f"{date}.log" if attempt == 1 else f"{date}.{attempt}.log")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            attempt += 1
        else:
            return path


def shared_log(workdir: Path, step: str, date: str) -> Path:
    """The one log file of a step and date, for programs that append to it."""
    folder = folder_of(workdir, step)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{date}.log"


def find_logs(workdir: Path, step: str, date: str | None = None) -> list[Path]:
    """The log files of a step, of one date or of all, oldest attempt first."""
    folder = folder_of(workdir, step)
    if not folder.is_dir():
        return []
    named = [(match, path) for path in folder.iterdir() if (match := _ATTEMPT.match(path.name))]
    chosen = [(m["date"], int(m["attempt"] or 1), path) for m, path in named if date in (None, m["date"])]
    return [path for _, _, path in sorted(chosen)]


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
