"""The server process: ready, refused, and gone together with everything it started."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipelinegen.local.faults import LocalCloudError, PortTakenError
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.processes import import_path, session_processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts the processes of a session by /proc")

#: Deploys the tiny pipeline, starts its sleeping training job, prints the server's id, and hangs.
_PARENT = """
    import sys, time
    from pathlib import Path
    from pipelinegen.local.deploy import deploy
    from pipelinegen.local.follow import follow
    from pipelinegen.local.local_cloud import LocalCloud
    workdir, fixtures = Path(sys.argv[1]), Path(sys.argv[2])
    with LocalCloud(workdir, "111111111111", "eu-central-1") as cloud:
        deployment = deploy(cloud, fixtures / "tiny", secrets={"tiny/redis": "x"}, code=fixtures / "code")
        cloud.client("s3").put_object(Bucket="tiny-dev-data-111111111111", Key="raw/x", Body=b"1")
        for event in follow(cloud, deployment, "2026-11-22", {"mode": "sleep"}):
            logs = cloud.job_logs("train")
            while event.state == "Train" and not (logs and "sleeping" in logs[0].read_text()):
                time.sleep(0.05)
                logs = cloud.job_logs("train")
            if event.state == "Train":
                print(cloud._process.pid, flush=True)
"""


def _wait_until_empty(session: int, seconds: float = 60.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := session_processes(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_end_of_the_parent_leaves_no_process_behind(tmp_path: Path, fixtures: Path, number: signal.Signals) -> None:
    errors = tmp_path / "errors"
    with errors.open("wb") as file:
        parent = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_PARENT), str(tmp_path), str(fixtures)],
            stdout=subprocess.PIPE,
            stderr=file,
            env={**os.environ, "PYTHONPATH": import_path()},
        )
    assert parent.stdout is not None
    said = parent.stdout.readline()
    assert said, errors.read_text(encoding="utf-8")
    session = int(said)
    # The server and its training program at least.
    assert len(session_processes(session)) >= 2
    parent.send_signal(number)
    parent.wait(30)
    parent.stdout.close()
    assert _wait_until_empty(session) == []


def test_closing_twice_is_fine_and_the_port_is_free_again(tmp_path: Path) -> None:
    cloud = LocalCloud(tmp_path, "222222222222", "us-east-1")
    with cloud:
        assert cloud.client("sts").get_caller_identity()["Account"] == "222222222222"
        port = cloud.port
    cloud.close()
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_taken_port_is_a_fault_of_its_own(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError) as caught, LocalCloud(tmp_path, "111111111111", "eu-central-1", port=port):
            pass
    assert caught.value.message == f"port {port} is already in use"
    assert caught.value.help == "choose another port, or 0 for any free one"


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises((LocalCloudError, NotADirectoryError, FileExistsError)),
        LocalCloud(tmp_path / "file", "111111111111", "eu-central-1"),
    ):
        pass
