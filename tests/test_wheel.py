"""The wheel carries templates and runtime: installed elsewhere, it generates what the checkout generates."""

import shutil
import subprocess
import venv
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SPEC = "specs/vehicle_recommendations.yaml"


@pytest.mark.slow
def test_an_installed_wheel_generates_the_same_bytes(tmp_path: Path) -> None:
    python = tmp_path / "empty" / "bin" / "python"
    venv.create(tmp_path / "empty", with_pip=True)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(REPOSITORY))
    project = tmp_path / "project"
    (project / "specs").mkdir(parents=True)
    shutil.copy(REPOSITORY / SPEC, project / SPEC)
    run(tmp_path / "empty" / "bin" / "pipelinegen", "generate", folder=project)
    made = project / "generated" / "vehicle-recommendations"
    committed = REPOSITORY / "generated" / "vehicle-recommendations"
    assert contents(made) == contents(committed)
    shown = run(python, "-c", "import pipelinegen; print(pipelinegen.__file__)", folder=project)
    assert str(tmp_path) in shown


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def run(program: Path, *arguments: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        [str(program), *arguments], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
