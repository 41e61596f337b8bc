"""Valid specs, spoilt at random: each must end in files or in diagnostics, soon and in little memory.

`python -m tests.hostile.mutations --count 10000 --seed 0` prints what came of them; a case of a seed stays the same.
"""

import argparse
import copy
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml

from pipelinegen.code_folders import code_beside
from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.source import parse
from tests.compiling import ROOT, files_of

Path_ = tuple[str | int, ...]

#: What ends a case that hangs, so that the others go on; far more than any may take.
HANGS_AFTER_SECONDS = 30

HOSTILE_TEXTS = (
    "",
    " ",
    "${",
    "${}",
    "${run.date}",
    "${steps.gone.model}",
    "${steps.train.model}",
    "${datasets.clicks}",
    "${parameters.a}",
    "$${x}",
    "%{ if true }",
    "{{ 7 * 7 }}",
    "{% include 'x' %}",
    "{# no #}",
    "{% $states.input %}",
    '"',
    "'",
    "\\",
    "a\nb",
    "\u2028",
    "\u202e",
    "ａdmin",
    "e\u0301",
    "😀",
    "\x07",
    "../../etc/passwd",
    "/etc/passwd",
    "; rm -rf ~",
    "$(id)",
    "`id`",
    "null",
    "~",
    "*",
    "arn:aws:s3:::*",
    "x" * 70_000,
    "2026-11-22",
    "0 4 * * ? *",
    "1e999",
)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    10**17,
    -(10**17),
    0.5,
    float("inf"),
    float("nan"),
    1e308,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"a": {"b": [None]}},
    [1, "a", None],
    ["dev"],
    ["gone"],
)
TEXT_BITS = "a1:-{}[]&*!|>'\"#%@$\n\t ,.?~<=${}é\x00\ufeff"


@dataclass(frozen=True, slots=True)
class Spec:
    """A valid spec: its text and data, the file whose folder of code it may name, and the path of all in it."""

    path: Path
    text: str
    data: Any
    places: tuple[Path_, ...]


