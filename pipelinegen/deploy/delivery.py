"""Images and code to where the pipeline takes them from; what is there already, by its content, is left alone."""

from collections.abc import Iterable

from pipelinegen.deploy.runner import Runner
from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.package import Packaged


def registry_of(uri: str) -> str:
    """`1.dkr.ecr.eu-central-1.amazonaws.com/name:tag` → its host."""
    return uri.split("/")[0]


def has_image(runner: Runner, uri: str) -> bool:
    """Whether the registry holds the tag; tags are hashes of content, and never move."""
    repository, tag = uri.split("/", 1)[1].rsplit(":", 1)
    words = ("aws", "ecr", "describe-images", "--region", _region(uri), "--repository-name", repository)
    return runner.ask(*words, "--image-ids", f"imageTag={tag}", "--output", "json").code == 0


def deliver_images(runner: Runner, packaged: Packaged) -> int:
    """Builds and pushes the images that the registry lacks; returns how many. Raises: SpecError with PG165."""
    wanted = [(uri, context) for uri, context in packaged.images if not has_image(runner, uri)]
    registries = {registry_of(uri): None for uri, _ in wanted}
    if wanted:
        registries |= {registry_of(base): None for base in packaged.bases if ".dkr.ecr." in base}
    for registry in registries:
        _log_in(runner, registry)
    for uri, context in wanted:
        runner.run("docker", "build", "--platform", "linux/amd64", "--tag", uri, context.as_posix())
        runner.run("docker", "push", uri)
    return len(wanted)


def upload_code(runner: Runner, packaged: Packaged) -> None:
    """Every object, by its key; earlier ones stay, so that a rollback finds them. Raises: SpecError with PG165."""
    source = (packaged.target / "code").as_posix()
    runner.run("aws", "s3", "sync", source, f"s3://{packaged.code_bucket}/", "--no-progress")


def refuse_missing(runner: Runner, images: Iterable[str], objects: Iterable[str]) -> None:
    """Raises: SpecError with PG167 for every image and object of an earlier version that is no longer there."""
    gone = [f"image '{uri}'" for uri in images if not has_image(runner, uri)]
    gone += [f"object '{uri}'" for uri in objects if not _has_object(runner, uri)]
    if gone and not runner.dry:
        help = "check out the earlier commit and `deploy` it: what is missing is made again from the same content"
        raise SpecError(Diagnostic(None, "PG167", f"{item} is no longer there", help) for item in gone)


def _has_object(runner: Runner, uri: str) -> bool:
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    return runner.ask("aws", "s3api", "head-object", "--bucket", bucket, "--key", key).code == 0


def _log_in(runner: Runner, registry: str) -> None:
    """The password goes from one command into the other and nowhere else."""
    password = runner.ask("aws", "ecr", "get-login-password", "--region", _region(registry)).out
    runner.run("docker", "login", "--username", "AWS", "--password-stdin", registry, given=password)


def _region(uri: str) -> str:
    return uri.split(".")[3]
