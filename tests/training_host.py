"""One host of a distributed training job: `python -m tests.training_host FOLDER STEPS`, environment as SageMaker's.

After so many steps the host is told to stop, as a spot interruption does; 0 for never.
"""

import os
import sys
from pathlib import Path

from runtime.training import train
from tests.training_job import FLAGS, TrainingJob


def main(folder: str, steps: int) -> int:
    """The exit code of the training program."""
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        return calls == steps

    environment = {**os.environ, **TrainingJob(Path(folder)).environment}
    return train.main(FLAGS, environment, stop=stop, clock=lambda: 0.0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
