"""Programs that do what programs do: each fails its own state, with the real cause, and leaves nothing behind."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.causes import in_words
from pipelinegen.local.deploy import Deployment, deploy
from pipelinegen.local.follow import ExecutionEnd, follow
from pipelinegen.local.local_cloud import CloudSettings, LocalCloud
from pipelinegen.local.processes import session_processes
from tests.compiling import files_of
from tests.local.conftest import ACCOUNT, REGION

pytestmark = pytest.mark.slow

DATE = "2026-11-20"
SPEC = """\
version: 1
name: NAME
description: A program that writes rows, a function that counts them, and a training program.
owner: {team: tests, email: tests@example.com}

steps:
  write:
    kind: sagemaker_processing
    code: programs/write
    outputs: {rows: folder}
    timeout_minutes: 1
  count:
    kind: lambda
    code: lambdas/count
    memory_mib: 128
    payload: {rows: "${steps.write.rows}"}
    result: [rows]
  train:
    kind: sagemaker_training
    code: programs/train
    inputs: {rows: "${steps.write.rows}"}
    needs: [count]
    timeout_minutes: 1

environments:
  dev: {account_id: "111111111111", region: eu-central-1}
"""
WRITE = """\
from pathlib import Path
out = Path(__import__("os").environ["SAGEMAKER_BASE_DIR"]) / "processing/output/rows"
"""
GOOD_WRITE = WRITE + '(out / "rows.txt").write_text("1\\n2\\n")\n'
GOOD_COUNT = """\
import boto3
def handler(event, context):
    bucket, _, prefix = event["rows"][5:].partition("/")
    s3 = boto3.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    return {"rows": sum(len(s3.get_object(Bucket=bucket, Key=key)["Body"].read().split()) for key in keys)}
"""


GOOD_TRAIN = """\
import os
open(os.environ["SM_MODEL_DIR"] + "/model.txt", "w").write("learned")
"""


@dataclass
class Faulty:
    """A deployed pipeline of one's own programs."""

    cloud: LocalCloud
    folder: Path
    name: str

    def run(
        self, write: str = GOOD_WRITE, count: str = GOOD_COUNT, train: str = GOOD_TRAIN, seconds: int = 60
    ) -> ExecutionEnd:
        """How the execution ended; `seconds` is the time that each program has."""
        *_, end = follow(self.cloud, self._deploy(write, count, train, seconds), DATE)
        assert isinstance(end, ExecutionEnd)
        return end

    def _deploy(self, write: str, count: str, train: str, seconds: int) -> Deployment:
        programs = {"programs/write": {"main.py": write}, "programs/train": {"train.py": train}}
        code = {**programs, "lambdas/count": {"handler.py": count}}
        for path, text in files_of(SPEC.replace("NAME", self.name), lambda folder: code[folder])["dev"].items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            limited = text.replace('"MaxRuntimeInSeconds": 60', f'"MaxRuntimeInSeconds": {seconds}')
            (self.folder / path).write_text(limited, encoding="utf-8")
        return deploy(self.cloud, self.folder, secrets={})

    def left_behind(self) -> tuple[list[str], list[str]]:
        """Objects of the step's outputs, and jobs that still run."""
        listed = self.cloud.client("s3").list_objects_v2(Bucket=f"{self.name}-dev-data-{ACCOUNT}")
        jobs = self.cloud.workdir / "jobs"
        running = [pid for pid in session_processes(self.cloud.process_id) if str(jobs) in _command_line(pid)]
        return [item["Key"] for item in listed.get("Contents", [])], [str(pid) for pid in running]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    settings = CloudSettings(most_wait_seconds=0.1)
    with LocalCloud(tmp_path_factory.mktemp("state"), ACCOUNT, REGION, settings=settings) as cloud:
        yield cloud


@pytest.fixture
def faulty(patient: LocalCloud, tmp_path: Path) -> Faulty:
    """A pipeline of a name of its own, so that all can share one local cloud."""
    name = f"faults-{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    return Faulty(patient, tmp_path / "generated", name)


