"""What requests and answers look like where the model's own code does not say: JSON, CSV and NumPy's own format."""

import io
import json
from typing import Any

import numpy as np

JSON = "application/json"
CSV = "text/csv"
NPY = "application/x-npy"
#: In the order in which an answer is offered to a client that takes anything.
KNOWN = (JSON, CSV, NPY)


class UnsupportedTypeError(ValueError):
    """A media type that nobody here reads or writes: 415 or 406, as the caller says."""


def media_type(header: str) -> str:
    """The type of a Content-Type header without its parameters, in lower case."""
    return header.partition(";")[0].strip().lower()


def accepted_types(header: str) -> list[str]:
    """The types of an Accept header in its order; parameters, weights included, are not looked at."""
    return [media_type(part) for part in header.split(",") if part.strip()]


def decode(body: bytes, content_type: str) -> Any:
    """An array of the body's numbers. Raises: UnsupportedTypeError; ValueError if the body is not what it says."""
    kind = media_type(content_type)
    if kind == JSON:
        return np.asarray(json.loads(body))
    if kind == CSV:
        return np.genfromtxt(io.StringIO(body.decode("utf-8")), delimiter=",")
    if kind == NPY:
        return np.load(io.BytesIO(body), allow_pickle=False)
    raise UnsupportedTypeError(f"content type '{content_type}' is none of {', '.join(KNOWN)}")


def encode(value: Any, accept: str) -> tuple[bytes, str]:
    """The answer and its type, the first of `accept` that is known. Raises: UnsupportedTypeError if none is."""
    for kind in accepted_types(accept) or [JSON]:
        if kind in (JSON, "*/*", "application/*"):
            return json.dumps(value, default=_plain).encode(), JSON
        if kind == CSV:
            text = io.StringIO()
            array = np.asarray(value)
            np.savetxt(text, array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1), "%s", ",")
            return text.getvalue().encode(), CSV
        if kind == NPY:
            buffer = io.BytesIO()
            np.save(buffer, np.asarray(value), allow_pickle=False)
            return buffer.getvalue(), NPY
    raise UnsupportedTypeError(f"'{accept}' names none of {', '.join(KNOWN)}")


def _plain(value: Any) -> Any:
    """Arrays and tensors as lists, numbers of NumPy as numbers."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is nothing that JSON could hold")
