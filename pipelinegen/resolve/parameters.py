"""Parameters that schedules give: each is declared, and of its declared type."""

from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.resolve.draft import Draft
from pipelinegen.spec.load import describe

#: What the SQL of Glue jobs has beside parameters.
RUN_DATE_PARAMETER = "run_date"


def check_parameters(draft: Draft) -> Draft:
    """The draft itself. Reports PG012 for an unknown parameter, PG013 for a value of another type, PG139."""
    known = draft.spec.parameters
    faults = []
    if RUN_DATE_PARAMETER in known:
        message = f"'{RUN_DATE_PARAMETER}' is what SQL calls the run's date"
        span = draft.spans.at("parameters", RUN_DATE_PARAMETER).label
        faults.append(Diagnostic(span, "PG139", message, "give the parameter another name"))
    for name, schedule in draft.spec.named_schedules().items():
        path = ("schedule",) if draft.spec.schedule else ("schedules", name)
        for parameter, value in schedule.parameters.items():
            tree = draft.spans.at(*path, "parameters", parameter)
            if parameter not in known:
                help = suggest(parameter, known, "parameters")
                faults.append(Diagnostic(tree.label, "PG012", f"there is no parameter '{parameter}'", help))
            elif not known[parameter].takes(value):
                message = f"'{parameter}' wants {known[parameter].words}, found {describe(value)}"
                faults.append(Diagnostic(tree.value, "PG013", message, "give a value of the declared type"))
    return draft.reporting(faults)
