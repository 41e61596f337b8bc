"""Renews what Spark itself says of the arguments and results of its functions and operators.

    python -m tests.oracle.renew_spark_signatures [--operators]     pipelinegen/sql/spark_{signatures,operators}.json

Every function is asked for with one and two arguments of every kind of type, with three by sample. It takes a few
minutes; tests/unit/sql/test_against_spark.py holds samples of the file against Spark.
"""

import itertools
import json
import os
import random
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelinegen.local.java import find_java

FOLDER = Path(__file__).parents[2] / "pipelinegen/sql"
FUNCTIONS, OPERATORS = FOLDER / "spark_signatures.json", FOLDER / "spark_operators.json"
#: A column of each kind of type; what one of the kind is accepted with, the kind is.
KINDS: Mapping[str, tuple[str, ...]] = {
    "string": ("string",),
    "int": ("int",),
    "bigint": ("bigint",),
    "float": ("float",),
    "double": ("double",),
    "decimal": ("decimal(12,2)",),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp",),
    "binary": ("binary",),
    "interval": ("interval day to second", "interval year to month"),
    "array": ("array<string>", "array<int>", "array<array<int>>", "array<struct<a:int,b:string>>"),
    "map": ("map<string,int>", "map<int,string>"),
    "struct": ("struct<a:int,b:string>",),
}
NAMES = tuple(KINDS)
#: Those that columns of datasets have.
CONTRACT = ("string", "int", "bigint", "float", "double", "decimal", "boolean", "date", "timestamp", "array")
LAMBDAS = ("x -> x", "x -> true", "(x, y) -> x", "(x, y) -> true")
#: Bound by the parser, or about the session, or with effects of their own.
LEFT_OUT = frozenset(
    {"java_method", "reflect", "try_reflect", "raise_error", "assert_true", "window", "session_window"}
)
SAMPLE, BASES = 160, 6
#: How operators are written; `cast_…` is a cast to a type of contracts, `try_…` one that gives null where it fails.
FORMS: Mapping[str, str] = {
    **{sign: f"({{0}} {sign} {{1}})" for sign in ("=", "<", "<=>", "+", "-", "*", "/", "%", "div", "&", "||")},
    **{word: f"({{0}} {word} {{1}})" for word in ("and", "like", "rlike")},
    "in": "({0} IN ({1}))",
    "case": "CASE WHEN boolean_0 THEN {0} ELSE {1} END",
    "negated": "(- {0})",
    "not": "(NOT {0})",
    "~": "(~ {0})",
    **{f"cast_{kind}": f"CAST({{0}} AS {types[0]})" for kind, types in KINDS.items() if kind in CONTRACT},
    **{f"try_{kind}": f"try_cast({{0}} AS {types[0]})" for kind, types in KINDS.items() if kind in CONTRACT},
}


class Spark:
    """Asks a session of Spark's, which plans and runs nothing."""

    def __init__(self, session: Any = None) -> None:
        from pyspark.sql import SparkSession

        os.environ.setdefault("JAVA_HOME", str(find_java().parents[1]))
        builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        self.session = session or builder.getOrCreate()
        columns = dict(column_names())
        fields = ", ".join(f"CAST(NULL AS {type}) AS {name}" for name, type in columns.items())
        self.session.sql(f"SELECT {fields}").createOrReplaceTempView("t")

    def functions(self) -> dict[str, str]:
        """Every built-in function that has a name of letters, with the group that Spark puts it in."""
        jvm, catalog = self.session._jvm, self.session._jsparkSession.sessionState().catalog()
        found = {}
        for row in self.session.sql("SHOW FUNCTIONS").collect():
            if row.function.isidentifier() and row.function not in LEFT_OUT:
                identifier = jvm.org.apache.spark.sql.catalyst.FunctionIdentifier(row.function)
                found[row.function] = catalog.lookupFunctionInfo(identifier).getGroup()
        return found

    def ask(self, call: str) -> tuple[str, str]:
        """`ok` and the type of the result, or `arity`, `refused` or `unknown`, and the message."""
        return self.query(f"SELECT {call} AS r FROM t")

    def query(self, sql: str) -> tuple[str, str]:
        """The same of a whole query."""
        try:
            schema = self.session.sql(sql).schema
        except Exception as error:  # py4j raises what it will
            text = str(error).split("\n")[0]
            if "[WRONG_NUM_ARGS" in text:
                return "arity", text
            refused = r"\[DATATYPE_MISMATCH\.(UNEXPECTED_INPUT_TYPE|[A-Z_]*DIFF_TYPES|BINARY_OP_WRONG_TYPE|CAST_)"
            return ("refused" if re.match(refused, text) else "unknown"), text
        return "ok", schema[0].dataType.simpleString() if len(schema) == 1 else "rows"


