"""Parameters that schedules, triggers and instances give: each is declared, and of its declared type."""

from collections.abc import Iterator, Mapping

from pipelinegen.errors import Diagnostic, Span, suggest
from pipelinegen.ir.model import Json
from pipelinegen.resolve.draft import Draft
from pipelinegen.source import SpanTree
from pipelinegen.spec.load import describe
from pipelinegen.spec.pipeline import ParameterSpec

#: What the SQL of Glue jobs has beside parameters.
RUN_DATE_PARAMETER = "run_date"


def check_parameters(draft: Draft) -> Draft:
    """The draft itself. Reports PG012 for an unknown parameter, PG013 for a value of another type, PG139."""
    faults = []
    if RUN_DATE_PARAMETER in draft.spec.parameters:
        message = f"'{RUN_DATE_PARAMETER}' is what SQL calls the run's date"
        span = draft.spans.at("parameters", RUN_DATE_PARAMETER).label
        faults.append(Diagnostic(span, "PG139", message, "give the parameter another name"))
    for name, schedule in draft.spec.named_schedules().items():
        path = ("schedule",) if draft.spec.schedule else ("schedules", name)
        faults.extend(parameter_faults(draft.spec.parameters, schedule.parameters, draft.spans.at(*path, "parameters")))
    return draft.reporting(faults)


def parameter_faults(
    known: Mapping[str, ParameterSpec], given: Mapping[str, Json], spans: SpanTree
) -> Iterator[Diagnostic]:
    """PG012 for parameters that there are not, PG013 for values that are not of their types."""
    for name, value in given.items():
        if name not in known:
            yield unknown_parameter(name, known, spans.at(name).label)
        elif not known[name].takes(value):
            yield misfit(name, known[name], value, spans.at(name).value)


def unknown_parameter(name: str, known: Mapping[str, ParameterSpec], span: Span) -> Diagnostic:
    """PG012, with the nearest of those that there are."""
    return Diagnostic(span, "PG012", f"there is no parameter '{name}'", suggest(name, known, "parameters"))


def misfit(
    name: str, known: ParameterSpec, value: Json, span: Span, help: str = "give a value of the declared type"
) -> Diagnostic:
    """PG013 for a value that is not of a parameter's type."""
    return Diagnostic(span, "PG013", f"'{name}' wants {known.words}, found {describe(value)}", help)
