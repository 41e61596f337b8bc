"""What the schema needs to know of a step kind, which it cannot import."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class KindShape:
    """A kind's model and a sentence about it; its other forms by name: the keys that choose each, model, sentence."""

    model: type[BaseModel]
    summary: str
    forms: Mapping[str, tuple[tuple[str, ...], type[BaseModel], str]] = field(default_factory=dict)