def column_names() -> Iterator[tuple[str, str]]:
    """A column of each type, and the type."""
    for kind, types in KINDS.items():
        yield from ((f"{kind}_{number}", type) for number, type in enumerate(types))


def columns_of(kind: str) -> list[str]:
    """The columns of a kind."""
    return [f"{kind}_{number}" for number in range(len(KINDS[kind]))]


def kind_of(type: str) -> str:
    """The kind of a type in Spark's words."""
    return re.split(r"[(<]", type)[0].split(" ")[0]


class Function:
    """What is found out of one function."""

    def __init__(self, spark: Spark, name: str, group: str) -> None:
        self.spark, self.name, self.group = spark, name, group

    def call(self, arguments: Iterable[str]) -> str:
        over = " OVER (ORDER BY int_0)" if self.group == "window_funcs" else ""
        return f"{self.name}({', '.join(arguments)}){over}"

    def judged(self, kinds: Sequence[str]) -> tuple[str, set[tuple[str, tuple[str, ...]]]]:
        """Whether arguments of these kinds are accepted, with the types of the results and of the arguments."""
        results, worst = set(), "refused"
        for columns in itertools.product(*(columns_of(kind) for kind in kinds)):
            answer, text = self.spark.ask(self.call(columns))
            if answer == "arity":
                return answer, set()
            if answer == "ok":
                types = dict(column_names())
                results.add((text, tuple(types[column] for column in columns)))
            worst = answer if answer in ("ok", "unknown") and worst != "ok" else worst
        return worst, results

    def of_arity(self, count: int) -> dict[str, Any] | None:
        """What is accepted with so many arguments; None if so many are not."""
        if count == 0:
            answer, text = self.spark.ask(self.call(()))
            return None if answer == "arity" else {"result": text if answer == "ok" else None}
        if self.spark.ask(self.call(["string_0"] * count))[0] == "arity":
            return None
        if count > 2:
            return self.sampled(count)
        found = {kinds: self.judged(kinds) for kinds in itertools.product(NAMES, repeat=count)}
        fine = {kinds for kinds, (answer, _) in found.items() if answer != "refused"}
        results = [item for _, given in found.values() for item in given]
        known = all(answer != "unknown" for answer, _ in found.values())
        refused = [sorted(set(NAMES) - {kinds[place] for kinds in fine}) for place in range(count)]
        apart = sorted(
            f"{one} {two}"
            for one, two in (itertools.product(NAMES, NAMES) if count == 2 else ())
            if (one, two) not in fine and one not in refused[0] and two not in refused[1]
        )
        return {"refused": refused, "apart": apart, "result": result_of(results) if known else None}

    def sampled(self, count: int) -> dict[str, Any]:
        """The same, of a sample; what no sample shows to be refused at a place counts as accepted."""
        chosen = random.Random(f"{self.name}{count}")
        tried = {tuple(chosen.choice(NAMES) for _ in range(count)) for _ in range(SAMPLE)}
        tried |= {(name,) * count for name in NAMES}
        results, fine, known = [], [], True
        for kinds in sorted(tried):
            answer, given = self.first(kinds)
            known = known and answer != "unknown"
            if answer != "refused":
                fine.append(kinds)
                results.extend(given)
        refused = []
        for place in range(count):
            seen = {kinds[place] for kinds in fine}
            for kind in set(NAMES) - seen if fine else ():
                bases = chosen.sample(fine, min(BASES, len(fine)))
                if any(self.first((*base[:place], kind, *base[place + 1 :]))[0] != "refused" for base in bases):
                    seen.add(kind)
            refused.append(sorted(set(NAMES) - seen) if fine else [])
        return {"refused": refused, "result": result_of(results) if known else None}

    def first(self, kinds: Sequence[str]) -> tuple[str, list[tuple[str, tuple[str, ...]]]]:
        """The answer for the first type of each kind."""
        answer, text = self.spark.ask(self.call(f"{kind}_0" for kind in kinds))
        types = dict(column_names())
        return answer, [(text, tuple(types[f"{kind}_0"] for kind in kinds))] if answer == "ok" else []

    def with_lambda(self) -> dict[str, Any]:
        """What a function of higher order takes as its first argument."""
        fine = {
            kind
            for kind in NAMES
            for column in columns_of(kind)
            for rule in LAMBDAS
            if self.spark.ask(f"{self.name}({column}, {rule})")[0] != "refused"
        }
        return {"2": {"refused": [sorted(set(NAMES) - fine), []], "apart": [], "result": None}} if fine else {}


