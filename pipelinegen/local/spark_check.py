"""A second opinion on SQL: Spark itself plans every query of a spec, on empty tables, and runs none."""

import os
import re
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelinegen import commands
from pipelinegen.errors import Diagnostic, Span, SpecError
from pipelinegen.ir.model import Pipeline
from pipelinegen.local.java import find_java
from pipelinegen.steps.glue_etl.model import GlueScriptContext
from pipelinegen.tree import Compiled

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Any day does: Spark plans for all of them alike.
_DAY = date(2026, 1, 31)
_HELP = "Spark itself says so: mend the SQL, and run `pipelinegen validate --spark` again"


@dataclass(frozen=True, slots=True)
class Query:
    """What a Glue job would hand to Spark: its settings, the parameters of a run, and where the SQL is written."""

    settings: Mapping[str, Any]
    values: Mapping[str, Any]
    place: Callable[[int | None, int | None], Span]

    @property
    def sql(self) -> str:
        """The query."""
        return str(self.settings["sql"])


def validate_with_spark(options: Namespace) -> int:
    """`validate`, and beside it Spark's own opinion. Raises: SpecError with PG133 at what Spark refuses."""
    compiled = commands.compiled_for_validation(options)
    queries = list(queries_of(compiled))
    if queries:
        # Both are asked for before Spark is started, which would say less of what is missing.
        import pyspark  # noqa: F401

        os.environ.setdefault("JAVA_HOME", str(find_java().parents[1]))
        session = _started()
        try:
            faults = refusals(queries, session)
        finally:
            session.stop()
        if faults:
            raise SpecError(faults)
    code = commands.validate(options)
    print(f"Spark plans {len(queries)} {'query' if len(queries) == 1 else 'queries'}")
    return code


def queries_of(compiled: Sequence[Compiled]) -> Iterator[Query]:
    """Every query of every environment, each once where environments have the same."""
    seen = set()
    for item in compiled:
        for pipeline in item.pipelines:
            for query in _of_pipeline(pipeline):
                key = repr((query.settings, query.values, query.place(None, None)))
                if key not in seen:
                    yield query
                seen.add(key)


def refusals(queries: Sequence[Query], session: "SparkSession") -> list[Diagnostic]:
    """A fault for each query that Spark does not plan, or whose result cannot become the declared columns."""
    return [fault for query in queries for fault in _refusals(query, session)]


def _of_pipeline(pipeline: Pipeline) -> Iterator[Query]:
    for step in pipeline.steps:
        for file in step.files:
            context = file.context
            if isinstance(context, GlueScriptContext) and "sql" in context.settings and context.written:
                written, sql = context.written, str(context.settings["sql"])

                def place(start: int | None, end: int | None, written: Any = written, sql: str = sql) -> Span:
                    found: Span = written.part(sql, start, end)
                    return found

                yield Query(context.settings, _values(context.settings, pipeline), place)


def _values(settings: Mapping[str, Any], pipeline: Pipeline) -> dict[str, Any]:
    """The parameters as the job binds them (runtime/glue/arguments.py), with what runs without them use."""
    types: Mapping[str, str] = settings.get("parameters", {})
    given = {name: pipeline.parameters[name] for name in types}
    return {name: float(str(value)) if types[name] == "double" else value for name, value in given.items()} | {
        "run_date": _DAY
    }


def _started() -> "SparkSession":
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").appName("pipelinegen validate")
    settings = {"spark.ui.enabled": "false", "spark.log.level": "OFF", "spark.sql.session.timeZone": "UTC"}
    settings["spark.sql.warehouse.dir"] = (Path.cwd() / ".pipelinegen" / "spark").as_uri()
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _refusals(query: Query, session: "SparkSession") -> Iterator[Diagnostic]:
    own = {name: value for name, value in query.settings.get("spark", {}).items() if name.startswith("spark.sql.")}
    before = {name: session.conf.get(name, None) for name in own}
    try:
        for name, value in own.items():
            session.conf.set(name, str(value))
        for table, source in query.settings["inputs"].items():
            _empty(session, source["columns"]).createOrReplaceTempView(table)
        yield from _planned(query, session)
    finally:
        for name, old in before.items():
            session.conf.unset(name) if old is None else session.conf.set(name, old)
        for table in query.settings["inputs"]:
            session.catalog.dropTempView(table)


def _empty(session: "SparkSession", columns: Mapping[str, Mapping[str, Any]]) -> "DataFrame":
    """A table without rows that has the columns as the job's SQL sees them; a pseudonym is text."""
    kept = {name: item for name, item in columns.items() if item.get("protect") != "drop"}
    types = {name: "string" if item.get("protect") else str(item["type"]) for name, item in kept.items()}
    return session.createDataFrame([], ", ".join(f"`{name}` {type}" for name, type in types.items()))


def _planned(query: Query, session: "SparkSession") -> Iterator[Diagnostic]:
    try:
        frame = session.sql(query.sql, args=dict(query.values))
    except Exception as error:  # Spark's own faults, and those of the JVM behind it
        yield _fault(query, str(error))
        return
    present = {name.lower() for name in frame.columns}
    for name, column in query.settings["output"]["columns"].items():
        if name.lower() not in present:
            yield Diagnostic(query.place(None, None), "PG083", f"the query gives no column '{name}'", _HELP)
            continue
        try:
            frame.selectExpr(f"try_cast(`{name}` AS {column['type']})")
        except Exception as error:
            yield _fault(query, str(error))


def _fault(query: Query, text: str) -> Diagnostic:
    """What Spark says in one line, at the word that it points to."""
    said = " ".join(text.strip().split("\n")[0].split())
    place = re.search(r"[(; ]line (\d+),? pos (\d+)", text)
    message = re.sub(r"[;.]?\s*\(?line \d+,? pos \d+\)?.*$", "", said)
    span = (
        query.place(*_word(query.sql, int(place.group(1)), int(place.group(2)))) if place else query.place(None, None)
    )
    return Diagnostic(span, "PG133", f"Spark refuses the SQL: {message}", _HELP)


def _word(sql: str, line: int, position: int) -> tuple[int, int]:
    """The offsets of the word that begins at a place in Spark's words: lines from 1, positions from 0."""
    lines = sql.split("\n")
    start = sum(len(item) + 1 for item in lines[: line - 1]) + position
    found = re.compile(r"\w+|\S").search(sql, min(start, len(sql)))
    return (found.start(), found.end()) if found else (0, len(sql))
