"""What the model sees of a vehicle; training and inference share it."""

import numpy as np
import pyarrow as pa

COLUMNS = ("year", "mileage_km")


def features(table: pa.Table) -> np.ndarray:
    """One row a vehicle, one column a feature; what is missing becomes not-a-number."""
    return np.column_stack([table[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in COLUMNS])
