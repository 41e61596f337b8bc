"""What AWS's own SageMaker algorithms take by name and type: a committed table, read when one of them is used.

Sources: AWS's developer guide (awsdocs/amazon-sagemaker-developer-guide, `pages` of each row below doc_source/, and the
newer https://docs.aws.amazon.com/sagemaker/latest/dg/ where its pages differ), AWS's package `sagemaker` (accounts,
tags and the validators of its estimators), and the validation in aws/sagemaker-xgboost-container. Where they differ
the table takes what either takes; names that begin with '_' are the service's own, and nobody documents them.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from pipelinegen.errors import did_you_mean
from pipelinegen.spec.conditions import Scalar

TABLE: Final = Path(__file__).with_suffix(".json")

_NUMBER: Final = re.compile(r"(whole|number)((?: (?:>=|>|<=) [-0-9.]+)*)")
_BOUND: Final = re.compile(r"(>=|>|<=) ([-0-9.]+)")
_BOUND_WORDS: Final = {">=": "from", ">": "above", "<=": "to"}


@dataclass(frozen=True, slots=True)
class Rule:
    """Which values a hyperparameter takes: some words, numbers between bounds, or any text at all.

    `bounds` are pairs such as (">=", 1.0). `numbers` is "whole", "number" or empty; a rule without either takes all.
    """

    words: tuple[str, ...] = ()
    numbers: str = ""
    bounds: tuple[tuple[str, float], ...] = ()

    @property
    def takes_all(self) -> bool:
        """Whether nothing is known of the values."""
        return not self.words and not self.numbers

    @property
    def in_words(self) -> str:
        """The values in a sentence: it takes …"""
        if self.words == ("true", "false"):
            return "true or false"
        names = [word if word.isdigit() else f"'{word}'" for word in self.words]
        if len(names) > 8:
            return f"one of {len(names)} values"
        if self.numbers:
            ends = "".join(f" {_BOUND_WORDS[sign]} {_shown(bound)}" for sign, bound in self.bounds)
            names.append(("a whole number" if self.numbers == "whole" else "a number") + ends)
        *first, last = names
        return f"{', '.join(first)} or {last}" if first else last

    def takes(self, value: Scalar) -> bool:
        """Whether the algorithm takes a value as SageMaker hands it over, which is as text."""
        text = str(value)
        if self.takes_all or text in self.words or ("true" in self.words and text.lower() in ("true", "false")):
            return True
        if not self.numbers or isinstance(value, bool):
            return False
        try:
            number = float(int(text) if self.numbers == "whole" else float(text))
        except (ValueError, OverflowError):
            return False
        return self.holds(number)

    def holds(self, number: float, *, or_ends: bool = False) -> bool:
        """Whether a number lies between the bounds; `or_ends`: or is one of them, even where they do not belong."""
        known = {">=": number.__ge__, ">": number.__ge__ if or_ends else number.__gt__, "<=": number.__le__}
        return not math.isnan(number) and all(known[sign](bound) for sign, bound in self.bounds)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row of the table.

    `required` says of each hyperparameter when it is: always (None), or where another one has one of some values.
    `metrics` are the names by channel; a channel of which nothing is documented is missing. `has_all_names` is false
    for releases whose validation is not published: a name that is not in the table may be right.
    """

    repository: str
    title: str
    rules: Mapping[str, Rule]
    required: Mapping[str, tuple[str, tuple[str, ...]] | None]
    metrics: Mapping[str, tuple[str, ...]]
    channels: tuple[str, ...]
    required_channels: tuple[str, ...]
    row: Mapping[str, Any] = field(repr=False)
    has_all_names: bool = True

    @property
    def family(self) -> str:
        """What its releases have in common; whether one reads models of another is not known here."""
        return self.repository.removeprefix("sagemaker-")

    def may_have(self, name: str, known: Iterable[str]) -> bool:
        """Whether a name that is not known may be right: a release whose names are not published may have more.

        What is spelt much like a known name, and is none that XGBoost's own documentation has, is a slip there, too.
        """
        return not self.has_all_names and (name in self._words("newer") or did_you_mean(name, known) is None)

    @property
    def content_types(self) -> tuple[str, ...]:
        """The types of files that it reads; empty where that is not documented."""
        return self._words("content_types")

    @property
    def reads_parquet(self) -> bool:
        """Whether its channels may be tables."""
        return bool(self.row.get("parquet"))

    @property
    def reads_unless_said(self) -> str | None:
        """The type of files that it expects where none is given."""
        return self.row.get("reads_unless_said")

    @property
    def label_size(self) -> str | None:
        """How many of the first columns of text are labels, where that cannot be chosen."""
        return self.row.get("label_size")

    @property
    def channels_of_images(self) -> tuple[str, ...]:
        """The channels that it wants beside images that are files of their own."""
        return self._words("of_images")

    @property
    def sharded(self) -> tuple[str, ...]:
        """The channels whose files it wants shared out among the machines."""
        return self._words("sharded")

    @property
    def measured_by(self) -> str | None:
        """The hyperparameter that names the metrics it measures, where they can be chosen."""
        return self.row.get("measured_by")

    @property
    def tuned_by(self) -> str | None:
        """The one channel whose metrics a tuning may go by, where there is but one."""
        return self.row.get("tuned_by")

    @property
    def metrics_where(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """The metrics that it gives where a hyperparameter has a value; those of no such group it gives always."""
        rows = self.row.get("metrics_where", {}).items()
        split = ((condition.partition(" = "), names) for condition, names in rows)
        return {(name, value): tuple(names.split()) for (name, _, value), names in split}

    def content_type(self, channel: str, given: str | None) -> str | None:
        """The type that a channel's files are said to be; that of some channels is settled."""
        settled = self.row.get("content_type_of", {}).get(channel, {})
        found: str | None = settled.get((given or "").partition(";")[0]) or settled.get("") or given
        return found

    @property
    def serves(self) -> tuple[str, ...]:
        """The types of requests that its image answers."""
        return self._words("serves")

    @property
    def machines(self) -> str:
        """What it needs: some of `gpu`, `cpu` (only), `single`, and `unless mode = x` for the last."""
        return str(self.row.get("machines", ""))

    @property
    def may_run_a_program(self) -> bool:
        """Whether the image also runs programs of the user's, which then are all it does."""
        return bool(self.row.get("takes_a_program"))

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of its image, oldest first."""
        return self._words("tags")

    def account(self, region: str) -> str | None:
        """The AWS account that has its image in a region, None where there is none."""
        return None if region in self._words("not_in") else account_of(self.row["accounts"], region)

    def _words(self, key: str) -> tuple[str, ...]:
        return tuple(str(self.row.get(key, "")).split())


@cache
def table() -> Mapping[str, Any]:
    """The whole table as it is written."""
    found: Mapping[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found


def repositories() -> tuple[str, ...]:
    """The repositories of all algorithms."""
    return tuple(table()["algorithms"])


def account_of(group: str, region: str) -> str | None:
    """The account of a group of images in a region; most are in the one of the group `algorithms`."""
    accounts = table()["accounts"]
    found: str | None = accounts[group].get(region) or accounts["algorithms"].get(region)
    return found


@cache
def accounts() -> frozenset[str]:
    """Every account that has images of algorithms, in any region."""
    return frozenset(account for group in table()["accounts"].values() for account in group.values())


@cache
def algorithm(repository: str, tag: str = "") -> Algorithm | None:
    """The algorithm whose image lies in a repository of that name; `tag` tells releases that differ."""
    row = table()["algorithms"].get(repository)
    if row is None:
        return None
    row = {**table()["algorithms"].get(row.get("like"), {}), **row}
    rules = {name: _rule(rule) for rule, names in _hyperparameters(repository) for name in names.split()}
    channels = row["channels"].split()
    major, last = tag.partition(".")[0], row.get("names_until")
    return Algorithm(
        repository=repository,
        title=row["title"],
        rules=rules,
        required={name: _condition(when) for name, when in row["required"].items()},
        metrics={channel: tuple(names.split()) for channel, names in row["metrics"].items()},
        channels=tuple(channel.strip("[]") for channel in channels),
        required_channels=tuple(channel for channel in channels if not channel.startswith("[")),
        row=row,
        has_all_names=last is None or (major.isdigit() and int(major) <= int(last)) or "like" in row,
    )


def _hyperparameters(repository: str) -> list[tuple[str, str]]:
    """Rules and the names that each is for; a row that is like another one has those of both."""
    rows = table()["algorithms"]
    row = rows[repository]
    return [*rows.get(row.get("like"), {}).get("hyperparameters", {}).items(), *row["hyperparameters"].items()]


def _rule(text: str) -> Rule:
    if text in ("text", "metrics"):
        return Rule()
    *words, last = text.split(" | ")
    found = _NUMBER.fullmatch(last)
    if found is None:
        return Rule((*words, last))
    bounds = tuple((sign, float(bound)) for sign, bound in _BOUND.findall(found[2]))
    return Rule(tuple(words), found[1], bounds)


def _condition(text: str) -> tuple[str, tuple[str, ...]] | None:
    name, _, values = text.partition(" = ")
    return (name, tuple(values.split(" | "))) if name else None


def _shown(bound: float) -> str:
    return f"{bound:,.0f}" if bound == int(bound) else f"{bound:f}".rstrip("0")
