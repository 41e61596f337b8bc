"""SageMaker endpoints: moto 5.2.5 says InService and serves nothing; here the models' containers run."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig
from moto.sagemaker.responses import SageMakerResponse

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.models import job_place, served_model
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.cloud.trust import NotTrustedError
from pipelinegen.local.sagemaker_serving import NotServingError, ServingContainer

_IN_SERVICE = "InService"


@dataclass(slots=True)
class Endpoint:
    """An endpoint and what answers behind it, by variant."""

    name: str
    arn: str
    configuration: str
    status: str
    variants: list[Mapping[str, Any]]
    containers: dict[str, ServingContainer] = field(default_factory=dict)
    failure: str | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    def move(self, status: str, failure: str | None = None) -> None:
        """Sets the status, last of all that a change has changed."""
        self.failure = failure
        self.modified = datetime.now(UTC)
        self.status = status

    def summary(self) -> dict[str, Any]:
        """As ListEndpoints shows it."""
        return {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "EndpointStatus": self.status,
        }

    def description(self) -> dict[str, Any]:
        """As DescribeEndpoint shows it."""
        shown = {**self.summary(), "EndpointConfigName": self.configuration}
        shown["ProductionVariants"] = [_described(variant) for variant in self.variants]
        return {**shown, "FailureReason": self.failure} if self.failure else shown


class EndpointBook:
    """Every endpoint of the local cloud; safe to use from many threads."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._endpoints: dict[str, Endpoint] = {}
        self._lock = threading.RLock()
        self._moves = 0

    def find(self, name: str) -> Endpoint:
        """Raises: AWSValidationException if there is no such endpoint."""
        with self._lock:
            if name not in self._endpoints:
                raise AWSValidationException(f'Could not find endpoint "{name}".')
            return self._endpoints[name]

    def listed(self) -> list[Endpoint]:
        """All of them, by name."""
        with self._lock:
            return [self._endpoints[name] for name in sorted(self._endpoints)]

    def create(self, backend: Any, name: str, configuration: str) -> Endpoint:
        """Starts containers in the background. Raises: AWSValidationException."""
        with self._lock:
            if name in self._endpoints:
                raise AWSValidationException(f'Cannot create already existing endpoint "{name}".')
            variants = _variants(backend, configuration)
            arn = FakeEndpoint.arn_formatter(name, self._cloud.account, self._cloud.region)
            endpoint = Endpoint(name, arn, configuration, "Creating", variants)
            self._endpoints[name] = endpoint
        self._deploy(backend, endpoint, configuration, variants)
        return endpoint

    def update(self, backend: Any, name: str, configuration: str) -> Endpoint:
        """Starts new containers beside the old, which answer until the new ones do. Raises: AWSValidationException."""
        with self._lock:
            endpoint = self.find(name)
            if endpoint.status != _IN_SERVICE:
                raise AWSValidationException(f'Cannot update in-progress endpoint "{name}": it is {endpoint.status}.')
            variants = _variants(backend, configuration)
            endpoint.move("Updating")
        self._deploy(backend, endpoint, configuration, variants)
        return endpoint

    def delete(self, name: str) -> None:
        """Ends what answers. Raises: AWSValidationException if there is no such endpoint."""
        with self._lock:
            endpoint = self.find(name)
            del self._endpoints[name]
        for container in endpoint.containers.values():
            container.end()

    def _deploy(self, backend: Any, endpoint: Endpoint, configuration: str, variants: list[Mapping[str, Any]]) -> None:
        log = self._cloud.new_log(endpoint.name)

        def body(stop: threading.Event) -> None:
            del stop  # an endpoint is deleted, not stopped
            started: dict[str, ServingContainer] = {}
            try:
                for variant in variants:
                    started[variant["VariantName"]] = self._start(backend, endpoint.name, variant["ModelName"], log)
            except (NotServingError, NotTrustedError, LookupError, AWSValidationException) as error:
                self._give_up(endpoint, started, str(error))
                return
            with self._lock:
                before, endpoint.containers = endpoint.containers, started
                endpoint.configuration, endpoint.variants = configuration, variants
                endpoint.move(_IN_SERVICE)
            for container in before.values():
                container.end()

        self._cloud.board.start(f"endpoint/{endpoint.name}", body)

    def _give_up(self, endpoint: Endpoint, started: Mapping[str, ServingContainer], reason: str) -> None:
        """A new endpoint has failed; an old one goes on with what it had, as after a rollback."""
        for container in started.values():
            container.end()
        with self._lock:
            endpoint.move(_IN_SERVICE if endpoint.containers else "Failed", reason)

    def _start(self, backend: Any, endpoint: str, model_name: str, log: Any) -> ServingContainer:
        model, image, role = served_model(backend, model_name)
        with self._lock:
            self._moves += 1
            name = f"{endpoint}-{self._moves}"
        container = ServingContainer(model, job_place(self._cloud, name, role, image, log))
        container.start()
        return container


