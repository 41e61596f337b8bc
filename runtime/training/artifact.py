"""The model artifact on disk: written atomically, read without pickle, refused when it does not fit."""

import hashlib
import json
import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from runtime.common.names import CONTRACT_FILE, MODEL_FILE, SCHEMA_VERSION
from runtime.training.counts import Counts
from runtime.training.data import Columns, InputError
from runtime.training.histories import Histories
from runtime.training.model import ItemFeatures, ModelShape, TwoTower
from runtime.training.recommender import Recommender, Scale, Trust
from runtime.training.vocabulary import Vocabulary

USERS_FILE = "users.parquet"
ITEMS_FILE = "items.parquet"
ARCHIVE = "model.tar.gz"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored model: the recommender, and its version, the digest of all it consists of."""

    model: Recommender
    version: str
    exclude_seen: bool


def save(
    model: Recommender, folder: Path, *, parent: str | None, exclude_seen: bool, metrics: Mapping[str, float]
) -> str:
    """Writes the model to `folder` and returns its version; a reader never takes a mixture of old and new for a model.

    The contract carries the digests of the other files and is put in place last. Equal models give equal bytes.
    """
    partial = folder / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    pq.write_table(pa.table({"id": model.users.values}), partial / USERS_FILE)
    pq.write_table(pa.table({"id": model.items.values}), partial / ITEMS_FILE)
    torch.save(_tensors(model), partial / MODEL_FILE)
    files = {name: digest(partial / name) for name in (MODEL_FILE, USERS_FILE, ITEMS_FILE)}
    contract = {
        "schema_version": SCHEMA_VERSION,
        "parent": parent,
        "exclude_seen": exclude_seen,
        "metrics": dict(metrics),
        **_contract(model),
        "files": files,
    }
    text = json.dumps(contract, indent=2, ensure_ascii=False) + "\n"
    (partial / CONTRACT_FILE).write_text(text, encoding="utf-8")
    for name in (*files, CONTRACT_FILE):
        (partial / name).replace(folder / name)
    partial.rmdir()
    return hashlib.sha256(text.encode()).hexdigest()


def load(folder: Path) -> Artifact:
    """The model in `folder`. Raises: InputError that says which file is missing, damaged or of another schema."""
    contract, version = _read_contract(folder)
    for name, recorded in contract["files"].items():
        path = folder / Path(name).name
        if not path.is_file():
            raise InputError(f"model artifact lacks {name}")
        if digest(path) != recorded:
            raise InputError(f"model artifact: {name} is damaged, its digest differs from the one in {CONTRACT_FILE}")
    try:
        return Artifact(_assemble(contract, folder), version, bool(contract["exclude_seen"]))
    except (
        KeyError,
        TypeError,
        ValueError,
        RuntimeError,
        IndexError,
        pickle.UnpicklingError,
        pa.ArrowException,
    ) as error:
        raise InputError(f"model artifact does not agree with its {CONTRACT_FILE}: {error!r}") from error


def load_archive(archive: Path, scratch: Path) -> Artifact:
    """The model in a model.tar.gz, unpacked below `scratch`. Raises: InputError if it is no such archive."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(scratch, filter="data")  # refuses links, devices and paths that lead outside
    except (tarfile.TarError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{archive.name} cannot be unpacked: {error}") from error
    return load(scratch)


def find(folder: Path, scratch: Path) -> Artifact | None:
    """The model in a channel that holds model.tar.gz or the unpacked files; None if it holds neither."""
    if (folder / ARCHIVE).is_file():
        return load_archive(folder / ARCHIVE, scratch)
    if (folder / CONTRACT_FILE).is_file():
        return load(folder)
    return None


def check_trainable(model: Recommender, columns: Columns, dimensions: int) -> None:
    """Raises: InputError naming all that differs between a promoted model and what this job is asked to train."""
    asked = {**_named(columns), "dimensions": dimensions}
    trained = {**_named(model.columns), "dimensions": model.towers.shape.dimensions}
    differing = [
        f"{name} was {trained[name]!r} and now is {asked[name]!r}" for name in asked if trained[name] != asked[name]
    ]
    if differing:
        raise InputError(
            f"the promoted model has another feature contract: {'; '.join(differing)}; "
            "restore these or set warm_start to never"
        )


def check_measurable(model: Recommender, columns: Columns) -> None:
    """Raises: InputError if a promoted model needs features of the items that this job does not read."""
    needed = {*model.columns.categorical, *model.columns.numeric}
    missing = sorted(needed - {*columns.categorical, *columns.numeric})
    if missing:
        raise InputError(
            f"the promoted model cannot be measured without the features {', '.join(missing)}; "
            "add these or empty the pointer to the promoted model"
        )


def _named(columns: Columns) -> dict[str, Any]:
    return {
        "user_column": columns.user,
        "item_column": columns.item,
        "time_column": columns.time,
        "categorical_features": list(columns.categorical),
        "numeric_features": list(columns.numeric),
    }


def _contract(model: Recommender) -> dict[str, Any]:
    return {
        **_named(model.columns),
        "dimensions": model.towers.shape.dimensions,
        "history_length": model.towers.shape.history_length,
        "users": len(model.users),
        "items": len(model.items),
        "clock": model.counts.clock,
        "trust": {"towers": model.trust.towers, "neighbours": model.trust.neighbours},
        "scaling": {name: list(scale.knots) for name, scale in model.scaling.items()},
        "categories": {name: vocabulary.values.to_pylist() for name, vocabulary in model.categories.items()},
    }


def _tensors(model: Recommender) -> dict[str, Any]:
    arrays = {
        "offsets": model.histories.offsets,
        "history": model.histories.items.astype(np.int32),
        "popularity": model.counts.popularity,
        "left": model.counts.left.astype(np.int32),
        "right": model.counts.right.astype(np.int32),
        "weight": model.counts.weight,
    }
    return {
        "towers": {name: value.cpu() for name, value in model.towers.state_dict().items()},
        "features": {"categories": model.features.categories.cpu(), "numbers": model.features.numbers.cpu()},
        **{name: torch.from_numpy(array) for name, array in arrays.items()},
    }


def _read_contract(folder: Path) -> tuple[dict[str, Any], str]:
    try:
        text = (folder / CONTRACT_FILE).read_text(encoding="utf-8")
        contract = json.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"model artifact has no readable {CONTRACT_FILE}: {error}") from error
    if not isinstance(contract, dict) or not isinstance(contract.get("files"), dict):
        raise InputError(f"model artifact: {CONTRACT_FILE} is not a feature contract")
    if contract.get("schema_version") != SCHEMA_VERSION:
        found = contract.get("schema_version")
        raise InputError(f"model artifact has schema_version {found!r}, this program reads {SCHEMA_VERSION}")
    return contract, hashlib.sha256(text.encode()).hexdigest()


