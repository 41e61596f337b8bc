"""The built-in data sets: name → function of the first run's date, the number of daily runs and a seed."""

from collections.abc import Mapping
from types import MappingProxyType

from pipelinegen.local.data.movielens import movielens
from pipelinegen.local.data.vehicles import DataSet, vehicles

DATA_SETS: Mapping[str, DataSet] = MappingProxyType({"movielens": movielens, "vehicles": vehicles})
