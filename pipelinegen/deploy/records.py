"""What was deployed, and when: one archive of the generated folder for each deployment, beside the code."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelinegen.bundles import zip_files
from pipelinegen.deploy.runner import Runner
from pipelinegen.errors import fault
from pipelinegen.write import MANIFEST, content_hash

PREFIX = "deployments"
_DIGITS = 12
#: Terraform's choice of provider builds, kept so that a rollback takes the same.
LOCK = "terraform/.terraform.lock.hcl"


@dataclass(frozen=True, slots=True, order=True)
class Record:
    """One deployment: `stamp` is its moment such as 20261122T040000Z, `digest` says what was deployed."""

    stamp: str
    digest: str

    @property
    def name(self) -> str:
        """How a person names it."""
        return f"{self.stamp}-{self.digest}"


def digest_of(files: Mapping[str, str]) -> str:
    """A hash over everything in a generated folder: its manifest lists every file's."""
    return content_hash(files[MANIFEST])[:_DIGITS]


def keep_record(runner: Runner, record: Record, files: Mapping[str, str], bucket: str, scratch: Path) -> None:
    """Uploads the archive of what was deployed. Raises: SpecError with PG165."""
    archive = scratch / f"{record.name}.zip"
    if not runner.dry:
        scratch.mkdir(parents=True, exist_ok=True)
        archive.write_bytes(zip_files((path, text.encode()) for path, text in files.items()))
    uri = f"s3://{bucket}/{PREFIX}/{archive.name}"
    runner.run("aws", "s3", "cp", archive.as_posix(), uri, "--no-progress")


def read_records(runner: Runner, bucket: str) -> list[Record]:
    """Every deployment, the earliest first."""
    answer = runner.ask(
        "aws", "s3api", "list-objects-v2", "--bucket", bucket, "--prefix", f"{PREFIX}/", "--output", "json"
    )
    if answer.code or not answer.out.strip():
        return []
    names = [Path(str(item["Key"])).name for item in json.loads(answer.out).get("Contents", [])]
    parts = [name.removesuffix(".zip").split("-", 1) for name in names if name.endswith(".zip")]
    return sorted(Record(part[0], part[1]) for part in parts if len(part) == 2)


def fetch(runner: Runner, record: Record, bucket: str, folder: Path) -> dict[str, str]:
    """The files of a deployment, laid into `folder`. Raises: SpecError with PG165 or PG166."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder.parent / f"{record.name}.zip"
    runner.run("aws", "s3", "cp", f"s3://{bucket}/{PREFIX}/{record.name}.zip", archive.as_posix(), "--no-progress")
    try:
        with zipfile.ZipFile(archive) as content:
            files = {name: content.read(name).decode() for name in content.namelist()}
    except (OSError, zipfile.BadZipFile):
        raise fault(None, "PG166", f"the record '{record.name}' cannot be read", "name another with --to") from None
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return files


def choose(records: list[Record], wanted: str | None) -> Record:
    """The record that is named, or the latest that deployed something else than the last one did.

    Raises: SpecError with PG166 if there is none.
    """
    named = [record for record in records if wanted in (record.name, record.stamp, record.digest)]
    if wanted is not None and not named:
        listed = ", ".join(record.name for record in records[-8:]) or "none"
        raise fault(None, "PG166", f"there is no deployment '{wanted}'", f"deployments: {listed}")
    earlier = named or [record for record in records if record.digest != records[-1].digest]
    if not earlier:
        raise fault(None, "PG166", "there is no earlier deployment to go back to", "`deploy` keeps one each time")
    return earlier[-1]
