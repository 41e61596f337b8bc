"""Spark's word on SQL: it plans the queries of a spec that no rule decides, or all of them, and runs none."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelinegen.assets import cache_folder, keep
from pipelinegen.errors import Diagnostic, Span, SpecError, fault
from pipelinegen.ir.model import Pipeline
from pipelinegen.local.java import NoJavaError, find_java
from pipelinegen.sql.question import Finding
from pipelinegen.steps.glue_etl.model import GlueScriptContext
from pipelinegen.tree import Compiled

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Any day does: Spark plans for all of them alike.
_DAY = date(2026, 1, 31)
_HELP = "Spark itself says so: mend the SQL, and run `pipelinegen validate` again"


@dataclass(frozen=True, slots=True)
class Query:
    """What a Glue job would hand to Spark: its settings, the parameters of a run, where the SQL is written.

    `doubts` are what of it no rule decides.
    """

    settings: Mapping[str, Any]
    values: Mapping[str, Any]
    place: Callable[[int | None, int | None], Span]
    doubts: tuple[Diagnostic, ...] = ()

    @property
    def sql(self) -> str:
        """The query."""
        return str(self.settings["sql"])

    @property
    def key(self) -> str:
        """Differs where Spark might judge differently."""
        asked = {name: self.settings.get(name) for name in ("sql", "inputs", "output", "parameters", "spark")}
        text = json.dumps([asked, dict(self.values), _spark_release(), _code()], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def ask(compiled: Sequence[Compiled], *, of_all: bool) -> int:
    """How many queries Spark plans: all of the specs, or those that no rule decides; it is asked once for each.

    Raises: SpecError with PG133 at what Spark refuses, with PG144 for doubts where there is no Spark to ask.
    """
    queries = [query for query in queries_of(compiled) if of_all or query.doubts]
    known = {query.key: _remembered(query) for query in queries}
    unknown = [query for query in queries if known[query.key] is None]
    if unknown:
        with _Session(unknown) as session:
            for query in unknown:
                known[query.key] = refusals(query, session)
                keep(_path(query), json.dumps([asdict(item) for item in known[query.key] or ()]))
    faults = [_placed(query, item) for query in queries for item in known[query.key] or ()]
    if faults:
        raise SpecError(faults)
    return len(queries)


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


def refusals(query: Query, session: "SparkSession") -> list[Finding]:
    """What Spark says against a query: it does not plan it, or its result cannot become the declared columns."""
    own = {name: value for name, value in query.settings.get("spark", {}).items() if name.startswith("spark.sql.")}
    before = {name: session.conf.get(name, None) for name in own}
    try:
        for name, value in own.items():
            session.conf.set(name, str(value))
        for table, source in query.settings["inputs"].items():
            _empty(session, source["columns"]).createOrReplaceTempView(table)
        return list(_planned(query, session))
    finally:
        for name, old in before.items():
            session.conf.unset(name) if old is None else session.conf.set(name, old)
        for table in query.settings["inputs"]:
            session.catalog.dropTempView(table)


def _of_pipeline(pipeline: Pipeline) -> Iterator[Query]:
    for step in pipeline.steps:
        for file in step.files:
            context = file.context
            if isinstance(context, GlueScriptContext) and "sql" in context.settings and context.written:
                written, sql = context.written, str(context.settings["sql"])

                def place(start: int | None, end: int | None, written: Any = written, sql: str = sql) -> Span:
                    found: Span = written.part(sql, start, end)
                    return found

                yield Query(context.settings, _values(context.settings, pipeline), place, context.doubts)


def _values(settings: Mapping[str, Any], pipeline: Pipeline) -> dict[str, Any]:
    """The parameters as the job binds them (runtime/glue/arguments.py), with what runs without them use."""
    types: Mapping[str, str] = settings.get("parameters", {})
    given = {name: pipeline.parameters[name] for name in types}
    return {name: float(str(value)) if types[name] == "double" else value for name, value in given.items()} | {
        "run_date": _DAY
    }


def _remembered(query: Query) -> list[Finding] | None:
    """What Spark said when it was asked before; None if it was not."""
    with suppress(OSError, ValueError, TypeError):
        return [Finding(**item) for item in json.loads(_path(query).read_text(encoding="utf-8"))]
    return None


def _path(query: Query) -> Path:
    return cache_folder() / "spark" / f"{query.key}.json"


@cache
def _spark_release() -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version("pyspark")
    return None


@cache
def _code() -> str:
    """Changes with this module, so that no answer outlives it."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


