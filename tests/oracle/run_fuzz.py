"""Exchanges references of a spec at random, and runs what is still valid: what `validate` accepts should not fail.

    python -m tests.oracle.run_fuzz --count 50 --seed 1

Each run takes some four seconds. What fails for the value of a text, such as a queue's name with a point in it, is no
fault of a name or a type; every failure is shown, to be read.
"""

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipelinegen.errors import SpecError
from tests.compiling import pipelines_of

FOLDER = Path(__file__).parent / "run_fuzz_specs"
_REFERENCE = re.compile(r"\$\{[^}]*\}")
#: What else there is to refer to, and what may stand in a reference's place.
_OTHERS = (
    *("${steps.un.result}", "${steps.fn.result}", "${steps.loop.count}", "${steps.loop2.results}", "${run.id}"),
    *("${steps.un.result.list}", "${steps.un.result.name}", "${failure.step}"),
)
_CONSTANTS = ("abc", "5", "2026-01-31T06:00:00Z", "1", "0.5", "true", "7")


def variants(seed: int) -> Iterator[str]:
    """Valid specs, each with one to three references exchanged, without an end."""
    base = (FOLDER / "values.yaml").read_text(encoding="utf-8")
    code = {"handler.py": (FOLDER / "lambdas/values/handler.py").read_text(encoding="utf-8")}
    known = [*sorted(set(_REFERENCE.findall(base))), *_OTHERS]
    chance = random.Random(seed)
    while True:
        text = base
        for _ in range(chance.choice((1, 1, 2, 3))):
            place = chance.choice(list(_REFERENCE.finditer(text)))
            new = chance.choice(known if chance.random() < 0.75 else _CONSTANTS)
            text = text[: place.start()] + new + text[place.end() :]
        try:
            pipelines_of(text, lambda folder: code)
        except SpecError:
            continue
        if text != base:
            yield text


def failure(text: str, folder: Path) -> str | None:
    """How a run of the spec ends; None if it succeeds."""
    shutil.copytree(FOLDER / "lambdas", folder / "lambdas")
    (folder / "values.yaml").write_text(text, encoding="utf-8")
    for command in ("generate", "run"):
        arguments = [sys.executable, "-m", "pipelinegen", command, "values.yaml"]
        done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=300)
        if done.returncode:
            return "\n".join((done.stdout + done.stderr).strip().split("\n")[-4:])
    return None


def main() -> None:
    """Counts, and shows what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    lines = set((FOLDER / "values.yaml").read_text(encoding="utf-8").split("\n"))
    failed = 0
    for _, text in zip(range(given.count), variants(given.seed), strict=False):
        with tempfile.TemporaryDirectory() as folder:
            told = failure(text, Path(folder))
        if told:
            failed += 1
            print("\n".join(line for line in text.split("\n") if line not in lines), told, sep="\n", end="\n\n")
    print(f"{given.count} valid specs of seed {given.seed} ran, {failed} failed")


if __name__ == "__main__":
    main()
