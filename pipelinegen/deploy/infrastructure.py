"""Terraform over one generated folder: what it plans is read before a person is asked."""

import json
from dataclasses import dataclass
from pathlib import Path

from pipelinegen.deploy.needs import Terraform
from pipelinegen.deploy.runner import Runner
from pipelinegen.errors import Diagnostic, Span
from pipelinegen.package import Packaged
from pipelinegen.replacement.rules import STATEFUL

PLAN = "pipelinegen.tfplan"
_HELP = "mend the spec; or save what it holds, then deploy with --allow-replacement"


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """The Terraform files of a folder."""

    runner: Runner
    terraform: Terraform
    folder: Path

    def _words(self, *words: str) -> tuple[str, ...]:
        return (self.terraform.program, f"-chdir={self.folder.as_posix()}", *words)

    def init(self, state_bucket: str) -> None:
        """With a lock on the state, where the program knows of one. Raises: SpecError with PG165."""
        backend = [f"-backend-config=bucket={state_bucket}"]
        if self.terraform.locks:
            backend.insert(0, "-backend-config=locking.s3.tfbackend")
        else:
            print(f"note: this {self.terraform.program} cannot lock a state in S3: let nobody else deploy meanwhile")
        self.runner.run(*self._words("init", "-input=false", "-reconfigure", *backend))

    def has_ground(self, packaged: Packaged) -> bool:
        """Whether the code bucket is there, which the first deployment has to make before anything is delivered."""
        return self.runner.ask("aws", "s3api", "head-bucket", "--bucket", packaged.code_bucket).code == 0

    def lay_ground(self, packaged: Packaged) -> None:
        """Makes the registry and the code bucket, with their key and protection. Raises: SpecError with PG165."""
        labels = [Path(image["dockerfile"]).parent.name for image in packaged.deployment["images"]]
        targets = [f"-target=aws_ecr_repository.{label}" for label in labels]
        targets += [f"-target=aws_s3_bucket{aspect}.code" for aspect in _ASPECTS]
        self.runner.run(*self._words("apply", "-input=false", "-auto-approve", *targets))

    def plan(self) -> list[Diagnostic]:
        """What the plan would replace or destroy of all that holds something. Raises: SpecError with PG165."""
        self.runner.run(*self._words("plan", "-input=false", f"-out={PLAN}"))
        text = self.runner.ask(*self._words("show", "-json", PLAN)).out
        changes = json.loads(text).get("resource_changes", []) if text.strip() else []
        return [item for change in changes for item in self._lost(change)]

    def _lost(self, change: dict[str, object]) -> list[Diagnostic]:
        type, address = str(change.get("type")), str(change.get("address"))
        inner = change.get("change")
        actions = inner.get("actions", []) if isinstance(inner, dict) else []
        if type not in STATEFUL or "delete" not in actions:
            return []
        kind, what = STATEFUL[type]
        id, verb = ("PG160", "replaced") if "create" in actions else ("PG161", "destroyed")
        place = Span(self.folder.as_posix(), 0, 0, 0)
        return [Diagnostic(place, id, f"{kind} '{address}' would be {verb}, and {what} lost", _HELP)]

    def apply(self) -> None:
        """Applies exactly what was planned. Raises: SpecError with PG165."""
        self.runner.run(*self._words("apply", "-input=false", PLAN))

    def output(self, name: str) -> str:
        """An output's value; empty if there is none."""
        return self.runner.ask(*self._words("output", "-raw", name)).out.strip()


#: What belongs to the code bucket before something may be put there.
_ASPECTS = ("", "_policy", "_public_access_block", "_server_side_encryption_configuration", "_versioning")
