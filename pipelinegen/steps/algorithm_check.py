"""Steps that train with an image of AWS, held against what its algorithm or framework takes by name and type."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from pipelinegen.errors import Diagnostic, SpecError, did_you_mean, suggest
from pipelinegen.ir.model import Artifact, Table
from pipelinegen.spec.conditions import Scalar
from pipelinegen.steps.algorithm_images import Address, address_of, faults_of_address
from pipelinegen.steps.algorithm_metrics import faults_of_metrics, faults_of_regexes
from pipelinegen.steps.algorithm_step import AlgorithmStep, Searched, is_known
from pipelinegen.steps.base import Scope
from pipelinegen.steps.built_in_algorithms import Algorithm, Rule
from pipelinegen.steps.columns import PARQUET

#: What a container of a framework is told of the user's program.
_PROGRAM: Final = "sagemaker_program"
_FOLDER: Final = "sagemaker_submit_directory"
_LABELS: Final = re.compile(r"label_size=(\w+)")
_CHANNELS: Final = "/opt/ml/input/data/"


def check_algorithm(
    scope: Scope,
    step: AlgorithmStep,
    search: Mapping[str, Searched] | None = None,
    objective: str | None = None,
    *,
    goes_on: bool = False,
) -> Algorithm | None:
    """The algorithm of AWS that the step trains with, None for other images.

    `search`: hyperparameters that a tuning looks for, by the metric `objective`; `goes_on`: the promoted model is a
    channel, too.
    Raises: SpecError with PG145 for every name and type that AWS would end the job for.
    """
    address = address_of(scope, step.image)
    if address is None:
        return None
    found, runs_program = address.algorithm, _PROGRAM in step.hyperparameters
    faults = list(faults_of_address(scope, address))
    if found and not (runs_program and found.may_run_a_program):
        faults += _of_hyperparameters(scope, found, step, search or {})
        faults += faults_of_metrics(scope, found, step, objective)
        faults += _of_channels(scope, found, step, goes_on=goes_on)
        faults += _of_files(scope, found, step)
        faults += _of_machines(scope, found, step)
    elif found or address.is_framework:
        faults += _of_program(scope, address, step)
    elif address.is_for_serving:
        message = f"the image '{address.repository}' answers requests, and does not train"
        faults.append(Diagnostic(scope.spans.at("image").value, "PG145", message, "give one for training, or `code:`"))
    if found:
        faults += faults_of_regexes(scope, found, step)
    if faults:
        raise SpecError(faults)
    return found


def _of_hyperparameters(
    scope: Scope, found: Algorithm, step: AlgorithmStep, search: Mapping[str, Searched]
) -> Iterator[Diagnostic]:
    given = (*(("hyperparameters", name) for name in step.hyperparameters), *(("search", name) for name in search))
    public = [name for name in found.rules if not name.startswith("_")]
    unknown = [
        (part, name)
        for part, name in given
        if name not in found.rules and not name.startswith("_") and not found.may_have(name, public)
    ]
    for part, name in unknown:
        span, help = scope.spans.at(part, name).label, suggest(name, public, "it has")
        yield Diagnostic(span, "PG145", f"{found.title} has no hyperparameter '{name}'", help)
    misspelt = [name for _, name in unknown]
    for name, when in found.required.items():
        if not {name} & {*step.hyperparameters, *search} and not did_you_mean(name, misspelt):
            yield from _of_missing(scope, found, step, name, when)
    for name, value in step.hyperparameters.items():
        rule = found.rules.get(name)
        if rule and is_known(value) and not rule.takes(value):
            yield _of_value(scope, found, name, value, rule, "hyperparameters", name)
        elif name == "eval_metric" and is_known(value):
            yield from _of_eval_metric(scope, found, str(value))
    for name, range in search.items():
        if name in found.rules:
            yield from _of_range(scope, found, name, range)


def _of_missing(
    scope: Scope, found: Algorithm, step: AlgorithmStep, name: str, when: tuple[str, tuple[str, ...]] | None
) -> Iterator[Diagnostic]:
    because = ""
    if when:
        decisive, values = when
        value = step.hyperparameters.get(decisive)
        if value not in values:
            return
        because = f", as '{decisive}' is '{value}'"
    message = f"{found.title} wants to know the hyperparameter '{name}'{because}"
    yield Diagnostic(scope.spans.label, "PG145", message, f"give `{name}` among the `hyperparameters:`")


def _of_value(scope: Scope, found: Algorithm, name: str, value: Scalar, rule: Rule, *path: str | int) -> Diagnostic:
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    message = f"{found.title} takes {rule.in_words} as '{name}', found {shown}"
    help = f"write {rule.in_words}"
    if isinstance(value, bool) and "true" not in rule.words and (rule.numbers or "1" in rule.words):
        help = "write 1 for true, 0 for false"
    elif all(word.isdigit() for word in rule.words) and len(rule.words) > 2:
        help = f"it takes: {', '.join(rule.words)}"
    elif len(rule.words) > 2 and not rule.numbers:
        help = suggest(str(value), rule.words, "it takes")
    return Diagnostic(scope.spans.at(*path).value, "PG145", message, help)


def _of_eval_metric(scope: Scope, found: Algorithm, value: str) -> Iterator[Diagnostic]:
    known = found.metrics["validation"]
    for name in value.split(","):
        base = name.strip().partition("@")[0]
        if base not in known and not found.may_have(base, known):
            message = f"{found.title} measures no '{name.strip()}'"
            span = scope.spans.at("hyperparameters", "eval_metric").value
            yield Diagnostic(span, "PG145", message, suggest(name.strip(), known, "it measures"))


def _of_range(scope: Scope, found: Algorithm, name: str, given: Searched) -> Iterator[Diagnostic]:
    rule = found.rules[name]
    for index, value in enumerate(given.values or ()):
        if is_known(value) and not rule.takes(value):
            yield _of_value(scope, found, name, value, rule, "search", name, "values", index)
    if given.values is not None or rule.takes_all:
        return
    span, prefix = scope.spans.at("search", name).value, f"{found.title} takes {rule.in_words} as '{name}', and"
    is_whole = isinstance(given.from_, int) and isinstance(given.to, int)
    if not rule.numbers:
        if not (is_whole and {str(value) for value in range(given.from_, given.to + 1)[:300]} <= set(rule.words)):
            yield Diagnostic(span, "PG145", f"{prefix} numbers are looked for", "list the choices in `values:`")
    elif rule.numbers == "whole" and not is_whole:
        yield Diagnostic(span, "PG145", f"{prefix} others are looked for", "let it go from 3 to 9, as whole numbers")
    else:
        yield from _of_ends(scope, name, given, rule, prefix)


def _of_ends(scope: Scope, name: str, given: Searched, rule: Rule, prefix: str) -> Iterator[Diagnostic]:
    """A search may start where a range is open, since it need not try its end."""
    for key, end in (("from", given.from_), ("to", given.to)):
        if not rule.holds(float(end), or_ends=True):
            span = scope.spans.at("search", name, key).value
            yield Diagnostic(span, "PG145", f"{prefix} {end} is looked for", f"move `{key}:` into the range")


def _of_channels(scope: Scope, found: Algorithm, step: AlgorithmStep, *, goes_on: bool) -> Iterator[Diagnostic]:
    unknown = [name for name in step.inputs if name not in found.channels]
    for name in unknown:
        span, help = scope.spans.at("inputs", name).label, suggest(name, found.channels, "it has")
        yield Diagnostic(span, "PG145", f"{found.title} has no channel '{name}'", help)
    wanted = list(found.required_channels)
    if (step.content_type or "").startswith(("image/", "application/x-image")):
        wanted += found.channels_of_images
    for name in wanted if not unknown else ():
        if name not in step.inputs:
            message = f"{found.title} wants a channel '{name}'"
            yield Diagnostic(scope.spans.at("inputs").label, "PG145", message, f"add `{name}` to the `inputs:`")
    if goes_on and "model" not in found.channels:
        message = f"{found.title} cannot go on from a model"
        yield Diagnostic(scope.spans.at("warm_start").value, "PG145", message, "remove `warm_start:`")


def _of_files(scope: Scope, found: Algorithm, step: AlgorithmStep) -> Iterator[Diagnostic]:
    kind, _, parameters = (step.content_type or "").partition(";")
    labels = _LABELS.search(parameters)
    if labels and found.label_size and labels[1] != found.label_size:
        message = f"{found.title} takes label_size={found.label_size}, found {labels[0]}"
        yield Diagnostic(scope.spans.at("content_type").value, "PG145", message, f"write `content_type: {kind}`")
    if kind and found.content_types and kind not in found.content_types:
        span, help = scope.spans.at("content_type").value, suggest(kind, found.content_types, "it reads")
        yield Diagnostic(span, "PG145", f"{found.title} does not read {kind}", help)
        return
    for name, reference in _tables(scope, step.inputs):
        span = scope.spans.at("inputs", name).value
        if not found.reads_parquet:
            message = f"'{reference}' is a table, whose files are Parquet, and {found.title} does not read those"
            help = f"let a step write them as {' or '.join(found.content_types) or 'text'}, and refer to its folder"
            yield Diagnostic(span, "PG145", message, help)
        elif step.content_type is None and found.reads_unless_said:
            message = f"'{reference}' is a table, and {found.title} takes files for {found.reads_unless_said}"
            yield Diagnostic(span, "PG145", message, f"write `content_type: {PARQUET}`")


def _tables(scope: Scope, inputs: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """The channels that are tables; references that are wrong are said where the channels are made."""
    for name, reference in inputs.items():
        with suppress(SpecError):
            if isinstance(scope.artifact(reference, Artifact, "inputs", name), Table):
                yield name, reference


def _of_machines(scope: Scope, found: Algorithm, step: AlgorithmStep) -> Iterator[Diagnostic]:
    wanted, _, condition = found.machines.partition(" unless ")
    has_gpu = step.instance.type.startswith(("ml.g", "ml.p"))
    span = scope.spans.at("instance", "type").value if "instance" in scope.spans.children else scope.spans.label
    if "gpu" in wanted and not has_gpu:
        message = f"{found.title} trains on machines with a GPU, and {step.instance.type} has none"
        yield Diagnostic(span, "PG145", message, "write `instance: {type: ml.g4dn.xlarge}`, or another ml.g or ml.p")
    if "cpu" in wanted and has_gpu:
        message = f"{found.title} trains on machines without a GPU"
        yield Diagnostic(span, "PG145", message, "write `instance: {type: ml.m5.xlarge}`, or another without one")
    name, _, value = condition.partition(" = ")
    other = step.hyperparameters.get(name)
    is_free = name != "" and (other == value or other is None or not is_known(other))
    if "single" in wanted and step.instance.count > 1 and not is_free:
        message = f"{found.title} trains on one machine, and not on {step.instance.count}"
        yield Diagnostic(scope.spans.at("instance", "count").value, "PG145", message, "write `count: 1`")


def _of_program(scope: Scope, address: Address, step: AlgorithmStep) -> Iterator[Diagnostic]:
    """A framework's container has no program of its own, and its job reaches nothing but its channels."""
    given, span = step.hyperparameters, scope.spans.at("image").value
    program, folder = (str(given[name]).strip('"') if name in given else None for name in (_PROGRAM, _FOLDER))
    if program is None:
        message = f"the image '{address.repository}' has no program of its own"
        yield Diagnostic(span, "PG145", message, "give `code:` in place of `image:`, a folder with your program")
    elif folder is None:
        if "/" not in program and is_known(program):
            message = f"nothing says where '{program}' lies"
            help = f"give `{_FOLDER}: {_CHANNELS}<channel>`, a channel with the program"
            yield Diagnostic(scope.spans.at("hyperparameters", _PROGRAM).value, "PG145", message, help)
    elif folder.startswith("s3://"):
        message = "the job has no network, and cannot fetch its program from S3"
        help = f"refer to it in `inputs:`, and give {_CHANNELS}<channel>"
        yield Diagnostic(scope.spans.at("hyperparameters", _FOLDER).value, "PG145", message, help)
    elif folder.startswith(_CHANNELS):
        channel = folder.removeprefix(_CHANNELS).partition("/")[0]
        if channel not in step.inputs:
            span, help = scope.spans.at("hyperparameters", _FOLDER).value, suggest(channel, step.inputs, "inputs")
            yield Diagnostic(span, "PG145", f"no input is called '{channel}'", help)
    for key, metric in step.metrics.items():
        if metric.name is not None and address.algorithm is None:
            message = f"the image '{address.repository}' has no metrics of its own, such as '{metric.name}'"
            help = f"give `regex:`, such as '{key}=([0-9.]+)'"
            yield Diagnostic(scope.spans.at("metrics", key, "name").value, "PG145", message, help)
