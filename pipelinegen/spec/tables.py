"""What AWS and the world have, as committed tables that `python -m tests.oracle.renew_tables` renews.

Each file of `aws/` begins with its source in `#` lines; then comes one entry a line: a word, and what belongs to it.
They are read when a value is checked, so that a compiler without AWS's own packages knows what AWS would refuse.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "aws"


@cache
def table(name: str) -> Mapping[str, tuple[str, ...]]:
    """The table `name`: the first word of each line to the words behind it."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    entries = (line.split() for line in lines if line and not line.startswith("#"))
    return {first: tuple(rest) for first, *rest in entries}
