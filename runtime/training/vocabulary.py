"""Ids and categories as row numbers that never change while the vocabulary grows."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from runtime.training.data import IntArray

#: The row of what a vocabulary does not know.
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Distinct strings; the place of a string is its row in every table of the model."""

    values: pa.StringArray

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of(cls, values: list[str]) -> "Vocabulary":
        """The vocabulary of distinct `values` in their order."""
        return cls(pa.array(values, pa.string()))

    def rows(self, values: pa.StringArray) -> IntArray:
        """int64 [n]: the row of each value, UNKNOWN for those that are null or not in the vocabulary."""
        found = pc.index_in(values, value_set=self.values, skip_nulls=True)
        rows: IntArray = pc.fill_null(found, UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int64)
        return rows

    def grown(self, values: pa.StringArray) -> "Vocabulary":
        """A vocabulary that also knows `values`: known rows stay, new ones follow in the order of first appearance."""
        distinct = pc.drop_null(pc.unique(values))
        new = distinct.filter(pa.array(self.rows(distinct) == UNKNOWN))
        return Vocabulary(pa.concat_arrays([self.values, new]))
