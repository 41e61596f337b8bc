"""People with tastes, and what they click on a day.

A shopper's liking of a vehicle is a sum over its features: a price they look for, makes they are loyal to, fuel and
gearbox, age, engine, and a hidden style that models share. To it come what is the same for all: the vehicle's
popularity and where on the page it is shown. Clicks are drawn from a softmax over the sum, without repetition.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelinegen.local.data.listings import MAKES, Listings
from pipelinegen.local.data.stock import Stock

Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]

FIRST_SHOPPERS: Final = 3_000
NEW_SHOPPERS_A_DAY: Final = 30
CLICKS_A_DAY: Final = 20_000
#: Chance that a shopper comes on a day, and the most clicks one leaves.
VISIT_CHANCE: Final = 0.6
MOST_CLICKS: Final = 40

STYLES: Final = 6
FUELS: Final = ("Petrol", "Diesel", "Hybrid", "Electric", "Other")
GEARBOXES: Final = ("Manual", "Automatic", "Semi-Auto", "Other")

#: Vehicles a group of shoppers chooses from on a day; a site shows nobody a hundred thousand.
SHOWN: Final = 4_000
GROUP: Final = 256

#: How much a vehicle clicked on an earlier day loses: people come back to a few only.
SEEN_PENALTY: Final = 2.0


@dataclass(frozen=True, slots=True)
class Click:
    """The clicks of one day, in order of time: positions of shoppers and vehicles, microseconds since midnight."""

    shopper: Positions
    vehicle: Positions
    microseconds: Positions


@dataclass(frozen=True, slots=True)
class Shoppers:
    """`tastes: float32 [shoppers, features]`; `rate` is the share of all clicks, `joined_day` the first day of each."""

    tastes: Floats
    rate: Floats
    joined_day: Positions


def vehicle_features(vehicles: Listings) -> Floats:
    """float32 [vehicles, features]: what tastes are over. A model's hidden style depends on its name alone."""
    price = (np.log(vehicles.price_eur) - 9.6) / 0.5
    columns = [price**2, price, (vehicles.age_years - 3) / 2, (vehicles.engine_litres - 1.7) / 0.6]
    columns += [(vehicles.mpg - 55) / 15]
    columns += [vehicles.fuel == fuel for fuel in FUELS]
    columns += [vehicles.transmission == gearbox for gearbox in GEARBOXES]
    columns += [vehicles.make == make for make in MAKES.values()]
    return np.column_stack([*columns, _styles(vehicles)]).astype(np.float32)


def shoppers(days: int, seed: int) -> Shoppers:
    """The shoppers of the first `days` days; the same seed gives the same people, whatever the number of days."""
    groups = [
        _joined(np.random.default_rng([seed, 3, day]), FIRST_SHOPPERS if day == 0 else NEW_SHOPPERS_A_DAY, day)
        for day in range(days)
    ]
    return Shoppers(*(np.concatenate(parts) for parts in zip(*groups, strict=True)))


def clicks(stock: Stock, people: Shoppers, days: int, seed: int) -> Iterator[Click]:
    """The clicks of days 0, 1, … `days - 1`."""
    features = vehicle_features(stock.vehicles)
    rng = np.random.default_rng([seed, 4])
    popularity = rng.normal(0.0, 0.5, len(stock.vehicles)).astype(np.float32)
    seen = np.empty((2, 0), dtype=np.int64)
    for day in range(days):
        found = _day(np.random.default_rng([seed, 5, day]), stock, people, features, popularity, day, seen)
        seen = np.concatenate([seen, np.stack([found.shopper, found.vehicle])], axis=1)
        yield found


def _joined(rng: np.random.Generator, count: int, day: int) -> tuple[Floats, Floats, Positions]:
    wanted = rng.normal(-0.1, 0.75, count)
    firmness = rng.uniform(0.6, 2.0, count)
    # -firmness * (price - wanted)², less what is the same for every vehicle
    numbers = [-firmness, 2 * firmness * wanted, rng.normal(-0.3, 0.6, count), rng.normal(0, 0.4, count)]
    numbers += [rng.normal(0.1, 0.4, count)]
    fuel = rng.normal(0, 0.9, (count, len(FUELS)))
    gearbox = rng.normal(0, 0.8, (count, len(GEARBOXES)))
    makes = rng.normal(0, 0.5, (count, len(MAKES)))
    # Loyalty: one make far above the others, and often a second one.
    for bonus in (2.2, 1.2):
        makes[np.arange(count), rng.integers(0, len(MAKES), count)] += bonus
    style = rng.normal(0, 0.9, (count, STYLES))
    tastes = np.column_stack([*numbers, fuel, gearbox, makes, style]).astype(np.float32)
    rate = rng.lognormal(0.0, 0.6, count).astype(np.float32)
    return tastes, rate, np.full(count, day, dtype=np.int64)


