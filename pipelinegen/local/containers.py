"""What a local process keeps of a container: ENV and WORKDIR of the image, and /opt/ml under another root."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

#: Where SageMaker mounts everything in a container; locally any folder, named by SAGEMAKER_BASE_DIR.
CONTAINER_ROOT: Final = "/opt/ml"

_AT_ROOT: Final = re.compile(re.escape(CONTAINER_ROOT) + r"(?=$|[/:;,'\"\s])")


@dataclass(frozen=True, slots=True)
class Image:
    """The settings of a container image that matter to a process outside of one."""

    environment: Mapping[str, str] = field(default_factory=dict)
    working_folder: str = f"{CONTAINER_ROOT}/code"


def parse_dockerfile(text: str) -> Image:
    """ENV (both forms) and WORKDIR of the last stage; all other instructions are for `docker build`."""
    environment: dict[str, str] = {}
    working_folder = Image().working_folder
    for line in _instructions(text):
        word, _, rest = line.partition(" ")
        if word.upper() == "FROM":
            environment, working_folder = {}, Image().working_folder
        elif word.upper() == "ENV":
            environment.update(_env_pairs(rest.strip()))
        elif word.upper() == "WORKDIR":
            working_folder = rest.strip()
    return Image(environment, working_folder)


def reroot(value: str, base: Path) -> str:
    """The text with every path below /opt/ml put below `base`."""
    return _AT_ROOT.sub(str(base).replace("\\", r"\\"), value)


def container_environment(image: Image, base: Path) -> dict[str, str]:
    """The image's variables, re-rooted, and the root itself."""
    return {name: reroot(value, base) for name, value in image.environment.items()} | {"SAGEMAKER_BASE_DIR": str(base)}


def lay_out_code(code: Path, base: Path) -> Path:
    """`<base>/code`, which holds the package `runtime` as the image's /opt/ml/code does."""
    folder = base / "code"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "runtime"
    if not link.exists():
        link.symlink_to(code / "runtime", target_is_directory=True)
    return folder


def _instructions(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def _env_pairs(rest: str) -> dict[str, str]:
    name, _, value = rest.partition(" ")
    if "=" not in name:
        return {name: value.strip()}
    return dict(word.split("=", 1) for word in shlex.split(rest) if "=" in word)
