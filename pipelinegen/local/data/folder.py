"""A user's own tables: a folder of CSV and Parquet files."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from pipelinegen.local.data.vehicles import DataSet
from pipelinegen.local.faults import LocalCloudError

CSV_ENDINGS: Final = (".csv", ".csv.gz")
PARQUET_ENDING: Final = ".parquet"


class FolderError(LocalCloudError):
    """The folder holds no tables, one twice, or a file that cannot be read."""


def folder_tables(folder: Path) -> Mapping[str, pa.Table]:
    """The tables of the folder: `analytics.clicks.csv`, `.csv.gz` or `.parquet` is the table `analytics.clicks`.

    A sub-folder of Parquet files named like a table is one table. Types come from Parquet, or are read from the
    values of a CSV file with a header. Raises: FolderError.
    """
    if not folder.is_dir():
        raise FolderError(f"'{folder}' is no folder", "name a folder with one CSV or Parquet file a table")
    tables: dict[str, pa.Table] = {}
    for path in sorted(folder.iterdir()):
        name = _table_name(path)
        if name is None:
            continue
        if name.lower() in tables:
            raise FolderError(f"'{folder}' holds the table '{name}' twice", f"remove '{path.name}' or the other file")
        tables[name.lower()] = _read(path)
    if not tables:
        raise FolderError(f"'{folder}' holds no tables", "put one CSV or Parquet file a table into it")
    return tables


def folder_data_set(folder: Path) -> DataSet:
    """The folder as a data set; it is what it is, whatever the days and the seed."""

    def data_set(first_day: date, days: int, seed: int) -> Mapping[str, pa.Table]:
        del first_day, days, seed
        return folder_tables(folder)

    return data_set


def _table_name(path: Path) -> str | None:
    if path.is_dir():
        return path.name if any(path.glob(f"*{PARQUET_ENDING}")) else None
    for ending in (*CSV_ENDINGS, PARQUET_ENDING):
        if path.name.endswith(ending):
            return path.name.removesuffix(ending)
    return None


def _read(path: Path) -> pa.Table:
    try:
        if path.is_dir() or path.name.endswith(PARQUET_ENDING):
            return pyarrow.parquet.read_table(path)
        # A quoted empty text is a text, an empty field is null.
        options = pyarrow.csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
        return pyarrow.csv.read_csv(path, convert_options=options)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise FolderError(f"'{path}' cannot be read: {reason}", "a CSV file needs a header line and commas") from error
