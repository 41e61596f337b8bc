"""Renews what Spark itself says of the arguments and results of its functions and operators.

    python -m tests.oracle.renew_spark_signatures [--operators]     pipelinegen/sql/spark_{signatures,operators}.json

Every function is asked for with one and two arguments of every kind of type, with three by sample. It takes about
half an hour; tests/unit/sql/test_against_spark.py holds samples of the file against Spark.
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
    "daytime": ("interval day to second",),
    "yearmonth": ("interval year to month",),
    "calendar": ("interval",),
    "void": ("void",),
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
#: Kinds whose types are many: what they make of a result is told by rules (pipelinegen/sql/results.py).
KINDS_OF_PARTS = frozenset({"array", "decimal", "map", "struct"})
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
            if re.match(r"\[(DATATYPE_MISMATCH\.NON_FOLDABLE_INPUT|SEED_EXPRESSION_IS_UNFOLDABLE)", text):
                return "constant", text
            values = "VALUE_OUT_OF_RANGE|UNEXPECTED_NULL|INVALID_JSON_SCHEMA|NON_STRING_TYPE|SPECIFIED_WINDOW"
            is_refused = re.match(rf"\[DATATYPE_MISMATCH\.(?!{values})|\[CANNOT_PARSE_DECIMAL", text)
            return ("refused" if is_refused else "unknown"), text
        return "ok", schema[0].dataType.simpleString() if len(schema) == 1 else "rows"


def column_names() -> Iterator[tuple[str, str]]:
    """A column of each type, and the type."""
    for kind, types in KINDS.items():
        yield from ((f"{kind}_{number}", type) for number, type in enumerate(types))


def columns_of(kind: str) -> list[str]:
    """The columns of a kind."""
    return [f"{kind}_{number}" for number in range(len(KINDS[kind]))]


def constants_of(kind: str) -> list[str]:
    """What is no column, and of the types of a kind."""
    values = {"boolean": "true", "date": "DATE '2026-01-01'", "timestamp": "TIMESTAMP '2026-01-01 00:00:00'"}
    values |= {"string": "'1'", "array": "array('1')", "map": "map('1', '1')", "struct": "struct('1', '1')"}
    values |= {"daytime": "INTERVAL 1 DAY", "yearmonth": "INTERVAL 1 YEAR"}
    values |= {"calendar": "make_interval(1)", "void": "NULL"}
    return [f"CAST({values.get(kind, '1')} AS {type})" for type in KINDS[kind] if type != "array<array<int>>"]


class Function:
    """What is found out of one function."""

    def __init__(self, spark: Spark, name: str, group: str) -> None:
        self.spark, self.name, self.group = spark, name, group
        self.constants: tuple[int, ...] = ()

    def call(self, arguments: Iterable[str]) -> str:
        over = " OVER (ORDER BY int_0)" if self.group == "window_funcs" else ""
        return f"{self.name}({', '.join(arguments)}){over}"

    def written(self, kinds: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Arguments of these kinds, constants where only those are taken."""
        given = (constants_of(kind) if n in self.constants else columns_of(kind) for n, kind in enumerate(kinds))
        return itertools.product(*given)

    def judged(self, kinds: Sequence[str], *, one: bool = False) -> tuple[str, set[str]]:
        """Whether arguments of these kinds are accepted, with the types of the results."""
        results, worst = set(), "refused"
        for arguments in itertools.islice(self.written(kinds), 1 if one else None):
            answer, text = self.spark.ask(self.call(arguments))
            if answer == "arity":
                return answer, set()
            if answer == "ok":
                results.add(text)
            worst = answer if answer in ("ok", "unknown", "constant") and worst != "ok" else worst
        return worst, results

    def find_constants(self, count: int) -> None:
        """Sets the places where Spark takes nothing that depends on rows."""
        self.constants = tuple(range(count))
        fine = next((kinds for kinds in self.samples(count) if self.judged(kinds, one=True)[0] == "ok"), None)
        found = []
        for place in range(count) if fine else ():
            self.constants = tuple(n for n in range(count) if n != place)
            if self.judged(fine, one=True)[0] == "constant":
                found.append(place)
        self.constants = tuple(found)

    def samples(self, count: int) -> list[tuple[str, ...]]:
        """Kinds of arguments that are tried."""
        if count < 3:
            return list(itertools.product(NAMES, repeat=count))
        chosen = random.Random(f"{self.name}{count}")
        tried = {tuple(chosen.choice(NAMES) for _ in range(count)) for _ in range(SAMPLE)}
        return sorted(tried | {(name,) * count for name in NAMES})

    def of_arity(self, count: int) -> dict[str, Any] | None:
        """What is accepted with so many arguments; None if so many are not."""
        if count == 0:
            answer, text = self.spark.ask(self.call(()))
            return None if answer == "arity" else {"result": text if answer == "ok" else None}
        answer = self.spark.ask(self.call(["string_0"] * count))[0]
        if answer == "arity":
            return None
        self.constants = ()
        if any(self.judged(kinds, one=True)[0] == "constant" for kinds in self.samples(count)):
            self.find_constants(count)
        found = {kinds: self.judged(kinds, one=count > 2) for kinds in self.samples(count)}
        fine = {kinds for kinds, (answer, _) in found.items() if answer != "refused"}
        refused = [sorted(set(NAMES) - {kinds[place] for kinds in fine}) if fine else [] for place in range(count)]
        if count > 2:
            refused = [self.surely(sorted(fine), place, kinds) for place, kinds in enumerate(refused)]
        apart = sorted(
            f"{one} {two}"
            for one, two in (itertools.product(NAMES, NAMES) if count == 2 else ())
            if (one, two) not in fine and one not in refused[0] and two not in refused[1]
        )
        known = {kinds: types for kinds, (answer, types) in found.items() if answer == "ok"}
        said: dict[str, Any] = {"refused": refused, "apart": apart, **results_of(known, count)}
        return said | ({"constants": list(self.constants)} if self.constants else {})

    def surely(self, fine: Sequence[tuple[str, ...]], place: int, kinds: Sequence[str]) -> list[str]:
        """Those of the kinds that are refused at a place beside whatever was accepted."""
        chosen = random.Random(f"{self.name}{place}")
        refused = []
        for kind in kinds:
            bases = chosen.sample(fine, min(BASES, len(fine)))
            tried = [(*base[:place], kind, *base[place + 1 :]) for base in bases]
            if all(self.judged(item, one=True)[0] == "refused" for item in tried):
                refused.append(kind)
        return refused

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


