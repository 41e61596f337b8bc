"""The provider itself: one method per remote call of Terraform's plugin protocol 6."""

import json
import os
from typing import Any, Final

from tests.oracle.provider import checks, data_sources, schema
from tests.oracle.provider.invent import Account, settle
from tests.oracle.provider.protocol import message_class, response_of
from tests.oracle.provider.replacement import replacing_paths
from tests.oracle.provider.values import contains_unknown, decode, encode

#: Used where the configuration names no account (`allowed_account_ids`).
DEFAULT_ACCOUNT: Final = "123456789012"

_Diagnostic: Final = message_class("Diagnostic")
_Path: Final = message_class("AttributePath")
_Step: Final = message_class("AttributePath.Step")
_Capabilities: Final = message_class("ServerCapabilities")


def _step(part: str | int) -> Any:
    return _Step(attribute_name=part) if isinstance(part, str) else _Step(element_key_int=part)


def _error(summary: str, path: checks.Path = ()) -> Any:
    attribute = _Path(steps=[_step(part) for part in path])
    return _Diagnostic(severity=_Diagnostic.Severity.Value("ERROR"), summary=summary, attribute=attribute)


class Provider:
    """Serves the committed schema, checks what it can and pretends to create what it is asked for."""

    def __init__(self) -> None:
        self._resources = schema.blocks("resource_schemas")
        self._data_sources = schema.blocks("data_source_schemas")
        self._ephemeral = schema.blocks("ephemeral_resource_schemas")
        self._account = Account(DEFAULT_ACCOUNT, os.environ.get("AWS_REGION", "us-east-1"))
        self._default_tags: dict[str, Any] = {}

    # What there is ----------------------------------------------------------------------------------------------------

    def GetMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        def kinds(message: str, names: dict[str, Any]) -> list[Any]:
            return [message_class(f"GetMetadata.{message}")(type_name=name) for name in names]

        return response_of("GetMetadata")(
            server_capabilities=_Capabilities(get_provider_schema_optional=True),
            resources=kinds("ResourceMetadata", self._resources),
            data_sources=kinds("DataSourceMetadata", self._data_sources),
            ephemeral_resources=kinds("EphemeralMetadata", self._ephemeral),
        )

    def GetProviderSchema(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        def messages(blocks: dict[str, Any]) -> dict[str, Any]:
            return {name: schema.to_message(block) for name, block in blocks.items()}

        return response_of("GetProviderSchema")(
            provider=schema.to_message(schema.provider_block()),
            resource_schemas=messages(self._resources),
            data_source_schemas=messages(self._data_sources),
            ephemeral_resource_schemas=messages(self._ephemeral),
            server_capabilities=_Capabilities(get_provider_schema_optional=True),
        )

    # Configuration ----------------------------------------------------------------------------------------------------

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        return response_of("ValidateProviderConfig")()

    def ConfigureProvider(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        config = decode(request.config) or {}
        accounts = config.get("allowed_account_ids")
        region = config.get("region")
        self._account = Account(
            accounts[0] if isinstance(accounts, list) and accounts else DEFAULT_ACCOUNT,
            region if isinstance(region, str) else self._account.region,
        )
        self._default_tags = {}
        for block in config.get("default_tags") or []:
            self._default_tags |= block.get("tags") or {}
        return response_of("ConfigureProvider")()

    def ValidateResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        block = self._resources[request.type_name]
        found = checks.faults(request.type_name, block, decode(request.config))
        return response_of("ValidateResourceConfig")(diagnostics=[_error(fault.message, fault.path) for fault in found])

    def ValidateDataResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        return response_of("ValidateDataResourceConfig")()

    # Managed resources ------------------------------------------------------------------------------------------------

    def UpgradeResourceState(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        state = json.loads(request.raw_state.json)
        return response_of("UpgradeResourceState")(upgraded_state=encode(state))

    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        return response_of("ReadResource")(new_state=request.current_state, private=request.private)

    def PlanResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        prior, proposed = decode(request.prior_state), decode(request.proposed_new_state)
        paths: list[checks.Path] = []
        if proposed is not None:
            config = decode(request.config) or {}
            proposed = self._planned(request.type_name, proposed, config, is_new=prior is None)
            paths = [] if prior is None else replacing_paths(request.type_name, prior, proposed)
        return response_of("PlanResourceChange")(
            planned_state=encode(proposed),
            requires_replace=[_Path(steps=[_step(part) for part in path]) for path in paths],
            planned_private=request.prior_private,
        )

    def _planned(self, type_name: str, proposed: schema.Value, config: schema.Value, *, is_new: bool) -> schema.Value:
        block = self._resources[type_name]
        planned = schema.drop_write_only(block, proposed)
        if is_new:
            planned = schema.mark_computed_as_unknown(block, planned)
        if "region" in planned and config.get("region") is None:
            planned["region"] = self._account.region
        if "tags_all" in block.get("attributes", {}) and not contains_unknown(planned.get("tags")):
            planned["tags_all"] = self._default_tags | (planned.get("tags") or {})
        return planned

    def ApplyResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        planned = decode(request.planned_state)
        if planned is not None:
            planned = settle(self._account, request.type_name, self._resources[request.type_name], planned)
        return response_of("ApplyResourceChange")(new_state=encode(planned), private=request.planned_private)

    # Data sources and ephemeral resources -----------------------------------------------------------------------------

    def ReadDataSource(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        block = self._data_sources[request.type_name]
        value = data_sources.read(self._account, request.type_name, block, decode(request.config))
        return response_of("ReadDataSource")(state=encode(value))

    def ValidateEphemeralResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        return response_of("ValidateEphemeralResourceConfig")()

    def OpenEphemeralResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        block = self._ephemeral[request.type_name]
        value = data_sources.read(self._account, request.type_name, block, decode(request.config))
        return response_of("OpenEphemeralResource")(result=encode(value))

    def CloseEphemeralResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        return response_of("CloseEphemeralResource")()

    def StopProvider(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        return response_of("StopProvider")()
