"""Runs a SageMaker transform job: every object under an address through a model's container, the answers to S3."""

import gzip
import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelinegen.local.s3_transfer import list_keys, local_path, split_uri, upload_folder
from pipelinegen.local.sagemaker import JobEnd, JobPlace
from pipelinegen.local.sagemaker_serving import NotServingError, ServedModel, ServingContainer

_MIB: Final = 1024 * 1024
_DEFAULT_PAYLOAD_MIB: Final = 6
_DEFAULT_SECONDS: Final = 600
#: Of a model's refusal in a failure reason.
_DETAIL: Final = 500


class TransformError(Exception):
    """The reason of a failed job."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One request: a piece of an object."""

    key: str
    body: bytes


def run_transform_job(request: Mapping[str, Any], model: ServedModel, place: JobPlace, stop: threading.Event) -> JobEnd:
    """Does what CreateTransformJob asks for. Outputs are uploaded only once every request has been answered."""
    container = ServingContainer(model, place)
    results = place.base.with_name(f"{place.base.name}-output")
    try:
        parts = list(_parts(request, place.s3))
        container.start()
        answered = _send(request, container, parts, stop)
        if stop.is_set():
            return JobEnd("Stopped", "Stopped")
        _write(request, parts, answered, results)
        upload_folder(place.s3, results, request["TransformOutput"]["S3OutputPath"])
    except TransformError as error:
        return JobEnd("Failed", "Failed", f"ClientError: {error}")
    except NotServingError as error:
        return JobEnd("Failed", "Failed", f"AlgorithmError: {error}")
    finally:
        container.end()
        shutil.rmtree(results, ignore_errors=True)
    return JobEnd("Completed", "Completed")


def _parts(request: Mapping[str, Any], s3: Any) -> Iterator[_Part]:
    """The requests to make, in the order of keys and of records. Raises: TransformError."""
    given = request["TransformInput"]
    source = given["DataSource"]["S3DataSource"]
    _refuse_what_is_missing(request, source)
    bucket, prefix = split_uri(source["S3Uri"])
    keys = sorted(list_keys(s3, bucket, prefix))
    if not keys:
        raise TransformError(f"no S3 objects found under '{source['S3Uri']}'")
    limit = int(request.get("MaxPayloadInMB", _DEFAULT_PAYLOAD_MIB)) * _MIB
    for key in keys:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        if given.get("CompressionType") == "Gzip":
            body = gzip.decompress(body)
        for piece in _pieces(body, given.get("SplitType", "None"), request.get("BatchStrategy"), limit):
            if len(piece) > limit:
                message = f"a request of s3://{bucket}/{key} has {len(piece)} bytes, MaxPayloadInMB allows {limit}"
                raise TransformError(message)
            yield _Part(key, piece)


def _refuse_what_is_missing(request: Mapping[str, Any], source: Mapping[str, Any]) -> None:
    """Raises: TransformError for what SageMaker does and this does not."""
    asked = {
        "a manifest as input": source["S3DataType"] != "S3Prefix",
        "splitting by RecordIO or TFRecord": request["TransformInput"].get("SplitType", "None") not in ("None", "Line"),
        "DataProcessing": bool(request.get("DataProcessing")),
        "DataCaptureConfig": bool(request.get("DataCaptureConfig")),
    }
    missing = [name for name, wanted in asked.items() if wanted]
    if missing:
        raise TransformError(f"the local cloud's transform jobs do not know {', '.join(missing)}")


def _pieces(body: bytes, split: str, strategy: str | None, limit: int) -> Iterator[bytes]:
    if split != "Line":
        yield body
        return
    lines = [line for line in body.splitlines(keepends=True) if line.strip()]
    if strategy == "SingleRecord":
        yield from (line.rstrip(b"\r\n") for line in lines)
        return
    batch = b""
    for line in lines:
        if batch and len(batch) + len(line) > limit:
            yield batch
            batch = b""
        batch += line
    if batch:
        yield batch


def _send(
    request: Mapping[str, Any], container: ServingContainer, parts: list[_Part], stop: threading.Event
) -> list[bytes]:
    """The answers, in the order of the requests. Raises: TransformError for a refusal; NotServingError."""
    headers = {"Content-Type": request["TransformInput"].get("ContentType", "application/octet-stream")}
    accept = request["TransformOutput"].get("Accept")
    headers |= {"Accept": accept} if accept else {}
    seconds = float((request.get("ModelClientConfig") or {}).get("InvocationsTimeoutInSeconds", _DEFAULT_SECONDS))

    def ask(part: _Part) -> bytes:
        if stop.is_set():
            return b""
        answer = container.invoke(part.body, headers, seconds=seconds)
        if answer.status != 200:
            detail = answer.body.decode("utf-8", "replace")[:_DETAIL]
            raise TransformError(f"{part.key}: the model answered {answer.status}: {detail}")
        return answer.body

    with ThreadPoolExecutor(max(1, int(request.get("MaxConcurrentTransforms", 1)))) as pool:
        return list(pool.map(ask, parts))


def _write(request: Mapping[str, Any], parts: list[_Part], answers: list[bytes], folder: Path) -> None:
    """One file an object, `<its name>.out`, put together as the request wants it."""
    prefix = split_uri(request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])[1]
    end = b"\n" if request["TransformOutput"].get("AssembleWith") == "Line" else b""
    for part, answer in zip(parts, answers, strict=True):
        relative = part.key[len(prefix) :].lstrip("/") or part.key.rpartition("/")[2]
        path = local_path(folder, f"{relative}.out")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(answer if not end or answer.endswith(end) else answer + end)
