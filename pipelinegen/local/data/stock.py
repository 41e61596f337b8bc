"""The dealer's stock over time: which vehicles are for sale on which day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelinegen.local.data.figures import ModelFigures
from pipelinegen.local.data.listings import OLDEST_YEARS, Listings

#: `sold_day` of a vehicle that is still for sale when the simulation ends.
UNSOLD: Final = 1_000_000

Days = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stock:
    """Vehicles with the day each was listed (negative: before the first) and sold; day 0 is the first day of clicks."""

    vehicles: Listings
    listed_day: Days
    sold_day: Days

    def for_sale(self, day: int) -> npt.NDArray[np.int64]:
        """Positions of the vehicles listed by `day` and not sold before it."""
        return np.flatnonzero((self.listed_day <= day) & (self.sold_day >= day))


def stock_of(vehicles: Listings, live: int, last_day: int, seed: int) -> Stock:
    """The vehicles spread over time: the first `live` are for sale on day 0, the rest arrive evenly up to `last_day`.

    As many leave a day as arrive, each with the same chance every day, so the size of the stock stays about the same.
    """
    arrivals = len(vehicles) - live
    daily = max(arrivals / max(last_day, 1), 1.0)
    stay_days = live / daily
    rng = np.random.default_rng([seed, 1])
    # A chance that is the same every day makes the time since listing and the time to sale alike: exponential.
    age = np.floor(rng.exponential(stay_days, live)).astype(np.int64)
    listed = np.concatenate([-age, 1 + np.arange(arrivals) * max(last_day, 1) // max(arrivals, 1)])
    stay = np.floor(rng.exponential(stay_days, len(vehicles))).astype(np.int64)
    sold = np.maximum(listed, 0) + stay
    return Stock(vehicles, listed, np.where(sold > last_day, UNSOLD, sold))


def simulated_vehicles(figures: Sequence[ModelFigures], count: int, seed: int) -> Listings:
    """`count` vehicles drawn from the figures; more of them with the same seed begin with the same ones."""
    # One row of random numbers a vehicle: what a vehicle is does not depend on how many there are.
    dice = np.random.default_rng([seed, 2]).random((count, 3))
    normal = np.random.default_rng([seed, 7]).standard_normal((count, 3))
    model = _drawn(np.asarray([sum(m.ages) for m in figures]), dice[:, 0])
    age = _drawn_each(_padded([m.ages for m in figures], OLDEST_YEARS + 1), model, dice[:, 1])
    variant = _drawn_each(_padded([[v.listings for v in m.variants] for m in figures], 0), model, dice[:, 2])
    mileage, price = np.asarray([m.mileage for m in figures])[model], np.asarray([m.price for m in figures])[model]
    engine = _of_variant(figures, "engine_litres")[model, variant].astype(np.float64)
    root = mileage[:, 0] + mileage[:, 1] * np.sqrt(age) + mileage[:, 2] * np.clip(normal[:, 0], -2.5, 2.5)
    km = np.maximum(root, 3.0) ** 2
    log_price = price[:, 0] + price[:, 1] * age + price[:, 2] * km / 100_000 + price[:, 3] * engine
    mpg = _of_variant(figures, "mpg")[model, variant].astype(np.float64)
    mpg = mpg + np.asarray([m.mpg_deviation for m in figures])[model] * np.clip(normal[:, 2], -2, 2)
    return Listings(
        make=np.asarray([m.make for m in figures])[model],
        model=np.asarray([m.model for m in figures])[model],
        age_years=age.astype(np.float64),
        # Dealers' prices end in 0 or 5.
        price_eur=np.maximum(np.round(np.exp(log_price + price[:, 4] * normal[:, 1]) / 5) * 5, 500),
        mileage_km=np.round(km),
        transmission=_of_variant(figures, "transmission")[model, variant],
        fuel=_of_variant(figures, "fuel")[model, variant],
        mpg=np.round(np.maximum(mpg, 10), 1),
        engine_litres=engine,
    )


def _drawn(weights: npt.NDArray[np.int64], dice: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """A position for each die in [0, 1), with a chance in proportion to its weight."""
    upper = np.cumsum(weights) / weights.sum()
    return np.minimum(np.searchsorted(upper, dice, side="right"), len(weights) - 1)


def _drawn_each(
    weights: npt.NDArray[np.int64], row: npt.NDArray[np.int64], dice: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """As `_drawn`, with the weights of row `row[i]` for die `i`."""
    upper = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    passed = (dice[:, None] >= upper[row]).sum(axis=1, dtype=np.int64)
    return np.asarray(np.minimum(passed, weights.shape[1] - 1))


def _padded(rows: Sequence[Sequence[int]], width: int) -> npt.NDArray[np.int64]:
    width = max(width, *(len(row) for row in rows))
    return np.asarray([[*row, *[0] * (width - len(row))] for row in rows], dtype=np.int64)


def _of_variant(figures: Sequence[ModelFigures], name: str) -> npt.NDArray[np.str_]:
    """[model, variant] → the variant's value, as text or number; short models repeat their last variant."""
    width = max(len(m.variants) for m in figures)
    return np.asarray([[getattr(m.variants[min(n, len(m.variants) - 1)], name) for n in range(width)] for m in figures])
