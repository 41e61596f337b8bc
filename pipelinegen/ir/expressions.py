"""JSONata text made of values, and values made of text with references in it."""

import json
import re

from pipelinegen.ir.model import Json, Jsonata

RUN_DATE = Jsonata("$run_date")
RUN_ID = Jsonata("$run_id")
#: Variables that the first state of a run sets, and the one that says what failed.
RUN_VARIABLES = ("run_date", "run_id", "parameters", "promoted")
FAILURE = "failure"
#: The longest text of a failure that a person gets to read.
_SAID = 2000
#: What a failure says to a reader. Its cause is the description of a job, what a function answers, the report of an
#: expression that called $error, or says it plainly; local/causes.py reads the same.
FAILURE_SAID = Jsonata(
    '($said := $match($failure.cause, /"(?:FailureReason|ErrorMessage|errorMessage|StatusReason|StoppedReason|'
    r'StateDetails|ExitMessage)": ?("(?:\\.|[^\\"])*")/, 1).groups[0]; '
    + "$substring($exists($said) ? $parse($said) : "
    f"$substringAfter($failure.cause, ' threw an error during evaluation. '), 0, {_SAID}))"
)
#: The day before the run's date, from which on rows are fresh.
DAY_BEFORE = Jsonata("$substring($fromMillis($toMillis($run_date & 'T00:00:00Z') - 86400000), 0, 10)")


#: What Terraform's `templatefile` or Step Functions would read as code.
_CODE = re.compile(r"[$%]\{|\{%|%\}")


def quote(text: str) -> str:
    """`text` as a JSONata string literal that neither `templatefile` nor Step Functions reads as code."""
    literal = json.dumps(text, ensure_ascii=False)
    while found := _CODE.search(literal):
        place = found.start() + (found.group() == "{%")
        literal = f"{literal[:place]}\\u{ord(literal[place]):04x}{literal[place + 1 :]}"
    return literal


def comment(text: str) -> str:
    """`text` for a state's `Comment`, which `templatefile` reads although nobody evaluates it."""
    return as_template(text.replace("{%", "{ %").replace("%}", "% }"))


def as_template(text: str) -> str:
    """`text` so that `templatefile`, and the local cloud in its place, gives it back as it is."""
    return text.replace("${", "$${").replace("%{", "%%{")


def expression(value: Json) -> str:
    """The JSONata expression whose value is `value`, expressions inside it evaluated."""
    if isinstance(value, Jsonata):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quote(key)}: {expression(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(expression(item) for item in value) + "]"
    return quote(value) if isinstance(value, str) else json.dumps(value)


def concatenate(parts: list[Json]) -> Json:
    """Text in which expressions stand between literals; plain text where there is none."""
    if all(isinstance(part, str) for part in parts):
        text = "".join(str(part) for part in parts)
        return Jsonata(quote(text)) if _CODE.search(text) else text
    texts = [f"$string({part.text})" if isinstance(part, Jsonata) else expression(part) for part in parts if part != ""]
    return Jsonata(" & ".join(texts))


def unique_job_name(prefix: str) -> Jsonata:
    """A SageMaker job name that no retry, redrive or second run of the same date repeats; at most 63 characters."""
    return Jsonata(f"'{prefix}-' & $replace($run_date, '-', '') & '-' & {_attempt()}")


def unique_short_name(prefix: str) -> Jsonata:
    """The same without the date, 13 characters longer than its prefix."""
    return Jsonata(f"'{prefix}-' & {_attempt()}")


#: What tells executions apart in a name.
_SEED = "$hash($states.context.Execution.Id"


def in_round(text: str, index: str) -> str:
    """An expression, the unique names in which differ from one round of a loop to the next."""
    return text.replace(_SEED, f"{_SEED} & '/' & $string({index})")


def item_variable(name: str) -> str:
    """The variable that holds a loop's item; no step's variable has a capital letter."""
    return "each" + "".join(word.capitalize() for word in name.split("_"))


def index_variable(name: str) -> str:
    """The variable that holds the number of a loop's round, from 0 on."""
    return f"{item_variable(name)}Index"


def _attempt() -> str:
    """Twelve digits that no other attempt of this state has."""
    counts = ("$states.context.State.RetryCount", "$states.context.Execution.RedriveCount")
    attempt = " & '/' & ".join(["$states.context.Execution.Id", *(f"$string({count})" for count in counts)])
    return f"$substring($hash({attempt}, 'SHA-256'), 0, 12)"
