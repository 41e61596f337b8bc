"""How long the demo takes once installed, and the memory of all its processes together.

    python -m tests.benchmarks.bench_demo [--days 3]

Linux only: memory is read from /proc twice a second, as PSS, which counts shared pages once.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SPEC = "specs/vehicle_recommendations.yaml"
SECONDS_BETWEEN = 0.5


def descendants(root: int) -> set[int]:
    """The process and everything it started, directly or not."""
    children: dict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children[int(fields[1])].append(int(folder.name))
    found, waiting = {root}, [root]
    while waiting:
        new = [child for child in children[waiting.pop()] if child not in found]
        found.update(new)
        waiting.extend(new)
    return found


def pss_mib(pid: int) -> float:
    """Proportional set size of a process, 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


class Watch:
    """Follows the memory of a process tree until the process ends."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.peak_mib = 0.0
        self._process = process
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while self._process.poll() is None:
            self.peak_mib = max(self.peak_mib, sum(map(pss_mib, descendants(self._process.pid))))
            time.sleep(SECONDS_BETWEEN)


def main() -> None:
    """Prints a row a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=3)
    days = parser.parse_args().days
    cli = [sys.executable, "-m", "pipelinegen"]
    with tempfile.TemporaryDirectory() as state:
        commands = {
            "generate": [*cli, "generate", SPEC],
            f"run --days {days}": [*cli, "run", SPEC, "--days", str(days), "--state", state],
            "serve --show 3": [*cli, "serve", SPEC, "--port", "0", "--show", "3", "--state", state],
        }
        print(f"{'command':<20}{'wall s':>9}{'peak MiB':>10}")
        started = time.perf_counter()
        for name, command in commands.items():
            begun = time.perf_counter()
            process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
            watch = Watch(process)
            if process.wait():
                raise SystemExit(f"{name} ended with {process.returncode}")
            print(f"{name:<20}{time.perf_counter() - begun:>9.1f}{watch.peak_mib:>10.0f}", flush=True)
        print(f"{'in all':<20}{time.perf_counter() - started:>9.1f}")


if __name__ == "__main__":
    main()
