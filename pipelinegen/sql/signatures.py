"""What Spark takes and gives: its functions and operators by kinds of types, as Spark itself said (tests/oracle)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from pipelinegen.sql.kinds import CONTRACT_KINDS, kind_of

#: No more arguments were tried.
_MOST = 7
#: What these take depends on the elements of an array, or they want constants, which the table does not tell.
_NOT_TOLD = frozenset(
    {
        "approx_percentile",
        "array_insert",
        "mask",
        "overlay",
        "percentile",
        "percentile_approx",
        "sequence",
        "sort_array",
    }
)
#: Functions of any number of arguments, of which each goes with each.
_ALIKE = frozenset({"array", "concat", "greatest", "least"})


@dataclass(frozen=True, slots=True)
class Signature:
    """One function: how many arguments it takes, what it refuses by number of arguments, and its group in Spark."""

    name: str
    group: str
    counts: tuple[int, ...]
    by_count: Mapping[str, Mapping[str, Any]]

    @property
    def is_aggregate(self) -> bool:
        """Whether it makes one value of many rows."""
        return self.group == "agg_funcs"

    @property
    def is_window(self) -> bool:
        """Whether it needs an OVER."""
        return self.group == "window_funcs"

    def fault(self, types: Sequence[str | None]) -> str | None:
        """Why it does not take arguments of these types, None for unknown ones; None if it may."""
        count = len(types)
        if self.counts and count <= _MOST and count not in self.counts:
            return f"'{self.name}' takes {_numbers(self.counts)}, found {count}"
        kinds = [kind_of(type) for type in types]
        for place, (kind, refused) in enumerate(zip(kinds, self._refused(count), strict=False)):
            if kind in refused:
                which = f" as its {_ORDINALS[place]} argument" if count > 1 else ""
                return f"'{self.name}' takes no {types[place]}{which}"
        is_told = self.name not in _NOT_TOLD and (count == 2 or self.name in _ALIKE)
        for one, two in combinations(range(count), 2) if is_told else ():
            if f"{kinds[one]} {kinds[two]}" in self.by_count.get("2", {}).get("apart", ()):
                return f"'{self.name}' does not take {types[one]} together with {types[two]}"
        return None

    def _refused(self, count: int) -> Sequence[Sequence[str]]:
        """The kinds of types that each argument cannot have, of as many as are known of so many."""
        if self.name in _NOT_TOLD:
            return ()
        known = max((int(asked) for asked in self.by_count if int(asked) <= count), default=0)
        refused: Sequence[Sequence[str]] = self.by_count.get(str(known), {}).get("refused", ())
        return refused

    def constants(self, count: int) -> Sequence[int]:
        """The places of arguments that must not depend on rows."""
        places: Sequence[int] = self.by_count.get(str(count), {}).get("constants", ())
        return places

    def accepted(self, types: Sequence[str | None]) -> str:
        """What it takes instead, in words; nothing where a list would not help."""
        refused = self.by_count.get(str(len(types)), {}).get("refused", ())
        for type, others in zip(types, refused, strict=False):
            if kind_of(type) in others:
                return ", ".join(kind for kind in CONTRACT_KINDS if kind not in others)
        return ""

    def result(self, types: Sequence[str | None]) -> str | None:
        """The type of the result, where it is certain; more arguments than were tried change nothing."""
        most = max((int(count) for count in self.by_count if int(count) <= len(types)), default=0)
        rules = self.by_count.get(str(most if len(types) in self.counts else len(types)), {})
        found = rules.get("result")
        if found is None and "by" in rules:
            found = rules["results"].get(kind_of(types[rules["by"]]))
        return found if isinstance(found, str) else None


_ORDINALS = ("first", "second", "third", "fourth")


def _numbers(counts: Sequence[int]) -> str:
    if len(counts) > 1 and counts[-1] == _MOST:
        return f"at least {counts[0]} argument{'s' if counts[0] != 1 else ''}"
    words = " or ".join(map(str, counts)).replace("0", "no")
    return f"{words} argument{'' if counts == (1,) else 's'}"


@cache
def signatures() -> Mapping[str, Signature]:
    """Every function of Spark that was asked for, by name."""
    found = json.loads(Path(__file__).with_name("spark_signatures.json").read_text(encoding="utf-8"))
    return {
        name: Signature(name, item["group"], tuple(item.get("counts", ())), item["by_count"])
        for name, item in found.items()
    }


@cache
def _operators() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_name("spark_operators.json").read_text(encoding="utf-8")
    )
    return found


def takes(operator: str, *types: str | None) -> bool:
    """Whether an operator may take operands of these types; an unknown one may be anything."""
    kinds = [kind_of(type) for type in types]
    known = _operators().get(operator)
    if known is None:
        return True
    if all(kinds):
        return " ".join(kind or "" for kind in kinds) in known
    return any(all(kind in (None, part) for kind, part in zip(kinds, given.split(), strict=True)) for given in known)


def gives(operator: str, *types: str | None) -> str | None:
    """The type an operator gives, where it is certain."""
    kinds = [kind_of(type) or "" for type in types]
    if operator in "+-" and "date" in kinds and "daytime" in kinds:
        return None  # a day added to a date gives a date, an hour a timestamp
    return _operators()[operator].get(" ".join(kinds)) or None
