"""Everything one version of the recommender knows, and how it grows when a new day's data arrives."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from runtime.training.counts import Counts
from runtime.training.data import Catalogue, Columns, FloatArray, IntArray, Interactions
from runtime.training.histories import Histories
from runtime.training.model import KNOTS, NUMBER_WIDTH, ItemFeatures, ModelShape, TwoTower, grown
from runtime.training.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Scale:
    """Quantiles of a number, fixed when the model is born: what was learned refers to them.

    A number is told as its weights between the two quantiles around it, so its effect on a vector may be any broken
    line: "about 15,000 euros" can be liked, which a slope cannot say. It needs no unit, and outliers end at the edges.
    """

    knots: tuple[float, ...]

    @classmethod
    def of(cls, values: FloatArray) -> "Scale":
        """The scale of the values that are there; fewer distinct quantiles than KNOTS are kept as they are."""
        there = values[~np.isnan(values)].astype(np.float64)
        if not len(there):
            return cls((0.0,))
        return cls(tuple(float(knot) for knot in np.unique(np.quantile(there, np.linspace(0, 1, KNOTS)))))

    def apply(self, values: FloatArray) -> FloatArray:
        """float32 [n, NUMBER_WIDTH]: weights that add up to 1, the last of them for a missing value."""
        missing = np.isnan(values)
        position = np.interp(np.where(missing, 0.0, values), self.knots, np.arange(len(self.knots)))
        near = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(KNOTS)))
        weights = np.column_stack([np.where(missing[:, None], 0, near), missing])
        return weights.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Trust:
    """Weights of the two opinions about a user's deviation from the crowd: the towers' and the neighbours' (0 to 1)."""

    towers: float = 0.5
    neighbours: float = 0.5


@dataclass(frozen=True, slots=True)
class Recommender:
    """One version of the model with all that is needed to use it and to train it further."""

    columns: Columns
    users: Vocabulary
    items: Vocabulary
    categories: dict[str, Vocabulary]
    scaling: dict[str, Scale]
    features: ItemFeatures
    towers: TwoTower
    histories: Histories
    counts: Counts
    trust: Trust

    @classmethod
    def new(cls, columns: Columns, catalogue: Catalogue, dimensions: int, history_length: int) -> "Recommender":
        """A recommender that knows how the catalogue's numbers are spread, but no user and no item yet."""
        sizes = tuple(1 for _ in columns.categorical)
        shape = ModelShape(0, 0, sizes, len(columns.numeric), dimensions, history_length)
        return cls(
            columns=columns,
            users=Vocabulary.of([]),
            items=Vocabulary.of([]),
            categories={name: Vocabulary.of([]) for name in columns.categorical},
            scaling={name: Scale.of(catalogue.numeric[name]) for name in columns.numeric},
            features=ItemFeatures(
                torch.zeros(0, len(sizes), dtype=torch.long), torch.zeros(0, NUMBER_WIDTH * shape.numeric)
            ),
            towers=TwoTower(shape),
            histories=Histories.empty(),
            counts=Counts.empty(),
            trust=Trust(),
        )

    def grown(self, interactions: Interactions, catalogue: Catalogue) -> "Recommender":
        """This recommender with rows for every user, item and category of the day; what it learned stays."""
        users = self.users.grown(interactions.users)
        items = self.items.grown(catalogue.items).grown(interactions.items)
        categories = {name: known.grown(catalogue.categorical[name]) for name, known in self.categories.items()}
        sizes = tuple(len(vocabulary) + 1 for vocabulary in categories.values())
        shape = replace(self.towers.shape, users=len(users), items=len(items), categories=sizes)
        larger = replace(self, users=users, items=items, categories=categories, towers=grown(self.towers, shape))
        return replace(larger, features=larger._features(catalogue))

    def encoded(self, catalogue: Catalogue) -> ItemFeatures:
        """The features of the catalogue's items in its order; categories not seen in training become unknown."""
        columns = [vocabulary.rows(catalogue.categorical[name]) + 1 for name, vocabulary in self.categories.items()]
        numbers = [scale.apply(catalogue.numeric[name]) for name, scale in self.scaling.items()]
        return ItemFeatures(
            torch.from_numpy(np.stack(columns, 1) if columns else np.zeros((len(catalogue), 0), np.int64)),
            torch.from_numpy(np.concatenate(numbers, 1) if numbers else np.zeros((len(catalogue), 0), np.float32)),
        )

    def remembering(self, interactions: Interactions, half_life_days: float) -> tuple["Recommender", IntArray]:
        """This recommender after counting the interactions, and int64 [n]: where in the histories they now stand.

        All events are still kept: training wants the whole day, and `forgetting` cuts the histories afterwards.
        """
        users, items = self.users.rows(interactions.users), self.items.rows(interactions.items)
        histories, places = self.histories.extended(users, items, len(self.users))
        earlier = histories.before(users, places, self.towers.shape.history_length)
        counts = self.counts.updated(items, earlier, interactions.times, len(self.items), half_life_days)
        return replace(self, histories=histories, counts=counts), places

    def forgetting(self, max_events: int) -> "Recommender":
        """This recommender with only the newest events of each user kept."""
        return replace(self, histories=self.histories.limited(max_events))

    def _features(self, catalogue: Catalogue) -> ItemFeatures:
        """Features of all known items: today's where the catalogue lists the item, else as last seen, else unknown."""
        categories = torch.zeros(len(self.items), len(self.categories), dtype=torch.long)
        numbers = torch.zeros(len(self.items), NUMBER_WIDTH * len(self.scaling))
        numbers[:, NUMBER_WIDTH - 1 :: NUMBER_WIDTH] = 1.0
        before = len(self.features.categories)
        categories[:before], numbers[:before] = self.features.categories, self.features.numbers
        rows, today = torch.from_numpy(self.items.rows(catalogue.items)), self.encoded(catalogue)
        categories[rows], numbers[rows] = today.categories, today.numbers
        return ItemFeatures(categories, numbers)
