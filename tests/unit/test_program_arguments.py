"""What a program takes is told from its text where that is certain, and then argparse agrees; elsewhere nothing is."""

import pytest

from pipelinegen.steps.program_arguments import arguments_of

HEAD = "import argparse\nparser = argparse.ArgumentParser()\n"
TAIL = "given = parser.parse_args()\n"

#: Programs of which nothing is said, each for the reason in its first line.
DOUBTFUL = {
    "no parser": "print(1)\n",
    "no Python": "def\n",
    "takes the rest, too": HEAD + 'parser.add_argument("--a")\ngiven, rest = parser.parse_known_args()\n',
    "takes other words": HEAD + 'parser.add_argument("--a")\ngiven = parser.parse_args([])\n',
    "commands": HEAD + "commands = parser.add_subparsers()\n" + TAIL,
    "groups": HEAD + 'group = parser.add_argument_group()\ngroup.add_argument("--a")\n' + TAIL,
    "parents": "import argparse\nfrom common import base\nparser = argparse.ArgumentParser(parents=[base])\n" + TAIL,
    "a base of its own": "import common as argparse\nparser = argparse.ArgumentParser()\n" + TAIL,
    "another parser": "import argparse\nfrom common import ArgumentParser\nparser = ArgumentParser()\n" + TAIL,
    "a loop": HEAD + 'for name in ("a", "b"):\n    parser.add_argument("--" + name)\n' + TAIL,
    "a name that is made": HEAD + 'parser.add_argument("--" + "a")\n' + TAIL,
    "a condition": HEAD + 'if True:\n    parser.add_argument("--a")\n' + TAIL,
    "handed on": HEAD + 'add_common(parser)\nparser.add_argument("--a")\n' + TAIL,
    "keywords that are made": HEAD + 'parser.add_argument("--a", **common)\n' + TAIL,
    "without a name": HEAD + 'parser.add_argument("a")\n' + TAIL,
    "an action of its own": HEAD + 'parser.add_argument("--a", action=argparse.BooleanOptionalAction)\n' + TAIL,
    "the words themselves": "import sys\nsys.argv = sys.argv[:1]\n" + HEAD + TAIL,
    "caught": HEAD + "try:\n    given = parser.parse_args()\nexcept SystemExit:\n    given = None\n",
    "never called": "import argparse\ndef main():\n    parser = argparse.ArgumentParser()\n    parser.parse_args()\n",
    "called in some places only": "import argparse\ndef parsed():\n    parser = argparse.ArgumentParser()\n"
    "    return parser.parse_args()\nif local:\n    parsed()\n",
    "called by one that is not": "import argparse\ndef parsed():\n    parser = argparse.ArgumentParser()\n"
    "    return parser.parse_args()\ndef debug():\n    parsed()\n",
    "called or not": "import argparse\ndef parsed():\n    parser = argparse.ArgumentParser()\n"
    "    return parser.parse_args()\ngiven = parsed() if local else None\n",
    "may leave first": "import argparse\ndef main():\n    if early:\n        return\n"
    "    parser = argparse.ArgumentParser()\n    parser.parse_args()\nmain()\n",
    "refused by argparse": HEAD + 'parser.add_argument("--a", action="store_true", type=int)\n' + TAIL,
}

PLAIN = (
    HEAD
    + """\
parser.add_argument("--epochs", "-e", type=int, required=True, help="how many")
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--kind", choices=["small", "large"])
parser.add_argument("--layers", nargs="+", type=int)
parser.add_argument("--when", type=lambda text: text.upper(), choices=["NOW"])
parser.add_argument("--verbose", action="store_true")
"""
)
FUNCTION = (
    "import argparse\n\ndef parsed():\n    parser = argparse.ArgumentParser(description=__doc__)\n"
    + "".join(f"    {line}\n" for line in PLAIN.removeprefix(HEAD).splitlines())
    + "    return parser.parse_args()\n\nif __name__ == '__main__':\n    given = parsed()\n"
)
WORDS = (
    "--epochs 3", "-e 3", "--epochs 3.0", "--epochs", "", "--epochs 3 --rate 1e-3", "--epochs 3 --rate -1e-3",
    "--epochs 3 --rat 0.5", "--epochs 3 --kind small", "--epochs 3 --kind tiny", "--epochs 3 --layers 1 2",
    "--epochs 3 --layers 1 x", "--epochs 3 --verbose", "--epochs 3 --verbose True", "--epochs 3 --ratio 1",
    "--epochs=3", "--help",
)  # fmt: skip


@pytest.mark.parametrize("reason", DOUBTFUL)
def test_nothing_is_said_of_programs_in_doubt(reason: str) -> None:
    assert arguments_of(DOUBTFUL[reason]) is None


@pytest.mark.parametrize("text", [PLAIN + TAIL, FUNCTION], ids=["top", "function"])
def test_the_program_and_its_text_agree(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = arguments_of(text)
    assert found is not None
    for words in WORDS:
        program = text.replace("parse_args()", f"parse_args({words.split()!r})")
        try:
            exec(compile(program, "train.py", "exec"), {"__name__": "__main__"})
            is_taken = True
        except SystemExit:
            is_taken = False
        assert (found.refusal(words.split(), wants_all=True) is None) == is_taken, words


def test_values_of_functions_of_the_users_are_not_judged() -> None:
    found = arguments_of(PLAIN + TAIL)
    assert found is not None
    assert found.refusal(["--when", "later"]) is None


def test_a_program_that_is_deeper_than_one_can_go_is_no_fault() -> None:
    _ = arguments_of(HEAD + f"number = {'+'.join('1' * 3000)}\n" + TAIL)  # how deep that is, Python's settings say
