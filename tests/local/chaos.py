"""Kills the local cloud, its jobs, Redis or the command itself at random moments, and sees what a retry makes of it.

    python -m tests.local.chaos --times 50 --seed 0

For each time: a run of a small recommender is started anew; at a random moment one process is killed with SIGKILL;
then `retry` is called (or `run`, if nothing had begun) until it says that all is well. Then what the cloud holds is
compared with what an undisturbed run left: every S3 object, every SSM parameter, every Redis hash.

Names of jobs and runs hold random letters, files of Spark a random id: they are left out of the comparison, as are
objects that an attempt left which was killed before anybody referred to them (as on AWS), and files' own times.
"""

import argparse
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet

from pipelinegen.local.redis import RedisServer
from pipelinegen.local.run_folders import read_lines
from tests.local.command_line import REPOSITORY, command, processes_that_name, run_command

SPECS: Final = Path(__file__).parent / "chaos_specs"
DATE: Final = "2026-11-20"
VICTIMS: Final = ("cloud", "job", "redis", "command")
MOST_RETRIES: Final = 4

#: What differs from run to run: the end of job names, ids of runs and of Spark's files.
_RANDOM: Final = re.compile(
    r"(?<=\d{8}-)[0-9a-f]{12}|(?<=\d{4}-\d\d-\d\d-)[0-9a-f]{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

State = Mapping[str, str]


@dataclass(frozen=True)
class Trial:
    """What was killed when, what became of it, and how it ended."""

    number: int
    victim: str
    moment: "Moment"
    during: str
    first: str
    retries: int
    difference: str

    @property
    def good(self) -> bool:
        return not self.difference


def make_project(folder: Path) -> Path:
    """A project with the small recommender, generated."""
    shutil.copytree(SPECS, folder / "specs")
    done = run_command("generate", folder=folder)
    assert done.code == 0, done.err
    return folder


@dataclass(frozen=True)
class Moment:
    """So many seconds after the execution history has so many events: the same for a busy machine and an idle one."""

    events: int
    seconds: float

    @classmethod
    def random(cls, rng: random.Random, events: int) -> "Moment":
        """Any moment of a run; one in ten is before the execution starts."""
        return cls(max(0, rng.randint(-events // 10, events)), rng.uniform(0.0, 4.0))


def undisturbed(project: Path) -> tuple[State, int]:
    """What a run leaves that nobody disturbs, and how many events it has."""
    shutil.rmtree(project / ".pipelinegen", ignore_errors=True)
    done = run_command("run", "specs/shop.yaml", "--date", DATE, folder=project)
    assert done.code == 0, done.out + done.err
    return end_state(project), events_so_far(project)


def events_so_far(project: Path) -> int:
    """Events in the histories of all runs."""
    return sum(path.read_bytes().count(b"\n") for path in (project / ".pipelinegen").glob("*/*/runs/*/history.jsonl"))


def disturb(
    project: Path, number: int, rng: random.Random, events: int, expected: State, victim: str | None = None
) -> Trial:
    """One trial; `events`: how many an undisturbed run has."""
    victim = victim or rng.choice(VICTIMS)
    moment = Moment.random(rng, events)
    done = kill_at(project, victim, moment, rng)
    first = {0: "succeeded", 1: "failed", -9: "killed"}.get(done.code, str(done.code))
    retries, code, told = go_on(project, done.code)
    difference = f"gave up: {told}" if code else compare(expected, end_state(project))
    if first not in ("succeeded", "failed", "killed"):
        difference = f"exit code {first}: {done.err.strip()[-200:]}"
    return Trial(number, victim, moment, done.during, first, retries, difference)


@dataclass(frozen=True)
class Killed:
    """How a run ended, one of whose processes was killed, and the state it was in."""

    code: int
    err: str
    during: str


def kill_at(project: Path, victim: str, moment: Moment, rng: random.Random | None = None) -> Killed:
    """A new run whose victim is killed at a moment, or as soon as it is there."""
    shutil.rmtree(project / ".pipelinegen", ignore_errors=True)
    process = subprocess.Popen(
        command("run", "specs/shop.yaml", "--date", DATE),
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    due: float | None = None
    killed = False
    while process.poll() is None and not killed:
        if due is None and events_so_far(project) >= moment.events:
            due = time.monotonic() + moment.seconds
        if due is not None and time.monotonic() >= due:
            killed = kill(victim, process.pid, project, rng or random.Random(0))
        time.sleep(0.02)
    during = last_state(project) if killed else "nothing: it was over"
    _, errors = process.communicate(timeout=300)
    wait_until_alone(project)
    return Killed(process.returncode, errors, during)


def kill(victim: str, command_pid: int, project: Path, rng: random.Random) -> bool:
    """SIGKILL to the victim, if it is there; only to processes of this project."""
    parents = dict(process_parents())
    if victim == "command":
        found = [command_pid]
    else:
        server = [pid for pid in parents if names(pid, "pipelinegen.local.server", str(project))]
        guards = [pid for pid in parents if names(pid, "guard.py", str(project), "redis.conf")]
        found = {
            "cloud": server,
            "job": [pid for pid, parent in parents.items() if parent in server],
            "redis": [pid for pid, parent in parents.items() if parent in guards],
        }[victim]
    if not found:
        return False
    try:
        os.kill(rng.choice(sorted(found)), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def process_parents() -> list[tuple[int, int]]:
    """The id of each living process, and its parent's."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                found.append((int(entry.name), int(fields[1])))
    return found


def names(pid: int, *words: str) -> bool:
    """Whether a process has all these words in its command line."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return False
    return all(word in line for word in words)


def last_state(project: Path) -> str:
    """The state that the newest run was in."""
    folders = sorted((project / ".pipelinegen/shop/dev/runs").glob("*/history.jsonl"))
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for path in folders
        for event in read_lines(path)
        if "stateEnteredEventDetails" in event
    ]
    return entered[-1] if entered else "before the first state"


def wait_until_alone(project: Path) -> None:
    """Returns when what the killed process left behind has ended by itself."""
    deadline = time.monotonic() + 60
    while (left := processes_that_name(str(project))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left, left


def go_on(project: Path, code: int) -> tuple[int, int, str]:
    """Retries until all is well; gives how often that took, the last exit code and what was said."""
    told = ""
    for attempt in range(MOST_RETRIES + 1):
        if code == 0:
            return attempt, 0, told
        begun = list((project / ".pipelinegen/shop/dev/runs").glob("*/run.json"))
        words = ["retry"] if begun else ["run", "specs/shop.yaml", "--date", DATE]
        done = run_command(*words, folder=project)
        assert "Traceback" not in done.err, done.err
        code, told = done.code, (done.err or done.out)[-300:]
        if "there is nothing to retry" in done.err:
            # The run was over; only what came after it was disturbed.
            code = 0
    return MOST_RETRIES, code, told


def end_state(project: Path) -> State:
    """What is left: name to content or digest of each object, parameter and hash."""
    state = project / ".pipelinegen/shop/dev"
    found = {**_objects(state / "cloud" / "s3"), **_parameters(state / "cloud" / "parameters.jsonl")}
    with RedisServer(state / "redis") as server:
        import redis

        with redis.Redis(port=server.port, password=server.password, decode_responses=True) as client:
            for key in client.scan_iter(count=1000):
                found[f"redis {key}"] = plain(json.dumps(client.hgetall(key), sort_keys=True))
    return found


def compare(expected: State, found: State) -> str:
    """What differs, empty for nothing."""
    wrong = [f"missing {name}" for name in expected if name not in found]
    wrong += [f"more {name}" for name in found if name not in expected]
    wrong += [f"other {name}" for name in expected if name in found and found[name] != expected[name]]
    return "; ".join(wrong[:4]) + (f" and {len(wrong) - 4} more" if len(wrong) > 4 else "")


def plain(text: str) -> str:
    """A text without what is random in it."""
    return _RANDOM.sub("*", text)


def _objects(root: Path) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for path in sorted(item for item in root.rglob("*") if item.is_file()):
        # Working data of a job, of use only while it runs.
        if "/checkpoints/" not in path.as_posix():
            found.setdefault(f"s3 {plain(path.relative_to(root).as_posix())}", []).append(digest(path))
    # What a killed attempt left under a name that nobody uses is the same file again, if the work is repeatable.
    return {name: " or ".join(sorted(set(digests))) for name, digests in found.items()}


def digest(path: Path) -> str:
    """A file's content: of tables the rows, of archives the files within, of texts what is not random."""
    if path.suffix == ".parquet":
        rows = sorted(
            json.dumps(row, default=str, sort_keys=True) for row in pyarrow.parquet.read_table(path).to_pylist()
        )
        return _hash(plain("\n".join(rows)).encode())
    content = path.read_bytes()
    if path.name.endswith(".tar.gz"):
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = {item.name: archive.extractfile(item) for item in archive.getmembers() if item.isfile()}
            parts = [name.encode() + _content(file.read()) for name, file in sorted(members.items()) if file]
        return _hash(b"\n".join(parts))
    return _hash(_content(content))


def _content(data: bytes) -> bytes:
    if data[:2] == b"PK":
        # torch.save: the records, not the archive's own names and times.
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return b"\n".join(archive.read(name) for name in sorted(archive.namelist()) if "/data" in name)
    try:
        return plain(data.decode()).encode()
    except UnicodeDecodeError:
        return data


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _parameters(path: Path) -> dict[str, str]:
    values: dict[str, Any] = {}
    for line in read_lines(path):
        values[f"ssm {line.get('put') or line['delete']}"] = line.get("value")
    return {name: plain(str(value)) for name, value in values.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description="Kills at random, retries, and compares.")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        project = make_project(Path(folder))
        expected, events = undisturbed(project)
        again, events = undisturbed(project)
        assert compare(expected, again) == "", compare(expected, again)
        print(f"undisturbed: {events} events, {len(expected)} objects, parameters and hashes", flush=True)
        print(
            f"{'':>3}  {'killed':8} {'moment':>10}  {'in state':28} {'the run':9} {'retries':>7}  end state", flush=True
        )
        trials = []
        for number in range(1, options.times + 1):
            trial = disturb(project, number, rng, events, expected)
            trials.append(trial)
            when = f"{trial.moment.events} +{trial.moment.seconds:.1f}s"
            end = trial.difference or "equal"
            print(
                f"{number:>3}  {trial.victim:8} {when:>10}  {trial.during[:28]:28} {trial.first:9} "
                f"{trial.retries:>7}  {end}",
                flush=True,
            )
    good = sum(trial.good for trial in trials)
    print(f"{good} of {len(trials)} ended as the undisturbed run did")
    return 0 if good == len(trials) else 1


if __name__ == "__main__":
    sys.exit(main())
