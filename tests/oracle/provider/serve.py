"""Runs the provider as terraform starts it: a gRPC server on a Unix socket, announced by one line on standard output.

The line and the encryption are those of HashiCorp's go-plugin: `1|6|unix|<socket>|grpc|<certificate>`, where the
certificate is the server's own, and terraform trusts that one only. A provider that is there already is announced by
the environment variable TF_REATTACH_PROVIDERS instead, and is neither started nor stopped by terraform.
"""

import base64
import datetime
import json
import os
import sys
import tempfile
import threading
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tf.gen import grpc_controller_pb2, grpc_controller_pb2_grpc

from tests.oracle.provider.protocol import provider_handler
from tests.oracle.provider.schema import SOURCE_ADDRESS
from tests.oracle.provider.service import Provider

_UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


class Controller(grpc_controller_pb2_grpc.GRPCControllerServicer):  # type: ignore[misc]  # tf ships no types
    """Answers go-plugin's request to shut down."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def Shutdown(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        self.stopped.set()
        return grpc_controller_pb2.Empty()


def _self_signed_certificate() -> tuple[bytes, grpc.ServerCredentials]:
    """The certificate in DER form, and what a server needs to show it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(tz=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return certificate.public_bytes(serialization.Encoding.DER), grpc.ssl_server_credentials([(private, public)])


def _server(provider: Provider, controller: Controller) -> grpc.Server:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=_UNLIMITED)
    server.add_generic_rpc_handlers((provider_handler(provider),))
    grpc_controller_pb2_grpc.add_GRPCControllerServicer_to_server(controller, server)
    return server


def _serve_one_command(folder: Path) -> None:
    """Serves the terraform that started this process, until it asks to stop."""
    controller = Controller()
    server = _server(Provider(), controller)
    socket = folder / "plugin.sock"
    certificate, credentials = _self_signed_certificate()
    server.add_secure_port(f"unix://{socket}", credentials)
    server.start()
    announced = base64.b64encode(certificate).decode().rstrip("=")
    print(f"1|6|unix|{socket}|grpc|{announced}", flush=True)
    parent = os.getppid()
    while not controller.stopped.wait(timeout=5):
        if os.getppid() != parent:  # terraform was killed and will not ask
            break
    server.stop(grace=None)


def _serve_many_commands(folder: Path) -> None:
    """Serves one terraform after another until standard input ends; prints the value of TF_REATTACH_PROVIDERS."""
    server = _server(Provider(), Controller())
    socket = folder / "plugin.sock"
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    reattach = {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "unix", "String": str(socket)},
    }
    print(json.dumps({SOURCE_ADDRESS: reattach}), flush=True)
    sys.stdin.read()
    server.stop(grace=None)


def main() -> None:
    """Serves one terraform command, or with `--reattach` as many as come."""
    with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
        (_serve_many_commands if "--reattach" in sys.argv[1:] else _serve_one_command)(Path(folder))
    os._exit(0)  # the thread pool would keep the interpreter alive while terraform waits for its end


if __name__ == "__main__":
    main()
