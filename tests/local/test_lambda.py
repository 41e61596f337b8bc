"""Lambda: the deployed handler in a warm process, its limits and its errors in Lambda's words."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.aws_lambda import Function, FunctionPool
from pipelinegen.local.processes import ChildProcesses, inherited_environment

_SETTINGS = '{"schema_version": 1}'


@pytest.fixture
def children() -> Iterator[ChildProcesses]:
    running = ChildProcesses()
    yield running
    running.end_all(grace_seconds=0.1)


@pytest.fixture
def pool(children: ChildProcesses, tmp_path: Path) -> FunctionPool:
    def environment(role_arn: str | None) -> dict[str, str]:
        return {**inherited_environment(), "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": str(role_arn)}

    return FunctionPool(children, environment, tmp_path / "functions")


@pytest.fixture
def function(fixtures: Path) -> Function:
    return _function((fixtures / "code/runtime/echo/handler.py").read_text())


def _function(source: str, handler: str = "index.handler", timeout_seconds: int = 20) -> Function:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", source)
        archive.writestr("settings.json", _SETTINGS)
    return Function(
        arn="arn:aws:lambda:eu-central-1:111111111111:function:echo",
        name="echo",
        handler=handler,
        role_arn="arn:aws:iam::111111111111:role/echo",
        code=buffer.getvalue(),
        environment={"GREETING": "hi"},
        timeout_seconds=timeout_seconds,
    )


def test_the_handler_answers_and_stays_warm(pool: FunctionPool, function: Function, tmp_path: Path) -> None:
    first, second = (pool.invoke(function, {"n": n}, tmp_path / "log") for n in (1, 2))
    assert (first.failed, first.payload["echo"], first.payload["env"]) == (False, {"n": 1}, "hi")
    assert (second.payload["calls"], second.payload["echo"]) == (2, {"n": 2})


def test_each_invocation_writes_to_its_own_log(pool: FunctionPool, function: Function, tmp_path: Path) -> None:
    for n in (1, 2):
        pool.invoke(function, {}, tmp_path / f"{n}.log")
    for n in (1, 2):
        shape = re.sub(r"[0-9a-f-]{36}", "ID", (tmp_path / f"{n}.log").read_text())
        shape = re.sub(r"\d+(\.\d+)? (ms|MB)", r"# \2", shape)
        assert shape.splitlines() == [
            "START RequestId: ID Version: $LATEST",
            f"call {n} for ID",
            "END RequestId: ID",
            "REPORT RequestId: ID Duration: # ms Billed Duration: # ms Memory Size: # MB Max Memory Used: # MB",
        ]


def test_an_exception_has_lambdas_shape(pool: FunctionPool, function: Function, tmp_path: Path) -> None:
    answer = pool.invoke(function, {"boom": True}, tmp_path / "log")
    assert answer.failed
    assert set(answer.payload) == {"errorMessage", "errorType", "requestId", "stackTrace"}
    assert (answer.payload["errorMessage"], answer.payload["errorType"]) == ("boom!", "RedisWriteError")
    assert "RedisWriteError: boom!" in (tmp_path / "log").read_text()


def test_a_slow_handler_is_ended(pool: FunctionPool, fixtures: Path, tmp_path: Path) -> None:
    slow = _function((fixtures / "code/runtime/echo/handler.py").read_text(), timeout_seconds=1)
    answer = pool.invoke(slow, {"sleep": 30}, tmp_path / "log")
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert answer.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert pool.invoke(slow, {}, tmp_path / "log").payload["calls"] == 1


@pytest.mark.parametrize(
    ("event", "kind", "message"),
    [
        ({"exit": True}, "Runtime.ExitError", "Error: Runtime exited with error: exit status 7"),
        ({"unserialisable": True}, "Runtime.MarshalError", "Object of type set is not JSON serializable"),
    ],
)
def test_other_ends_of_a_handler(
    pool: FunctionPool, function: Function, tmp_path: Path, event: dict[str, bool], kind: str, message: str
) -> None:
    answer = pool.invoke(function, event, tmp_path / "log")
    assert (answer.failed, answer.payload["errorType"]) == (True, kind)
    assert answer.payload["errorMessage"].endswith(message)


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (
            "import no_such_module",
            "index.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'no_such_module'",
        ),
        ("x = 1", "index.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        (
            "import runtime.training.model\ndef handler(event, context): ...",
            "index.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'runtime.training'",
        ),
    ],
)
def test_a_bundle_that_cannot_start(
    pool: FunctionPool, tmp_path: Path, source: str, handler: str, kind: str, message: str
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", source)
        archive.writestr("runtime/__init__.py", "")
    broken = Function("arn", "broken", handler, "role", buffer.getvalue(), timeout_seconds=20)
    answer = pool.invoke(broken, {}, tmp_path / "log")
    assert (answer.payload["errorType"], answer.payload["errorMessage"]) == (kind, message)


def test_only_what_lambda_has_and_what_is_required_can_be_imported(pool: FunctionPool, tmp_path: Path) -> None:
    source = "import boto3, botocore.config, dateutil, json, ours, {0}\ndef handler(event, context): return ours.WORD"

    def answer(module: str, required: str) -> Any:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("index.py", source.format(module))
            archive.writestr("ours/__init__.py", "WORD = 'hello'")
            archive.writestr("requirements.txt", f"# what it requires\n\n{required}\n")
        function = Function("arn", "own", "index.handler", "role", buffer.getvalue(), timeout_seconds=20)
        return pool.invoke(function, {}, tmp_path / "log").payload

    remedy = "it is on this machine, but not on Lambda: name its package in the step's `requirements:`"
    assert answer("pydantic", "requests>=2")["errorMessage"] == (
        f"Unable to import module 'index': No module named 'pydantic' ({remedy})"
    )
    assert answer("pydantic, typing_extensions", "pydantic[email]>=2,<3 # a comment") == "hello"
