"""The compiler's commands: each takes the parsed arguments and returns an exit code."""

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelinegen.assets import templates_folder
from pipelinegen.errors import Diagnostic, ExitCode, Span, SpecError, fault, suggest
from pipelinegen.ir.model import Pipeline
from pipelinegen.replacement.folders import losses_of
from pipelinegen.spec.layer_schema import LAYER_FILE, SPEC_FILE
from pipelinegen.steps.glue_etl.model import GlueScriptContext
from pipelinegen.tree import (
    Compiled,
    add_abandoned,
    compare_tree,
    compile_specs,
    generate_folders,
    schema_texts,
    write_tree,
)


def generate(options: Namespace) -> int:
    """Writes the tree; says what changed."""
    compiled = compile_specs(_specs(options), options.out, options.env)
    folders = generate_folders(compiled, options.out, options.templates)
    if options.env is None:
        folders = add_abandoned(folders, compiled, options.out, whole=not options.specs)
    lost = list(losses_of(folders, options.out))
    changed = write_tree(folders, options.out, force=options.force)
    for folder, files in folders.items():
        touched = sum(item.path.is_relative_to(folder) for item in changed)
        print(f"{folder.as_posix()}: {len(files)} files, {touched} changed")
    for item in [*lost, *doubts_of(compiled)]:
        place = f"{item.span.file}:{item.span.line}:{item.span.column}: " if item.span else ""
        print(f"{place}warning {item.id}: {item.message}", file=sys.stderr)
    return ExitCode.CLEAN


def check(options: Namespace) -> int:
    """Names each file that is not what the specs give."""
    compiled = compile_specs(_specs(options), options.out, options.env)
    folders = generate_folders(compiled, options.out, options.templates)
    if options.env is None:
        folders = add_abandoned(folders, compiled, options.out, whole=not options.specs)
    differences = compare_tree(folders, options.out)
    if differences:
        help = "run `pipelinegen generate` and commit the result"
        stale = [Diagnostic(Span(item.path.as_posix(), 0, 0, 0), "PG033", item.state, help) for item in differences]
        raise SpecError([*stale, *losses_of(folders, options.out)])
    print(f"{sum(len(files) for files in folders.values())} files are as the specs give them")
    return ExitCode.CLEAN


def doubts_of(compiled: Sequence[Compiled]) -> list[Diagnostic]:
    """What of the specs' SQL only Spark can judge."""
    pipelines = (pipeline for item in compiled for pipeline in item.pipelines)
    files = (file for pipeline in pipelines for step in pipeline.steps for file in step.files)
    doubts = (doubt for file in files if isinstance(file.context, GlueScriptContext) for doubt in file.context.doubts)
    return sorted(set(doubts))


def validate(options: Namespace, ask_spark: Callable[[Sequence[Compiled]], int]) -> int:
    """Compiles; says what there is, and with `--against` what an apply would lose of what is deployed.

    `ask_spark` has Spark plan the queries that no rule decides, and with `--spark` all of them; it gives their number.
    """
    compiled = compile_specs(_specs(options), Path("generated"), options.env, options.instance)
    if options.spark or doubts_of(compiled):
        count = ask_spark(compiled)
        print(f"Spark plans {count} {'query' if count == 1 else 'queries'}")
    if options.against is not None:
        if not options.against.is_dir():
            message = f"'{options.against.as_posix()}' is no folder of generated files"
            raise fault(None, "PG001", message, "give the tree that was deployed", code=ExitCode.USAGE)
        lost = list(losses_of(generate_folders(compiled, Path("generated")), options.against))
        if lost:
            raise SpecError(lost)
    for item in compiled:
        environments = ", ".join(map(_place, item.pipelines))
        count = len(item.pipelines[0].steps)
        print(f"{item.source.file}: {count} {'step' if count == 1 else 'steps'}, valid in {environments}")
        for pipeline in item.pipelines if options.next else ():
            _print_next_starts(pipeline, options.next, options.since)
    return ExitCode.CLEAN


