"""Asks the SQL checker and Spark's own analyzer of random queries, and counts where they differ.

    python -m tests.oracle.sql_fuzz --count 1000 --seed 1 [--mutated] [--show 20] [--kept FILE]

A false accept is a query on which the checker says nothing and that Spark's analyzer refuses; a false refusal one that
Spark plans and the checker refuses. What the checker leaves to Spark (`validate` then asks it) is counted apart.
`--kept` names a file of Spark's verdicts, which do not change when the checker does.
"""
# ruff: noqa: E501 - lists of what may stand somewhere

import argparse
import datetime
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelinegen.local.java import find_java
from pipelinegen.sql.check import check_query
from pipelinegen.sql.question import Question
from tests.oracle.mutated_queries import Mutated
from tests.oracle.random_queries import INPUTS, PARAMETERS, Queries

VALUES = {"run_date": datetime.date(2026, 11, 22), "days": 3, "share": 0.5, "word": "x", "flag": True}


class Analyzer:
    """Spark's analyzer over empty tables; nothing is run."""

    def __init__(self, session: Any = None, inputs: Mapping[str, Mapping[str, str | None]] = INPUTS) -> None:
        from pyspark.sql import SparkSession

        os.environ.setdefault("JAVA_HOME", str(find_java().parents[1]))
        builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        self.session = session or builder.config("spark.log.level", "OFF").getOrCreate()
        for name, columns in inputs.items():
            schema = ", ".join(f"{column} {type}" for column, type in columns.items())
            self.session.createDataFrame([], schema).createOrReplaceTempView(name)

    def refusal(self, sql: str) -> str | None:
        """Why a query cannot be planned; None if it can."""
        try:
            self.session.sql(sql, args=VALUES)
        except Exception as error:  # py4j raises what it will
            return " ".join(str(error).split("\n")[:2])[:400] or type(error).__name__
        return None


@dataclass
class Counts:
    """What came of the queries; the lists hold each with what was said of it."""

    accepted: int = 0
    refused: int = 0
    left: int = 0
    false_accepts: list[tuple[str, str]] = field(default_factory=list)
    false_refusals: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)

    def add(self, sql: str, refusal: str | None) -> None:
        """Asks the checker, too."""
        try:
            answer = check_query(Question(sql, INPUTS, {}, {}, PARAMETERS))
            findings = answer.findings
        except Exception as error:  # the checker is under test
            self.broken.append((sql, repr(error)))
            return
        if refusal is None and findings:
            self.false_refusals.append((sql, f"{findings[0].id} {findings[0].message}"))
        elif answer.doubts and not findings:
            self.left += 1
        elif refusal is not None and not findings:
            self.false_accepts.append((sql, refusal))
        elif findings:
            self.refused += 1
        else:
            self.accepted += 1

    def summary(self) -> str:
        """One line."""
        return (
            f"accepted by both {self.accepted}, refused by both {self.refused}, "
            f"left to Spark {self.left}, "
            f"false accepts {len(self.false_accepts)}, false refusals {len(self.false_refusals)}, broken {len(self.broken)}"
        )


def count(queries: Iterable[str], verdicts: dict[str, str | None], analyzer: Any) -> Counts:
    """Counts over queries; `analyzer` gives an Analyzer when the first one is asked that has no verdict yet."""
    counts = Counts()
    for sql in queries:
        if sql not in verdicts:
            verdicts[sql] = analyzer().refusal(sql)
        counts.add(sql, verdicts[sql])
    return counts


def _class_of(refusal: str) -> str:
    found = re.match(r"\[([A-Z_.]+)\]", refusal)
    return found.group(1) if found else re.sub(r"'[^']*'|`[^`]*`|\d+", "…", refusal)[:70]


def main() -> None:
    """Prints the counts, and the first of what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=10)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--mutated", action="store_true", help="queries as people write them, with words exchanged")
    given = parser.parse_args()
    kept = given.kept
    verdicts = json.loads(kept.read_text()) if kept and kept.is_file() else {}
    made = Mutated(given.seed) if given.mutated else Queries(given.seed)
    session: list[Analyzer] = []

    def analyzer() -> Analyzer:
        session.extend([] if session else [Analyzer()])
        return session[0]

    counts = count((made.query() for _ in range(given.count)), verdicts, analyzer)
    if kept:
        kept.write_text(json.dumps(verdicts))
    print(f"{given.count} queries of seed {given.seed}: {counts.summary()}")
    for title, items in (
        ("false accepts", counts.false_accepts),
        ("false refusals", counts.false_refusals),
        ("broken", counts.broken),
    ):
        for name, number in Counter(_class_of(said) for _, said in items).most_common(40):
            print(f"  {title}: {number:5} {name}")
        for sql, said in items[: given.show]:
            print(f"- {title}: {sql}\n    {said}")


if __name__ == "__main__":
    main()
