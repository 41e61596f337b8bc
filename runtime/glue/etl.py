"""Runs one generated Glue job: inputs to views, SQL or a script of the user's over them, Parquet and a report out."""

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from types import MappingProxyType
from typing import Any

import boto3
from pyspark.sql import DataFrame, SparkSession

from runtime.common.logs import log
from runtime.common.settings import SettingsError, check_version
from runtime.glue.arguments import JobArguments, parse_arguments
from runtime.glue.bookmarks import Bookmarks, Mark, advance
from runtime.glue.checks import CheckResult, measure, require
from runtime.glue.columns import declared_columns
from runtime.glue.faults import EtlError, faults_of, first_line
from runtime.glue.foreign_keys import measure_foreign_keys
from runtime.glue.lake import Lake, lake
from runtime.glue.protection import ProtectionKeys, protection_keys
from runtime.glue.report import report_document, write_report
from runtime.glue.warehouse import Connection, connection, in_window, secret_value

#: Rows a part file; below it the output is one file, sorted throughout.
ROWS_PER_FILE = 2_000_000

Settings = Mapping[str, Any]
Clients = Callable[[str], Any]
#: The user's own script: session, tables by the names of the inputs, the run's date, arguments → the result.
Transform = Callable[[SparkSession, Mapping[str, DataFrame], date, Mapping[str, str]], DataFrame]


@dataclass(slots=True)
class Outcome:
    """What the report will say; filled as the job goes, so that a failed job reports what it had found."""

    inputs: dict[str, int] = field(default_factory=dict)
    frames: dict[str, DataFrame] = field(default_factory=dict)
    output: int | None = None
    checks: list[CheckResult] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One run: its settings and arguments, and what it talks to. `source` is None where it is not needed."""

    settings: Settings
    arguments: JobArguments
    spark: SparkSession
    source: Connection | Lake | None
    keys: ProtectionKeys
    transform: Transform | None = None
    bookmarks: Bookmarks | None = None


def run(
    settings: Settings,
    argv: Sequence[str] | None = None,
    clients: Clients = boto3.client,
    spark: SparkSession | None = None,
) -> None:
    """Runs the job to its end, with the SQL or the script of its settings.

    A session handed in stays open, one of our own is stopped.
    Raises: SystemExit with one sentence, which thus is the last line of the log, if the job cannot go on.
    """
    step = str(settings.get("step"))
    try:
        known = check_version(dict(settings), "SETTINGS")
        _run(known, sys.argv[1:] if argv is None else argv, clients, spark)
    except (EtlError, SettingsError) as error:
        raise SystemExit(f"{step}: {error}") from None


def _run(
    settings: Settings,
    argv: Sequence[str],
    clients: Clients,
    spark: SparkSession | None,
) -> None:
    inputs: Mapping[str, Any] = settings["inputs"]
    names = [name for name, source in inputs.items() if source["from"] == "s3"]
    arguments = parse_arguments(argv, names, settings.get("parameters", {}), settings.get("arguments", ()))
    # Secrets first: a job that may not read them fails within a second, not after Spark's start.
    source = _source(settings, clients)
    keys = _keys(settings, clients)
    bookmarks = Bookmarks(arguments.bookmarks, clients) if arguments.bookmarks else None
    session = spark or start_session(settings["step"], settings.get("spark", {}))
    try:
        job = Job(settings, arguments, in_utc(session), source, keys, _own_transform(settings), bookmarks)
        _execute(job, clients)
    except EtlError as error:
        raise EtlError(source.redacted(str(error)) if source else str(error)) from error
    finally:
        if spark is None:
            session.stop()


def start_session(step: str, settings: Mapping[str, str] = MappingProxyType({})) -> SparkSession:
    """The session of this process; everything but its name and `settings` is configured where the job runs."""
    # The progress bar would overwrite the sentence a failed job ends with.
    builder = SparkSession.builder.appName(step).config("spark.ui.showConsoleProgress", "false")
    for name, value in settings.items():
        builder = builder.config(name, value)
    with faults_of("Spark cannot start"):
        return builder.getOrCreate()


def in_utc(spark: SparkSession) -> SparkSession:
    """The session with UTC as the zone of SQL, of Parquet and of the driver's JVM, which JDBC timestamps follow."""
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # What stands in the names of folders is brought to its declared type like everything else.
    spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    # Spark's default, INT96, is deprecated and says nothing of the zone.
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    jvm = spark.sparkContext._jvm
    jvm.java.util.TimeZone.setDefault(jvm.java.util.TimeZone.getTimeZone("UTC"))
    return spark


