"""The demo's data: stock and clicks of a used-car site, simulated over a drawn inventory or over real listings."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelinegen.local.data.figures import load_figures
from pipelinegen.local.data.listings import read_listings
from pipelinegen.local.data.shoppers import Click, clicks, shoppers
from pipelinegen.local.data.stock import UNSOLD, Stock, simulated_vehicles, stock_of

CLICKS_TABLE: Final = "analytics.vehicle_clicks"
VEHICLES_TABLE: Final = "analytics.vehicles"

LIVE_VEHICLES: Final = 4_000
NEW_VEHICLES_A_DAY: Final = 150
#: Of real listings, the share that is for sale on the first day; the others arrive over the days of the run.
LIVE_SHARE: Final = 0.8

DataSet = Callable[[date, int, int], Mapping[str, pa.Table]]


def vehicles(first_day: date, days: int, seed: int) -> Mapping[str, pa.Table]:
    """Stock and clicks for `days` daily runs from `first_day` on: each run finds the clicks of the day before.

    A vehicle is for sale on a date if `listed_on <= date` and (`sold_on` is null or `sold_on >= date`). The same seed
    gives the same people, tastes and vehicles whatever the date; only `year` and the dates move with it.
    """
    inventory = simulated_vehicles(load_figures(), LIVE_VEHICLES + NEW_VEHICLES_A_DAY * days, seed)
    return _tables(stock_of(inventory, LIVE_VEHICLES, days, seed), first_day, days, seed)


def real_vehicles(folder: Path, sample: int | None = None) -> DataSet:
    """The same simulation over the real listings of a used_cars folder: all of them, or `sample` of them by the seed.

    The data set raises NoListingsError if the folder holds none.
    """

    def data_set(first_day: date, days: int, seed: int) -> Mapping[str, pa.Table]:
        listings = read_listings(folder)
        order = np.random.default_rng([seed, 6]).permutation(len(listings))[:sample]
        live = int(len(order) * LIVE_SHARE)
        return _tables(stock_of(listings.take(order), live, days, seed), first_day, days, seed)

    return data_set


def _tables(stock: Stock, first_day: date, days: int, seed: int) -> dict[str, pa.Table]:
    day_zero = first_day - timedelta(days=1)
    found = list(clicks(stock, shoppers(days, seed), days, seed))
    return {CLICKS_TABLE: _click_table(found, day_zero), VEHICLES_TABLE: _vehicle_table(stock, day_zero)}


def _click_table(found: list[Click], day_zero: date) -> pa.Table:
    midnight = np.datetime64(day_zero, "us")
    moments = [midnight + np.timedelta64(day, "D") + click.microseconds for day, click in enumerate(found)]
    return pa.table(
        {
            "user_id": _ids("u", np.concatenate([click.shopper for click in found])),
            "vehicle_id": _ids("v", np.concatenate([click.vehicle for click in found])),
            "clicked_at": pa.array(np.concatenate(moments), pa.timestamp("us")),
        }
    )


def _vehicle_table(stock: Stock, day_zero: date) -> pa.Table:
    found = stock.vehicles
    zero = np.datetime64(day_zero, "D")
    sold = stock.sold_day < UNSOLD
    return pa.table(
        {
            "vehicle_id": _ids("v", np.arange(len(found))),
            "make": pa.array(found.make.tolist()),
            "model": pa.array(found.model.tolist()),
            "year": pa.array((day_zero.year - found.age_years).astype(np.int32)),
            "price_eur": pa.array(found.price_eur),
            "mileage_km": pa.array(found.mileage_km.astype(np.int32)),
            "transmission": pa.array(found.transmission.tolist()),
            "fuel": pa.array(found.fuel.tolist()),
            "mpg": pa.array(found.mpg),
            "engine_litres": pa.array(found.engine_litres),
            "listed_on": pa.array(zero + stock.listed_day),
            "sold_on": pa.array(zero + np.where(sold, stock.sold_day, 0), mask=~sold),
        }
    )


def _ids(prefix: str, numbers: npt.NDArray[np.int64]) -> pa.Array:
    """Text such as `v000042`."""
    return pa.array(np.char.add(prefix, np.char.zfill(numbers.astype("U6"), 6)).tolist())
