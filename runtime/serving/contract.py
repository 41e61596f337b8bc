"""SageMaker's contract of inference code: model_fn, input_fn, predict_fn, output_fn, or transform_fn for all three.

The functions and their defaults are those of the SageMaker PyTorch containers (sagemaker-pytorch-inference-toolkit,
default_handler_service), so that code written for those images runs here, and code written for here runs there.
"""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from runtime.serving.formats import JSON, decode, encode

#: The program of a model's own code, where the image names none.
DEFAULT_PROGRAM: Final = "inference.py"
#: What the default model_fn loads.
SCRIPTED_MODEL: Final = "model.pt"


class ContractError(Exception):
    """Code that lacks what the contract wants, or a model that cannot be loaded; nothing is served then."""


class RequestError(ValueError):
    """A request that inference code refuses; answered with 400 and the message."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Body and type of a successful answer."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Handler:
    """A loaded model with the code around it; `answer` is called by one thread at a time."""

    model: Any
    transform: Callable[[Any, bytes, str, str], Any]

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """What the model says to one request. Raises: whatever its code raises."""
        result = self.transform(self.model, body, content_type, accept)
        given, kind = result if isinstance(result, tuple) and len(result) == 2 else (result, accept)
        if isinstance(given, str):
            given = given.encode()
        if not isinstance(given, bytes | bytearray):
            raise TypeError(f"output_fn returned {type(given).__name__}, and not text or bytes")
        return Answer(bytes(given), JSON if not kind or "*" in kind else kind.partition(",")[0].strip())


def load_handler(module: ModuleType, model_folder: Path) -> Handler:
    """The model in its folder behind the module's functions. Raises: ContractError, or what model_fn raises."""
    own = {name: getattr(module, name, None) for name in ("model_fn", "transform_fn", *_DEFAULTS)}
    if own["transform_fn"] and any(own[name] for name in _DEFAULTS):
        raise ContractError("transform_fn stands for input_fn, predict_fn and output_fn; the code defines both")
    model = (own["model_fn"] or default_model)(str(model_folder))
    if own["transform_fn"]:
        return Handler(model, own["transform_fn"])
    steps = {name: own[name] or default for name, default in _DEFAULTS.items()}

    def transform(model: Any, body: bytes, content_type: str, accept: str) -> Any:
        data = steps["input_fn"](body, content_type)
        return steps["output_fn"](steps["predict_fn"](data, model), accept)

    return Handler(model, transform)


def load_program(folder: Path, program: str) -> ModuleType:
    """The module of a file, beside which it finds its own modules. Raises: ContractError if there is no such file."""
    path = folder / program
    if not path.is_file():
        raise ContractError(f"there is no {program} in {folder}")
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def default_model(folder: str) -> Any:
    """The TorchScript model in `model.pt`. Raises: ContractError if there is none."""
    import torch

    path = Path(folder) / SCRIPTED_MODEL
    if not path.is_file():
        raise ContractError(f"the code has no model_fn, and the model no {SCRIPTED_MODEL} that could do without")
    return torch.jit.load(str(path), map_location="cpu")


def default_input(body: bytes, content_type: str) -> Any:
    """A float tensor of the request's numbers."""
    import torch

    return torch.as_tensor(decode(body, content_type or JSON), dtype=torch.float32)


def default_predict(data: Any, model: Any) -> Any:
    """What the model makes of the tensor, without gradients."""
    import torch

    with torch.no_grad():
        return model.eval()(data)


def default_output(prediction: Any, accept: str) -> tuple[bytes, str]:
    """The prediction as the client wants it, JSON if it does not mind."""
    return encode(prediction.detach().cpu().numpy() if hasattr(prediction, "detach") else prediction, accept)


_DEFAULTS: Final[Mapping[str, Callable[..., Any]]] = {
    "input_fn": default_input,
    "predict_fn": default_predict,
    "output_fn": default_output,
}
