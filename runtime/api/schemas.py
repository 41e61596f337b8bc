"""What goes over the wire: the models behind the OpenAPI document."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

#: Users of one batch request.
MAX_BATCH_USERS = 100

#: Characters of a user id.
MAX_USER_ID = 256

UserId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_USER_ID)]


class Wire(BaseModel):
    """Everything on the wire: nothing but what is declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ErrorDetail(Wire):
    """One thing that is wrong with a request."""

    where: str = Field(description="The part of the request, e.g. `query.limit`.")
    message: str


class Error(Wire):
    """Why a request was not answered."""

    code: str = Field(description="For programs: one word that does not change.")
    message: str = Field(description="For people.")
    request_id: str
    details: list[ErrorDetail] = Field(default=[], description="What exactly is wrong, when the request is.")


class ErrorBody(Wire):
    """The body of every answer that is not a success."""

    error: Error


class Status(Wire):
    """How the service is."""

    status: Literal["ok", "ready"]


class Answer(Wire):
    """What is said of a user's recommendations, apart from the items."""

    user_id: str
    source: Literal["model", "popular"] = Field(
        description="`model`: made for this user. `popular`: the user is unknown, and this is what most like."
    )
    model_version: str = Field(description="The model that made them.")
    run_date: date = Field(description="The day they were made for.")


@dataclass(frozen=True, slots=True)
class WireModels:
    """The models that depend on the settings."""

    recommendations: type[BaseModel]
    batch: type[BaseModel]
    batch_request: type[BaseModel]


def build_models(item_name: str, max_items: int) -> WireModels:
    """Models whose items are called `item_name` and that hold at most `max_items` of them."""
    item_fields: dict[str, Any] = {
        item_name: (str, ...),
        "score": (float, Field(description="Larger is better; only the order has a meaning.")),
    }
    item = create_model("RecommendedItem", __base__=Wire, __doc__="One recommendation.", **item_fields)
    recommendations = create_model(
        "Recommendations",
        __base__=Answer,
        __doc__="The recommendations of one user.",
        items=(list[item], Field(max_length=max_items, description="Best first.")),
    )
    batch = create_model(
        "BatchRecommendations",
        __base__=Wire,
        __doc__="The recommendations of several users.",
        recommendations=(list[recommendations], Field(description="In the order of the request.")),
        not_found=(list[str], Field(description="Users for whom there is nothing, not even what is popular.")),
    )
    limit = Field(default=None, ge=1, le=max_items, description="At most so many items for each user.")
    batch_request = create_model(
        "BatchRequest",
        __base__=Wire,
        __doc__="For whom to recommend; duplicates are answered as often as they are asked.",
        user_ids=(list[UserId], Field(min_length=1, max_length=MAX_BATCH_USERS)),
        limit=(int | None, limit),
    )
    return WireModels(recommendations, batch, batch_request)
