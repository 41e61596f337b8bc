"""The report a job leaves beside its data: how many rows came and went, and what the checks found."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from runtime.common.names import SCHEMA_VERSION
from runtime.common.s3 import split_uri
from runtime.glue.bookmarks import Mark
from runtime.glue.checks import CheckResult
from runtime.glue.faults import EtlError, faults_of


def report_document(
    step: str,
    run_date: str,
    inputs: Mapping[str, int],
    output: int | None,
    checks: Sequence[CheckResult],
    marks: Mapping[str, Mark],
) -> dict[str, Any]:
    """The report; `output.rows` is None for a job that failed before it had a result; `marks` are of bookmarks."""
    return {
        "schema_version": SCHEMA_VERSION,
        "step": step,
        "run_date": run_date,
        "inputs": {name: {"rows": rows} | _read(marks.get(name)) for name, rows in inputs.items()},
        "output": {"rows": output},
        "checks": [check.document() for check in checks],
    }


def _read(mark: Mark | None) -> dict[str, Any]:
    return {"bookmark": asdict(mark)} if mark else {}


def write_report(clients: Callable[[str], Any], uri: str, document: Mapping[str, Any]) -> None:
    """Puts the report at `uri`. Raises: EtlError if it is no S3 address or S3 refuses."""
    try:
        bucket, key = split_uri(uri)
    except ValueError as error:
        raise EtlError(f"the report has no place: {error}") from None
    body = json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"
    with faults_of(f"report {uri} cannot be written"):
        clients("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
