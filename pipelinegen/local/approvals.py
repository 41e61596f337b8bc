"""Questions that a run is waiting on: a file each, written by the local cloud and answered from another terminal."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = "approvals"


@dataclass(frozen=True, slots=True)
class Question:
    """A state that waits for an answer; `endpoint` is the local cloud that takes it, `run` its execution's name."""

    run: str
    state: str
    step: str
    date: str
    token: str
    endpoint: str
    region: str
    subject: str
    message: str
    asked_at: str
    timeout_seconds: int

    def write(self, workdir: Path) -> Path:
        """Puts the question where `pending` finds it; whoever gets the answer unlinks the file."""
        folder = workdir / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.run}.{abs(hash(self.token)):x}.json"
        draft = path.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
        return path


def pending(workdir: Path) -> list[Question]:
    """The open questions of one local cloud, oldest first."""
    return _by_age(_read(workdir.glob(f"{FOLDER}/*.json")))


def pending_anywhere(state: Path) -> list[Question]:
    """Those of every pipeline and environment with a folder in `state`, oldest first."""
    return _by_age(_read(state.glob(f"*/*/{FOLDER}/*.json")))


def _by_age(questions: Iterable[Question]) -> list[Question]:
    return sorted(questions, key=lambda question: question.asked_at)


def _read(paths: Iterable[Path]) -> Iterator[Question]:
    for path in sorted(paths):
        try:
            yield Question(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue  # Answered a moment ago, or nothing of ours.
