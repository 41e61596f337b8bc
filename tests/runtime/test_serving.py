"""The serving program: SageMaker's inference contract, and its HTTP side."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from runtime.serving.__main__ import main
from runtime.serving.app import ServingApp
from runtime.serving.contract import ContractError, Handler, RequestError, load_handler, load_program
from runtime.serving.formats import UnsupportedTypeError, accepted_types, decode, encode


def module(**functions: Any) -> ModuleType:
    made = ModuleType("inference")
    for name, function in functions.items():
        setattr(made, name, function)
    return made


def test_own_functions_are_chained(tmp_path: Path) -> None:
    handler = load_handler(
        module(
            model_fn=lambda folder: Path(folder).name,
            input_fn=lambda body, kind: (kind, json.loads(body)),
            predict_fn=lambda data, model: [model, *data],
            output_fn=lambda found, accept: (json.dumps(found), "application/json"),
        ),
        tmp_path / "model",
    )
    answer = handler.answer(b"[1]", "application/json", "*/*")
    assert (json.loads(answer.body), answer.content_type) == (["model", "application/json", [1]], "application/json")


def test_transform_fn_stands_for_all_three(tmp_path: Path) -> None:
    handler = load_handler(module(model_fn=lambda _: 2, transform_fn=lambda model, body, *_: body * model), tmp_path)
    assert handler.answer(b"ab", "x/y", "text/plain").body == b"abab"
    both = module(model_fn=lambda _: 2, transform_fn=lambda *_: b"", predict_fn=lambda *_: None)
    with pytest.raises(ContractError, match="the code defines both"):
        load_handler(both, tmp_path)


def test_without_model_fn_a_scripted_model_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"no model_fn, and the model no model\.pt"):
        load_handler(module(), tmp_path)


def test_a_program_finds_its_own_modules(tmp_path: Path) -> None:
    (tmp_path / "beside_it.py").write_text("VALUE = 7\n")
    (tmp_path / "serves.py").write_text("from beside_it import VALUE\n")
    assert load_program(tmp_path, "serves.py").VALUE == 7
    with pytest.raises(ContractError, match=r"there is no other\.py"):
        load_program(tmp_path, "other.py")


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/x-npy"])
def test_formats_go_there_and_back(kind: str) -> None:
    body, said = encode(np.array([[1.0, 2.5], [3.0, 4.0]]), f"{kind};q=0.9, */*")
    assert said == kind
    assert decode(body, kind).tolist() == [[1.0, 2.5], [3.0, 4.0]]


def test_formats_that_nobody_knows() -> None:
    assert accepted_types("text/CSV; a=1, */*") == ["text/csv", "*/*"]
    with pytest.raises(UnsupportedTypeError):
        decode(b"", "image/png")
    with pytest.raises(UnsupportedTypeError):
        encode([1], "image/png")


def ask(app: ServingApp, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(app({"type": "http", "method": method, "path": path, "headers": named}, receive, send))
    return sent[0]["status"], sent[1]["body"]


def refusing(error: Exception) -> Callable[..., bytes]:
    def refuse(*_: Any) -> bytes:
        raise error

    return refuse


def test_paths_and_statuses() -> None:
    app = ServingApp(Handler(None, lambda model, body, kind, accept: f"{kind} {accept} ".encode() + body))
    assert ask(app, "GET", "/ping")[0] == 200
    assert ask(app, "POST", "/invocations", b"x", content_type="a/b", accept="c/d") == (200, b"a/b c/d x")
    assert ask(app, "GET", "/invocations")[0] == 404


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (RequestError("no question"), 400, b"no question"),
        (UnsupportedTypeError("not this"), 415, b"not this"),
        (KeyError("price"), 500, b"KeyError: 'price'"),
    ],
)
def test_what_code_raises_is_answered(error: Exception, status: int, text: bytes) -> None:
    assert ask(ServingApp(Handler(None, refusing(error))), "POST", "/invocations") == (status, text)


def test_a_model_that_cannot_be_loaded_is_not_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve"], {"SAGEMAKER_BASE_DIR": str(tmp_path)}) == 1
    assert json.loads(capsys.readouterr().out)["event"] == "not_serving"
    assert main([], {}) == 2
