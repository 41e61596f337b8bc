"""Prediction files: Parquet parts of a bounded number of rows."""

from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from runtime.common.names import ITEM_IDS, SCORES, USER_ID
from runtime.training.ranking import TopLists
from runtime.training.vocabulary import UNKNOWN

SCHEMA = pa.schema([(USER_ID, pa.string()), (ITEM_IDS, pa.list_(pa.string())), (SCORES, pa.list_(pa.float32()))])


class PredictionWriter:
    """Writes `part-00000.parquet` and on; holds one block at a time, and removes the parts of an earlier run first.

    A part appears under its name only when it is complete. Users with nothing left to recommend are counted in
    `skipped` and get no row, so that the fallback list answers for them.
    """

    def __init__(self, folder: Path, rows_per_file: int) -> None:
        self.folder, self.rows_per_file = folder, rows_per_file
        self.rows = self.files = self.skipped = 0
        self._writer: pq.ParquetWriter | None = None
        self._rows_in_file = 0

    def __enter__(self) -> "PredictionWriter":
        self.folder.mkdir(parents=True, exist_ok=True)
        for stale in self.folder.glob("*part-*.parquet"):
            stale.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._close(complete=kind is None)

    def write(self, users: pa.StringArray, items: pa.StringArray, lists: TopLists) -> None:
        """Adds a row for each user; `lists.places` are places in `items`."""
        table = _table(users, items, lists)
        self.skipped += len(users) - table.num_rows
        while table.num_rows:
            room = self.rows_per_file - self._rows_in_file
            self._open().write_table(table.slice(0, room))
            written = min(room, table.num_rows)
            self.rows, self._rows_in_file = self.rows + written, self._rows_in_file + written
            if self._rows_in_file == self.rows_per_file:
                self._close(complete=True)
            table = table.slice(written)

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._partial, SCHEMA, compression="snappy")
        return self._writer

    def _close(self, *, complete: bool) -> None:
        assert self._writer is not None
        self._writer.close()
        self._writer, self._rows_in_file = None, 0
        if complete:
            self._partial.replace(self.folder / f"part-{self.files:05d}.parquet")
            self.files += 1

    @property
    def _partial(self) -> Path:
        return self.folder / f".part-{self.files:05d}.parquet"


def _table(users: pa.StringArray, items: pa.StringArray, lists: TopLists) -> pa.Table:
    kept = lists.places != UNKNOWN
    full = kept.any(1)
    offsets = pa.array(np.concatenate([[0], np.cumsum(kept[full].sum(1))]).astype(np.int32))
    ids = pa.ListArray.from_arrays(offsets, items.take(pa.array(lists.places[kept])))
    scores = pa.ListArray.from_arrays(offsets, pa.array(lists.scores[kept], pa.float32()))
    return pa.table([users.filter(pa.array(full)), ids, scores], schema=SCHEMA)
