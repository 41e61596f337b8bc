"""SageMaker models: what CreateModel said, and the place in which a container for one runs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.responses import SageMakerResponse

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.cloud.trust import SAGEMAKER
from pipelinegen.local.containers import Image, parse_dockerfile
from pipelinegen.local.sagemaker import JobPlace
from pipelinegen.local.sagemaker_serving import ServedModel


def install() -> None:
    """moto 5.2.5 forgets that a model's container is to have no network."""
    original = SageMakerResponse.create_model

    def create_model(self: Any) -> Any:
        request = json.loads(self.body)
        answer = original(self)
        made = self.sagemaker_backend._models[request["ModelName"]]
        made.enable_network_isolation = bool(request.get("EnableNetworkIsolation"))
        return answer

    replace_attribute(SageMakerResponse, "create_model", create_model)


def served_model(backend: Any, name: str) -> tuple[ServedModel, str, str]:
    """The model, its image and its role. Raises: AWSValidationException if there is no such model, or no one image."""
    known = backend._models.get(name)
    if known is None:
        raise AWSValidationException(f'Could not find model "{name}".')
    container = known.primary_container or (known.containers[0] if len(known.containers) == 1 else None)
    if container is None or "Image" not in container:
        raise AWSValidationException(f'the local cloud serves models of one container; "{name}" is not one')
    model = ServedModel(
        name=name,
        archive=container.get("ModelDataUrl"),
        environment=container.get("Environment") or {},
        isolated=bool(known.enable_network_isolation),
    )
    return model, container["Image"], known.execution_role_arn


def job_place(cloud: Cloud, name: str, role_arn: str, image: str | None, log: Path) -> JobPlace:
    """Where and as whom a container runs.

    Raises: LookupError if its image was not deployed; NotTrustedError if SageMaker may not take the role.
    """
    deployed = cloud.deployed()
    cloud.trust.require(role_arn, SAGEMAKER, f"arn:aws:sagemaker:{cloud.region}:{cloud.account}:*")
    if image is None or image not in deployed.images:
        raise LookupError(
            f"CannotPullContainerError: '{image}' is not built by this pipeline, and the local cloud pulls no images"
        )
    base = cloud.workdir.resolve() / "jobs" / name
    base.mkdir(parents=True, exist_ok=True)
    return JobPlace(
        base=base,
        log=log,
        code=Path(deployed.contexts.get(image, deployed.code)),
        image=_with_libraries(parse_dockerfile(deployed.images[image]), deployed.libraries.get(image)),
        environment=cloud.sessions.environment(role_arn),
        s3=cloud.sessions.client("s3", role_arn),
        children=cloud.children,
    )


def _with_libraries(image: Image, folder: str | None) -> Image:
    """The image with a folder of packages behind its own code."""
    if folder is None:
        return image
    path = ":".join(filter(None, (image.environment.get("PYTHONPATH"), folder)))
    return replace(image, environment={**image.environment, "PYTHONPATH": path})
