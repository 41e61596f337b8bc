"""Where SageMaker puts things: everything below one base folder, which a local runner moves elsewhere."""

from collections.abc import Mapping
from pathlib import Path


def base_folder(environment: Mapping[str, str]) -> Path:
    """The base of the container contract, /opt/ml unless SAGEMAKER_BASE_DIR says otherwise."""
    return Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml")


def write_failure(base: Path, reason: str) -> None:
    """Leaves the reason where SageMaker reads it into FailureReason (at most 1,024 characters are shown)."""
    path = base / "output" / "failure"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(reason[:1024], encoding="utf-8")