def _source(settings: Settings, clients: Clients) -> Connection | Lake | None:
    warehouse = settings.get("warehouse")
    if not warehouse:
        return None
    if "secret" in warehouse:
        return connection(warehouse, secret_value(clients, warehouse["secret"]))
    tables = [source["table"] for source in settings["inputs"].values() if source["from"] == "warehouse"]
    return lake(warehouse, tables, clients)


def _keys(settings: Settings, clients: Clients) -> ProtectionKeys:
    protection = settings.get("protection")
    if not protection:
        return ProtectionKeys()
    columns = [column for source in settings["inputs"].values() for column in source["columns"].values()]
    ways = frozenset(column["protect"] for column in columns if column.get("protect"))
    return protection_keys(secret_value(clients, protection["secret"]), protection["secret"], ways)


def _own_transform(settings: Settings) -> Transform | None:
    """The function `transform` of the user's module, None for a job of SQL. Raises: EtlError if there is none."""
    if "script" not in settings:
        return None
    try:
        found: object = import_module(settings["script"]).transform
    except Exception as error:  # the user's code raises whatever it does
        traceback.print_exc()
        raise EtlError(f"the script cannot be loaded: {type(error).__name__}: {first_line(str(error))}") from error
    if not callable(found):
        raise EtlError("the script's transform is no function")
    return found


def _execute(job: Job, clients: Clients) -> None:
    outcome = Outcome()
    try:
        _transform(job, outcome)
    except EtlError:
        _report_failure(job, clients, outcome)
        raise
    write_report(clients, job.arguments.report, _document(job, outcome))
    log("written", step=job.settings["step"], rows=outcome.output, output=job.arguments.output)


def _transform(job: Job, outcome: Outcome) -> None:
    for name, source in job.settings["inputs"].items():
        _offer_input(job, name, source, outcome)
    for name, source in job.settings["inputs"].items():
        _hold_foreign_keys(name, source, outcome, outcome.inputs[name])
    require(outcome.checks)
    partitions = job.settings["output"].get("partitions", ())
    _write(_result(job, outcome), job.arguments.output, outcome.output or 0, partitions)
    for name, mark in outcome.marks.items():
        assert job.bookmarks is not None
        job.bookmarks.put(name, job.arguments.run_date, mark)


def _document(job: Job, outcome: Outcome) -> dict[str, Any]:
    run_date = job.arguments.run_date.isoformat()
    step = job.settings["step"]
    return report_document(step, run_date, outcome.inputs, outcome.output, outcome.checks, outcome.marks)


def _report_failure(job: Job, clients: Clients, outcome: Outcome) -> None:
    """Writes what is known; that it cannot be written must not hide why the job failed."""
    try:
        write_report(clients, job.arguments.report, _document(job, outcome))
    except EtlError as error:
        log("no report", reason=str(error))


def _offer_input(job: Job, name: str, source: Mapping[str, Any], outcome: Outcome) -> None:
    """Makes the input a view of its name. It is read once: the counting pass fills the cache the SQL uses."""
    typed = declared_columns(_fresh(job, name, source, outcome), name, source["columns"], job.keys)
    typed.frame.cache()
    with faults_of(f"input '{name}' cannot be read"):
        outcome.inputs[name], checks = measure(name, typed, source.get("checks", ()), job.arguments.run_date)
    outcome.checks.extend(checks)
    outcome.frames[name] = typed.data()
    outcome.frames[name].createOrReplaceTempView(name)
    log("read", dataset=name, rows=outcome.inputs[name])


