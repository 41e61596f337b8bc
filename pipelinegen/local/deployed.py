"""What the deployer tells the server process, by a file: which step a state belongs to, what an image is made of."""

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

_FILE: Final = "deployed.json"


@dataclass(frozen=True, slots=True)
class Deployed:
    """Names that only the deployment knows; `images` maps an image's address to the text of its Dockerfile."""

    steps_of_states: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    #: The build context of an image: a folder that holds the package `runtime`.
    code: str = ""
    #: Those of images that hold more, by the image's address.
    contexts: Mapping[str, str] = field(default_factory=dict)
    #: Folders of what the user's requirements installed, by the image's address.
    libraries: Mapping[str, str] = field(default_factory=dict)

    #: Connections of EventBridge by their ARNs: arn, name, header and key.
    connections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def write(self, workdir: Path) -> None:
        """Makes this what the server process sees from its next job on."""
        target = workdir / _FILE
        draft = target.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(target)

    def step_of(self, state: str) -> str:
        """The step a state belongs to, else the state's own name."""
        return self.steps_of_states.get(state, state)


def read_deployed(workdir: Path) -> Deployed:
    """What was deployed last; all empty before the first deployment."""
    path = workdir / _FILE
    if not path.exists():
        return Deployed()
    return Deployed(**json.loads(path.read_text(encoding="utf-8")))


def runtime_folder() -> Path:
    """The folder that holds the package `runtime`, whether it is installed or lies beside `pipelinegen`."""
    spec = importlib.util.find_spec("runtime")
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve().parent
    return Path(__file__).resolve().parents[2]
