"""Renews the kinds of arguments that Spark's functions take in any combination.

    python -m tests.oracle.renew_spark_products [NAME …]     pipelinegen/sql/spark_products.json

For each function and number of arguments, the kinds for each place; whatever is chosen from them, Spark takes it. Of
arrays, maps and structs there are single types where it does not take all. With two arguments every pair was asked for,
with more as many as SAMPLE. `renew_spark_signatures` says what is refused;
what neither file tells is left to Spark itself. It takes some ten minutes.
"""

import itertools
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelinegen.sql.signatures import Signature, signatures
from tests.oracle.renew_spark_signatures import FOLDER, KINDS, Function, Spark, columns_of, constants_of

PRODUCTS = FOLDER / "spark_products.json"
#: Combinations that are tried of three arguments and more, and of first ones that any of it begins with.
SAMPLE, BASES = 120, 60
MOST = 6
Places = list[list[str]]
#: What is asked for: kinds that are one type, and types of the others.
SORTS: Mapping[str, tuple[str, int]] = {
    (kind if len(types) == 1 else type): (kind, number)
    for kind, types in KINDS.items()
    for number, type in enumerate(types)
}


class Asked(Function):
    """A function, and what was found out of combinations of kinds."""

    def __init__(self, spark: Spark, known: Signature) -> None:
        super().__init__(spark, known.name, known.group)
        self.known = known

    def takes(self, sorts: Sequence[str]) -> bool:
        """Whether arguments of these sorts are taken, as constants where only those are."""
        return self.spark.ask(self.call(map(self.argument, sorts, range(len(sorts)))))[0] == "ok"

    def argument(self, sort: str, place: int) -> str:
        """A column, or a constant."""
        kind, number = SORTS[sort]
        given = constants_of(kind) if place in self.constants else columns_of(kind)
        return given[number % len(given)]

    def product(self, count: int) -> Places | None:
        """The kinds for each place; None if no combination was found that is taken."""
        self.constants = tuple(self.known.constants(count))
        maybe = self._not_refused(count)
        base = next((kinds for kinds in self._bases(maybe, count) if self.takes(kinds)), None)
        if base is None:
            return None
        places = [
            [kind for kind in maybe[place] if self.takes((*base[:place], kind, *base[place + 1 :]))]
            for place in range(count)
        ]
        return self._in_pairs(places) if count == 2 else self._in_samples(places)

    def _not_refused(self, count: int) -> Places:
        refused = self.known.by_count.get(str(count), {}).get("refused") or [[]] * count
        return [[sort for sort, (kind, _) in SORTS.items() if kind not in item] for item in refused]

    def _bases(self, maybe: Places, count: int) -> Iterator[tuple[str, ...]]:
        chosen = random.Random(f"{self.name}{count}")
        yield from ((name,) * count for name in SORTS if all(name in kinds for kinds in maybe))
        for _ in range(BASES if all(maybe) else 0):
            yield tuple(chosen.choice(kinds) for kinds in maybe)

    def _in_pairs(self, places: Places) -> Places | None:
        """Leaves out what is refused most, until no pair is."""
        refused = {pair for pair in itertools.product(*places) if not self.takes(pair)}
        while refused:
            counted = Counter((place, kind) for pair in refused for place, kind in enumerate(pair))
            (place, kind), _ = max(counted.items(), key=lambda item: (item[1], item[0]))
            places[place].remove(kind)
            refused = {pair for pair in refused if pair[place] != kind}
        return places if all(places) else None

    def _in_samples(self, places: Places) -> Places | None:
        chosen = random.Random(f"{self.name}{places}")
        many = range(SAMPLE if len(places) > 1 else 0)
        fine = all(self.takes([chosen.choice(kinds) for kinds in places]) for _ in many)
        return places if fine else None


def shortened(sorts: Sequence[str]) -> str:
    """The kind instead of its types, where all of them are there."""
    names = dict.fromkeys(
        kind if all(sort in sorts for sort, (other, _) in SORTS.items() if other == kind) else sort
        for sort, (kind, _) in SORTS.items()
        if sort in sorts
    )
    return " ".join(names)


def products(spark: Spark, known: Signature, of: Sequence[int] = range(1, MOST + 1)) -> dict[str, list[str]]:
    """By number of arguments."""
    counts = [count for count in known.counts if count in of]
    asked = Asked(spark, known)
    found = {str(count): asked.product(count) for count in counts}
    return {count: list(map(shortened, places)) for count, places in found.items() if places is not None}


def main(arguments: Sequence[str]) -> None:
    """Asks for every function, or for those named, and writes the file."""
    spark = Spark()
    written: Mapping[str, Any] = json.loads(PRODUCTS.read_text(encoding="utf-8")) if arguments else {}
    found = dict(written)
    for name, known in sorted(signatures().items()):
        if known.group != "lambda_funcs" and (not arguments or name in arguments):
            found[name] = products(spark, known)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(item)}" for name, item in sorted(found.items()) if item)
    PRODUCTS.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
