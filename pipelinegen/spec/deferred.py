"""Parts of a spec that are rarely there, whose validators are built only when one is.

A kind's model builds the validators of all its parts, those of the common keys again for every kind. What is annotated
with `deferred` is looked at by its own model, once and only where it is given.
"""

from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Deferred:
    """The annotation; its faults become those of the whole again in `spec.load`."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        self._model.model_rebuild()
        return {"anyOf": [handler(self._model.__pydantic_core_schema__), {"type": "null"}]}

    def _validated(self, value: Any) -> Any:
        return None if value is None else self._model.model_validate(value)
