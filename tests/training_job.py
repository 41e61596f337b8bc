"""SageMaker's container contract in a folder: channels in, model out, as the local cloud and AWS lay it out."""

import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from runtime.prediction import score
from runtime.training import train
from runtime.training.data import Catalogue, Interactions
from tests.taste_market import MARKET_COLUMNS

FLAGS = [
    *("--user_column", "user", "--item_column", "item", "--time_column", "time"),
    *("--categorical_features", ",".join(MARKET_COLUMNS.categorical)),
    *("--numeric_features", ",".join(MARKET_COLUMNS.numeric)),
    *("--dimensions", "16", "--epochs", "2", "--batch_size", "64", "--negatives", "64"),
]


class TrainingJob:
    """One job's folder below `base`."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.environment: Mapping[str, str] = {
            "SAGEMAKER_BASE_DIR": str(base),
            "SM_CHANNEL_INTERACTIONS": str(base / "input/data/interactions"),
            "SM_CHANNEL_ITEMS": str(base / "input/data/items"),
            "SM_CHANNEL_PROMOTED": str(base / "input/data/promoted"),
            "SM_MODEL_DIR": str(base / "model"),
        }

    def give(self, interactions: Interactions, catalogue: Catalogue) -> "TrainingJob":
        """Fills the channels."""
        return self.give_tables(click_table(interactions), item_table(catalogue))

    def give_tables(self, clicks: pa.Table, items: pa.Table) -> "TrainingJob":
        """Fills the channels with any tables."""
        write(self.base / "input/data/interactions", clicks)
        write(self.base / "input/data/items", items)
        write(self.base / "processing/input/items", items)
        return self

    def promote(self, model: Path) -> "TrainingJob":
        """Gives the job the model folder of another one as model.tar.gz, both to start from and to score with."""
        for channel in ("input/data/promoted", "processing/input/model"):
            pack(model, self.base / channel / "model.tar.gz")
        return self

    def train(self, *flags: str, stop: Callable[[], bool] = lambda: False) -> int:
        """The exit code of the training program."""
        return train.main([*FLAGS, *flags], self.environment, stop=stop, clock=lambda: 0.0)

    def score(self, *flags: str) -> int:
        """The exit code of the scoring program."""
        return score.main(list(flags), self.environment)

    @property
    def failure(self) -> str:
        """What SageMaker would show as the reason."""
        return (self.base / "output/failure").read_text(encoding="utf-8")

    def model_bytes(self) -> dict[str, bytes]:
        """The files of the model by name."""
        return {path.name: path.read_bytes() for path in sorted((self.base / "model").iterdir())}

    def predictions(self) -> list[pa.Table]:
        """The part files in order."""
        return [pq.read_table(path) for path in sorted((self.base / "processing/output/predictions").iterdir())]


def click_table(interactions: Interactions) -> pa.Table:
    times = pa.array(interactions.times).cast(pa.timestamp("us", "UTC"))
    return pa.table({"user": interactions.users, "item": interactions.items, "time": times})


def item_table(catalogue: Catalogue) -> pa.Table:
    return pa.table({"item": catalogue.items, **catalogue.categorical, **catalogue.numeric})


def write(folder: Path, table: pa.Table) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "part-00000.parquet")


def pack(model: Path, archive: Path) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(model.iterdir()):
            tar.add(path, path.name)


def printed_metrics(output: str) -> dict[str, float]:
    """The metrics as SageMaker's regex finds them."""
    lines = [line.removeprefix("metric ").rstrip(";") for line in output.splitlines() if line.startswith("metric ")]
    return {name: float(value) for name, value in (line.split("=") for line in lines)}
