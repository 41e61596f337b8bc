"""Finds the data set a user names."""

from pathlib import Path
from typing import Final

from pipelinegen.local.data import DATA_SETS
from pipelinegen.local.data.folder import folder_data_set
from pipelinegen.local.data.vehicles import DataSet, real_vehicles
from pipelinegen.local.faults import LocalCloudError

#: `vehicles:FOLDER` simulates over the real listings in FOLDER.
REAL_VEHICLES: Final = "vehicles:"


class UnknownDataSetError(LocalCloudError):
    """There is no data set and no folder of that name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(f"'{known}'" for known in sorted(DATA_SETS))
        super().__init__(f"there is no data set '{name}'", f"name a folder of CSV or Parquet files, or one of {known}")


def find_data_set(name: str) -> DataSet:
    """The built-in data set of that name, the simulation over real listings, or the folder of tables at that path.

    Raises: UnknownDataSetError.
    """
    if name in DATA_SETS:
        return DATA_SETS[name]
    if name.startswith(REAL_VEHICLES):
        return real_vehicles(Path(name.removeprefix(REAL_VEHICLES)).expanduser())
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise UnknownDataSetError(name)
    return folder_data_set(folder)
