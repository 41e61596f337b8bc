"""Several processes train one model, the one that a single process trains; each is a host of SageMaker's contract."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.compiling import ENVIRONMENT, ROOT
from tests.taste_market import Market
from tests.training_job import TrainingJob

pytestmark = pytest.mark.slow

DAYS = list(Market(users=120, items=150, clicks_a_day=1500, turnover=0.1, seed=3).days(1))
HOSTS = ["algo-1", "algo-2"]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def as_hosts(host: str) -> dict[str, str]:
    return {"SM_HOSTS": json.dumps(HOSTS), "SM_CURRENT_HOST": host, "SM_NETWORK_INTERFACE_NAME": "lo"}


def as_ranks(host: str) -> dict[str, str]:
    """What torchrun sets."""
    rank = str(HOSTS.index(host))
    return {"WORLD_SIZE": "2", "RANK": rank, "LOCAL_RANK": rank}


def run(bases: Mapping[str, Path], contract: object = as_hosts, *, interrupted: str | None = None) -> list[int]:
    """The exit codes of one process a host; one of them may be interrupted after its 20th step."""
    port = str(free_port())
    assert callable(contract)
    processes = []
    for host, base in bases.items():
        settings = {**contract(host), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
        words = [sys.executable, "-m", "tests.training_host", str(base), "20" if host == interrupted else "0"]
        with (base / "log").open("wb") as log:
            environment = {**ENVIRONMENT, **settings}
            processes.append(subprocess.Popen(words, env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT))
    return [process.wait(timeout=240) for process in processes]


def prepared(folder: Path) -> dict[str, Path]:
    bases = {host: folder / host for host in HOSTS}
    for base in bases.values():
        TrainingJob(base).give(*DAYS[0])
    return bases


def metrics(base: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((base / "model/contract.json").read_text(encoding="utf-8"))["metrics"]
    return found


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two hosts that have trained together."""
    bases = prepared(tmp_path_factory.mktemp("together"))
    assert run(bases) == [0, 0]
    return bases


def test_two_hosts_train_the_model_of_one(tmp_path: Path, together: dict[str, Path]) -> None:
    alone = TrainingJob(tmp_path).give(*DAYS[0])
    assert alone.train() == 0
    one, two = metrics(tmp_path), metrics(together["algo-1"])
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-3)
    assert two["ndcg_at_20"] == pytest.approx(one["ndcg_at_20"], rel=0.02)
    assert two["training_rows"] == one["training_rows"]


def test_only_the_first_host_writes_model_and_metrics(together: dict[str, Path]) -> None:
    logs = {host: (base / "log").read_text(encoding="utf-8") for host, base in together.items()}
    assert "metric ndcg_at_20=" in logs["algo-1"]
    assert "metric " not in logs["algo-2"]
    assert not (together["algo-2"] / "model").exists()


def test_an_interruption_of_one_host_stops_both_and_they_go_on(tmp_path: Path, together: dict[str, Path]) -> None:
    """By torchrun's contract, which gives the same bytes as SageMaker's."""
    bases = prepared(tmp_path)
    assert run(bases, as_ranks, interrupted="algo-2") == [143, 143]
    assert (bases["algo-1"] / "checkpoints/fit.pt").exists()
    assert not (bases["algo-2"] / "checkpoints").exists()
    # Another machine takes the second one's place.
    shutil.rmtree(bases["algo-2"])
    TrainingJob(bases["algo-2"]).give(*DAYS[0])
    assert run(bases, as_ranks) == [0, 0]
    assert '"resumed"' in (bases["algo-1"] / "log").read_text(encoding="utf-8")
    assert TrainingJob(bases["algo-1"]).model_bytes() == TrainingJob(together["algo-1"]).model_bytes()