def results_of(found: Mapping[tuple[str, ...], set[str]], count: int) -> dict[str, Any]:
    """The type of the result: always the same, by the kind of one argument, or nothing that is certain."""
    types = {text for given in found.values() for text in given}
    if not types or "rows" in types:
        return {"result": None}
    if len(types) == 1:
        return {"result": types.pop()}
    for place in range(count):
        by: dict[str, set[str]] = {}
        for kinds, given in found.items():
            by.setdefault(kinds[place], set()).update(given)
        if all(len(given) == 1 or kind in KINDS_OF_PARTS for kind, given in by.items()):
            of = {kind: next(iter(given)) for kind, given in sorted(by.items()) if kind not in KINDS_OF_PARTS}
            return {"result": None, "by": place, "results": of}
    return {"result": None}


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
            answer = "refused" if "FILTER_NOT" in text else answer
            if answer == "ok":
                found.setdefault(" ".join(kinds), "decimal" if text.startswith("decimal") else text)
                break
            if answer != "refused":
                found.setdefault(" ".join(kinds), "")
    return found


def set_operation(spark: Spark) -> dict[str, Any]:
    """The same for UNION, which EXCEPT and INTERSECT are like."""
    found: dict[str, str] = {}
    for kinds in itertools.product(NAMES, repeat=2):
        for columns in itertools.product(*(columns_of(kind) for kind in kinds)):
            answer, text = spark.query("SELECT {} AS r FROM t UNION ALL SELECT {} FROM t".format(*columns))
            if answer == "ok":
                found.setdefault(" ".join(kinds), "decimal" if text.startswith("decimal") else text)
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
