"""Random queries of Spark SQL over the tables of INPUTS: seeded, and mostly right."""
# ruff: noqa: E501 - lists of what may stand somewhere

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.oracle.random_expressions import AGGREGATES, LITERALS, TYPES, Expressions

#: Every type that a contract may have.
INPUTS: dict[str, dict[str, str | None]] = {
    "clicks": {
        "user_id": "string",
        "vehicle_id": "string",
        "clicked_at": "timestamp",
        "day": "date",
        "seconds": "int",
        "total": "bigint",
        "price": "double",
        "is_new": "boolean",
        "cost": "decimal(12,2)",
        "words": "array<string>",
    },
    "vehicles": {"vehicle_id": "string", "make": "string", "price": "double", "listed_on": "date"},
    "events": {
        "event_id": "bigint",
        "user_id": "string",
        "payload": "string",
        "scores": "array<double>",
        "ids": "array<int>",
        "weight": "float",
        "created_at": "timestamp",
        "kind": "string",
        "amount": "decimal(10,4)",
        "n": "int",
    },
}
PARAMETERS = {"run_date": "date", "days": "int", "share": "double", "word": "string", "flag": "boolean"}
_LETTERS = {**{type: letters for letters, type in TYPES.items()}, "decimal(10,4)": "N"}
_GIVEN = ("S", "S", "I", "I", "L", "D", "D", "N", "B", "A", "T", "AS", "AI", "AD", "AT", "M", "ST", "SN", "V")
_FRAMES = (
    *("ROWS BETWEEN {n} PRECEDING AND CURRENT ROW", "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"),
    *(
        "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        "ROWS {n} PRECEDING",
        "RANGE BETWEEN {n} PRECEDING AND {n} FOLLOWING",
    ),
    *("RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND CURRENT ROW", "ROWS BETWEEN {n} FOLLOWING AND {n} FOLLOWING"),
    *(
        "RANGE BETWEEN CURRENT ROW AND INTERVAL 1 HOUR FOLLOWING",
        "RANGE BETWEEN INTERVAL 1 MONTH PRECEDING AND CURRENT ROW",
    ),
    "ROWS BETWEEN CURRENT ROW AND {n} PRECEDING",
)

Columns = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Source:
    """What stands in FROM, and the columns it has: how each is written, and its letters."""

    sql: str
    columns: Columns