def _styles(vehicles: Listings) -> npt.NDArray[np.float64]:
    names, model = np.unique(np.char.add(np.char.add(vehicles.make, " "), vehicles.model), return_inverse=True)
    # Seeded by the name, not by its place: one model more must not change the others.
    styles = [np.random.default_rng(list(name.encode())).standard_normal(STYLES) for name in names.tolist()]
    return np.asarray(styles)[model]


def _day(
    rng: np.random.Generator,
    stock: Stock,
    people: Shoppers,
    features: Floats,
    popularity: Floats,
    day: int,
    seen: npt.NDArray[np.int64],
) -> Click:
    live = stock.for_sale(day)
    fresh = np.exp(-(day - stock.listed_day[live]) / 5.0)
    shown_first = np.argsort(np.argsort(-(fresh + popularity[live] + rng.gumbel(0, 0.5, len(live)))))
    common = popularity[live] + 0.5 * fresh - 0.35 * np.log1p(shown_first / 20)
    present = np.flatnonzero(people.joined_day <= day)
    visitors = present[rng.random(len(present)) < VISIT_CHANCE]
    mean = CLICKS_A_DAY * people.rate[visitors] / people.rate[visitors].sum()
    counts = np.clip(rng.poisson(mean), 1, min(MOST_CLICKS, len(live)))
    chosen = []
    for start in range(0, len(visitors), GROUP):
        group = slice(start, start + GROUP)
        here = np.sort(rng.choice(len(live), SHOWN, replace=False)) if len(live) > SHOWN else np.arange(len(live))
        liking = people.tastes[visitors[group]] @ features[live[here]].T + common[here].astype(np.float32)
        _mark_seen(liking, visitors[group], live[here], seen)
        chosen.append(live[here][_sampled(rng, liking, int(counts.max()))])
    order = np.concatenate(chosen)
    taken = np.arange(order.shape[1]) < counts[:, None]
    return _timed(rng, np.repeat(visitors, counts), order[taken], counts)


def _mark_seen(liking: Floats, people: Positions, vehicles: Positions, seen: npt.NDArray[np.int64]) -> None:
    """Takes SEEN_PENALTY from every pair seen before; `people` and `vehicles` are sorted."""
    row, column = np.searchsorted(people, seen[0]), np.searchsorted(vehicles, seen[1])
    row, column = np.minimum(row, len(people) - 1), np.minimum(column, len(vehicles) - 1)
    known = (people[row] == seen[0]) & (vehicles[column] == seen[1])
    liking[row[known], column[known]] -= SEEN_PENALTY


def _sampled(rng: np.random.Generator, liking: Floats, count: int) -> Positions:
    """[rows, count] columns drawn from each row's softmax without repetition, first drawn first.

    The exponential race: the `count` smallest of Exp(1) / weight are such a draw.
    """
    count = min(count, liking.shape[1])
    race = rng.standard_exponential(liking.shape, dtype=np.float32)
    # Beyond e⁶⁰ the best nothing is ever drawn; float32 ends at e⁸⁸.
    race *= np.exp(np.minimum(liking.max(axis=1, keepdims=True) - liking, 60.0))
    first = np.argpartition(race, count - 1, axis=1)[:, :count]
    order = np.argsort(np.take_along_axis(race, first, axis=1), axis=1)
    return np.take_along_axis(first, order, axis=1)


def _timed(rng: np.random.Generator, shopper: Positions, vehicle: Positions, counts: Positions) -> Click:
    """One visit a shopper, mostly towards the evening, half a minute or so from click to click."""
    start = np.clip(rng.normal(17.0, 4.0, len(counts)), 0.0, 22.5) * 3600
    pause = np.cumsum(rng.exponential(30.0, len(shopper)))
    begun = np.cumsum(counts) - counts
    seconds = np.repeat(start, counts) + pause - np.repeat(pause[begun], counts)
    moment = np.minimum((seconds * 1_000_000).astype(np.int64), 86_400_000_000 - 1)
    order = np.argsort(moment, kind="stable")
    return Click(shopper[order], vehicle[order], moment[order])
