"""Runs a program that has to end with whoever started it: `python guard.py PROGRAM ARGUMENT…`.

The starter holds the other end of standard input. When that closes, even because the starter was killed, the whole
process group is ended. Nothing of pipelinegen is imported, so that it starts fast.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

#: For a program that saves its data before it ends.
GRACE_SECONDS = 30.0


def end_with_starter(program: "subprocess.Popen[bytes]") -> None:
    """Ends the group once standard input is closed."""
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.wait(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


def main() -> int:
    """The exit code of the program."""
    # The program gets the group's signals itself; a handler, unlike SIG_IGN, is not inherited by it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=end_with_starter, args=(program,), daemon=True).start()
    code = program.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
