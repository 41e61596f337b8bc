"""The messages of Terraform's plugin protocol 6, and a gRPC server for its `Provider` service.

The package `tf` ships the protocol as of Terraform 1.8. Ephemeral resources (1.10) and write-only attributes (1.11)
came later, so this module adds them to the descriptor before it builds the message classes. Field numbers:
tfplugin6.proto, version 6.8.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import grpc
from google.protobuf import timestamp_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from tf.gen import tfplugin_pb2

_PACKAGE: Final = tfplugin_pb2.DESCRIPTOR.package
_LABELS: Final = {"one": FieldDescriptorProto.LABEL_OPTIONAL, "many": FieldDescriptorProto.LABEL_REPEATED}
_SCALARS: Final = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "bool": FieldDescriptorProto.TYPE_BOOL,
}

#: message of one remote call: (request fields, response fields), each field (number, name, type, "one" or "many").
_EPHEMERAL_CALLS: Final = {
    "ValidateEphemeralResourceConfig": (
        [(1, "type_name", "string", "one"), (2, "config", "DynamicValue", "one")],
        [(1, "diagnostics", "Diagnostic", "many")],
    ),
    "OpenEphemeralResource": (
        [(1, "type_name", "string", "one"), (2, "config", "DynamicValue", "one")],
        [
            (1, "diagnostics", "Diagnostic", "many"),
            (3, "result", "DynamicValue", "one"),
            (4, "private", "bytes", "one"),
        ],
    ),
    "RenewEphemeralResource": (
        [(1, "type_name", "string", "one"), (2, "private", "bytes", "one")],
        [(1, "diagnostics", "Diagnostic", "many"), (3, "private", "bytes", "one")],
    ),
    "CloseEphemeralResource": (
        [(1, "type_name", "string", "one"), (2, "private", "bytes", "one")],
        [(1, "diagnostics", "Diagnostic", "many")],
    ),
}


def _message(parent: Iterable[DescriptorProto], name: str) -> DescriptorProto:
    return next(message for message in parent if message.name == name)


def _add_field(message: DescriptorProto, number: int, name: str, kind: str, label: str) -> None:
    field = message.field.add(name=name, number=number, label=_LABELS[label])
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


def _add_map_of_schemas(message: DescriptorProto, number: int, name: str) -> None:
    """A protobuf map is a repeated message with a key and a value, and a flag that says so."""
    entry = message.nested_type.add(name="EphemeralResourceSchemasEntry")
    entry.options.map_entry = True
    _add_field(entry, 1, "key", "string", "one")
    _add_field(entry, 2, "value", "Schema", "one")
    _add_field(message, number, name, f"GetProviderSchema.Response.{entry.name}", "many")


def _extended_protocol() -> FileDescriptorProto:
    protocol = FileDescriptorProto()
    tfplugin_pb2.DESCRIPTOR.CopyToProto(protocol)
    schema = _message(protocol.message_type, "Schema")
    _add_field(_message(schema.nested_type, "Attribute"), 11, "write_only", "bool", "one")
    call = _message(protocol.message_type, "GetProviderSchema")
    _add_map_of_schemas(_message(call.nested_type, "Response"), 8, "ephemeral_resource_schemas")
    metadata = _message(protocol.message_type, "GetMetadata")
    kind = metadata.nested_type.add(name="EphemeralMetadata")
    _add_field(kind, 1, "type_name", "string", "one")
    response = _message(metadata.nested_type, "Response")
    _add_field(response, 6, "ephemeral_resources", "GetMetadata.EphemeralMetadata", "many")
    service = protocol.service[0]
    for name, fields in _EPHEMERAL_CALLS.items():
        message = protocol.message_type.add(name=name)
        for part, columns in zip(("Request", "Response"), fields, strict=True):
            nested = message.nested_type.add(name=part)
            for number, field, type_name, label in columns:
                _add_field(nested, number, field, type_name, label)
        service.method.add(
            name=name, input_type=f".{_PACKAGE}.{name}.Request", output_type=f".{_PACKAGE}.{name}.Response"
        )
    return protocol


def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    timestamp = FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(timestamp)
    pool.Add(timestamp)
    pool.Add(_extended_protocol())
    return pool


_POOL: Final = _pool()
_SERVICE: Final = _POOL.FindServiceByName(f"{_PACKAGE}.Provider")


def message_class(name: str) -> Any:
    """The class of a protocol message, e.g. `message_class("Schema.Attribute")`."""
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def response_of(call: str) -> Any:
    """The class of the answer to a remote call."""
    return message_class(f"{call}.Response")


def provider_handler(provider: object) -> grpc.GenericRpcHandler:
    """A gRPC handler that answers each remote call of the protocol with the method of `provider` of the same name.

    A call without a method there is answered with UNIMPLEMENTED, which names it in terraform's message.
    """
    handlers: dict[str, Any] = {}
    for method in _SERVICE.methods:
        answer: Callable[..., Any] | None = getattr(provider, method.name, None)
        if answer is not None:
            handlers[method.name] = grpc.unary_unary_rpc_method_handler(
                answer,
                request_deserializer=GetMessageClass(method.input_type).FromString,
                response_serializer=GetMessageClass(method.output_type).SerializeToString,
            )
    return grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers)
