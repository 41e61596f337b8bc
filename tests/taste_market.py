"""A synthetic market with hidden tastes: days of clicks on a stock of vehicles that changes daily."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from runtime.training.data import MICROSECONDS_PER_DAY, Catalogue, Columns, Interactions

MARKET_COLUMNS = Columns("user", "item", "time", ("make", "model", "fuel"), ("price_eur", "mileage_km"))

MAKES, MODELS_PER_MAKE, FUELS = 20, 8, ("diesel", "electric", "hybrid", "petrol")
LATENT = 8


@dataclass(frozen=True, slots=True)
class Market:
    """Sizes of the synthetic market; `turnover` is the part of the stock replaced every day."""

    users: int = 3000
    items: int = 4000
    clicks_a_day: int = 20_000
    turnover: float = 0.03
    seed: int = 0

    def days(self, count: int) -> Iterator[tuple[Interactions, Catalogue]]:
        """The clicks of each day and the stock at its end."""
        rng = np.random.default_rng(self.seed)
        world = _World(self, rng)
        for day in range(count):
            yield world.day(day, rng)


class _World:
    def __init__(self, market: Market, rng: np.random.Generator) -> None:
        self.market = market
        self.make_taste = rng.normal(size=(MAKES, LATENT))
        self.model_taste = rng.normal(size=(MAKES * MODELS_PER_MAKE, LATENT)) * 0.7
        self.fuel_taste = rng.normal(size=(len(FUELS), LATENT)) * 0.7
        self.price_taste = rng.normal(size=LATENT) * 0.7
        self.users = rng.normal(size=(market.users, LATENT)) * 0.55
        self.activity = rng.dirichlet(np.full(market.users, 0.5))
        self.next_id = 0
        self.stock = self._new_items(market.items, rng)

    def _new_items(self, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        make = rng.choice(MAKES, count, p=np.arange(MAKES, 0, -1) / (MAKES * (MAKES + 1) / 2))
        model = make * MODELS_PER_MAKE + rng.integers(MODELS_PER_MAKE, size=count)
        fuel = rng.integers(len(FUELS), size=count)
        price = rng.normal(size=count)
        own = rng.normal(size=(count, LATENT)) * 0.5
        taste = (
            self.make_taste[make]
            + self.model_taste[model]
            + self.fuel_taste[fuel]
            + price[:, None] * self.price_taste
            + own
        )
        ids = np.array([f"v{self.next_id + place:07d}" for place in range(count)])
        self.next_id += count
        appeal = rng.normal(size=count) * 1.0
        return {"id": ids, "make": make, "model": model, "fuel": fuel, "price": price, "taste": taste, "appeal": appeal}

    def day(self, day: int, rng: np.random.Generator) -> tuple[Interactions, Catalogue]:
        market = self.market
        if day:
            stay = rng.random(len(self.stock["id"])) >= market.turnover
            fresh = self._new_items(int((~stay).sum()), rng)
            self.stock = {name: np.concatenate([values[stay], fresh[name]]) for name, values in self.stock.items()}
        users = np.sort(rng.choice(market.users, market.clicks_a_day, p=self.activity))
        items = np.empty(len(users), np.int64)
        for user in np.unique(users):
            mine = np.flatnonzero(users == user)
            logits = (
                self.stock["taste"] @ self.users[user] + self.stock["appeal"] + rng.gumbel(size=len(self.stock["id"]))
            )
            items[mine] = np.resize(np.argsort(-logits), len(mine))
        times = np.sort(day * MICROSECONDS_PER_DAY + rng.integers(MICROSECONDS_PER_DAY, size=len(users)))
        order = rng.permutation(len(users))
        clicks = Interactions(
            pa.array([f"u{user:06d}" for user in users[order]]),
            pa.array(self.stock["id"][items[order]].tolist()),
            times,
        )
        return clicks, self.catalogue()

    def catalogue(self) -> Catalogue:
        order = np.argsort(self.stock["id"])
        stock = {name: values[order] for name, values in self.stock.items()}
        categorical = {
            "make": pa.array([f"make {value}" for value in stock["make"]]),
            "model": pa.array([f"model {value}" for value in stock["model"]]),
            "fuel": pa.array([FUELS[value] for value in stock["fuel"]]),
        }
        price = (15_000 * np.exp(0.5 * stock["price"])).astype(np.float32)
        mileage = (np.abs(stock["price"] - 1) * 40_000).astype(np.float32)
        return Catalogue(pa.array(stock["id"].tolist()), categorical, {"price_eur": price, "mileage_km": mileage})
