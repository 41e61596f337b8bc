"""`pipelinegen package`: the same bytes twice, under the keys that the generated files name."""

import json
import zipfile
from pathlib import Path

import pytest

from pipelinegen.errors import SpecError
from pipelinegen.package import install_words, required_files
from tests.local.command_line import REPOSITORY, run_command

SPEC = "specs/vehicle_recommendations.yaml"
GENERATED = REPOSITORY / "generated" / "vehicle-recommendations" / "dev"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_bundles_and_contexts_are_what_the_generated_files_name(tmp_path: Path) -> None:
    first, second = (run_command("package", SPEC, "--env", "dev", "--build", tmp_path / name) for name in ("a", "b"))
    if first.code == 1 and "PG035" in first.err:
        pytest.skip(first.err)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    made = contents(tmp_path / "a")
    assert made == contents(tmp_path / "b")

    deployment = json.loads((GENERATED / "deployment.json").read_text(encoding="utf-8"))
    named = {job["script_location"] for job in deployment["glue_jobs"]}
    named |= {job["default_arguments"]["--extra-py-files"] for job in deployment["glue_jobs"]}
    named |= {function["bundle"] for function in deployment["functions"]}
    code = tmp_path / "a" / "vehicle-recommendations" / "dev" / "code"
    assert {path.relative_to(code).as_posix() for path in code.rglob("*") if path.is_file()} == {
        uri.split("/", 3)[3] for uri in named
    }

    (bundle,) = code.glob("lambda/publish-*.zip")
    inside = zipfile.ZipFile(bundle).namelist()
    assert {"settings.json", "runtime/redis_loader/handler.py", "pyarrow/__init__.py"} <= set(inside)
    assert sum(item.file_size for item in zipfile.ZipFile(bundle).infolist()) < 250 * 2**20, "Lambda's limit"

    images = tmp_path / "a" / "vehicle-recommendations" / "dev" / "images"
    for name in ("api", "training"):
        copied = [
            line.split()[1]
            for line in (images / name / "Dockerfile").read_text(encoding="utf-8").splitlines()
            if line.startswith("COPY ")
        ]
        assert [source for source in copied if not (images / name / source).exists()] == []


def test_requirements_that_cannot_be_had_are_named() -> None:
    with pytest.raises(SpecError) as raised:
        list(required_files("no-such-package-of-anybody==1\n", "python3.12", ("false",)))
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.id == "PG035"
    assert diagnostic.message == "the requirements cannot be installed: pip gave no reason"


def test_no_requirements_are_no_files() -> None:
    assert list(required_files("# nothing\n\n", "python3.12", ("false",))) == []


@pytest.mark.parametrize(("runtime", "newest"), [("python3.11", "manylinux_2_17"), ("python3.12", "manylinux_2_28")])
def test_wheels_are_for_the_system_that_the_runtime_has(runtime: str, newest: str) -> None:
    """Amazon Linux 2 has glibc 2.26: a wheel of manylinux_2_28 would not load there."""
    words = install_words(runtime, "target", "requirements.txt")
    assert words[words.index("--platform") + 1] == f"{newest}_x86_64"
    assert words[words.index("--python-version") + 1] == runtime.removeprefix("python")
