"""Checkpoints of a fit: a spot interruption costs a minute. Written atomically, taken up only by the very same job."""

import hashlib
import pickle
import signal
import threading
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from runtime.training.fit import Fit
from runtime.training.group import Group

CHECKPOINT_FILE = "fit.pt"

#: SageMaker's toolkit does not forward SIGTERM to the program, so interruptions can come unannounced.
SECONDS_BETWEEN_CHECKPOINTS = 60.0


class Interrupted(Exception):  # noqa: N818 - no error: the job is asked to stop and will be started again
    """The machine is being taken away; a checkpoint has been written."""


def fingerprint(parts: Iterable[bytes]) -> str:
    """A digest of all that makes a fit what it is: settings, data and the model it starts from."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


class Checkpointer:
    """Saves a fit at the end of each epoch, every minute and when told to stop.

    The fit is exact to the step: one that was interrupted and resumed gives the same bytes as one that was not.
    Of several processes the first one writes and reads; all of them stop when one of them is told to.
    """

    def __init__(
        self,
        folder: Path,
        identity: str,
        *,
        stop: Callable[[], bool],
        clock: Callable[[], float],
        group: Group | None = None,
    ) -> None:
        self.path = folder / CHECKPOINT_FILE
        self.group = group or Group()
        self.identity, self.stop, self.clock = identity, stop, clock
        self.saved_at = clock()

    def resume(self, fit: Fit) -> bool:
        """Whether there was a checkpoint of the very same fit; another one's, or a damaged one, is left alone."""
        state = self.group.from_first(self._stored(fit) if self.group.is_first else None)
        if state is None:
            return False
        try:
            fit.restore(state)
        except (KeyError, RuntimeError):
            return False
        return True

    def _stored(self, fit: Fit) -> dict[str, Any] | None:
        try:
            stored: dict[str, Any] = torch.load(self.path, map_location=fit.device, weights_only=True)
            state: dict[str, Any] | None = stored["fit"] if stored["identity"] == self.identity else None
        except (OSError, KeyError, RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile):
            return None
        return state

    def __call__(self, fit: Fit) -> None:
        """To be called after every step. Raises: Interrupted after saving, if the job is to stop."""
        stop = self.group.any(self.stop())
        if stop or fit.position.step == 0 or self.clock() - self.saved_at >= SECONDS_BETWEEN_CHECKPOINTS:
            self._save(fit)
        if stop:
            raise Interrupted(f"stopped in epoch {fit.position.epoch}, after step {fit.position.step}")

    def _save(self, fit: Fit) -> None:
        if not self.group.is_first:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        torch.save({"identity": self.identity, "fit": fit.state()}, partial)
        partial.replace(self.path)
        self.saved_at = self.clock()


def stop_on_sigterm() -> Callable[[], bool]:
    """Installs a handler for SIGTERM; the returned function says whether the signal has come."""
    asked = threading.Event()

    def remember(number: int, frame: FrameType | None) -> None:
        asked.set()

    signal.signal(signal.SIGTERM, remember)
    return asked.is_set