def _fresh(job: Job, name: str, source: Mapping[str, Any], outcome: Outcome) -> DataFrame:
    """The rows of the window or from the bookmark on; all if the contract has neither."""
    frame, run_date = _read(job, name, source), job.arguments.run_date
    bookmark, window = source.get("bookmark"), _window(source, job.arguments)
    if bookmark is None:
        declared = source["columns"][window["column"]]["type"] if window else None
        return in_window(frame, name, window, run_date, declared)
    if job.bookmarks is None:
        raise EtlError(f"input '{name}' has a bookmark, but the job is not told where: --bookmarks is missing")
    column = bookmark["column"]
    found = job.bookmarks.of(name, column, run_date)
    rows, outcome.marks[name] = advance(frame, name, bookmark, found, run_date, source["columns"][column]["type"])
    return rows


def _window(source: Mapping[str, Any], arguments: JobArguments) -> Mapping[str, Any] | None:
    """The window with its days as a number; Raises: EtlError if a parameter gives less than one day."""
    window: Mapping[str, Any] | None = source.get("window")
    if window is None or isinstance(window["days"], int):
        return window
    name = window["days"]["parameter"]
    days = arguments.parameters[name]
    if days < 1:
        raise EtlError(f"parameter '{name}' is {days}, and a window has at least one day")
    return {**window, "days": days}


def _hold_foreign_keys(name: str, contract: Mapping[str, Any], outcome: Outcome, rows: int) -> list[CheckResult]:
    with faults_of(f"foreign keys of '{name}' cannot be checked"):
        found = list(measure_foreign_keys(name, contract.get("checks", ()), outcome.frames, rows))
    outcome.checks.extend(found)
    return found


def _read(job: Job, name: str, source: Mapping[str, Any]) -> DataFrame:
    if source["from"] == "s3":
        address = job.arguments.inputs[name]
        with faults_of(f"input '{name}' cannot be read from {address}"):
            return job.spark.read.parquet(address)
    if job.source is None:
        raise EtlError(f"input '{name}' comes from the warehouse, but the job has none")
    return job.source.read(job.spark, source["table"])


def _result(job: Job, outcome: Outcome) -> DataFrame:
    """The result with the declared columns, counted, checked and cached."""
    action, frame = _made(job, outcome)
    declared = job.settings["output"]["columns"]
    undeclared = sorted({name.lower() for name in frame.columns} - {name.lower() for name in declared})
    if undeclared:
        log("undeclared columns are left out", columns=undeclared)
    typed = declared_columns(frame, "output", declared, ProtectionKeys())
    typed.frame.cache()
    with faults_of(action):
        outcome.output, checks = measure(
            "output", typed, job.settings["output"].get("checks", ()), job.arguments.run_date
        )
    outcome.checks.extend(checks)
    outcome.frames["output"] = typed.data()
    keys = _hold_foreign_keys("output", job.settings["output"], outcome, outcome.output)
    require([*checks, *keys])
    return typed.data()


def _made(job: Job, outcome: Outcome) -> tuple[str, DataFrame]:
    """What fails if it fails, and the result of the SQL or of the user's script. Raises: EtlError."""
    arguments = job.arguments
    if job.transform is None:
        with faults_of("the SQL fails"):
            return "the SQL fails", job.spark.sql(
                job.settings["sql"], args={**arguments.parameters, "run_date": arguments.run_date}
            )
    try:
        frame: object = job.transform(job.spark, dict(outcome.frames), arguments.run_date, arguments.own)
    except Exception as error:  # the user's code raises whatever it does
        traceback.print_exc()
        raise EtlError(f"the script fails: {type(error).__name__}: {first_line(str(error))}") from error
    if not isinstance(frame, DataFrame):
        raise EtlError(f"the script's transform gives {type(frame).__name__}, where a DataFrame is wanted")
    return "the script fails", frame


def _write(frame: DataFrame, address: str, rows: int, partitions: Sequence[str]) -> None:
    """Replaces what lies at `address`; rows are sorted within each file, so that equal data gives equal files."""
    files = max(1, -(-rows // ROWS_PER_FILE))
    order = [*partitions, *(name for name in frame.columns if name not in partitions)]
    ordered = frame.coalesce(files).sortWithinPartitions(*(f"`{name}`" for name in order))
    with faults_of(f"output {address} cannot be written"):
        writer = ordered.write.mode("overwrite").option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
        # Without rows there would be no folder, and nobody could tell the columns.
        (writer.partitionBy(*partitions) if rows else writer).parquet(address)
