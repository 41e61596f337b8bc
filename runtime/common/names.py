"""Names that two programs of the runtime must agree on."""

from typing import Final

#: Version of every settings document the compiler generates for the runtime.
SCHEMA_VERSION: Final = 1

#: Columns of the prediction files: `user_id: string`, `item_ids: list<string>`, `scores: list<float32>`, best first.
USER_ID: Final = "user_id"
ITEM_IDS: Final = "item_ids"
SCORES: Final = "scores"

#: The row that answers for users the model does not know: what is popular now.
FALLBACK_USER: Final = "_popular"

#: Fields of one Redis hash.
FIELD_ITEMS: Final = "items"
FIELD_SCORES: Final = "scores"
FIELD_MODEL_VERSION: Final = "model_version"
FIELD_RUN_DATE: Final = "run_date"

#: Placeholder of a Redis key pattern such as `recommendations:{user_id}`.
KEY_PLACEHOLDER: Final = "{user_id}"

#: The files of a model artifact (inside model.tar.gz).
MODEL_FILE: Final = "model.pt"
CONTRACT_FILE: Final = "contract.json"


def redis_key(pattern: str, user_id: str) -> str:
    """The Redis key of a user, e.g. `recommendations:42` for the pattern `recommendations:{user_id}`."""
    return pattern.replace(KEY_PLACEHOLDER, user_id)


def metric_line(name: str, value: float) -> str:
    """The line a training program prints so that SageMaker's metric definitions find the value."""
    return f"metric {name}={value:.6f};"