@dataclass(slots=True)
class Tally:
    """What came of many cases; `broken` are those that ended in another exception, with its words."""

    cases: int = 0
    compiled: int = 0
    ids: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)
    peak_mib: int = 0
    broken: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Takes in the tally of other cases."""
        self.cases += other.cases
        self.compiled += other.compiled
        self.ids.update(other.ids)
        self.slowest = max(self.slowest, other.slowest)
        self.peak_mib = max(self.peak_mib, other.peak_mib)
        self.broken.extend(other.broken)


def corpus(root: Path = ROOT) -> list[Spec]:
    """Every valid spec of the checkout, sorted by path."""
    paths = sorted({*root.glob("specs/**/*.yaml"), *root.glob("tests/golden/*/spec.yaml")})
    found = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        data = parse(text, path.name).data
        if isinstance(data, dict) and "steps" in data:
            found.append(Spec(path, text, data, tuple(places(data))))
    return found


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """The path of everything inside a value."""
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    if path:
        yield path
    for key, item in inside:
        yield from places(item, (*path, key))


def spoilt(specs: Sequence[Spec], seed: int, index: int) -> tuple[Spec, str]:
    """A spec, and its text after one to four changes.

    A fifth of the cases change the text itself, a fifth put in what belongs nowhere; the others put in what another
    spec has under the same key, or a like value, so that many of them get past the first checks.
    """
    chance = random.Random(f"{seed}:{index}")
    spec = specs[index % len(specs)]
    sort = chance.random()
    if sort < 0.2:
        return spec, _spoil_text(chance, spec.text)
    data = copy.deepcopy(spec.data)
    for _ in range(chance.randint(1, 4)):
        if sort < 0.4:
            _spoil(chance, data, spec, chance.choice(specs))
        else:
            _vary(chance, data, spec, specs)
    dumped: str = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=2000)
    return spec, dumped


def _spoil_text(chance: random.Random, text: str) -> str:
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text))
        length = chance.choice([0, 0, 1, 2, 5, 40])
        new = "".join(chance.choice(TEXT_BITS) for _ in range(chance.choice([0, 1, 1, 2, 6])))
        lines = text.split("\n")
        match chance.randrange(4):
            case 0:
                row = chance.randrange(len(lines))
                text = "\n".join([*lines[:row], lines[row], *lines[row:]])
            case 1:
                row = chance.randrange(len(lines))
                text = "\n".join([*lines[:row], " " * chance.randint(1, 3) + lines[row], *lines[row + 1 :]])
            case _:
                text = text[:start] + new + text[start + length :]
    return text


def _spoil(chance: random.Random, data: Any, spec: Spec, other: Spec) -> None:
    """One change at a random place; none where an earlier change took the place away."""
    path = chance.choice(spec.places)
    parent = _at(data, path[:-1])
    key = path[-1]
    if not _has(parent, key):
        return
    match chance.randrange(8):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[chance.choice([f"{key}x", "", "steps", "if", *HOSTILE_TEXTS[:6]])] = parent.pop(key)
        case 2:
            foreign = chance.choice(other.places)
            parent[key] = copy.deepcopy(_at(other.data, foreign))
        case 3 if isinstance(parent, dict):
            foreign = chance.choice(other.places)
            parent[str(foreign[-1])] = copy.deepcopy(_at(other.data, foreign))
        case 4:
            elsewhere = chance.choice(spec.places)
            parent[key] = copy.deepcopy(_at(spec.data, elsewhere))
        case 5 if isinstance(parent[key], str) and parent[key]:
            old = parent[key]
            cut = chance.randrange(len(old))
            parent[key] = old[:cut] + chance.choice(HOSTILE_TEXTS) + old[cut + chance.randrange(2) :]
        case 6:
            parent[key] = chance.choice(HOSTILE_TEXTS)
        case _:
            parent[key] = copy.deepcopy(chance.choice(ODD_VALUES))


def _vary(chance: random.Random, data: Any, spec: Spec, specs: Sequence[Spec]) -> None:
    """One change to something that could stand there."""
    path = chance.choice(spec.places)
    parent, key = _at(data, path[:-1]), path[-1]
    if not _has(parent, key):
        return
    old = parent[key]
    if isinstance(parent, dict) and chance.random() < 0.15:
        del parent[key]
        return
    match old:
        case bool():
            parent[key] = not old
        case int() | float():
            parent[key] = chance.choice([0, -old, old - 1, old + 1, old * 2, old * 1000, old / 2, old + 0.5])
        case str() if "${" in old:
            like = [found for found in (_at(spec.data, place) for place in spec.places) if _is_reference(found)]
            parent[key] = chance.choice(like)
        case str() if chance.random() < 0.4:
            cut = chance.randrange(len(old) + 1)
            parent[key] = old[:cut] + chance.choice([*HOSTILE_TEXTS[:26], "_a", "-b", "1"]) + old[cut:]
        case _:
            kin = chance.choice(specs)
            same = [place for place in kin.places if place[-1] == key]
            elsewhere = chance.choice(same or spec.places)
            parent[key] = copy.deepcopy(_at((kin if same else spec).data, elsewhere))
    if isinstance(parent, dict) and chance.random() < 0.1:
        kin = chance.choice(specs)
        beside = [place for place in kin.places if len(place) == len(path) and place[-1] not in parent]
        if beside:
            elsewhere = chance.choice(beside)
            parent[elsewhere[-1]] = copy.deepcopy(_at(kin.data, elsewhere))


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and "${" in value


def _at(value: Any, path: Path_) -> Any:
    for part in path:
        if not _has(value, part):
            return None
        value = value[part]
    return value


def _has(parent: Any, part: str | int) -> bool:
    if isinstance(parent, list):
        return isinstance(part, int) and part < len(parent)
    return isinstance(parent, dict) and part in parent


def outcome(spec: Spec, text: str) -> tuple[Diagnostic, ...]:
    """The diagnostics of a text in the place of a spec, none if it compiles. Raises: whatever else happens."""
    try:
        files_of(text, code_beside(spec.path))
    except SpecError as error:
        return error.diagnostics
    return ()


def fault_in(found: Iterable[Diagnostic]) -> str | None:
    """What a reader would miss in one of the diagnostics: a place, words, something to do."""
    for item in found:
        if item.id == "PG034":
            return f"a template failed: {item.message}"
        if not (item.message and item.help and item.span):
            return f"a diagnostic lacks its place, words or help: {item}"
    return None


def run_cases(seed: int, indices: Sequence[int]) -> Tally:
    """The tally of these cases, one after another in this process."""
    specs, tally = corpus(), Tally()
    signal.signal(signal.SIGALRM, _give_up)
    for index in indices:
        spec, text = spoilt(specs, seed, index)
        began = time.perf_counter()
        signal.alarm(HANGS_AFTER_SECONDS)
        try:
            found = outcome(spec, text)
            lacking = fault_in(found)
            if lacking:
                tally.broken.append((index, lacking))
        except Exception as error:
            found = ()
            tally.broken.append((index, f"{spec.path.parent.name}/{spec.path.name}: {type(error).__name__}: {error}"))
        signal.alarm(0)
        tally.cases += 1
        tally.compiled += not found
        tally.ids.update({item.id for item in found})
        tally.slowest = max(tally.slowest, (time.perf_counter() - began, index))
    # Not ru_maxrss: that counts what the process was a copy of before it became this one.
    tally.peak_mib = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) // 1024
    return tally


def _give_up(*_: object) -> None:
    raise TimeoutError(f"hangs for {HANGS_AFTER_SECONDS} s")


def run_all(count: int, seed: int, jobs: int) -> Tally:
    """The tally of cases 0 to count-1, divided among processes."""
    whole = Tally()
    parts = [range(start, min(start + 250, count)) for start in range(0, count, 250)]
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for tally in pool.map(run_cases, [seed] * len(parts), parts):
            whole.add(tally)
    return whole


def main() -> int:
    """Prints the tally; exit code 1 if a case ended in another exception."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int, metavar="CASE", help="print the text of one case")
    given = parser.parse_args()
    if given.show is not None:
        spec, text = spoilt(corpus(), given.seed, given.show)
        print(f"# {spec.path.relative_to(ROOT)}\n{text}")
        return 0
    tally = run_all(given.count, given.seed, given.jobs)
    seconds, index = tally.slowest
    print(f"{tally.cases} cases: {tally.compiled} gave files, {len(tally.broken)} broke the compiler")
    print(f"slowest {seconds:.2f} s (case {index}); at most {tally.peak_mib} MiB in a process")
    print(", ".join(f"{id} {times}" for id, times in sorted(tally.ids.items())))
    for case, words in tally.broken[:50]:
        print(f"case {case}: {words}")
    return 1 if tally.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
