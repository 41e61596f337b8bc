"""Hostile files end in a diagnostic or success, never in a traceback, and take neither memory nor time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compiling import ENVIRONMENT
from tests.hostile.yaml_corpus import corpus

MOST_MIB = 300
#: Seconds of processor for one file, far above what any takes; who loops is killed, and the test fails.
MOST_SECONDS = 20

#: All files in one process, its address space and each file's processor time limited.
RUN = f"""
import contextlib, io, json, resource, signal, sys
from pipelinegen.cli import main
resource.setrlimit(resource.RLIMIT_AS, ({3 * MOST_MIB} * 2**20,) * 2)
answers = {{}}
for number, path in enumerate(sys.argv[1:]):
    signal.setitimer(signal.ITIMER_PROF, {MOST_SECONDS})
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(["validate", path])
    answers[path] = [code, err.getvalue()]
# Not ru_maxrss: that counts what the process was a copy of before it became this one.
status = open("/proc/self/status").read()
answers["peak MiB"] = int(status.split("VmHWM:")[1].split()[0]) // 1024
json.dump(answers, sys.stdout)
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Exit code and standard error by the name of the file; and the peak of memory."""
    folder = tmp_path_factory.mktemp("hostile")
    names = {}
    for number, (name, content, _) in enumerate(corpus()):
        (folder / f"{number}.yaml").write_bytes(content)
        names[f"{number}.yaml"] = name
    command = [sys.executable, "-c", RUN, *names]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=600, check=True)
    return {names.get(file, file): answer for file, answer in json.loads(done.stdout).items()}


CASES = [(name, id) for name, _, id in corpus()]


@pytest.mark.parametrize(("name", "id"), CASES, ids=[name for name, _ in CASES])
def test_a_hostile_file_ends_in_a_diagnostic(name: str, id: str | None, answers: dict[str, tuple[int, str]]) -> None:
    code, text = answers[name]
    if id is None:
        assert (code, text) == (0, "")
        return
    assert code == (2 if id == "PG001" else 1)
    assert f"error {id}: " in text
    assert "Traceback" not in text
    assert len(text) < 100_000
    assert max(len(line) for line in text.split("\n")) < 1_000


def test_memory_stays_small(answers: dict[str, int]) -> None:
    assert answers["peak MiB"] < MOST_MIB


def test_the_corpus_is_no_file_of_its_own() -> None:
    assert sorted(path.suffix for path in Path(__file__).parent.iterdir() if path.is_file()).count(".yaml") == 0
