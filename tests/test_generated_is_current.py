"""What lies in generated/ is what the specs give."""

import subprocess
import sys

from tests.compiling import ROOT


def test_generated_is_current() -> None:
    done = subprocess.run([sys.executable, "-m", "pipelinegen", "check"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