class _Session:
    """A session of Spark's for some queries, silent. Raises: SpecError with PG144 if this machine has none."""

    def __init__(self, queries: Sequence[Query]) -> None:
        self.queries = queries

    def __enter__(self) -> "SparkSession":
        try:
            from pyspark.sql import SparkSession

            os.environ.setdefault("JAVA_HOME", str(find_java().parents[1]))
        except ModuleNotFoundError:
            raise self._missing("pyspark is not installed here", "pip install 'pipelinegen[local]'") from None
        except NoJavaError as error:
            raise self._missing(error.message, error.help) from None
        builder = SparkSession.builder.master("local[1]").appName("pipelinegen validate")
        settings = {"spark.ui.enabled": "false", "spark.log.level": "OFF", "spark.sql.session.timeZone": "UTC"}
        settings["spark.sql.warehouse.dir"] = (Path.cwd() / ".pipelinegen" / "spark").as_uri()
        for name, value in settings.items():
            builder = builder.config(name, value)
        try:
            with _stderr_to_nobody():
                self.session = builder.getOrCreate()
        except Exception as error:  # whatever keeps a JVM from starting
            raise self._missing(f"Spark does not start here: {error}", "see that `pyspark` starts here") from error
        return self.session

    def __exit__(self, *error: object) -> None:
        self.session.stop()

    def _missing(self, fact: str, help: str) -> SpecError:
        doubts = [Diagnostic(item.span, item.id, f"{item.message}; {fact}", help) for item in self._doubts()]
        return SpecError(doubts) if doubts else fault(None, "PG144", f"Spark cannot be asked: {fact}", help)

    def _doubts(self) -> Iterator[Diagnostic]:
        for query in self.queries:
            yield from query.doubts


@contextmanager
def _stderr_to_nobody() -> Iterator[None]:
    """Whoever is started meanwhile has no standard error: a JVM and Spark's scripts say a lot there."""
    own = os.dup(2)
    with Path(os.devnull).open("wb") as nobody:
        os.dup2(nobody.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)


def _empty(session: "SparkSession", columns: Mapping[str, Mapping[str, Any]]) -> "DataFrame":
    """A table without rows that has the columns as the job's SQL sees them; a pseudonym is text."""
    kept = {name: item for name, item in columns.items() if item.get("protect") != "drop"}
    types = {name: "string" if item.get("protect") else str(item["type"]) for name, item in kept.items()}
    return session.createDataFrame([], ", ".join(f"`{name}` {type}" for name, type in types.items()))


def _planned(query: Query, session: "SparkSession") -> Iterator[Finding]:
    try:
        frame = session.sql(query.sql, args=dict(query.values))
        frame._jdf.queryExecution().executedPlan()
    except Exception as error:  # Spark's own faults, and those of the JVM behind it
        yield _finding(query, str(error))
        return
    present = {name.lower() for name in frame.columns}
    for name, column in query.settings["output"]["columns"].items():
        if name.lower() not in present:
            yield Finding("PG083", f"the query gives no column '{name}'", _HELP)
            continue
        try:
            frame.selectExpr(f"try_cast(`{name}` AS {column['type']})")
        except Exception as error:
            yield _finding(query, str(error))


def _finding(query: Query, text: str) -> Finding:
    """What Spark says in one line, at the word that it points to."""
    said = " ".join(text.strip().split("\n")[0].split())
    place = re.search(r"[(; ]line (\d+),? pos (\d+)", text)
    message = re.sub(r"[;.]?\s*\(?line \d+,? pos \d+\)?.*$", "", said)
    word = _word(query.sql, int(place.group(1)), int(place.group(2))) if place else (None, None)
    return Finding("PG133", f"Spark refuses the SQL: {message}", _HELP, *word)


def _placed(query: Query, item: Finding) -> Diagnostic:
    return Diagnostic(query.place(item.start, item.end), item.id, item.message, item.help)


def _word(sql: str, line: int, position: int) -> tuple[int, int]:
    """The offsets of the word that begins at a place in Spark's words: lines from 1, positions from 0."""
    lines = sql.split("\n")
    start = sum(len(item) + 1 for item in lines[: line - 1]) + position
    found = re.compile(r"\w+|\S").search(sql, min(start, len(sql)))
    return (found.start(), found.end()) if found else (0, len(sql))
