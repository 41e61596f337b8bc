"""The command line: arguments, printing, exit codes. Work is done elsewhere, and imported only when it is asked for."""

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelinegen import __version__
from pipelinegen.errors import NO_ROOM, Diagnostic, ExitCode, SpecError
from pipelinegen.local.options import LOCAL_COMMANDS, add_local_commands, days, iso_date

if TYPE_CHECKING:
    from pipelinegen.tree import Compiled

BUGS = "https://github.com/pipelinegen/pipelinegen/issues"

#: Commands that print one document with `--format json`, `github` or `sarif`, whether there are faults or not.
_DOCUMENTED = frozenset({"check", "generate", "lint-asl", "validate"})

_DESCRIPTION = """\
One YAML spec becomes a machine-learning pipeline on AWS: Terraform, Step Functions, Glue, SageMaker, Lambda and an API.
The same generated files run on this machine first, without Docker and without an AWS account."""

_EXAMPLES = """\
examples:
  pipelinegen validate specs/vehicle_recommendations.yaml   find every fault of a spec
  pipelinegen generate                                      write generated/ for every spec in specs/
  pipelinegen check                                         in CI: is generated/ what the specs give?
  pipelinegen run specs/vehicle_recommendations.yaml --days 3
  pipelinegen serve specs/vehicle_recommendations.yaml

exit codes: 0 clean, 1 faults or drift, 2 wrong usage or unreadable file, 70 internal error, 130 interrupted"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return ExitCode.USAGE
    try:
        return _run(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.CLEAN
    except OSError as error:
        return _disk_full(error) if error.errno in NO_ROOM else _internal_error(error)
    except Exception as error:
        return _internal_error(error)


def _run(options: argparse.Namespace) -> int:
    """Runs a command and reports its faults; a document for machines has standard output to itself."""
    format = getattr(options, "format", "text")
    always = format != "text" and options.command in _DOCUMENTED
    found: tuple[Diagnostic, ...] = ()
    try:
        with contextlib.redirect_stdout(sys.stderr) if always else contextlib.nullcontext():
            code = int(_load(options.command)(options))
    except SpecError as error:
        found, code = error.diagnostics, int(error.exit_code)
    if found or always:
        _report(found, format)
    return code


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    parser = argparse.ArgumentParser(
        prog="pipelinegen",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pipelinegen {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_compiler_commands(commands)
    _add_lint_command(commands)
    _add_deploy_commands(commands)
    add_local_commands(commands)
    return parser


def _add_compiler_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    generate = _command(commands, "generate", "write the generated files of every environment", several=True)
    _output_options(generate)
    generate.add_argument("--force", action="store_true", help="overwrite generated files that were edited by hand")
    check = _command(commands, "check", "fail if the generated files are not what the specs give", several=True)
    _output_options(check)
    validate = _add_validate(commands)
    graph = _command(commands, "graph", "print the graph of steps as Mermaid")
    graph.add_argument("--env", metavar="NAME", help="the environment; the first one if not given")
    graph.add_argument("--instance", metavar="NAME", help="the instance; the first one if not given")
    _add_schema_command(commands)
    package = _command(
        commands, "package", "make the bundles and image contexts that the code bucket and registry hold"
    )
    package.add_argument("--env", metavar="NAME", help="only this environment")
    package.add_argument("--instance", metavar="NAME", help="only this instance")
    package.add_argument(
        "--out", type=Path, default=Path("generated"), metavar="FOLDER", help="where the generated files lie"
    )
    package.add_argument("--build", type=Path, default=Path("build"), metavar="FOLDER", help="build by default")
    init = _command(commands, "init", "write a spec to start from", spec=False)
    init.add_argument("template", nargs="?", default="batch_recommender", metavar="TEMPLATE", help="see --list")
    init.add_argument("--list", action="store_true", help="say what templates there are")
    init.add_argument("--out", type=Path, metavar="FILE", help="where to write, specs/TEMPLATE.yaml by default")
    explain = _command(commands, "explain", "say what a diagnostic means", spec=False)
    explain.add_argument("id", nargs="?", metavar="ID", help="such as PG012; every one if none is given")
    for command in (generate, check, validate, graph):
        _format_option(command)


def _add_validate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    validate = _command(commands, "validate", "find every fault of a spec, write nothing", several=True)
    validate.add_argument("--env", metavar="NAME", help="only this environment")
    validate.add_argument("--instance", metavar="NAME", help="only this instance")
    validate.add_argument(
        "--against",
        type=Path,
        metavar="FOLDER",
        help="generated files that were deployed: name what an apply would replace or lose of them",
    )
    validate.add_argument(
        "--spark",
        action="store_true",
        help="have Spark plan every SQL query, not only those that no rule decides (pip install 'pipelinegen[local]')",
    )
    validate.add_argument("--next", type=days, metavar="N", help="say when each schedule starts the next N times")
    validate.add_argument(
        "--since", type=iso_date, metavar="YYYY-MM-DD", help="with --next: from this day on (UTC), not from now on"
    )
    return validate


def _add_schema_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    schema = _command(commands, "schema", "print the JSON Schema of specs, for editors", spec=False)
    schema.add_argument("--layer", action="store_true", help="that of files that specs include; it refers to the other")


def _add_lint_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    lint = _command(commands, "lint-asl", "check Step Functions state machines, whoever wrote them", spec=False)
    lint.add_argument("files", nargs="+", type=Path, metavar="FILE", help="definitions in JSON, as AWS takes them")
    _format_option(lint)


def _add_deploy_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    deploy = _command(commands, "deploy", "package, push, upload, plan, confirm, apply, and prove it by a run")
    deploy.add_argument("--plan-only", action="store_true", help="plan; build, upload and change nothing")
    rollback = _command(commands, "rollback", "plan, confirm and apply what an earlier deployment made")
    rollback.add_argument("--to", metavar="RECORD", help="a deployment of --list; the one before by default")
    rollback.add_argument("--list", action="store_true", help="say what was deployed, and when")
    rollback.set_defaults(plan_only=False)
    for command in (deploy, rollback):
        command.add_argument("--env", metavar="NAME", required=True, help="the environment")
        command.add_argument("--dry-run", action="store_true", help="show every external command, and run none")
        command.add_argument("--yes", action="store_true", help="apply without asking")
        command.add_argument("--no-smoke", action="store_true", help="do not run the pipeline after the apply")
        command.add_argument(
            "--smoke-timeout-minutes", type=int, default=120, metavar="N", help="how long to wait for the run, 120"
        )
        command.add_argument(
            "--state-bucket",
            metavar="BUCKET",
            default=os.environ.get("PIPELINEGEN_STATE_BUCKET"),
            help="the bucket of Terraform's state; PIPELINEGEN_STATE_BUCKET by default",
        )
        command.add_argument(
            "--allow-replacement", action="store_true", help="apply although something that holds data is lost"
        )
        command.add_argument(
            "--out", type=Path, default=Path("generated"), metavar="FOLDER", help="where the generated files lie"
        )
        command.add_argument("--build", type=Path, default=Path("build"), metavar="FOLDER", help="build by default")


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    help: str,
    *,
    several: bool = False,
    spec: bool = True,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    if spec and several:
        parser.add_argument(
            "specs", nargs="*", type=Path, metavar="SPEC", help="spec files; every specs/*.yaml if none is given"
        )
    elif spec:
        parser.add_argument("spec", type=Path, metavar="SPEC", help="a spec file")
    return parser


def _format_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=("text", "json", "github", "sarif"),
        default="text",
        help="how faults are shown: text (the default), json, github (annotations of a workflow) or sarif",
    )


def _output_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path("generated"), metavar="FOLDER", help="output folder, generated by default"
    )
    parser.add_argument("--env", metavar="NAME", help="only this environment")
    parser.add_argument(
        "--templates", type=Path, metavar="FOLDER", help="templates that override ours by the same name"
    )


def _load(command: str) -> Callable[[argparse.Namespace], int]:
    if command in LOCAL_COMMANDS:
        from pipelinegen.local import commands as local

        found: Callable[[argparse.Namespace], int] = getattr(local, LOCAL_COMMANDS[command])
        return found
    # Looking for plug-ins of pydantic takes as long as a whole pass of the compiler, and none has a say here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # These commands live for a fraction of a second: collecting garbage would cost a tenth of it and free nothing.
    gc.disable()
    from pipelinegen import commands

    return {
        "init": commands.init,
        "generate": commands.generate,
        "check": commands.check,
        "validate": _validate,
        "graph": commands.graph,
        "schema": commands.schema,
        "explain": commands.explain,
        "lint-asl": commands.lint_asl,
        "package": commands.package,
        "deploy": commands.deploy,
        "rollback": commands.rollback,
    }[command]


def _validate(options: argparse.Namespace) -> int:
    from pipelinegen import commands

    def ask_spark(compiled: "Sequence[Compiled]") -> int:
        from pipelinegen.local.spark_check import ask

        return ask(compiled, of_all=options.spark)

    return commands.validate(options, ask_spark)


def _report(found: Sequence[Diagnostic], format: str) -> None:
    from pipelinegen import formats

    if format != "text":
        sys.stdout.write(formats.documents(found, format))
        return
    colour = formats.wants_colour(os.environ, terminal=sys.stderr.isatty())
    sys.stderr.write(formats.as_text(found, _line_of_files(), colour=colour))


def _line_of_files() -> Callable[[str, int], str | None]:
    lines: dict[str, list[str]] = {}

    def line_of(file: str, number: int) -> str | None:
        if file not in lines:
            try:
                lines[file] = Path(file).read_text(encoding="utf-8-sig", errors="replace").split("\n")
            except OSError:
                lines[file] = []
        found = lines[file]
        return found[number - 1].rstrip("\r") if 0 < number <= len(found) else None

    return line_of


def _disk_full(error: OSError) -> int:
    print(f"error: {error.strerror}{f': {error.filename}' if error.filename else ''}", file=sys.stderr)
    print("   help: free some space, and run the same again", file=sys.stderr)
    return ExitCode.DIAGNOSTICS


def _internal_error(error: Exception) -> int:
    if os.environ.get("PIPELINEGEN_TRACEBACK"):
        raise error
    print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
    print(
        f"   help: this is a fault of ours; run again with PIPELINEGEN_TRACEBACK=1 and report it at {BUGS}",
        file=sys.stderr,
    )
    return ExitCode.INTERNAL


if __name__ == "__main__":
    sys.exit(main())
