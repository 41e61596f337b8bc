"""The training program, as SageMaker starts it: hyperparameters as flags, folders by environment, metrics printed."""

import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from runtime.common.logs import log
from runtime.common.names import metric_line
from runtime.training import artifact, options
from runtime.training.artifact import Artifact
from runtime.training.checkpoint import Checkpointer, Interrupted, fingerprint, stop_on_sigterm
from runtime.training.data import Catalogue, InputError, Interactions, read_catalogue, read_interactions
from runtime.training.day import Day, train_and_measure
from runtime.training.fit import Fit
from runtime.training.folders import base_folder, write_failure
from runtime.training.group import Group, join
from runtime.training.options import Options
from runtime.training.recommender import Recommender

#: Exit code of a program that SIGTERM ended.
EXIT_INTERRUPTED = 143

#: Multiply-adds of one call below which a second thread costs more in waiting than it saves: 64 million.
WORK_PER_THREAD = 1 << 26


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stop: Callable[[], bool] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """The exit code: 0, or 1 with the reason in the failure file, or 143 if interrupted after a checkpoint."""
    base = base_folder(environment)
    try:
        run(options.parse(arguments), environment, stop=stop or stop_on_sigterm(), clock=clock)
    except Interrupted as interruption:
        log("interrupted", reason=str(interruption))
        return EXIT_INTERRUPTED
    except InputError as error:
        log("failed", reason=str(error))
        write_failure(base, str(error))
        return 1
    except Exception as error:
        traceback.print_exc()
        write_failure(base, f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-3)}")
        return 1
    return 0


def run(
    chosen: Options, environment: Mapping[str, str], *, stop: Callable[[], bool], clock: Callable[[], float]
) -> dict[str, float]:
    """Trains, measures, saves the model and prints the metrics. Raises: InputError if something is unusable."""
    work = chosen.batch_size * (chosen.batch_size + chosen.negatives) * chosen.dimensions
    device = prepare_torch(chosen.seed, work, environment)
    group = join(environment, device)
    try:
        return _run(chosen, environment, group, stop=stop, clock=clock)
    finally:
        group.leave()


def _run(
    chosen: Options,
    environment: Mapping[str, str],
    group: Group,
    *,
    stop: Callable[[], bool],
    clock: Callable[[], float],
) -> dict[str, float]:
    base = base_folder(environment)
    interactions = read_interactions(_channel(environment, base, "interactions"), chosen.columns)
    catalogue = read_catalogue(_channel(environment, base, "items"), chosen.columns)
    promoted = _promoted(environment, chosen)
    start, parent = _start(chosen, catalogue, promoted)
    _tell(interactions, catalogue, group, start, parent)
    identity = fingerprint(_identity(chosen, interactions, parent))
    checkpointer = Checkpointer(base / "checkpoints", identity, stop=stop, clock=clock, group=group)

    def run_fit(fit: Fit) -> float:
        if checkpointer.resume(fit):
            log("resumed", epoch=fit.position.epoch, step=fit.position.step)
        return fit.run(checkpointer)

    day = Day(interactions, catalogue, chosen, group.device, group)
    model, metrics = train_and_measure(day, start, promoted.model if promoted else None, run_fit)
    if not group.is_first:
        return metrics
    folder = Path(environment.get("SM_MODEL_DIR") or base / "model")
    version = artifact.save(model, folder, parent=parent, exclude_seen=chosen.exclude_seen, metrics=metrics)
    for name, value in metrics.items():
        print(metric_line(name, value), flush=True)
    log("trained", version=version, users=len(model.users), items=len(model.items), trust=asdict(model.trust))
    return metrics


def _start(chosen: Options, catalogue: Catalogue, promoted: Artifact | None) -> tuple[Recommender, str | None]:
    """What training starts from, and the version of the model that it is."""
    if promoted is not None and chosen.warm_start == "promoted":
        return promoted.model, promoted.version
    return Recommender.new(chosen.columns, catalogue, chosen.dimensions, chosen.history_length), None


def _tell(
    interactions: Interactions, catalogue: Catalogue, group: Group, start: Recommender, parent: str | None
) -> None:
    log(
        "training",
        rows=len(interactions),
        items=len(catalogue),
        device=str(group.device),
        processes=group.size,
        parent=parent,
    )
    if start.counts.clock >= int(interactions.times[-1]):
        log(
            "warning",
            reason="the model this job starts from has seen these days; what it is measured on is not new to it",
        )


def prepare_torch(seed: int, work: int, environment: Mapping[str, str]) -> torch.device:
    """Fixes seeds and threads; the device to compute on. On a CPU equal input then gives equal bytes.

    `work`: multiply-adds of the largest call. OMP_NUM_THREADS is obeyed where it is set.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    if "OMP_NUM_THREADS" not in environment:
        torch.set_num_threads(max(1, min(len(os.sched_getaffinity(0)), work // WORK_PER_THREAD)))
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(environment.get("LOCAL_RANK") or 0))


def _channel(environment: Mapping[str, str], base: Path, name: str) -> Path:
    folder = Path(environment.get(f"SM_CHANNEL_{name.upper()}") or base / "input" / "data" / name)
    if not folder.is_dir():
        raise InputError(f"channel '{name}' is missing")
    return folder


def _promoted(environment: Mapping[str, str], chosen: Options) -> Artifact | None:
    """The promoted model, None on the first run. Raises: InputError if there is one and it cannot be used."""
    folder = environment.get("SM_CHANNEL_PROMOTED")
    if not folder or not Path(folder).is_dir():
        return None
    with tempfile.TemporaryDirectory() as scratch:
        found = artifact.find(Path(folder), Path(scratch))
    if found is None:
        strangers = sorted(path.name for path in Path(folder).iterdir())
        if strangers:
            raise InputError(f"channel 'promoted' holds no model.tar.gz but: {', '.join(strangers[:8])}")
        return None
    if chosen.warm_start == "promoted":
        artifact.check_trainable(found.model, chosen.columns, chosen.dimensions)
    artifact.check_measurable(found.model, chosen.columns)
    return found


def _identity(chosen: Options, interactions: Interactions, parent: str | None) -> list[bytes]:
    texts = [repr(chosen), str(parent), *interactions.users.to_pylist(), *interactions.items.to_pylist()]
    return ["\0".join(texts).encode(), interactions.times.tobytes()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
