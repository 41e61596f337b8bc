"""The two towers."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

#: Quantiles that tell a number, and with the mark of a missing one its columns in the features.
KNOTS = 9
NUMBER_WIDTH = KNOTS + 1

#: Spread of a new row: small, so that what a new item or user scores is decided by its content and history.
NEW_ROW_SPREAD = 0.02


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes of all tables. `categories`: values per feature, the unknown one included."""

    users: int
    items: int
    categories: tuple[int, ...]
    numeric: int
    dimensions: int
    history_length: int


@dataclass(frozen=True, slots=True)
class ItemFeatures:
    """What the item tower reads.

    `categories`: int64 [items, features], 0 is unknown; `numbers`: float32 [items, NUMBER_WIDTH · numeric].
    """

    categories: Tensor
    numbers: Tensor

    def rows(self, rows: Tensor) -> "ItemFeatures":
        """The features of some items."""
        return ItemFeatures(self.categories[rows], self.numbers[rows])

    def to(self, device: torch.device) -> "ItemFeatures":
        """The same on a device."""
        return ItemFeatures(self.categories.to(device), self.numbers.to(device))


class TwoTower(nn.Module):  # type: ignore[misc]  # torch is not followed by mypy, so its classes are Any
    """User and item vectors whose dot product, plus the item's log popularity, is the logit of "takes this item next".

    The towers thus learn how a user differs from the crowd, and a model that learned nothing is as good as the crowd.
    An item is its id's vector plus its content; a user is their id's vector plus what their last items say. Row -1 of
    either is nobody: no id, only content or history.
    """

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        width = shape.dimensions
        self.shape = shape
        self.user_ids = nn.Embedding(shape.users + 1, width, sparse=True)
        self.item_ids = nn.Embedding(shape.items + 1, width, sparse=True)
        self.categories = nn.ModuleList([nn.Embedding(size, width) for size in shape.categories])
        self.numbers = nn.Parameter(torch.empty(NUMBER_WIDTH * shape.numeric, width))
        self.recency = nn.Parameter(torch.zeros(shape.history_length))
        self.taste = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.everybody = nn.Parameter(torch.zeros(width))
        for table in (self.user_ids, self.item_ids, *self.categories):
            nn.init.normal_(table.weight, std=NEW_ROW_SPREAD)
        nn.init.normal_(self.numbers, std=NEW_ROW_SPREAD)
        # Buffers, so that they grow, move and are stored with the tables they belong to.
        for name, parameter in list(self.named_parameters()):
            self.register_buffer(_accumulator(name), torch.zeros(len(parameter)))

    def tables(self) -> list[tuple[nn.Parameter, Tensor]]:
        """The parameters, each with the optimizer's accumulator of its rows: what was learned often moves little."""
        buffers = dict(self.named_buffers())
        return [(parameter, buffers[_accumulator(name)]) for name, parameter in self.named_parameters()]

    def item_vectors(self, rows: Tensor, features: ItemFeatures, keep_id: Tensor | None = None) -> Tensor:
        """float32 [n, dimensions] of items `rows` [n]; a 0 in `keep_id` [n] hides an id: content learns to do alone."""
        vectors = _id_vectors(self.item_ids, rows, keep_id)
        for place, table in enumerate(self.categories):
            vectors = vectors + table(features.categories[:, place])
        return vectors + features.numbers @ self.numbers

    def user_vectors(self, rows: Tensor, history: Tensor, known: Tensor, keep_id: Tensor | None = None) -> Tensor:
        """float32 [n, dimensions] of users `rows` [n]; a 0 in `keep_id` [n] hides an id: history learns to do alone.

        `history`: item vectors [n, history_length, dimensions], newest first; `known`: bool [n, history_length], False
        where the history is shorter.
        """
        weights = torch.softmax(self.recency, 0) * known
        weights = weights / weights.sum(1, keepdim=True).clamp_min(1e-6)
        pooled = torch.einsum("nl,nld->nd", weights, history)
        has_history = known.any(1, keepdim=True)
        return self.everybody + _id_vectors(self.user_ids, rows, keep_id) + (pooled + self.taste(pooled)) * has_history


def grown(towers: TwoTower, shape: ModelShape) -> TwoTower:
    """Towers of a larger shape: old rows are the old towers', new rows are small and random."""
    larger = TwoTower(shape)
    fresh = larger.state_dict()
    larger.load_state_dict({name: _widened(value, fresh[name]) for name, value in towers.state_dict().items()})
    return larger


def _accumulator(parameter: str) -> str:
    return "accumulated_" + parameter.replace(".", "_")


def _id_vectors(table: nn.Module, rows: Tensor, keep: Tensor | None) -> Tensor:
    # Row 0 of the table stands for nobody (-1) and is always multiplied by 0.
    shown = (rows >= 0).float() if keep is None else (rows >= 0) * keep
    vectors: Tensor = table(rows + 1) * shown.unsqueeze(1)
    return vectors


def _widened(old: Tensor, fresh: Tensor) -> Tensor:
    if old.shape == fresh.shape:
        return old
    return torch.cat([old, fresh[len(old) :].to(old.device)])
