"""What a deployment needs of the machine and the account, asked before anything is started."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from pipelinegen.deploy.runner import Runner
from pipelinegen.errors import Diagnostic, SpecError

TERRAFORMS = ("terraform", "tofu")
#: What the generated files ask for; and from where on both lock the state in S3 without a table in DynamoDB.
LEAST_VERSION = (1, 9)
LOCKING_VERSION = (1, 10)


@dataclass(frozen=True, slots=True)
class Needs:
    """What this deployment will use."""

    account_id: str
    images: bool
    state_bucket: str | None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Terraform:
    """Terraform or OpenTofu: its name on the PATH, and its major and minor version; empty where nothing was asked."""

    program: str
    version: tuple[int, ...] = ()

    @property
    def locks(self) -> bool:
        """Whether it can lock a state in S3 without a table in DynamoDB."""
        return self.version >= LOCKING_VERSION or not self.version


def name_of_terraform(path: str | None = None) -> str | None:
    """The name of the terraform or, in its absence, the OpenTofu on the PATH."""
    return next((name for name in TERRAFORMS if shutil.which(name, path=path)), None)


def check_needs(needs: Needs, runner: Runner) -> Terraform:
    """The terraform to use. Raises: SpecError with PG163 for everything that is missing, all at once."""
    name = name_of_terraform(needs.path)
    terraform = Terraform(name, _version_of(name, runner)) if name else None
    missing = list(_missing(needs, terraform, runner))
    if missing or terraform is None:
        raise SpecError(Diagnostic(None, "PG163", fact, help) for fact, help in missing)
    return terraform


def _missing(needs: Needs, terraform: Terraform | None, runner: Runner) -> Iterator[tuple[str, str]]:
    least = ".".join(map(str, LEAST_VERSION))
    if terraform is None:
        yield "there is neither 'terraform' nor 'tofu' on the PATH", f"install Terraform or OpenTofu, {least} or newer"
    elif terraform.version < LEAST_VERSION:
        found = ".".join(map(str, terraform.version)) or "unknown"
        yield f"'{terraform.program}' is of version '{found}'", f"install {least} or newer"
    if not needs.state_bucket:
        help = "name it with --state-bucket, or in the variable PIPELINEGEN_STATE_BUCKET"
        yield "no bucket is named for Terraform's state", help
    if needs.images:
        yield from _docker(needs, runner)
    yield from _credentials(needs, runner)


def _version_of(program: str, runner: Runner) -> tuple[int, ...]:
    text = _field(runner.ask(program, "version", "-json").out, "terraform_version")
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


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
    account = _field(answer.out, "Account")
    if account != needs.account_id:
        help = "set AWS_PROFILE to a role of that account, or name another environment with --env"
        yield f"the credentials are of account '{account}', and the environment is in '{needs.account_id}'", help


def _field(text: str, name: str) -> str:
    try:
        return str(json.loads(text)[name])
    except (ValueError, KeyError, TypeError):
        return "unknown"
