"""Vehicles as columns of numbers, and the real used-car listings read into them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from pipelinegen.local.faults import LocalCloudError

#: The year the listings were collected; ages count from it.
LISTED_YEAR: Final = 2020
OLDEST_YEARS: Final = 20

KILOMETRES_PER_MILE: Final = 1.609344
#: Pounds to euros, the average of 2020.
EUROS_PER_POUND: Final = 1.12

MAKES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "audi": "Audi",
        "bmw": "BMW",
        "ford": "Ford",
        "hyundai": "Hyundai",
        "merc": "Mercedes",
        "skoda": "Skoda",
        "toyota": "Toyota",
        "vauxhall": "Vauxhall",
        "vw": "Volkswagen",
    }
)

Texts = npt.NDArray[np.str_]
Numbers = npt.NDArray[np.float64]


class NoListingsError(LocalCloudError):
    """The folder of real listings is absent or holds none."""


@dataclass(frozen=True, slots=True)
class Listings:
    """Vehicles, one per position of every array; price in euros, mileage in kilometres, mpg in UK miles a gallon."""

    make: Texts
    model: Texts
    age_years: Numbers
    price_eur: Numbers
    mileage_km: Numbers
    transmission: Texts
    fuel: Texts
    mpg: Numbers
    engine_litres: Numbers

    def __len__(self) -> int:
        return len(self.make)

    def take(self, positions: npt.NDArray[np.int64]) -> "Listings":
        """The vehicles at `positions`, in that order."""
        return Listings(*(getattr(self, field.name)[positions] for field in fields(self)))


def read_listings(folder: Path) -> Listings:
    """All plausible listings of a used_cars folder (one `<make>.csv.gz` or `.csv` per make), makes in order of name.

    Left out are rows with a year after 2020 (there is one of 2060) or over 20 years old, without a price or mpg, and
    petrol cars without an engine. Raises: NoListingsError.
    """
    tables = []
    for stem, make in MAKES.items():
        path = next((p for p in (folder / f"{stem}.csv.gz", folder / f"{stem}.csv") if p.is_file()), None)
        if path is not None:
            tables.append(_read_make(path, make))
    if not tables:
        raise NoListingsError(f"'{folder}' holds no used-car listings", "name a folder with files such as audi.csv.gz")
    return _listings(pa.concat_tables(tables))


def _read_make(path: Path, make: str) -> pa.Table:
    table = pyarrow.csv.read_csv(path)
    wanted = ["model", "year", "price", "transmission", "mileage", "fuelType", "mpg", "engineSize"]
    numbers = {"year", "price", "mileage", "mpg", "engineSize"}
    columns = [
        table[name].cast(pa.float64()) if name in numbers else pc.utf8_trim_whitespace(table[name]) for name in wanted
    ]
    makes = pa.chunked_array([pa.array([make] * len(table))])
    return pa.table([makes, *columns], names=["make", *wanted])


def _listings(table: pa.Table) -> Listings:
    table = table.drop_null()
    text = {
        name: np.asarray(table[name].to_pylist(), dtype=np.str_)
        for name in ("make", "model", "transmission", "fuelType")
    }
    number = {name: table[name].to_numpy() for name in ("year", "price", "mileage", "mpg", "engineSize")}
    age = LISTED_YEAR - number["year"]
    plausible = (
        (age >= 0) & (age <= OLDEST_YEARS) & (number["price"] > 0) & (number["mpg"] > 5) & (number["mileage"] >= 0)
    )
    plausible &= (number["engineSize"] > 0) | np.isin(text["fuelType"], ["Electric", "Hybrid"])
    return Listings(
        make=text["make"],
        model=text["model"],
        age_years=age,
        price_eur=np.round(number["price"] * EUROS_PER_POUND),
        mileage_km=np.round(number["mileage"] * KILOMETRES_PER_MILE),
        transmission=text["transmission"],
        fuel=text["fuelType"],
        mpg=number["mpg"],
        engine_litres=number["engineSize"],
    ).take(np.flatnonzero(plausible))
