"""How long the compiler takes, as whole cold processes: `python -m tests.benchmarks.bench_compile [--runs N]`."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.many_steps import many_steps

REPOSITORY = Path(__file__).parents[2]
SPEC = "specs/vehicle_recommendations.yaml"


@dataclass(frozen=True, slots=True)
class Measure:
    """One finished process: seconds of wall clock and processor, and its largest resident size."""

    wall: float
    cpu: float
    peak_mib: float


def measure(command: Sequence[str]) -> Measure:
    """One run of a command, as the operating system accounts it."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Measure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    """Prints a table; medians, and ratios to Python starting and ending."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    cli = [sys.executable, "-m", "pipelinegen"]
    with tempfile.TemporaryDirectory() as out, tempfile.TemporaryDirectory() as beside:
        many = Path(beside) / "many.yaml"
        many.write_text(many_steps(500), encoding="utf-8")
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "pipelinegen --help": [*cli, "--help"],
            "pipelinegen validate": [*cli, "validate", SPEC],
            "pipelinegen generate": [*cli, "generate", SPEC, "--out", out],
            "validate, 500 steps": [*cli, "validate", str(many)],
        }
        baseline: float | None = None
        print(f"{'command':<24}{'wall s':>9}{'fastest':>9}{'CPU s':>8}{'ratio':>8}{'peak MiB':>10}")
        for name, command in commands.items():
            measure(command)
            found = [measure(command) for _ in range(runs)]
            cpu = statistics.median(item.cpu for item in found)
            baseline = baseline or cpu
            wall = [item.wall for item in found]
            peak = max(item.peak_mib for item in found)
            row = f"{statistics.median(wall):>9.3f}{min(wall):>9.3f}{cpu:>8.3f}{cpu / baseline:>8.1f}{peak:>10.1f}"
            print(f"{name:<24}{row}")


if __name__ == "__main__":
    main()
