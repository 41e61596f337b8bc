"""The arguments of the local commands; nothing heavy is imported, since every command of the program reads them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelinegen.local.stand_ins import stand_in

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

#: The commands that need the local cloud's packages, by the function of `pipelinegen.local.commands` that does them.
LOCAL_COMMANDS: Final = {
    "approve": "approve",
    "run": "run",
    "runs": "runs",
    "backfill": "backfill",
    "logs": "show_logs",
    "report": "report",
    "retry": "retry",
    "serve": "serve",
    "demo-data": "demo_data",
}


def add_local_commands(commands: "Commands") -> None:
    """Adds a parser for each of them."""
    _add_run(commands)
    _add_record_commands(commands)
    serve = _command(commands, "serve", "serve what the last run loaded, with the generated API settings")
    _spec(serve)
    _place_options(serve)
    serve.add_argument("--port", type=_port, default=8080, metavar="PORT", help="8080 by default")
    serve.add_argument(
        "--ask", action="append", default=[], metavar="USER", help="ask for this user's answer, print it, and end"
    )
    serve.add_argument("--show", type=int, metavar="N", help="print N answers, one of them to an unknown user, and end")
    data = _command(commands, "demo-data", "write the tables a local run would start from, as CSV")
    _spec(data)
    data.add_argument("--days", type=days, default=1, metavar="N", help="how many days, 1 by default")
    data.add_argument("--date", type=iso_date, metavar="YYYY-MM-DD", help="the last day; today (UTC) by default")
    data.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write")


def _add_run(commands: "Commands") -> None:
    run = _command(commands, "run", "run the generated files on this machine, a day after another")
    _spec(run)
    _place_options(run)
    run.add_argument(
        "--days", type=days, metavar="N", help="run what the schedules start on N days; without it, one run on one day"
    )
    run.add_argument("--daily", action="store_true", help="one run a day, whatever the schedules say")
    run.add_argument("--date", type=iso_date, metavar="YYYY-MM-DD", help="the last day; today (UTC) by default")
    run.add_argument(
        "--event",
        metavar="FILE|KEY",
        help="start on an event, as a trigger would: a JSON file, or the key of a new object",
    )
    _data_options(run)
    run.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a value of the spec's parameters"
    )
    run.add_argument(
        "--continue", dest="go_on", action="store_true", help="go on with what the last run left, instead of anew"
    )
    run.add_argument("--from", dest="start", metavar="STEP", help="start from a step, over the date's last results")
    run.add_argument("--until", metavar="STEP", help="end after a step")
    _ending_options(run)
    approve = _command(commands, "approve", "answer what a local run waits for, from another terminal")
    approve.add_argument("run", nargs="?", metavar="RUN", help="the run, or its step; needless if only one waits")
    approve.add_argument("--reject", action="store_true", help="say no, which fails the run")
    approve.add_argument("--comment", metavar="TEXT", help="a reason, which the run reports")
    approve.add_argument("--list", action="store_true", help="show what is waiting, and answer nothing")
    _state_option(approve)


def _data_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        metavar="DATA",
        help="what the warehouse holds: vehicles, movielens, vehicles:FOLDER of real listings, "
        "or a folder of CSV or Parquet files, one per table",
    )
    parser.add_argument(
        "--warehouse",
        default="derby",
        metavar="ENGINE",
        help="what holds the data where the spec has a database: derby (the default), postgresql, "
        "or the URL of a database that is there, such as jdbc:postgresql://…, which is only read",
    )
    parser.add_argument("--warehouse-driver", type=Path, metavar="JAR", help="the JDBC driver; Debian's by default")


def _add_record_commands(commands: "Commands") -> None:
    _add_backfill(commands)
    runs = _command(commands, "runs", "list what was run on this machine, the newest last")
    runs.add_argument("spec", nargs="?", type=Path, metavar="SPEC", help="only runs of this spec")
    runs.add_argument("--env", metavar="NAME", help="only runs in this environment")
    runs.add_argument("--limit", type=days, default=50, metavar="N", help="at most so many, 50 by default")
    runs.add_argument("--format", choices=("text", "json"), default="text", help="text (the default) or json")
    _state_option(runs)
    logs = _command(commands, "logs", "print what the steps of a run said")
    logs.add_argument("run", metavar="RUN", help="a run's id, the beginning of one, a date, or last")
    logs.add_argument("step", nargs="?", metavar="STEP", help="only this step; every step if none is given")
    logs.add_argument("--follow", action="store_true", help="go on printing the last log while the run is at work")
    _state_option(logs)
    report = _command(commands, "report", "write an HTML page about what was run: times, metrics, data, models")
    report.add_argument("spec", nargs="?", type=Path, metavar="SPEC", help="the spec; what was run last by default")
    report.add_argument("--env", metavar="NAME", help="only runs in this environment")
    report.add_argument("--out", type=Path, default=Path("report.html"), metavar="FILE", help="report.html by default")
    report.add_argument("--all", action="store_true", help="earlier runs as well, whose local cloud is gone")
    _state_option(report)
    retry = _command(commands, "retry", "go on with a failed or interrupted run: what succeeded is not run again")
    retry.add_argument("run", nargs="?", default="last", metavar="RUN", help="a run's id, or last (the default)")
    retry.add_argument("--only", action="store_true", help="without the runs that the same command had yet to start")
    _state_option(retry)
    _ending_options(retry)


def _add_backfill(commands: "Commands") -> None:
    fill = _command(commands, "backfill", "run past dates, in what the last run left if there is any")
    _spec(fill)
    _place_options(fill)
    fill.add_argument("--from", dest="first", type=iso_date, required=True, metavar="YYYY-MM-DD", help="the first date")
    fill.add_argument("--to", dest="last", type=iso_date, required=True, metavar="YYYY-MM-DD", help="the last date")
    fill.add_argument(
        "--max-parallel",
        type=days,
        default=1,
        metavar="N",
        help="so many at a time, 1 by default: then each model goes on from that of the day before",
    )
    _data_options(fill)
    fill.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a value of the spec's parameters"
    )
    _ending_options(fill)


def _command(commands: "Commands", name: str, help: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")


def _spec(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", type=Path, metavar="SPEC", help="a spec file")


def _place_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=("text", "json", "github", "sarif"),
        default="text",
        help="how faults are shown: text (the default), json, github (annotations of a workflow) or sarif",
    )
    parser.add_argument("--env", metavar="NAME", help="the environment; the first one if not given")
    parser.add_argument("--instance", metavar="NAME", help="the instance of the pipeline; the first one if not given")
    parser.add_argument(
        "--out", type=Path, default=Path("generated"), metavar="FOLDER", help="where the generated files lie"
    )
    _state_option(parser)


def _state_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state",
        type=Path,
        default=Path(".pipelinegen"),
        metavar="FOLDER",
        help="logs and what runs leave, .pipelinegen by default",
    )


def _ending_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", action="store_true", help="leave the local cloud running at the end, until Ctrl-C")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what happened as a page (.html) or JSON")
    parser.add_argument(
        "--approve", action="store_true", help="answer every approval step with yes, for unattended runs"
    )
    parser.add_argument(
        "--answer-within",
        type=_seconds,
        metavar="SECONDS",
        help="how long an approval step waits for its answer here, whatever its timeout says",
    )
    parser.add_argument(
        "--stand-in",
        action="append",
        type=stand_in,
        default=[],
        metavar="URL=URL",
        help="a server on this machine that answers http_call steps instead of another one, such as "
        "https://partner.example.com=http://127.0.0.1:8000",
    )
    parser.add_argument("--real-waits", action="store_true", help="wait as long as the spec says, not a second at most")
    parser.add_argument("--no-iam", action="store_true", help="let every role do everything; proves nothing then")


def days(text: str) -> int:
    """A number of days, runs and the like. Raises: ArgumentTypeError."""
    return _within(text, "number", 1, 366)


def _seconds(text: str) -> int:
    return _within(text, "number", 1, 86_400)


def _port(text: str) -> int:
    return _within(text, "port", 0, 65_535)


def _within(text: str, noun: str, least: int, most: int) -> int:
    value = int(text) if text.isdecimal() else -1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"'{text}' is no {noun} from {least} to {most}")
    return value


def iso_date(text: str) -> str:
    """A date as 2026-11-22. Raises: ArgumentTypeError."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no date; write it as 2026-11-22") from None
