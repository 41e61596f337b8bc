"""Runs a model's container as a process under SageMaker's serving contract: GET /ping, POST /invocations."""

import contextlib
import http.client
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelinegen.local import logs
from pipelinegen.local.containers import CONTAINER_ROOT, container_environment, lay_out_code, reroot
from pipelinegen.local.processes import end_group
from pipelinegen.local.s3_transfer import split_uri
from pipelinegen.local.sagemaker import JobPlace, local_command

#: SageMaker gives a container 8 minutes; a process that says nothing for so long here is not going to.
HEALTH_SECONDS: Final = 120.0
#: SageMaker's own limits: 60 seconds behind an endpoint, 600 in a transform job.
ENDPOINT_SECONDS: Final = 60.0


class NotServingError(Exception):
    """A container that does not answer; the message says why in SageMaker's words, and in its own."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What CreateModel said: the archive in S3 and the variables of its container."""

    name: str
    archive: str | None
    environment: Mapping[str, str]
    isolated: bool


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a container answered."""

    status: int
    body: bytes
    content_type: str


class ServingContainer:
    """One process that answers for one model; `start` it, then `invoke` it, then `end` it."""

    def __init__(self, model: ServedModel, place: JobPlace) -> None:
        self._model = model
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns once the model answers to pings. Raises: NotServingError; nothing is left running then."""
        try:
            folder = self._lay_out()
            argv = self._command()
        except Exception as error:
            raise NotServingError(f"the model could not be put into its container: {error}") from error
        self._port = _free_port()
        environment = self._environment()
        with self._place.log.open("ab") as log:
            self._process = self._place.children.start(argv, environment=environment, folder=folder, log=log)
        try:
            self._wait_until_healthy()
        except BaseException:
            self.end()
            raise

    def alive(self) -> bool:
        """Whether the process is still there."""
        return self._process is not None and self._process.poll() is None

    def invoke(self, body: bytes, headers: Mapping[str, str], *, seconds: float = ENDPOINT_SECONDS) -> ModelAnswer:
        """The answer to one request, a refusal included. Raises: NotServingError if there is none in time."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=seconds)
        try:
            connection.request("POST", "/invocations", body, dict(headers))
            answer = connection.getresponse()
            kind = answer.getheader("Content-Type", "application/octet-stream")
            return ModelAnswer(answer.status, answer.read(), kind)
        except TimeoutError as error:
            raise NotServingError(f"no answer after {seconds:g} seconds") from error
        except (OSError, http.client.HTTPException) as error:
            raise NotServingError(f"the container hung up: {self._last_words() or error}") from error
        finally:
            connection.close()

    def end(self) -> None:
        """Ends the process and removes the model's files."""
        if self._process is not None:
            end_group(self._process, grace_seconds=self._place.grace_seconds)
            self._place.children.forget(self._process)
        shutil.rmtree(self._place.base, ignore_errors=True)

    def _lay_out(self) -> Path:
        base = self._place.base
        shutil.rmtree(base, ignore_errors=True)
        (base / "model").mkdir(parents=True)
        if self._model.archive:
            _unpack(self._place.s3, self._model.archive, base)
        lay_out_code(self._place.image, self._place.code, base)
        folder = Path(reroot(self._place.image.working_folder, base))
        return folder if folder.is_dir() else base / "code"

    def _command(self) -> list[str]:
        if not self._place.image.entrypoint:
            raise ValueError("the image has no ENTRYPOINT that a process outside of a container could start")
        return local_command([*self._place.image.entrypoint, "serve"], self._place)

    def _environment(self) -> dict[str, str]:
        place = self._place
        asked = {name: reroot(value, place.base) for name, value in self._model.environment.items()}
        here = {"SAGEMAKER_BIND_TO_PORT": str(self._port), "SAGEMAKER_BIND_TO_HOST": "127.0.0.1"}
        given = place.environment
        if self._model.isolated:
            # A container without network has no credentials either.
            given = {name: value for name, value in given.items() if not name.startswith("AWS_")}
        return {**given, **container_environment(place.image, place.base), **asked, **here}

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + HEALTH_SECONDS
        while time.monotonic() < deadline and self.alive():
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2)
                connection.request("GET", "/ping")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.02)
        words = "did not pass the ping health check"
        raise NotServingError(f"The primary container {words}: {self._last_words() or 'it said nothing'}")

    def _last_words(self) -> str:
        return logs.tail(self._place.log, 1)


def _unpack(s3: Any, uri: str, base: Path) -> None:
    """The archive's files below <base>/model. Raises: ValueError that says what is wrong with it."""
    bucket, key = split_uri(uri)
    archive = base / "model.tar.gz"
    s3.download_file(bucket, key, str(archive))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(base / "model", filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(f"{uri} is no model archive for {CONTAINER_ROOT}/model: {error}") from error
    finally:
        archive.unlink()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
