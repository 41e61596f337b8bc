"""Tells rows that can be served from rows that cannot, and says why."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from runtime.common.names import ITEM_IDS, SCORES, USER_ID

#: What a batch is cast to; prediction files may differ in width (large strings, doubles), not in meaning.
BATCH_SCHEMA = pa.schema(
    {USER_ID: pa.string(), ITEM_IDS: pa.list_(pa.string()), SCORES: pa.list_(pa.float32())}  # order is of no account
)

#: Reasons, most telling first: a row is counted under the first that fits.
NO_USER = "user_id is null or empty"
NO_ITEMS = "item_ids is null or empty"
LENGTHS_DIFFER = "item_ids and scores differ in length"
BAD_ITEM = "an item id is null"
BAD_SCORE = "a score is null or not finite"


@dataclass(frozen=True, slots=True)
class Screened:
    """The servable rows, and the others by their row number in the batch, in order."""

    rows: pa.RecordBatch
    rejects: tuple[tuple[int, str], ...]


def screen(batch: pa.RecordBatch) -> Screened:
    """The batch (of BATCH_SCHEMA) parted into servable rows and rejects."""
    reasons: dict[int, str] = {}
    for reason, faulty in _faults(batch):
        for row in faulty:
            reasons.setdefault(row, reason)
    if not reasons:
        return Screened(batch, ())
    kept = pa.array(row not in reasons for row in range(batch.num_rows))
    return Screened(batch.filter(kept), tuple(sorted(reasons.items())))


def _faults(batch: pa.RecordBatch) -> list[tuple[str, list[int]]]:
    users, items, scores = (batch.column(name) for name in (USER_ID, ITEM_IDS, SCORES))
    item_counts = pc.fill_null(pc.list_value_length(items), 0)
    score_counts = pc.fill_null(pc.list_value_length(scores), 0)
    item_values, score_values = items.flatten(), scores.flatten()
    infinite = pc.invert(pc.fill_null(pc.is_finite(score_values), False))
    return [
        (NO_USER, _positions(pc.equal(pc.fill_null(users, ""), ""))),
        (NO_ITEMS, _positions(pc.equal(item_counts, 0))),
        (LENGTHS_DIFFER, _positions(pc.not_equal(item_counts, score_counts))),
        (BAD_ITEM, _owners(items, pc.is_null(item_values))),
        (BAD_SCORE, _owners(scores, infinite)),
    ]


def _positions(mask: pa.Array) -> list[int]:
    return [int(at) for at in pc.indices_nonzero(mask).to_pylist()]


def _owners(lists: pa.Array, value_mask: pa.Array) -> list[int]:
    """The rows whose lists hold a value that the mask marks."""
    positions = pc.indices_nonzero(value_mask)
    if not len(positions):
        return []
    return [int(row) for row in pc.unique(pc.list_parent_indices(lists).take(positions)).to_pylist()]
