"""Random expressions of Spark SQL, mostly of the type that is asked for: templates with holes, filled from the inside.

A type is a letter or two: see TYPES. `{I}` is a hole for an int, `{v:I}` a variable of a lambda that the rest of the
template may use, `{X}` a hole for anything.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelinegen.sql.signatures import signatures

#: What the letters stand for.
TYPES: Mapping[str, str] = {
    "S": "string",
    "I": "int",
    "L": "bigint",
    "F": "float",
    "D": "double",
    "N": "decimal(12,2)",
    "B": "boolean",
    "A": "date",
    "T": "timestamp",
    "Y": "binary",
    "V": "interval day to second",
    "Z": "interval year to month",
    "AS": "array<string>",
    "AI": "array<int>",
    "AD": "array<double>",
    "AT": "array<struct<a:int,b:string>>",
    "AA": "array<array<int>>",
    "M": "map<string,int>",
    "MI": "map<int,string>",
    "ST": "struct<a:int,b:string>",
    "SN": "struct<p:struct<a:int,b:string>,q:array<int>,d:date>",
}
KIND_OF = {letters: re.split(r"[<( ]", type)[0] for letters, type in TYPES.items()}
_FILE = Path(__file__).with_name("sql_templates.json")
_GIVEN: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
#: What needs no hole, by type; the same of nested types, with holes.
LITERALS: Mapping[str, Sequence[str]] = _GIVEN["literals"]
NESTED: Mapping[str, str] = _GIVEN["nested"]
#: What gives any type (`{.}` is the type that is asked for), and any that can be ordered.
_ANY, _ORDERED = _GIVEN["any"], _GIVEN["ordered"]
#: What gives a type; what does over a group; what does over a window as well as over a group.
TEMPLATES: Mapping[str, Sequence[str]] = _GIVEN["templates"]
AGGREGATES: Mapping[str, Sequence[str]] = _GIVEN["aggregates"]
WINDOWED: Mapping[str, Sequence[str]] = _GIVEN["windowed"]
_HOLE = re.compile(r"\{(v:|v1|)([A-Z]{1,2}0?|\.|)\}")
_ORDERABLE = frozenset("SILFDNBATYVZ")


class Expressions:
    """Writes expressions over columns; `wrong` is the share of holes that get what does not belong there."""

    def __init__(self, chance: random.Random, columns: Sequence[tuple[str, str]], wrong: float) -> None:
        self.chance, self.columns, self.wrong = chance, list(columns), wrong

    def of(self, letters: str, depth: int = 2) -> str:
        """An expression of a type, or now and then of another."""
        if self.chance.random() < self.wrong:
            letters = self.chance.choice([*TYPES, "X", "NULL"])
        if letters == "NULL" or (letters == "X" and self.chance.random() < 0.03):
            return "NULL"
        if letters == "B0":
            return self.chance.choice(("true", "false"))
        if letters == "X":
            letters = self.chance.choice([*TYPES])
        return self._column(letters) if depth <= 0 or self.chance.random() < 0.35 else self._filled(letters, depth)

    def aggregate(self, letters: str, depth: int = 1) -> str:
        """The same over a group."""
        return self.fill(self.chance.choice(AGGREGATES.get(letters, ("max({.})", "first({.})"))), letters, depth)

    def windowed(self, letters: str) -> str:
        """A function of a window, without its OVER."""
        return self.fill(self.chance.choice(WINDOWED.get(letters, ("max({.})", "lag({.})"))), letters, 1)

    def call(self, depth: int = 1) -> str:
        """A call of any function that Spark brings, with arguments that are mostly what it takes."""
        known = self.chance.choice(sorted(signatures().values(), key=lambda item: item.name))
        count = self.chance.choice(known.counts or (2, 3)) if self.chance.random() > self.wrong else 3
        refused = known.by_count.get(str(count), {}).get("refused", [[]] * count)
        arguments = []
        for place in range(count):
            others = refused[place] if place < len(refused) else ()
            fine = [letters for letters in TYPES if KIND_OF[letters] not in others] or list(TYPES)
            arguments.append(self.of(self.chance.choice(fine), depth))
        return f"{known.name}({', '.join(arguments)})"

    def fill(self, template: str, letters: str, depth: int) -> str:
        """A template with its holes filled."""
        outside, made = len(self.columns), [""]

        def filled(found: re.Match[str]) -> str:
            mark, wanted = found.groups()
            if mark == "v1":
                return made[-1]
            inner = letters if wanted == "." else wanted
            if mark != "v:":
                return self.of(inner, depth - 1)
            made.append(f"x{len(self.columns)}")
            self.columns.extend([(made[-1], inner)] * 4)
            return made[-1]

        text = _HOLE.sub(filled, template.replace("<.>", TYPES[letters]))
        del self.columns[outside:]
        return text

    def _filled(self, letters: str, depth: int) -> str:
        choices = list(TEMPLATES[letters])
        if self.chance.random() < 0.15:
            choices = [*_ANY, *(_ORDERED if letters in _ORDERABLE else ())]
        return self.fill(self.chance.choice(choices), letters, depth)

    def _column(self, letters: str) -> str:
        fitting = [name for name, kind in self.columns if kind == letters]
        if fitting and self.chance.random() < 0.75:
            name = self.chance.choice(fitting)
            return name if self.chance.random() > self.wrong / 2 else f"{name[:-1]}q"
        if letters in LITERALS:
            return self.chance.choice(LITERALS[letters])
        if self.chance.random() < 0.3:
            return f"CAST(NULL AS {TYPES[letters]})"
        return self.fill(NESTED[letters], letters, 1)
