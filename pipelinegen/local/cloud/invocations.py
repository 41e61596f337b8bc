"""`InvokeEndpoint` of the SageMaker runtime, answered by the container behind the endpoint."""

import json
import random
import re
from collections.abc import Mapping
from typing import Any, Final

from moto.sagemaker.exceptions import AWSValidationException

from pipelinegen.local.cloud.endpoints import Endpoint, EndpointBook
from pipelinegen.local.sagemaker_serving import NotServingError

PATH: Final = re.compile(r"/endpoints/(?P<name>[^/]+)/invocations")
#: The header of a variant asked for, and of the one that answered.
_ASKED: Final = "HTTP_X_AMZN_SAGEMAKER_TARGET_VARIANT"
_ANSWERED: Final = "x-Amzn-Invoked-Production-Variant"


class InvocationMiddleware:
    """A WSGI application that answers InvokeEndpoint, and hands on everything else."""

    def __init__(self, application: Any, book: EndpointBook) -> None:
        self._application = application
        self._book = book
        self._random = random.Random(0)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serves one request."""
        match = PATH.fullmatch(environ.get("PATH_INFO", ""))
        if match is None or environ["REQUEST_METHOD"] != "POST":
            return self._application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            status, headers, answer = self._answer(self._book.find(match["name"]), environ, body)
        except AWSValidationException:
            status, headers, answer = _fault(
                "400 Bad Request", "ValidationError", f"Endpoint {match['name']} not found."
            )
        start_response(status, [*headers.items(), ("Content-Length", str(len(answer)))])
        return [answer]

    def _answer(self, endpoint: Endpoint, environ: Mapping[str, Any], body: bytes) -> tuple[str, dict[str, str], bytes]:
        variant = environ.get(_ASKED) or self._drawn(endpoint)
        container = endpoint.containers.get(variant)
        if container is None:
            message = f"Endpoint {endpoint.name} is {endpoint.status} and has no variant {variant} in service."
            return _fault("400 Bad Request", "ValidationError", message)
        headers = {
            "Content-Type": environ.get("CONTENT_TYPE") or "application/octet-stream",
            "Accept": environ.get("HTTP_ACCEPT") or "*/*",
        }
        try:
            answer = container.invoke(body, headers)
        except NotServingError as error:
            return _model_error(500, str(error))
        if answer.status != 200:
            return _model_error(answer.status, answer.body.decode("utf-8", "replace"))
        return "200 OK", {"Content-Type": answer.content_type, _ANSWERED: variant}, answer.body

    def _drawn(self, endpoint: Endpoint) -> str:
        """A variant by the weights, as SageMaker divides the traffic."""
        names = [str(variant["VariantName"]) for variant in endpoint.variants]
        weights = [float(variant.get("InitialVariantWeight", 1.0)) for variant in endpoint.variants]
        return self._random.choices(names, weights if any(weights) else None)[0]


def _model_error(status: int, text: str) -> tuple[str, dict[str, str], bytes]:
    """The container's refusal as SageMaker hands it on."""
    message = f'Received server error ({status}) from primary with message "{text}".'
    more = {"OriginalStatusCode": status, "OriginalMessage": text, "LogStreamArn": ""}
    return _fault("424 Failed Dependency", "ModelError", message, more)


def _fault(
    status: str, kind: str, message: str, more: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, str], bytes]:
    body = json.dumps({"Message": message, "message": message, **(more or {})}).encode()
    return status, {"Content-Type": "application/json", "x-amzn-ErrorType": kind}, body
