"""Queries as people write them, with one to three words exchanged, left out or put in: seeded."""

import random
import re
from collections.abc import Sequence

from tests.oracle.random_queries import INPUTS, PARAMETERS
from tests.unit.sql.queries import FINE
from tests.unit.sql.queries_of_analysts import FINE as WRITTEN

_WORDS = re.compile(r"'(?:[^']|'')*'|:?[A-Za-z_][\w.]*|\d+(?:\.\d+)?|<=>|<>|<=|>=|==|->|\S")
_COLUMNS = tuple(sorted({name for columns in INPUTS.values() for name in columns}))
_VALUES = (
    "'a'",
    "1",
    "0.5",
    "NULL",
    "true",
    "DATE '2026-01-01'",
    "INTERVAL 1 DAY",
    "array(1, 2)",
    "'2026-01-01'",
    "-1",
)
_SIGNS = ("=", "<", ">=", "<>", "+", "-", "*", "/", "%", "||", "<=>", "LIKE", "AND", "OR", "IN")
_FUNCTIONS = (
    *("abs", "array_join", "avg", "cast", "ceil", "coalesce", "collect_list", "collect_set", "concat", "concat_ws"),
    *("count", "date_add", "date_format", "date_trunc", "datediff", "day", "element_at", "explode", "first", "floor"),
    *("from_json", "greatest", "hour", "if", "lag", "last", "least", "length", "lower", "max", "min", "month"),
    *("nullif", "nvl", "rank", "regexp_extract", "round", "row_number", "size", "sort_array", "split", "stddev"),
    *("substring", "sum", "to_date", "to_json", "to_timestamp", "transform", "trim", "unix_timestamp", "upper"),
    "year",
)


class Mutated:
    """Writes them."""

    def __init__(self, seed: int, given: Sequence[str] = (*FINE, *WRITTEN)) -> None:
        self.chance, self.given = random.Random(seed), [sql for sql in given if len(sql) < 1500]

    def query(self) -> str:
        """One query."""
        words = _WORDS.findall(self.chance.choice(self.given))
        for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
            self._change(words)
        return " ".join(words)

    def _change(self, words: list[str]) -> None:
        place = self.chance.randrange(len(words))
        way = self.chance.random()
        if way < 0.1:
            del words[place]
        elif way < 0.2:
            words.insert(place, self.chance.choice((*_COLUMNS, *_VALUES, *_SIGNS, ",", "(", ")", "DISTINCT", "NOT")))
        elif way < 0.3:
            other = self.chance.randrange(len(words))
            words[place], words[other] = words[other], words[place]
        elif way < 0.4:
            words[place] = self.chance.choice(words)
        else:
            self._exchange(words, place)

    def _exchange(self, words: list[str], place: int) -> None:
        """One of the same sort."""
        word = words[place]
        is_call = words[place + 1 : place + 2] == ["("]
        if is_call and word.isidentifier():
            words[place] = self.chance.choice(_FUNCTIONS)
        elif word in _SIGNS:
            words[place] = self.chance.choice(_SIGNS)
        elif word[0] in "'0123456789":
            words[place] = self.chance.choice((*_VALUES, *_COLUMNS, *(f":{name}" for name in PARAMETERS)))
        elif word.split(".")[-1] in _COLUMNS:
            words[place] = self.chance.choice((*_COLUMNS, *_COLUMNS, *_VALUES))
