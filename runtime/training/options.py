"""The hyperparameters of the training job, which arrive as command-line flags."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from runtime.training.data import Columns, InputError


@dataclass(frozen=True, slots=True)
class Options:
    """How to train; `half_life_days` is how fast counts fade, `max_history` how many events of a user are kept."""

    columns: Columns
    dimensions: int
    epochs: int
    batch_size: int
    learning_rate: float
    negatives: int
    replay_ratio: float
    seed: int
    top_k: int
    warm_start: str
    exclude_seen: bool
    history_length: int
    max_history: int
    half_life_days: float


def parse(arguments: Sequence[str]) -> Options:
    """The options in the flags. Raises: InputError naming the flag at fault."""
    given = vars(_parser().parse_args(arguments))
    columns = Columns(
        user=given.pop("user_column"),
        item=given.pop("item_column"),
        time=given.pop("time_column"),
        categorical=given.pop("categorical_features"),
        numeric=given.pop("numeric_features"),
    )
    repeated = sorted({name for name in _all(columns) if _all(columns).count(name) > 1})
    if repeated:
        raise InputError(f"column '{repeated[0]}' is used twice")
    return Options(columns=columns, **given)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """argparse would exit with code 2 and leave the failure file empty."""
        raise InputError(f"hyperparameters: {message}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(description="Trains the recommender on one day's interactions.", allow_abbrev=False)
    add = parser.add_argument
    add("--user_column", default="user_id")
    add("--item_column", default="item_id")
    add("--time_column", default="timestamp")
    add("--categorical_features", type=_names, default=())
    add("--numeric_features", type=_names, default=())
    add("--dimensions", type=_positive, default=64)
    add("--epochs", type=_positive, default=2)
    add("--batch_size", type=_positive, default=256)
    add("--learning_rate", type=_rate, default=0.03)
    add("--negatives", type=_positive, default=512)
    add("--replay_ratio", type=_ratio, default=0.5)
    add("--seed", type=int, default=0)
    add("--top_k", type=_positive, default=20)
    add("--warm_start", choices=("promoted", "never"), default="promoted")
    add("--exclude_seen", type=truth, default=True)
    add("--history_length", type=_positive, default=20)
    add("--max_history", type=_positive, default=500)
    add("--half_life_days", type=_rate, default=14.0)
    return parser


def truth(text: str) -> bool:
    """True or False; SageMaker's toolkit turns `true` into Python's `True` on the way."""
    known = {"true": True, "false": False}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return known[text.lower()]


def _all(columns: Columns) -> list[Any]:
    return [columns.user, columns.item, columns.time, *columns.categorical, *columns.numeric]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive whole number")
    return value


def _rate(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return value


def _ratio(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of at least 0")
    return value
