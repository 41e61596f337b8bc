"""`python3 -m runtime.processing WORDS…`: runs the program of a processing job, and says how it ended.

SageMaker shows what lies in output/message as the job's ExitMessage: the last line that the program wrote to its
standard error, or which output it left empty. A job whose program writes nothing fails here, where the reason is.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

#: SageMaker shows so much of the message.
MESSAGE_LIMIT = 1024


def main(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """The program's exit code as a shell has it; 1 if it left an output empty."""
    base = Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
    if not words:
        print("usage: python3 -m runtime.processing PROGRAM [ARGUMENT …]", file=sys.stderr)
        return 2
    code, last, was_told = run([sys.executable if words[0] in ("python", "python3") else words[0], *words[1:]])
    if code:
        leave(base, f"{ending(code, was_told=was_told)}{': ' if last else ''}{last}")
        return code
    empty = empty_outputs(base)
    if empty:
        leave(base, f"the program ended well, but wrote nothing to {', '.join(empty)}")
        return 1
    return 0


def run(words: Sequence[str]) -> tuple[int, str, bool]:
    """The exit code, its last words on standard error, and whether SageMaker told it to end.

    The code of one that was killed is 128 and the signal's number.
    """
    try:
        process = subprocess.Popen(words, stderr=subprocess.PIPE)
    except OSError as error:
        print(error, file=sys.stderr)
        return 127, str(error), False
    told: list[int] = []

    def hand_on(number: int, _: object) -> None:
        told.append(number)
        process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, hand_on)
    assert process.stderr is not None
    last: list[str] = [""]
    forward = threading.Thread(target=_forward, args=(process.stderr, last))
    forward.start()
    process.wait()
    forward.join()
    code = process.returncode
    return (128 - code if code < 0 else code), last[0], bool(told)


def _forward(stream: IO[bytes], last: list[str]) -> None:
    for line in stream:
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
        if line.strip():
            last[0] = line.decode(errors="replace").strip()


def ending(code: int, *, was_told: bool = False) -> str:
    """How a program ended, in words."""
    if was_told:
        return "the job was stopped, as SageMaker does when its time is over"
    if code == 128 + signal.SIGKILL:
        return "the program was killed (signal 9), as the system does with one that takes too much memory"
    return f"the program was ended by signal {code - 128}" if code > 128 else f"the program ended with exit code {code}"


def empty_outputs(base: Path) -> list[str]:
    """The folders of outputs without any file, as the request names them."""
    config = json.loads((base / "config" / "processingjobconfig.json").read_text(encoding="utf-8"))
    outputs: list[dict[str, Any]] = (config.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    paths = [output["S3Output"]["LocalPath"] for output in outputs if "S3Output" in output]
    return [path for path in paths if not any(item.is_file() for item in _here(path, base).rglob("*"))]


def _here(path: str, base: Path) -> Path:
    return base / Path(path).relative_to("/opt/ml")


def leave(base: Path, message: str) -> None:
    """Puts the message where SageMaker finds it, and into the log."""
    print(message, file=sys.stderr, flush=True)
    path = base / "output" / "message"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(message[:MESSAGE_LIMIT], encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
