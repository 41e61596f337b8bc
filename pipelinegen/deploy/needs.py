"""What a deployment needs of the machine and the account, asked before anything is started."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from pipelinegen.deploy.runner import Runner
from pipelinegen.errors import Diagnostic, SpecError

TERRAFORMS = ("terraform", "tofu")


@dataclass(frozen=True, slots=True)
class Needs:
    """What this deployment will use."""

    account_id: str
    images: bool
    state_bucket: str | None
    path: str | None = None


def find_terraform(path: str | None = None) -> str | None:
    """The name of the terraform or, in its absence, the OpenTofu on the PATH."""
    return next((name for name in TERRAFORMS if shutil.which(name, path=path)), None)


def check_needs(needs: Needs, runner: Runner) -> None:
    """Raises: SpecError with PG163 for everything that is missing, all at once."""
    missing = list(_missing(needs, runner))
    if missing:
        raise SpecError(Diagnostic(None, "PG163", fact, help) for fact, help in missing)


def _missing(needs: Needs, runner: Runner) -> Iterator[tuple[str, str]]:
    if find_terraform(needs.path) is None:
        yield "there is neither 'terraform' nor 'tofu' on the PATH", "install Terraform 1.11 or newer, or OpenTofu"
    if not needs.state_bucket:
        help = "name it with --state-bucket, or in the variable PIPELINEGEN_STATE_BUCKET"
        yield "no bucket is named for Terraform's state", help
    if needs.images:
        yield from _docker(needs, runner)
    yield from _credentials(needs, runner)


def _docker(needs: Needs, runner: Runner) -> Iterator[tuple[str, str]]:
    if shutil.which("docker", path=needs.path) is None:
        yield "there is no 'docker' on the PATH, and images must be built", "install Docker, or deploy from CI"
    elif runner.ask("docker", "version", "--format", "{{.Server.Version}}").code:
        yield "'docker' is there, but its daemon does not answer", "start Docker, then deploy again"


def _credentials(needs: Needs, runner: Runner) -> Iterator[tuple[str, str]]:
    if shutil.which("aws", path=needs.path) is None:
        yield "there is no 'aws' on the PATH", "install the AWS command line, version 2"
        return
    answer = runner.ask("aws", "sts", "get-caller-identity", "--output", "json")
    if answer.code:
        yield "AWS takes no credentials from here", "log in, for example with `aws sso login`, or set AWS_PROFILE"
        return
    account = _account(answer.out)
    if account != needs.account_id:
        help = "set AWS_PROFILE to a role of that account, or name another environment with --env"
        yield f"the credentials are of account '{account}', and the environment is in '{needs.account_id}'", help


def _account(text: str) -> str:
    try:
        return str(json.loads(text)["Account"])
    except (ValueError, KeyError, TypeError):
        return "unknown"
