"""What a local command needs before anything starts: a spec, current generated files, tables, secrets, a folder."""

import contextlib
import fcntl
import hashlib
import json
import shutil
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from pipelinegen.errors import ExitCode, choices, suggest
from pipelinegen.ir.model import Pipeline
from pipelinegen.local.data import DATA_SETS
from pipelinegen.local.data.choice import find_data_set
from pipelinegen.local.data.vehicles import DataSet
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.local_cloud import CloudSettings
from pipelinegen.local.stand_ins import StandIns
from pipelinegen.spec.load import describe
from pipelinegen.spec.pipeline import fits_parameter
from pipelinegen.tree import compile_specs, generate_folders
from pipelinegen.write import compare

SEED = 0
#: A wait of an hour shows nothing here that one of a second does not.
MOST_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pipeline in one environment, its generated folder, and where its runs leave things."""

    pipeline: Pipeline
    folder: Path
    state: Path
    settings: CloudSettings = field(default_factory=CloudSettings)

    @property
    def deployment(self) -> Mapping[str, Any]:
        """deployment.json as it was generated."""
        loaded: dict[str, Any] = json.loads((self.folder / "deployment.json").read_text(encoding="utf-8"))
        return loaded

    @property
    def definition(self) -> Mapping[str, Any]:
        """The state machine as it was generated."""
        loaded: dict[str, Any] = json.loads(
            (self.folder / str(self.deployment["state_machine"]["definition"])).read_text(encoding="utf-8")
        )
        return loaded


def prepare(options: Namespace) -> Prepared:
    """The pipeline that the options name. Raises: SpecError; LocalCloudError if its generated files are not current."""
    pipeline, folder, differences = _compiled(options)
    if differences:
        first = differences[0]
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        raise LocalCloudError(
            f"{first.path.as_posix()} is {first.state}{more}; what runs is what was generated",
            f"run `pipelinegen generate {options.spec.as_posix()}`",
        )
    return Prepared(pipeline, folder, options.state / pipeline.name / pipeline.environment, cloud_settings(options))


def cloud_settings(options: Namespace) -> CloudSettings:
    """What the options say of the local cloud; commands without such options get the defaults of a run."""
    given = vars(options)
    return CloudSettings(
        enforce_policies=not given.get("no_iam"),
        approve=bool(given.get("approve")),
        answer_seconds=given.get("answer_within"),
        stand_ins=StandIns.of(given.get("stand_in") or ()),
        most_wait_seconds=None if given.get("real_waits") else MOST_WAIT_SECONDS,
    )


def _compiled(options: Namespace) -> tuple[Pipeline, Path, list[Any]]:
    (compiled,) = compile_specs([options.spec], options.out, options.env, vars(options).get("instance"))
    folders = generate_folders([compiled], options.out)
    pipeline = compiled.pipelines[0]
    folder = options.out / pipeline.name / pipeline.environment
    return pipeline, folder, compare(folder, folders[folder])


def run_dates(last: str | None, days: int) -> list[date]:
    """The logical dates of consecutive daily runs, the last one today (UTC) where none is given."""
    end = date.fromisoformat(last) if last else datetime.now(UTC).date()
    return [end - timedelta(days=back) for back in reversed(range(days))]


def tables_for(pipeline: Pipeline, spec: Path, data: str | None, dates: list[date]) -> Mapping[str, pa.Table]:
    """The tables of the local warehouse, if the pipeline has one. Raises: LocalCloudError if there is no such data."""
    if pipeline.warehouse is None and data is None and pipeline.local_data is None:
        return {}
    return _data_set(pipeline, spec, data)(dates[0], len(dates), SEED)


def _data_set(pipeline: Pipeline, spec: Path, data: str | None) -> DataSet:
    name = data or pipeline.local_data
    if name is None:
        raise LocalCloudError(
            "the spec does not say what the local warehouse holds",
            f"add `local: {{data: …}}` ({choices(DATA_SETS)}, or a folder), or give --data",
        )
    beside = spec.parent / name
    return find_data_set(str(beside) if data is None and name not in DATA_SETS and beside.is_dir() else name)


def run_parameters(pipeline: Pipeline, given: Sequence[str]) -> dict[str, Any]:
    """Values of `NAME=VALUE` texts, each of the type of its default. Raises: LocalCloudError if one does not fit."""
    found: dict[str, Any] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in pipeline.parameters:
            raise LocalCloudError(f"there is no parameter '{name}'", suggest(name, pipeline.parameters, "parameters"))
        type = pipeline.parameter_types[name]
        found[name] = value if isinstance(pipeline.parameters[name], str) else _read(value)
        if not fits_parameter(found[name], type.name, type.within):
            message = f"the parameter '{name}' wants {type.words}, found {describe(value)}"
            raise LocalCloudError(message, "give a value of the declared type")
    return found


def _read(text: str) -> Any:
    """The value of a text that is JSON, or else the text; NaN is no JSON."""
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text


def local_secrets(
    pipeline: Pipeline, redis: Mapping[str, str] | None, redis_password: str, warehouse: Mapping[str, str] | None
) -> dict[str, Any]:
    """Values that stand in, on this machine, for the secrets the spec names; the key is the same in every run.

    `redis`: the part of deployment.json about it.
    """
    values: dict[str, Any] = {}
    if redis:
        values[redis["secret"]] = {"username": redis["user"], "password": redis_password}
    if pipeline.warehouse and pipeline.warehouse.secret and warehouse is not None:
        values[pipeline.warehouse.secret] = dict(warehouse)
    if pipeline.protection_secret:
        values[pipeline.protection_secret] = {"key": stand_in(pipeline), "token_key": stand_in(pipeline, " for tokens")}
    for name in (name for step in pipeline.steps for name in step.secrets):
        values.setdefault(name, {"value": f"local stand-in of {name}"})
    return values


def stand_in(pipeline: Pipeline, purpose: str = "") -> str:
    """The stand-in for a key; nothing on this machine is worth protecting with it."""
    return hashlib.sha256(f"local stand-in of {pipeline.name}{purpose}".encode()).hexdigest()


def reset(state: Path) -> None:
    """Removes what an earlier run left, except the lock and the records."""
    for path in state.iterdir():
        if path.name in (".lock", "runs"):
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def locked(state: Path) -> Iterator[Path]:
    """The state folder, while no other command works on it. Raises: LocalCloudError."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        handle = (state / ".lock").open("w")
    except OSError as error:
        raise LocalCloudError(
            f"'{state}' cannot be written: {error.strerror}", "give another folder with --state"
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalCloudError(
                f"another command is using '{state}'", "wait for it, or give another folder with --state"
            ) from None
        yield state


def write_tables(options: Namespace) -> int:
    """Writes every table of the spec's data set as CSV into a folder that `run --data` can read."""
    (compiled,) = compile_specs([options.spec], Path("generated"))
    pipeline = compiled.pipelines[0]
    tables = tables_for(pipeline, options.spec, None, run_dates(options.date, options.days))
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            pyarrow.csv.write_csv(table, options.out / f"{name}.csv")
            print(f"{(options.out / name).as_posix()}.csv: {table.num_rows} rows")
    except OSError as error:
        raise LocalCloudError(
            f"'{options.out}' cannot be written: {error.strerror}", "give another folder with --out"
        ) from error
    return ExitCode.CLEAN
