"""JSONata text made of values, and values made of text with references in it."""

import json

from pipelinegen.ir.model import Json, Jsonata

RUN_DATE = Jsonata("$run_date")
RUN_ID = Jsonata("$run_id")


def quote(text: str) -> str:
    """`text` as a JSONata string literal."""
    return json.dumps(text, ensure_ascii=False)


def expression(value: Json) -> str:
    """The JSONata expression whose value is `value`, expressions inside it evaluated."""
    if isinstance(value, Jsonata):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quote(key)}: {expression(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(expression(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def concatenate(parts: list[Json]) -> Json:
    """Text in which expressions stand between literals; plain text where there is none."""
    if all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)
    texts = [f"$string({part.text})" if isinstance(part, Jsonata) else expression(part) for part in parts if part != ""]
    return Jsonata(" & ".join(texts))


def unique_job_name(prefix: str) -> Jsonata:
    """A SageMaker job name that no retry, redrive or second run of the same date repeats; at most 63 characters."""
    counts = ("$states.context.State.RetryCount", "$states.context.Execution.RedriveCount")
    attempt = " & '/' & ".join(["$states.context.Execution.Id", *(f"$string({count})" for count in counts)])
    return Jsonata(f"'{prefix}-' & $replace($run_date, '-', '') & '-' & $substring($hash({attempt}, 'SHA-256'), 0, 12)")