def _print_next_starts(pipeline: Pipeline, count: int, since: str | None) -> None:
    """When each schedule starts next, on its own clock."""
    from datetime import UTC, datetime
    from itertools import islice
    from zoneinfo import ZoneInfo

    from pipelinegen.spec.occurrences import occurrences

    begin = datetime.fromisoformat(since).replace(tzinfo=UTC) if since else datetime.now(UTC)
    for schedule in pipeline.schedules:
        zone = ZoneInfo(schedule.timezone)
        times = islice(occurrences(schedule.expression, schedule.timezone, begin), count)
        shown = ", ".join(moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M %Z") for moment in times) or "never again"
        print(f"  {_place(pipeline)}, schedule {schedule.label}: {shown}")


def _place(pipeline: Pipeline) -> str:
    """The environment, and the instance if there are several."""
    return f"{pipeline.environment} ({pipeline.instance})" if pipeline.instance else pipeline.environment


def graph(options: Namespace) -> int:
    """Prints the Mermaid text."""
    from pipelinegen.emit.docs import mermaid

    (item,) = compile_specs([options.spec], Path("generated"), options.env, options.instance)
    print(mermaid(item.pipelines[0]))
    return ExitCode.CLEAN


def lint_asl(options: Namespace) -> int:
    """Checks state machines."""
    from pipelinegen.asl_lint.command import lint_asl

    return lint_asl(options)


def schema(options: Namespace) -> int:
    """Prints the schema of specs, or of what they include."""
    sys.stdout.write(schema_texts()[LAYER_FILE if options.layer else SPEC_FILE])
    return ExitCode.CLEAN


def init(options: Namespace) -> int:
    """Writes a starter, or lists what there are."""
    from pipelinegen.starters import read_starters, write_starter

    starters = read_starters(templates_folder() / "init")
    if options.list:
        width = max(len(name) for name in starters)
        print("\n".join(f"{name:{width}}  {starter.summary}" for name, starter in starters.items()))
        return ExitCode.CLEAN
    path = options.out or Path("specs") / f"{options.template}.yaml"
    written = write_starter(starters, options.template, path)
    print(
        "\n".join(
            [*(f"wrote {place.as_posix()}" for place in written), f"next: pipelinegen validate {path.as_posix()}"]
        )
    )
    return ExitCode.CLEAN


def explain(options: Namespace) -> int:
    """Prints what an id means; all of them if none is named."""
    from pipelinegen.catalogue import CATALOGUE

    if options.id is None:
        print("\n".join(f"{id}: {text}" for id, text in CATALOGUE.items()))
        return ExitCode.CLEAN
    id = options.id.upper()
    if id not in CATALOGUE:
        raise fault(
            None, "PG001", f"there is no diagnostic '{options.id}'", suggest(id, CATALOGUE, "ids"), code=ExitCode.USAGE
        )
    print(f"{id}: {CATALOGUE[id]}")
    return ExitCode.CLEAN


def package(options: Namespace) -> int:
    """Makes what is uploaded."""
    from pipelinegen.package import package as make

    return make(options)


def deploy(options: Namespace) -> int:
    """Brings an environment to AWS."""
    from pipelinegen.deploy import commands

    return commands.deploy(options)


def rollback(options: Namespace) -> int:
    """Brings an environment back to what it was."""
    from pipelinegen.deploy import commands

    return commands.rollback(options)


def _specs(options: Namespace) -> list[Path]:
    """The specs that were named, or every one in specs/."""
    if options.specs:
        return list(dict.fromkeys(options.specs))
    found = sorted(Path("specs").glob("*.yaml"))
    if not found:
        raise fault(
            None,
            "PG001",
            "no spec was named, and there is no specs/*.yaml here",
            "give the path of a spec",
            code=ExitCode.USAGE,
        )
    return found