def result_of(results: list[tuple[str, tuple[str, ...]]]) -> str | None:
    """The type of the result where it is always the same, `@0` for that of the first argument, a kind, or None."""
    types = {text for text, _ in results}
    if not types or "rows" in types or "void" in types:
        return None
    if len(types) == 1:
        return types.pop()
    if all(text == arguments[0] for text, arguments in results):
        return "@0"
    kinds = {kind_of(text) for text in types}
    return kinds.pop() if len(kinds) == 1 else None


def signature(spark: Spark, name: str, group: str) -> dict[str, Any]:
    """Everything of one function; `most` is None where there is no limit that was found."""
    function = Function(spark, name, group)
    if group == "lambda_funcs":
        return {"group": group, "by_count": function.with_lambda()}
    by_count = {str(count): found for count in range(4) if (found := function.of_arity(count)) is not None}
    counts = [count for count in range(8) if spark.ask(function.call(["string_0"] * count))[0] != "arity"]
    return {"group": group, "counts": counts, "by_count": by_count}


def operator(spark: Spark, form: str) -> dict[str, Any]:
    """What an operator gives, by the kinds of its operands; what is not there is refused."""
    count = 2 if "{1}" in form else 1
    found: dict[str, str] = {}
    for kinds in itertools.product(NAMES, repeat=count):
        for columns in itertools.product(*(columns_of(kind) for kind in kinds)):
            answer, text = spark.ask(form.format(*columns))
            if answer == "ok":
                found.setdefault(" ".join(kinds), kind_of(text))
                break
            if answer != "refused" and "FILTER_NOT" not in text:
                found.setdefault(" ".join(kinds), "")
    return found


def set_operation(spark: Spark) -> dict[str, Any]:
    """The same for UNION, which EXCEPT and INTERSECT are like."""
    found: dict[str, str] = {}
    for kinds in itertools.product(NAMES, repeat=2):
        for columns in itertools.product(*(columns_of(kind) for kind in kinds)):
            answer, text = spark.query("SELECT {} AS r FROM t UNION ALL SELECT {} FROM t".format(*columns))
            if answer == "ok":
                found.setdefault(" ".join(kinds), kind_of(text))
                break
    return found


def committed(path: Path) -> dict[str, Any]:
    """What one of the files says."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main(arguments: Sequence[str]) -> None:
    """Asks for every function or operator, and writes the file."""
    spark = Spark()
    found = {}
    if "--operators" in arguments:
        found = {name: operator(spark, form) for name, form in FORMS.items()} | {"union": set_operation(spark)}
    else:
        for name, group in sorted(spark.functions().items()):
            found[name] = signature(spark, name, group)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(item, sort_keys=True)}" for name, item in found.items())
    (OPERATORS if "--operators" in arguments else FUNCTIONS).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
