"""What the service needs to know before it starts, read from its environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from runtime.common.names import KEY_PLACEHOLDER, SCHEMA_VERSION
from runtime.common.pseudonyms import pseudonymise
from runtime.common.redis_address import RedisAddress, read_address
from runtime.common.settings import SettingsError, read_settings
from runtime.common.tokens import TokenError, TokenKeys, token_keys, tokenise


class ApiSettings(BaseModel):
    """The settings document `api/<step>/settings.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Literal[1] = SCHEMA_VERSION
    title: Annotated[str, Field(min_length=1)]
    key: str
    item_name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    hash_user_ids: bool
    tokenise_user_ids: bool = False
    max_items: Annotated[int, Field(ge=1, le=1_000)]

    @field_validator("key")
    @classmethod
    def _holds_the_user(cls, key: str) -> str:
        if KEY_PLACEHOLDER not in key:
            raise ValueError(f"must hold {KEY_PLACEHOLDER}")
        return key

    @field_validator("item_name")
    @classmethod
    def _is_not_the_other_field(cls, name: str) -> str:
        if name == "score":
            raise ValueError("must not be 'score', which stands beside it")
        return name


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings and secrets of one running service; its text shows no secret."""

    settings: ApiSettings
    redis: RedisAddress
    pseudonym_key: bytes = field(default=b"", repr=False)
    tokens: TokenKeys | None = field(default=None, repr=False)
    api_key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.settings.hash_user_ids and not self.pseudonym_key:
            raise SettingsError("user ids are stored under pseudonyms, but PSEUDONYM_KEY is missing")
        if self.settings.tokenise_user_ids and self.tokens is None:
            raise SettingsError("user ids are stored as tokens, but TOKEN_KEY is missing")

    def stored_id(self) -> Callable[[str], str] | None:
        """What turns a user's id into the one under which Redis knows the user; None if that is the id itself."""
        if self.settings.tokenise_user_ids and self.tokens is not None:
            return partial(tokenise, keys=self.tokens)
        return partial(pseudonymise, key=self.pseudonym_key) if self.settings.hash_user_ids else None


def read_configuration(environ: Mapping[str, str]) -> Configuration:
    """The service's configuration. Raises: SettingsError saying what is missing or odd."""
    path = environ.get("API_SETTINGS", "")
    if not path:
        raise SettingsError("the environment variable API_SETTINGS (the path of settings.json) is missing")
    try:
        settings = ApiSettings.model_validate(read_settings(Path(path)))
    except ValidationError as error:
        faults = "; ".join(f"'{'.'.join(map(str, e['loc']))}': {e['msg']}" for e in error.errors(include_input=False))
        raise SettingsError(f"{path} is not as it should be: {faults}") from error
    token_key = environ.get("TOKEN_KEY", "")
    try:
        tokens = token_keys(token_key) if token_key else None
    except TokenError as error:
        raise SettingsError(f"TOKEN_KEY cannot be used: {error}") from None
    username, password = environ.get("REDIS_USERNAME", ""), environ.get("REDIS_PASSWORD", "")
    return Configuration(
        settings,
        read_address(environ, username=username, password=password),
        environ.get("PSEUDONYM_KEY", "").encode(),
        tokens,
        environ.get("API_KEY", "").encode(),
    )