def test_without_a_fault_it_succeeds(faulty: Faulty) -> None:
    end = faulty.run()
    assert end.succeeded, end
    assert end.output["steps"]["count"] == {"result": {"rows": 2}}


#: Syntax errors are of code that is made when the program runs: the compiler refuses any other (PG065).
PROGRAMS: dict[str, Any] = {
    "a syntax error": ("exec('def main(:')\n", "SyntaxError: invalid syntax"),
    "an error": ("raise RuntimeError('no such luck')\n", "RuntimeError: no such luck"),
    "nothing written": (WRITE, "the program ended well, but wrote nothing to /opt/ml/processing/output/rows"),
    "half written": (GOOD_WRITE + "raise SystemExit('stopped half-way')\n", "stopped half-way"),
    "too much memory": (
        WRITE + "import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n",
        "the program was killed (signal 9), as the system does with one that takes too much memory",
    ),
    "more memory than it may": (
        WRITE + "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28)); x = bytearray(1 << 30)\n",
        "MemoryError",
    ),
    "a full disk": (
        GOOD_WRITE + "import os; os.symlink('/dev/full', out / 'more'); (out / 'more').write_text('x' * 100000)\n",
        "OSError: [Errno 28] No space left on device",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_fails(faulty: Faulty, name: str) -> None:
    program, cause = PROGRAMS[name]
    end = faulty.run(write=program)
    assert (end.status, end.failed_state) == ("FAILED", "Write")
    assert cause in end.cause
    assert cause in end.log_tail
    assert faulty.left_behind() == ([], [])


HANGS = "import time\nprint('waiting', flush=True)\ntime.sleep(600)\n"


@pytest.mark.parametrize(("state", "what"), [("Write", "processing"), ("Train", "training")])
def test_a_program_that_hangs_is_ended_and_fails_its_state(faulty: Faulty, state: str, what: str) -> None:
    end = faulty.run(seconds=3, **{state.lower(): HANGS})
    assert (end.status, end.failed_state, end.failed_step) == ("FAILED", state, state.lower())
    assert "ended as Stopped: MaxRuntimeExceeded (it may run for 1 min)" in end.cause
    assert in_words(end.cause).startswith(f"{what} job {faulty.name}-dev-{state.lower()}-")
    assert "waiting" in end.log_tail
    assert end.log_tail.endswith("Stopped: MaxRuntimeExceeded]")
    written, running = faulty.left_behind()
    assert (running, len(written)) == ([], 0 if state == "Write" else 1)


def test_a_training_program_that_fails(faulty: Faulty) -> None:
    end = faulty.run(train="exec('def main(:')\n")
    assert (end.status, end.failed_state) == ("FAILED", "Train")
    assert "ExecuteUserScriptError: ExitCode 1" in in_words(end.cause)
    assert "SyntaxError: invalid syntax" in end.log_tail


#: The function that the spec names has to be there.
EMPTY = "def handler(event, context):\n    return {}\n"
FUNCTIONS: dict[str, Any] = {
    "a syntax error": (
        "exec('def other(event context):')\n" + EMPTY,
        "Syntax error in module 'handler': invalid syntax",
    ),
    "an error": ("def handler(event, context):\n    raise KeyError('price')\n", "'price'"),
    "an error when loaded": ("raise ValueError('bad constant')\n" + EMPTY, "bad constant"),
    "a missing package": ("import nosuchpackage\n" + EMPTY, "No module named 'nosuchpackage'"),
    "too much memory": (
        "def handler(event, context):\n    x = bytearray(300 << 20)\n    __import__('time').sleep(5)\n",
        "signal: killed (out of memory",
    ),
    "no result": ("def handler(event, context):\n    return {'other': 1}\n", "rows"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_fails(faulty: Faulty, name: str) -> None:
    function, cause = FUNCTIONS[name]
    end = faulty.run(count=function)
    assert (end.status, end.failed_state) == ("FAILED", "Count")
    assert cause in json.loads(json.dumps(end.cause))
