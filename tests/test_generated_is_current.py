"""What lies in generated/ is what the specs give."""

from tests.cli.process import pipelinegen
from tests.compiling import ROOT


def test_generated_is_current() -> None:
    answer = pipelinegen("check", cwd=ROOT)
    assert (answer.code, answer.err) == (0, "")