def _assemble(contract: dict[str, Any], folder: Path) -> Recommender:
    stored = torch.load(folder / MODEL_FILE, map_location="cpu", weights_only=True)
    columns = Columns(
        contract["user_column"],
        contract["item_column"],
        contract["time_column"],
        tuple(contract["categorical_features"]),
        tuple(contract["numeric_features"]),
    )
    users, items = _ids(folder / USERS_FILE), _ids(folder / ITEMS_FILE)
    categories = {name: Vocabulary.of(contract["categories"][name]) for name in columns.categorical}
    towers = TwoTower(
        ModelShape(
            users=len(users),
            items=len(items),
            categories=tuple(len(vocabulary) + 1 for vocabulary in categories.values()),
            numeric=len(columns.numeric),
            dimensions=contract["dimensions"],
            history_length=contract["history_length"],
        )
    )
    towers.load_state_dict(stored["towers"])
    array = {name: value.numpy() for name, value in stored.items() if isinstance(value, torch.Tensor)}
    left, right = array["left"].astype(np.int64), array["right"].astype(np.int64)
    return Recommender(
        columns=columns,
        users=users,
        items=items,
        categories=categories,
        scaling={name: Scale(tuple(contract["scaling"][name])) for name in columns.numeric},
        features=ItemFeatures(stored["features"]["categories"], stored["features"]["numbers"]),
        towers=towers,
        histories=Histories(array["offsets"], array["history"].astype(np.int64)),
        counts=Counts(contract["clock"], array["popularity"], left, right, array["weight"]),
        trust=Trust(**contract["trust"]),
    )


def _ids(path: Path) -> Vocabulary:
    return Vocabulary(pa.concat_arrays(pq.read_table(path)["id"].chunks or [pa.array([], pa.string())]))


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
