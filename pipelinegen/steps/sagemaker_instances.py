"""Which instance types each of SageMaker's jobs takes: a committed table, so that a misspelling ends before AWS."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, GetJsonSchemaHandler
from pydantic_core import CoreSchema
from typing_extensions import TypeAliasType

from pipelinegen.errors import suggest
from pipelinegen.spec.fields import SpecValueError

TABLE = Path(__file__).with_suffix(".json")

_JOBS = {
    "training": "training jobs",
    "processing": "processing jobs",
    "transform": "transform jobs",
    "endpoint": "endpoints",
    "notebook": "notebooks",
}


@cache
def instance_types(job: str) -> tuple[str, ...]:
    """The types that a `job` takes (a word of _JOBS), AWS's order."""
    families: Mapping[str, str] = json.loads(TABLE.read_text(encoding="utf-8"))[job]
    return tuple(f"ml.{family}.{size}" for family, sizes in families.items() for size in sizes.split())


class _Listed:
    """An enumeration in the JSON Schema, read only where a schema is made."""

    def __init__(self, job: str) -> None:
        self._job = job

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        description = f"Instance type for {_JOBS[self._job]}"
        return {"type": "string", "enum": list(instance_types(self._job)), "description": description}


def _known_to(job: str) -> AfterValidator:
    def check(value: str) -> str:
        known = instance_types(job)
        if value not in known:
            family = [name for name in known if name.startswith(f"{value.rpartition('.')[0]}.")]
            label = "types of this family" if family else "types"
            message = f"SageMaker has no instance type '{value[:60]}' for {_JOBS[job]}"
            raise SpecValueError(message, suggest(value, family or known, label), "PG070")
        return value

    return AfterValidator(check)


TrainingInstanceType = TypeAliasType("TrainingInstanceType", Annotated[str, _known_to("training"), _Listed("training")])
ProcessingInstanceType = TypeAliasType(
    "ProcessingInstanceType", Annotated[str, _known_to("processing"), _Listed("processing")]
)
TransformInstanceType = TypeAliasType(
    "TransformInstanceType", Annotated[str, _known_to("transform"), _Listed("transform")]
)
EndpointInstanceType = TypeAliasType("EndpointInstanceType", Annotated[str, _known_to("endpoint"), _Listed("endpoint")])
NotebookInstanceType = TypeAliasType("NotebookInstanceType", Annotated[str, _known_to("notebook"), _Listed("notebook")])
