"""The local commands: each takes the parsed arguments, returns an exit code, and prints faults a user can mend."""

import sys
from argparse import Namespace
from collections.abc import Callable
from functools import wraps

from pipelinegen.errors import ExitCode
from pipelinegen.local.faults import LocalCloudError

Command = Callable[[Namespace], int]


def _printing_faults(command: Command) -> Command:
    @wraps(command)
    def wrapped(options: Namespace) -> int:
        try:
            return command(options)
        except LocalCloudError as error:
            print(f"error: {error.message}", file=sys.stderr)
            print(f"   help: {error.help}", file=sys.stderr)
            return ExitCode.DIAGNOSTICS
        except ModuleNotFoundError as error:
            print(f"error: the package '{error.name}' is not installed", file=sys.stderr)
            print("   help: pip install 'pipelinegen[local]'", file=sys.stderr)
            return ExitCode.DIAGNOSTICS

    return wrapped


@_printing_faults
def run(options: Namespace) -> int:
    """Runs the pipeline a day after another."""
    from pipelinegen.local.run import run_days

    return run_days(options)


@_printing_faults
def retry(options: Namespace) -> int:
    """Goes on with a run that failed or was interrupted."""
    from pipelinegen.local.run import retry_run

    return retry_run(options)


@_printing_faults
def backfill(options: Namespace) -> int:
    """Runs past dates."""
    from pipelinegen.local.backfill import backfill

    return backfill(options)


@_printing_faults
def report(options: Namespace) -> int:
    """Writes a page about what was run."""
    from pipelinegen.local.report.write import report_runs

    return report_runs(options)


@_printing_faults
def runs(options: Namespace) -> int:
    """Lists what was run."""
    from pipelinegen.local.show_runs import list_runs

    return list_runs(options)


@_printing_faults
def show_logs(options: Namespace) -> int:
    """Prints what the steps of a run said."""
    from pipelinegen.local.show_runs import show_logs

    return show_logs(options)


@_printing_faults
def approve(options: Namespace) -> int:
    """Answers what a run is waiting on."""
    from pipelinegen.local.approve import answer

    return answer(options)


@_printing_faults
def serve(options: Namespace) -> int:
    """Serves what the last run loaded."""
    from pipelinegen.local.serve import serve_last_run

    return serve_last_run(options)


@_printing_faults
def demo_data(options: Namespace) -> int:
    """Writes the tables of a local run as CSV."""
    from pipelinegen.local.prepare import write_tables

    return write_tables(options)