def install(cloud: Cloud) -> EndpointBook:
    """Makes endpoints run; what answers InvokeEndpoint asks the book that this returns."""
    book = EndpointBook(cloud)

    def create_endpoint(self: Any) -> ActionResult:
        given = json.loads(self.body)
        made = book.create(self.sagemaker_backend, given["EndpointName"], given["EndpointConfigName"])
        return ActionResult({"EndpointArn": made.arn})

    def update_endpoint(self: Any) -> ActionResult:
        given = json.loads(self.body)
        moved = book.update(self.sagemaker_backend, given["EndpointName"], given["EndpointConfigName"])
        return ActionResult({"EndpointArn": moved.arn})

    def describe_endpoint(self: Any) -> ActionResult:
        return ActionResult(book.find(json.loads(self.body)["EndpointName"]).description())

    def delete_endpoint(self: Any) -> EmptyResult:
        book.delete(json.loads(self.body)["EndpointName"])
        return EmptyResult()

    def list_endpoints(self: Any) -> ActionResult:
        return ActionResult({"Endpoints": _chosen(book.listed(), json.loads(self.body))})

    for function in (create_endpoint, describe_endpoint, delete_endpoint, list_endpoints):
        replace_attribute(SageMakerResponse, function.__name__, function)
    # moto has no UpdateEndpoint at all.
    SageMakerResponse.update_endpoint = update_endpoint
    # moto knows the instance types of some years ago; the compiler checks them against AWS's own list.
    replace_attribute(FakeEndpointConfig, "validate_instance_type", lambda self, instance_type: None)
    return book


def _variants(backend: Any, configuration: str) -> list[Mapping[str, Any]]:
    known = backend.endpoint_configs.get(configuration)
    if known is None:
        raise AWSValidationException(f'Could not find endpoint configuration "{configuration}".')
    return list(known.production_variants)


def _chosen(endpoints: list[Endpoint], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As ListEndpoints filters and sorts."""
    found = [
        endpoint
        for endpoint in endpoints
        if given.get("NameContains", "") in endpoint.name
        and given.get("StatusEquals", endpoint.status) == endpoint.status
    ]
    if given.get("SortBy") != "Name":
        found.sort(key=lambda endpoint: endpoint.created)
    if given.get("SortOrder", "Descending" if given.get("SortBy") != "Name" else "Ascending") == "Descending":
        found.reverse()
    return [endpoint.summary() for endpoint in found[: int(given.get("MaxResults", 100))]]


def _described(variant: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"VariantName": variant["VariantName"]}
    if "ServerlessConfig" in variant:
        return {**shown, "CurrentServerlessConfig": variant["ServerlessConfig"]}
    count, weight = variant.get("InitialInstanceCount", 1), variant.get("InitialVariantWeight", 1.0)
    counts = {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    return {**shown, **counts, "CurrentWeight": weight, "DesiredWeight": weight}
