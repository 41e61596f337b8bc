"""The image of a SageMaker job: the pipeline's own, or one that lies in any ECR repository already."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from pipelinegen.ir import arns
from pipelinegen.ir.model import Image, OutputFile
from pipelinegen.spec.fields import SpecValueError
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker import IMAGE_VARIABLE, TRAINING_IMAGE, image_file, training_image

_IMAGE = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?"
    r"/(?P<repository>[a-z0-9]+([._/-][a-z0-9]+)*)(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})"
)
#: At most 255 characters (SageMaker: ContainerImage).
_LONGEST = 255
_JSON_PATTERN = re.sub(r"\?P<\w+>", "", _IMAGE.pattern)


def _image_uri(value: str) -> str:
    if len(value) > _LONGEST or not _IMAGE.fullmatch(value):
        help = "write <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>, the tag included"
        raise SpecValueError(f"'{value[:80]}' is no address of an image in ECR", help, "PG071")
    return value


ImageUri = Annotated[
    str,
    AfterValidator(_image_uri),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_JSON_PATTERN}$",
            "maxLength": _LONGEST,
            "description": "An image in ECR, of this account or of another that lets it be pulled",
        }
    ),
]


@dataclass(frozen=True, slots=True)
class JobImage:
    """What a job runs: the address for its request, the repository it is pulled from, and what has to be built.

    `dockerfile` None: the one named like the image. `copies`: the user's files that go into it.
    """

    uri: str
    repository_arn: str
    built: Image | None = None
    dockerfile: OutputFile | None = None
    copies: Mapping[str, str] = field(default_factory=dict)

    @property
    def resources(self) -> tuple[Image, ...]:
        """The image as a resource of the pipeline, where it is one."""
        return (self.built,) if self.built else ()

    @property
    def files(self) -> tuple[OutputFile, ...]:
        """The Dockerfile, where the pipeline builds the image."""
        return (self.dockerfile or image_file(self.built),) if self.built else ()


def job_image(scope: Scope, uri: str | None, *, of_training: bool = False) -> JobImage:
    """The image at `uri`, or the pipeline's own for None.

    `of_training`: what AWS's image is given is checked elsewhere, and its address with it.
    Raises: SpecError with PG025 where AWS has no base for the pipeline's own, PG071 for an image of another region,
    PG145 for one that AWS has not.
    """
    if uri is None:
        repository = scope.names.repository(TRAINING_IMAGE)
        return JobImage(IMAGE_VARIABLE, arns.arn("ecr", f"repository/{repository}"), training_image(scope))
    found = _IMAGE.fullmatch(uri)
    assert found is not None
    region, account = found["region"], found["account"]
    if region != scope.around.region:
        message = f"the image lies in '{region}', but '{scope.around.environment}' is in '{scope.around.region}'"
        raise scope.fault("PG071", message, "SageMaker pulls images of its own region; copy it there", "image")
    if not of_training:
        from pipelinegen.steps.algorithm_images import check_address  # a table that most specs do without

        check_address(scope, uri)
    return JobImage(uri, f"arn:${{partition}}:ecr:{region}:{account}:repository/{found['repository']}")
