"""What is around a processing job's own program."""

import json
from pathlib import Path

import pytest

from runtime.processing.__main__ import ending, main


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The root of a job with one output."""
    output = {"OutputName": "rows", "S3Output": {"LocalPath": "/opt/ml/processing/output/rows", "S3Uri": "s3://b/k"}}
    (tmp_path / "config").mkdir()
    config = json.dumps({"ProcessingOutputConfig": {"Outputs": [output]}})
    (tmp_path / "config/processingjobconfig.json").write_text(config)
    (tmp_path / "processing/output/rows").mkdir(parents=True)
    return tmp_path


def run(base: Path, program: str) -> tuple[int, str]:
    """The exit code and the message that the job leaves."""
    code = main(["python3", "-c", program], {"SAGEMAKER_BASE_DIR": str(base)})
    message = base / "output/message"
    return code, message.read_text() if message.exists() else ""


def test_a_program_that_writes_its_output_is_done(base: Path) -> None:
    target = base / "processing/output/rows/part.txt"
    assert run(base, f"open({str(target)!r}, 'w').close()") == (0, "")


def test_nothing_written_is_no_success(base: Path) -> None:
    assert run(base, "pass") == (
        1,
        "the program ended well, but wrote nothing to /opt/ml/processing/output/rows",
    )


def test_the_last_words_are_the_reason(base: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, message = run(base, "import sys; print('one', file=sys.stderr); sys.exit('two')")
    assert (code, message) == (1, "the program ended with exit code 1: two")
    assert capfd.readouterr().err.splitlines()[:2] == ["one", "two"]


def test_a_job_that_is_stopped_says_so(base: Path) -> None:
    stop = "import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(60)"
    assert run(base, stop) == (143, "the job was stopped, as SageMaker does when its time is over")


def test_a_program_that_is_not_there(base: Path) -> None:
    assert main(["/no/such/program"], {"SAGEMAKER_BASE_DIR": str(base)}) == 127


@pytest.mark.parametrize(("code", "words"), [(137, "too much memory"), (143, "by signal 15"), (3, "exit code 3")])
def test_how_it_ended_in_words(code: int, words: str) -> None:
    assert words in ending(code)


def test_without_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {}) == 2
    assert "usage: python3 -m runtime.processing" in capsys.readouterr().err