class Queries:
    """Writes queries."""

    def __init__(self, seed: int, wrong: float = 0.03) -> None:
        self.chance, self.wrong, self.made = random.Random(seed), wrong, 0

    def query(self) -> str:
        """One query."""
        self.made = 0
        self.named: list[tuple[str, Columns]] = []
        wrong = self.wrong
        self.wrong = 0.0 if self.chance.random() < 0.3 else wrong
        kind = self.chance.choice(
            (self._plain, self._plain, self._grouped, self._grouped, self._over, self._sweep, self._set)
        )
        start = self._with() if self.chance.random() < 0.25 else ""
        sql = start + kind(2)[0]
        self.wrong = wrong
        return self._mangled(sql) if self.chance.random() < 0.08 else sql

    def _name(self, start: str) -> str:
        self.made += 1
        return f"{start}{self.made}"

    def _of(self, source: Source) -> Expressions:
        return Expressions(self.chance, source.columns, self.wrong)

    def _with(self) -> str:
        parts = []
        for _ in range(self.chance.randint(1, 2)):
            sql, columns = self.chance.choice((self._plain, self._grouped, self._over))(1)
            name = self._name("w") if self.chance.random() > self.wrong else "w1"
            names = f"({', '.join(f'k{place}' for place in range(len(columns)))})" if self.chance.random() < 0.2 else ""
            if names:
                columns = [(f"k{place}", letters) for place, (_, letters) in enumerate(columns)]
            parts.append(f"{name}{names} AS ({sql})")
            self.named.append((name, columns))
        return f"WITH {', '.join(parts)} "

    def _table(self, depth: int, alias: str | None = None) -> Source:
        """A table, a WITH query or a query in brackets, with its columns qualified now and then."""
        draw = self.chance.random()
        if self.named and draw < 0.35:
            name, columns = self.chance.choice(self.named)
        elif depth > 0 and draw < 0.5:
            sql, columns = self._nested(depth - 1) if self.chance.random() < 0.4 else self._plain(depth - 1)
            alias, name = alias or self._name("q"), f"({sql})"
        else:
            name = self.chance.choice(list(INPUTS))
            columns = [(column, _LETTERS[type or ""]) for column, type in INPUTS[name].items()]
        given = f"{name} {alias}" if alias else name
        prefix = alias or (name if not name.startswith("(") else "")
        if prefix and (alias or self.chance.random() < 0.3):
            columns = [(f"{prefix}.{column}", letters) for column, letters in columns]
        return Source(given, columns)

    def _source(self, depth: int) -> Source:
        draw = self.chance.random()
        if draw < 0.25 and depth > 0:
            return self._join(depth)
        found = self._table(depth)
        if draw > 0.85:
            return self._lateral(found)
        return self._pivot(found) if draw > 0.82 else found

    def _join(self, depth: int) -> Source:
        one, two = self._table(depth - 1, self._name("a")), self._table(depth - 1, self._name("b"))
        word = self.chance.choice(
            ("JOIN", "LEFT JOIN", "FULL OUTER JOIN", "CROSS JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN", "INNER JOIN")
        )
        both = Source("", [*one.columns, *two.columns])
        names = {column.split(".")[-1] for column, _ in one.columns} & {
            column.split(".")[-1] for column, _ in two.columns
        }
        on = f" ON {self._of(both).of('B')}" if word != "CROSS JOIN" else ""
        shown = one.columns if "SEMI" in word or "ANTI" in word else both.columns
        if names and word != "CROSS JOIN" and self.chance.random() < 0.4:
            name = self.chance.choice(sorted(names))
            on = f" USING ({name})"
            letters = next(letters for column, letters in one.columns if column.split(".")[-1] == name)
            shown = [*shown, (name, letters)]
        return Source(f"{one.sql} {word} {two.sql}{on}", shown)

    def _lateral(self, source: Source) -> Source:
        of, view = self._of(source), self._name("l")
        sql, given = self.chance.choice(
            (
                (f"explode({of.of('AS', 1)}) {view} AS {view}c", [("c", "S")]),
                (f"explode({of.of('AT', 1)}) {view} AS {view}c", [("c", "ST")]),
                (f"explode({of.of('AI', 1)}) {view} AS {view}c", [("c", "I")]),
                (f"posexplode({of.of('AD', 1)}) {view} AS {view}p, {view}c", [("p", "I"), ("c", "D")]),
                (f"explode({of.of('M', 1)}) {view} AS {view}k, {view}c", [("k", "S"), ("c", "I")]),
                (f"inline({of.of('AT', 1)}) {view} AS {view}a, {view}b", [("a", "I"), ("b", "S")]),
                (f"inline({of.of('AT', 1)}) {view}", []),
                (f"json_tuple({of.of('S', 1)}, 'a', 'b') {view} AS {view}a, {view}b", [("a", "S"), ("b", "S")]),
                (
                    f"stack(2, {of.of('I', 1)}, {of.of('S', 1)}, 2, 'b') {view} AS {view}a, {view}b",
                    [("a", "I"), ("b", "S")],
                ),
                (f"explode({of.of('AS', 1)}) {view}", []),
            )
        )
        columns = [(f"{view}{name}", letters) for name, letters in given]
        outer = self.chance.choice(("", "OUTER "))
        return Source(f"{source.sql} LATERAL VIEW {outer}{sql}", [*source.columns, *columns])

    def _pivot(self, source: Source) -> Source:
        simple = [column for column, letters in source.columns if letters == "S" and "." not in column]
        numbers = [column for column, letters in source.columns if letters in "IDLN" and "." not in column]
        if not simple or not numbers:
            return source
        key, value = self.chance.choice(simple), self.chance.choice(numbers)
        kept = [
            (column, letters)
            for column, letters in source.columns
            if letters == "S" and column != key and "." not in column
        ][:2]
        inner = ", ".join([key, value, *(column for column, _ in kept)])
        pivot = f"PIVOT (sum({value}) AS s FOR {key} IN ('x' AS x1, 'y' AS y1))"
        return Source(f"(SELECT {inner} FROM {source.sql}) {pivot}", [*kept, ("x1", "D"), ("y1", "D")])

    def _where(self, source: Source, depth: int) -> str:
        if self.chance.random() < 0.5:
            return ""
        condition = self._of(source).of("B")
        if depth > 0 and self.chance.random() < 0.3:
            condition = f"{condition} AND {self._subquery(source, depth - 1)}"
        return f" WHERE {condition}"

    def _subquery(self, source: Source, depth: int) -> str:
        letters = self.chance.choice("SIDA")
        inner, mine = self._table(0, self._name("s")), self._of(source)
        own = self._of(inner)
        tie = f"{own.of(letters, 0)} = {mine.of(letters, 0)}"
        forms = (
            f"EXISTS (SELECT 1 FROM {inner.sql} WHERE {tie})",
            f"NOT EXISTS (SELECT * FROM {inner.sql} WHERE {tie} AND {own.of('B', 1)})",
            f"{mine.of(letters, 1)} IN (SELECT {own.of(letters, 1)} FROM {inner.sql})",
            f"{mine.of(letters, 1)} NOT IN (SELECT {own.of(letters, 1)} FROM {inner.sql} WHERE {own.of('B', 1)})",
            f"{mine.of(letters, 1)} = (SELECT max({own.of(letters, 1)}) FROM {inner.sql})",
            f"{mine.of(letters, 1)} > (SELECT min({own.of(letters, 1)}) FROM {inner.sql} WHERE {tie})",
        )
        return self.chance.choice(forms)

    def _plain(self, depth: int) -> tuple[str, Columns]:
        source = self._source(depth)
        of, given, parts = self._of(source), [], []
        for _ in range(self.chance.randint(1, 3)):
            letters, name = self.chance.choice(_GIVEN), self._name("c")
            parts.append(f"{of.of(letters)} AS {name}")
            given.append((name, letters))
            if self.chance.random() < 0.15:
                of.columns.append((name, letters))
        if self.chance.random() < 0.1:
            parts.append(f"explode({of.of('AI', 1)}) AS {self._name('e')}")
        if self.chance.random() < 0.08:
            parts.append("*")
        distinct = "DISTINCT " if self.chance.random() < 0.1 else ""
        order = f" ORDER BY {given[0][0]}" if self.chance.random() < 0.2 else ""
        limit = f" LIMIT {of.of('I', 0) if self.chance.random() < 0.2 else 3}" if self.chance.random() < 0.15 else ""
        return f"SELECT {distinct}{', '.join(parts)} FROM {source.sql}{self._where(source, depth)}{order}{limit}", given

    def _nested(self, depth: int) -> tuple[str, Columns]:
        """A query that gives structs, maps and arrays."""
        source = self._table(depth)
        of, given = (
            self._of(source),
            [
                (self._name("n"), letters)
                for letters in self.chance.sample(("AT", "M", "ST", "SN", "AA", "MI", "AI"), 3)
            ],
        )
        parts = [f"{of.of(letters, 1)} AS {name}" for name, letters in given]
        return f"SELECT {', '.join(parts)} FROM {source.sql}", given

    def _grouped(self, depth: int) -> tuple[str, Columns]:
        source = self._source(depth)
        of = self._of(source)
        keys = [
            (self._key(of, letters), letters) for letters in self.chance.choices("SSIAB", k=self.chance.randint(1, 2))
        ]
        parts = [(f"{key} AS {name}", name, letters) for key, letters in keys for name in [self._name("g")]]
        for letters in self.chance.choices(sorted(AGGREGATES), k=self.chance.randint(1, 3)):
            name = self._name("m")
            parts.append((f"{of.aggregate(letters)} AS {name}", name, letters))
        if self.chance.random() < self.wrong * 2:
            parts.append((of.of("S"), "loose", "S"))
        by = ", ".join(key for key, _ in keys)
        names = ", ".join(name for _, name, _ in parts[: len(keys)])
        numbers = ", ".join(map(str, range(1, len(keys) + 1)))
        sets = (f"ROLLUP ({by})", f"CUBE ({by})", f"GROUPING SETS (({by}), ())", "ALL", f"{by} WITH ROLLUP")
        group = self.chance.choice((by, by, by, by, names, numbers, *sets))
        having = f" HAVING {of.aggregate('B')}" if self.chance.random() < 0.25 else ""
        order = f" ORDER BY {parts[-1][1]}" if self.chance.random() < 0.2 else ""
        shown = ", ".join(part for part, _, _ in parts)
        sql = f"SELECT {shown} FROM {source.sql}{self._where(source, depth)} GROUP BY {group}{having}{order}"
        return sql, [(name, letters) for _, name, letters in parts]

    def _key(self, of: Expressions, letters: str) -> str:
        """What one groups by: something with a column in it, since Spark takes plain numbers for places."""
        for _ in range(6):
            key = of.of(letters, self.chance.choice((0, 0, 1)))
            if any(re.search(rf"\b{re.escape(name)}\b", key) for name, _ in of.columns):
                return key
        return of.columns[0][0]

    def _over(self, depth: int) -> tuple[str, Columns]:
        source = self._source(depth)
        of, parts, given = self._of(source), [], []
        is_named = self.chance.random() < 0.3
        for letters in self.chance.choices(("I", "I", "D", "L", "S", "T", "AS"), k=self.chance.randint(1, 2)):
            name = self._name("o")
            over = (
                self.chance.choice(("w", "w", "w", "(w)", "(w ORDER BY 1)", "v"))
                if is_named
                else f"({self._window(of)})"
            )
            parts.append(f"{of.windowed(letters)} OVER {over} AS {name}")
            given.append((name, letters))
        window = f" WINDOW w AS ({self._window(of)})" if is_named else ""
        parts.append(f"{of.of('S', 1)} AS {self._name('c')}")
        return f"SELECT {', '.join(parts)} FROM {source.sql}{self._where(source, depth)}{window}", given

    def _window(self, of: Expressions) -> str:
        partition = f"PARTITION BY {of.of(self.chance.choice('SAI'), 1)}" if self.chance.random() < 0.6 else ""
        letters = self.chance.choice("ATIDLNS")
        keys = [of.of(letters, 1)] + ([of.of("S", 0)] if self.chance.random() < 0.15 else [])
        order = f"ORDER BY {', '.join(keys)}" if self.chance.random() < 0.85 else ""
        number = of.of("I", 1) if self.chance.random() < 0.15 else str(self.chance.randint(0, 6))
        frame = self.chance.choice(_FRAMES).replace("{n}", number) if self.chance.random() < 0.4 else ""
        return " ".join(part for part in (partition, order, frame) if part)

    def _sweep(self, depth: int) -> tuple[str, Columns]:
        """Calls of any function, one or inside another."""
        source = self._table(0)
        of = self._of(source)
        calls = [of.call(self.chance.choice((0, 0, 0, 1))) for _ in range(self.chance.choice((1, 1, 1, 2)))]
        return f"SELECT {', '.join(f'{call} AS r{place}' for place, call in enumerate(calls))} FROM {source.sql}", []

    def _set(self, depth: int) -> tuple[str, Columns]:
        letters = self.chance.choices(_GIVEN, k=self.chance.randint(1, 3))
        halves = []
        for _ in range(self.chance.choice((2, 2, 3))):
            source = self._table(1)
            of = self._of(source)
            halves.append(
                f"SELECT {', '.join(f'{of.of(item, 1)} AS u{place}' for place, item in enumerate(letters))} FROM {source.sql}"
            )
        word = self.chance.choice((" UNION ALL ", " UNION ", " EXCEPT ", " INTERSECT "))
        order = f" ORDER BY {self.chance.choice(('u0', '1', 'u9'))}" if self.chance.random() < 0.2 else ""
        return word.join(halves) + order, [(f"u{place}", item) for place, item in enumerate(letters)]

    def _mangled(self, sql: str) -> str:
        """One word put in place of another."""
        words = re.findall(r"\w+|\W", sql)
        names = [place for place, word in enumerate(words) if re.fullmatch(r"[a-z]\w*", word)]
        if names:
            fitting = [words[place] for place in names]
            pool = [
                *fitting,
                *(name for columns in INPUTS.values() for name in columns),
                *LITERALS["S"],
                "a",
                "b",
                "zz",
            ]
            words[self.chance.choice(names)] = self.chance.choice(pool)
        return "".join(words)
