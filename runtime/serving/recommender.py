"""Inference code of the built-in two-tower model, under the same contract as anybody's.

A whole catalogue in (`application/x-parquet`): the best items of every user the model knows, and of everybody else, in
the columns of a prediction file. A question in (`application/json`): the given items ranked for the given users,

    {"users": ["7", "new"], "items": [{"item_id": "a", "price": 3.5}, …], "top_k": 2}
"""

import io
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from runtime.common.names import FALLBACK_USER, ITEM_IDS, SCORES, USER_ID
from runtime.prediction.output import PredictionWriter
from runtime.prediction.score import popular, recommend
from runtime.serving.contract import RequestError
from runtime.serving.formats import JSON, UnsupportedTypeError, accepted_types, media_type
from runtime.training import artifact
from runtime.training.artifact import Artifact
from runtime.training.data import Catalogue, Columns, read_catalogue
from runtime.training.ranking import Ranker, top_lists
from runtime.training.train import prepare_torch
from runtime.training.vocabulary import UNKNOWN

PARQUET = "application/x-parquet"
TOP_K = 20
#: Items or users of one question; more of them are a job for a transform.
MOST_ASKED = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """`users` None: all that the model knows, and what is popular."""

    catalogue: Catalogue
    users: tuple[str, ...] | None
    top_k: int


def model_fn(model_dir: str) -> Artifact:
    """The model of the unpacked archive. Raises: InputError that says what is wrong with it."""
    return artifact.load(Path(model_dir))


def transform_fn(stored: Artifact, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
    """The answer to one request. Raises: RequestError if it is no question; UnsupportedTypeError."""
    question = read(body, content_type, stored.model.columns)
    like_it_came = PARQUET if question.users is None else JSON
    return write(answer(question, stored), like_it_came if accept in ("", "*/*") else accept)


def read(body: bytes, content_type: str, columns: Columns) -> Question:
    """The question of a request. Raises: RequestError if it is none; UnsupportedTypeError."""
    kind = media_type(content_type)
    try:
        if kind == PARQUET:
            return Question(_catalogue(body, columns), None, _default_top_k())
        if kind == JSON:
            return _asked(json.loads(body), columns)
    except (ValueError, pa.ArrowException) as error:
        raise RequestError(str(error)) from error
    raise UnsupportedTypeError(f"content type '{content_type}' is neither {JSON} nor {PARQUET}")


def answer(question: Question, stored: Artifact) -> pa.Table:
    """A row for each user: id, items and scores, best first."""
    model = stored.model
    device = prepare_torch(0, max(1, len(model.users) * len(question.catalogue)), os.environ)
    ranker = Ranker(model, question.catalogue, device)
    if question.users is not None:
        return _ranked(ranker, question)
    with tempfile.TemporaryDirectory() as scratch:
        with PredictionWriter(Path(scratch), rows_per_file=1 << 31) as writer:
            writer.write(pa.array([FALLBACK_USER]), question.catalogue.items, popular(ranker, question.top_k))
            for users, lists in recommend(ranker, question.top_k, stored.exclude_seen):
                writer.write(users, question.catalogue.items, lists)
        return pq.read_table(scratch)


def write(predictions: pa.Table, accept: str) -> tuple[bytes, str]:
    """Parquet for whoever asks for it, else JSON."""
    for kind in accepted_types(accept) or [JSON]:
        if kind == PARQUET:
            buffer = io.BytesIO()
            pq.write_table(predictions, buffer, compression="snappy")
            return buffer.getvalue(), PARQUET
        if kind in (JSON, "*/*", "application/*"):
            return json.dumps({"recommendations": predictions.to_pylist()}).encode(), JSON
    raise UnsupportedTypeError(f"'{accept}' names neither {JSON} nor {PARQUET}")


def _asked(document: Any, columns: Columns) -> Question:
    if not isinstance(document, dict) or not {"users", "items"} <= set(document):
        raise RequestError("a question is an object with `users` and `items`")
    users, items, top_k = document["users"], document["items"], document.get("top_k", _default_top_k())
    if not _listed(users, str):
        raise RequestError(f"`users` is a list of 1 to {MOST_ASKED} ids, which are texts")
    if not _listed(items, dict):
        raise RequestError(f"`items` is a list of 1 to {MOST_ASKED} objects, each with '{columns.item}' and features")
    if not isinstance(top_k, int) or isinstance(top_k, bool) or not 1 <= top_k <= MOST_ASKED:
        raise RequestError(f"`top_k` is a whole number from 1 to {MOST_ASKED}")
    return Question(_catalogue(_parquet(items, columns), columns), tuple(users), top_k)


def _listed(value: Any, kind: type) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MOST_ASKED and all(isinstance(each, kind) for each in value)


def _parquet(items: Sequence[dict[str, Any]], columns: Columns) -> bytes:
    """The items as the catalogue's file would hold them; features that one lacks are unknown."""
    texts = {name: [_text(item.get(name)) for item in items] for name in (columns.item, *columns.categorical)}
    try:
        numbers = {name: pa.array([item.get(name) for item in items], pa.float64()) for name in columns.numeric}
    except (pa.ArrowException, TypeError) as error:
        raise RequestError(f"a numeric feature is no number: {error}") from error
    buffer = io.BytesIO()
    pq.write_table(
        pa.table({**{name: pa.array(values, pa.string()) for name, values in texts.items()}, **numbers}), buffer
    )
    return buffer.getvalue()


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _catalogue(body: bytes, columns: Columns) -> Catalogue:
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "items.parquet").write_bytes(body)
        return read_catalogue(Path(scratch), columns)


def _ranked(ranker: Ranker, question: Question) -> pa.Table:
    assert question.users is not None
    rows = ranker.model.users.rows(pa.array(question.users, pa.string()))
    ids: list[list[str]] = []
    scores: list[list[float]] = []
    for start in range(0, len(rows), ranker.block_users):
        lists = top_lists(ranker.scores(rows[start : start + ranker.block_users]), question.top_k)
        for places, values in zip(lists.places, lists.scores, strict=True):
            kept = places != UNKNOWN
            ids.append(question.catalogue.items.take(pa.array(places[kept])).to_pylist())
            scores.append([float(value) for value in np.round(values[kept], 6)])
    return pa.table(
        {
            USER_ID: pa.array(question.users, pa.string()),
            ITEM_IDS: ids,
            SCORES: pa.array(scores, pa.list_(pa.float32())),
        }
    )


def _default_top_k() -> int:
    return int(os.environ.get("TOP_K") or TOP_K)
