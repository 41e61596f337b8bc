"""What is known of recommended items, from the table of items that the run's own job was given."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from botocore.exceptions import ClientError

from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.run_folders import RunFolder
from pipelinegen.local.s3_transfer import list_keys, split_uri

#: Items of an example that are looked up, and the most bytes of a table that are read for them.
_ITEMS: Final = 5
_MOST_BYTES: Final = 64 * 1024 * 1024


def with_features(cloud: LocalCloud, samples: Sequence[dict[str, Any]], run: RunFolder) -> list[dict[str, Any]]:
    """The samples, those of recommendations with `features`: the columns of their first items by id."""
    wanted = {str(item) for sample in samples for item in _items(sample)}
    found: dict[str, dict[str, Any]] = {}
    for table in _item_tables(cloud, run) if wanted else ():
        found.update(_rows_of(table, wanted))
    return [
        {**sample, "features": {str(item): found[str(item)] for item in _items(sample) if str(item) in found}}
        for sample in samples
    ]


def _items(sample: Mapping[str, Any]) -> list[Any]:
    items = sample["fields"].get("items")
    return items[:_ITEMS] if isinstance(items, list) else []


def _item_tables(cloud: LocalCloud, run: RunFolder) -> Iterator[pa.Table]:
    """The Parquet files of the input `items` of the run's jobs."""
    s3, left = cloud.client("s3"), _MOST_BYTES
    for uri in dict.fromkeys(_item_inputs(run)):
        bucket, prefix = split_uri(uri)
        for key in list_keys(s3, bucket, prefix):
            try:
                body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                left -= len(body)
                if left > 0:
                    yield pyarrow.parquet.read_table(io.BytesIO(body))
            except (ClientError, pa.ArrowInvalid):
                continue


def _item_inputs(run: RunFolder) -> Iterator[str]:
    for event in run.events():
        request = json.loads((event.get("taskScheduledEventDetails") or {}).get("parameters", "{}"))
        for source in request.get("ProcessingInputs") or ():
            if source.get("InputName") == "items" and "S3Input" in source:
                yield source["S3Input"]["S3Uri"]


def _rows_of(table: pa.Table, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """The rows of items, by id; the id is in the column that holds one of them."""
    for name in table.column_names:
        if not pa.types.is_string(table[name].type) and not pa.types.is_integer(table[name].type):
            continue
        ids = table[name].cast(pa.string())
        rows = table.filter(pc.is_in(ids, value_set=pa.array(sorted(wanted)))).to_pylist()
        if rows:
            return {str(row[name]): {key: _plain(value) for key, value in row.items() if key != name} for row in rows}
    return {}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
