"""The figures the simulated inventory is drawn from: real listings reduced to a few numbers a model."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelinegen.local.data.listings import OLDEST_YEARS, Listings, Numbers

FIGURES_FILE: Final = Path(__file__).with_name("vehicle_figures.json")

#: Models with fewer listings say too little and are left out.
LEAST_LISTINGS: Final = 60
#: Combinations of transmission, fuel and engine kept per model.
MOST_VARIANTS: Final = 8


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination a model is sold in; `mpg` is its mean."""

    transmission: str
    fuel: str
    engine_litres: float
    listings: int
    mpg: float


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """One model. `ages` counts listings by age in years, from 0.

    sqrt(mileage_km) = mileage[0] + mileage[1] * sqrt(age) ± mileage[2]
    log(price_eur) = price[0] + price[1] * age + price[2] * mileage_km / 100,000 + price[3] * engine_litres ± price[4]
    """

    make: str
    model: str
    ages: tuple[int, ...]
    mileage: tuple[float, ...]
    price: tuple[float, ...]
    mpg_deviation: float
    variants: tuple[Variant, ...]


def load_figures(path: Path = FIGURES_FILE) -> tuple[ModelFigures, ...]:
    """The committed figures, in order of make and model."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return tuple(_figures_of(entry) for entry in document["models"])


def reduce_listings(listings: Listings) -> tuple[ModelFigures, ...]:
    """The figures of every model with enough listings, in order of make and model."""
    groups: dict[tuple[str, str], list[int]] = {}
    for position, names in enumerate(zip(listings.make.tolist(), listings.model.tolist(), strict=True)):
        groups.setdefault(names, []).append(position)
    return tuple(
        _reduced(make, model, listings.take(np.asarray(positions)))
        for (make, model), positions in sorted(groups.items())
        if len(positions) >= LEAST_LISTINGS
    )


def write_figures(figures: tuple[ModelFigures, ...], path: Path) -> None:
    """Writes the table, one model a line, so that a renewal shows what moved."""
    entries = [asdict(model) | {"variants": [astuple(variant) for variant in model.variants]} for model in figures]
    lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries)
    source = "100,000 UK Used Car Data set (CC0), reduced by pipelinegen.local.data.figures"
    path.write_text(f'{{"source": "{source}", "models": [\n{lines}\n]}}\n', encoding="utf-8")


def _reduced(make: str, model: str, listings: Listings) -> ModelFigures:
    age, engine = listings.age_years, listings.engine_litres
    mileage, mileage_deviation = _fitted(np.sqrt(listings.mileage_km), np.sqrt(age))
    price, price_deviation = _fitted(np.log(listings.price_eur), age, listings.mileage_km / 100_000, engine)
    variants = _variants(listings)
    means = {(v.transmission, v.fuel, v.engine_litres): v.mpg for v in variants}
    keys = zip(listings.transmission.tolist(), listings.fuel.tolist(), engine.tolist(), strict=True)
    apart = [mpg - means[key] for key, mpg in zip(keys, listings.mpg.tolist(), strict=True) if key in means]
    return ModelFigures(
        make=make,
        model=model,
        ages=tuple(np.bincount(age.astype(np.int64), minlength=1)[: OLDEST_YEARS + 1].tolist()),
        mileage=(*mileage, mileage_deviation),
        price=(*price, price_deviation),
        mpg_deviation=round(float(np.std(apart)), 2),
        variants=variants,
    )


def _variants(listings: Listings) -> tuple[Variant, ...]:
    keys = list(
        zip(listings.transmission.tolist(), listings.fuel.tolist(), listings.engine_litres.tolist(), strict=True)
    )
    mpg: dict[tuple[str, str, float], list[float]] = {}
    for key, value in zip(keys, listings.mpg.tolist(), strict=True):
        mpg.setdefault(key, []).append(value)
    # Ties by name: the same listings give the same bytes.
    frequent = sorted(Counter(keys).items(), key=lambda item: (-item[1], item[0]))[:MOST_VARIANTS]
    return tuple(Variant(*key, listings=count, mpg=round(float(np.mean(mpg[key])), 1)) for key, count in frequent)


def _fitted(target: Numbers, *inputs: Numbers) -> tuple[tuple[float, ...], float]:
    """Least squares, with a little ridge as a model with one engine size has no slope for it; and what is left over."""
    design = np.column_stack([np.ones_like(target), *inputs])
    ridge = np.eye(design.shape[1])
    ridge[0, 0] = 0.0
    weights = np.linalg.solve(design.T @ design + ridge, design.T @ target)
    spread = float(np.std(target - design @ weights))
    return tuple(round(float(weight), 4) for weight in weights), round(spread, 4)


def _figures_of(entry: Mapping[str, Any]) -> ModelFigures:
    variants = tuple(Variant(*variant) for variant in entry["variants"])
    numbers = {name: tuple(entry[name]) for name in ("ages", "mileage", "price")}
    return ModelFigures(**{**entry, **numbers, "variants": variants})
