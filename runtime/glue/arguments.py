"""The arguments a Glue job run is started with."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, NoReturn

from runtime.glue.faults import EtlError

#: `--input_<name> s3://…` carries the address of an input that an earlier step wrote.
INPUT_PREFIX = "input_"

#: `--with_<name> …` carries an argument of the user's own script.
OWN_PREFIX = "with_"


@dataclass(frozen=True, slots=True)
class JobArguments:
    """What changes from run to run; addresses are `s3://` URIs of folders, the report's of one object."""

    run_date: date
    output: str
    report: str
    inputs: Mapping[str, str]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    bookmarks: str | None = None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise EtlError(f"the job's arguments cannot be read: {message}")


def parse_arguments(
    argv: Sequence[str],
    input_names: Sequence[str],
    parameters: Mapping[str, str] = MappingProxyType({}),
    own_names: Sequence[str] = (),
) -> JobArguments:
    """The arguments in `argv`, ignoring those Glue adds for itself (`--JOB_NAME`, `--TempDir`, …).

    `input_names` are the inputs whose address must be given, `parameters` the pipeline's, with their types,
    `own_names` the arguments of the user's script.
    Raises: EtlError if one is missing or not readable.
    """
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--run_date", required=True, type=_date)
    parser.add_argument("--output", required=True)
    parser.add_argument("--report", required=True)
    parser.add_argument("--bookmarks")
    parser.add_argument("--parameters", default="{}", type=_object)
    for name in input_names:
        parser.add_argument(f"--{INPUT_PREFIX}{name}", required=True)
    for name in own_names:
        parser.add_argument(f"--{OWN_PREFIX}{name}", required=True)
    found, _ = parser.parse_known_args(list(argv))
    inputs = {name: getattr(found, f"{INPUT_PREFIX}{name}") for name in input_names}
    return JobArguments(
        found.run_date,
        found.output,
        found.report,
        MappingProxyType(inputs),
        _typed(found.parameters, parameters),
        {name: getattr(found, f"{OWN_PREFIX}{name}") for name in own_names},
        found.bookmarks,
    )


def _typed(given: Mapping[str, Any], types: Mapping[str, str]) -> Mapping[str, Any]:
    """The parameters the job knows, each of its type; a whole number is a double, too."""
    found = {}
    for name, type in types.items():
        value = given.get(name)
        kind: Any = {"string": str, "int": int, "double": (int, float), "boolean": bool, "timestamp": str}[type]
        if not isinstance(value, kind) or isinstance(value, bool) != (type == "boolean"):
            raise EtlError(f"parameter '{name}' wants a {type}, found {json.dumps(value)}")
        found[name] = float(value) if type == "double" else value
    return MappingProxyType(found)


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)  # what it raises is a ValueError, which argparse reports
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("they are no JSON object")
    return value


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date such as 2026-11-22") from None
