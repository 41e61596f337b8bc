"""What a local process keeps of a container: ENV and WORKDIR of the image, and /opt/ml under another root."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    #: What COPY takes from the build context, and where it puts it.
    copies: tuple[tuple[str, str], ...] = ()
    #: The words of ENTRYPOINT in its exec form; empty without one.
    entrypoint: tuple[str, ...] = ()


def parse_dockerfile(text: str) -> Image:
    """ENV (both forms), WORKDIR, COPY and ENTRYPOINT of the last stage; the rest is for `docker build`."""
    image = Image()
    for line in _instructions(text):
        word, _, rest = line.partition(" ")
        if word.upper() == "FROM":
            image = Image()
        elif word.upper() == "ENV":
            image = replace(image, environment={**image.environment, **_env_pairs(rest.strip())})
        elif word.upper() == "WORKDIR":
            image = replace(image, working_folder=rest.strip())
        elif word.upper() == "COPY":
            image = replace(image, copies=(*image.copies, *_copies(rest)))
        elif word.upper() == "ENTRYPOINT":
            image = replace(image, entrypoint=_entrypoint(rest.strip()))
    return image


def reroot(value: str, base: Path) -> str:
    """The text with every path below /opt/ml put below `base`."""
    return _AT_ROOT.sub(str(base).replace("\\", r"\\"), value)


def container_environment(image: Image, base: Path) -> dict[str, str]:
    """The image's variables, re-rooted, and the root itself."""
    return {name: reroot(value, base) for name, value in image.environment.items()} | {"SAGEMAKER_BASE_DIR": str(base)}


def lay_out_code(image: Image, context: Path, base: Path) -> Path:
    """`<base>/code`, which holds what the image copies from its build context and nothing else.

    Raises: FileNotFoundError if the image copies something that is not in the context.
    """
    folder = base / "code"
    folder.mkdir(parents=True, exist_ok=True)
    for source, target in image.copies:
        origin, link = context / source, Path(reroot(target.rstrip("/"), base))
        if not origin.exists():
            raise FileNotFoundError(f"the image copies '{source}', which is not in its build context")
        if not link.is_relative_to(base):
            continue  # A path that no SageMaker program looks at, such as /usr/local.
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(origin.resolve(), target_is_directory=origin.is_dir())
    return folder


def _instructions(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def _entrypoint(rest: str) -> tuple[str, ...]:
    return tuple(json.loads(rest)) if rest.startswith("[") else ("/bin/sh", "-c", rest)


def _copies(rest: str) -> list[tuple[str, str]]:
    *sources, target = [word for word in shlex.split(rest) if not word.startswith("--")]
    into = target.endswith("/")
    return [(source, f"{target}{Path(source).name}" if into and Path(source).suffix else target) for source in sources]


def _env_pairs(rest: str) -> dict[str, str]:
    name, _, value = rest.partition(" ")
    if "=" not in name:
        return {name: value.strip()}
    return dict(word.split("=", 1) for word in shlex.split(rest) if "=" in word)
