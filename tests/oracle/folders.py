"""The generated folders of this repository, as pytest parameters."""

from pathlib import Path

import pytest

GENERATED = Path(__file__).resolve().parents[2] / "generated"


def generated_folders() -> list[object]:
    """One parameter for each `generated/<pipeline>/<environment>/`, or one that is skipped with the reason."""
    found = sorted(path.parent.parent for path in GENERATED.glob("*/*/terraform/versions.tf"))
    if not found:
        return [pytest.param(None, marks=pytest.mark.skip(reason="generated/ holds no pipeline yet"), id="none")]
    return [pytest.param(folder, id="-".join(folder.parts[-2:])) for folder in found]
