"""`pipelinegen package`: what the code bucket and the image registry hold, made from the generated folder."""

import json
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelinegen.assets import runtime_files
from pipelinegen.bundles import zip_files
from pipelinegen.emit.base import GLUE_PACKAGES
from pipelinegen.errors import ExitCode, fault
from pipelinegen.tree import compile_specs, generate_folders

#: Lambda runs Python 3.11 on Amazon Linux 2 (glibc 2.26), and later ones on Amazon Linux 2023 (glibc 2.34).
AMAZON_LINUX_2 = ("manylinux_2_17_x86_64", "manylinux2014_x86_64")
AMAZON_LINUX_2023 = ("manylinux_2_28_x86_64", *AMAZON_LINUX_2)
LAMBDA_PLATFORMS = {"python3.11": AMAZON_LINUX_2}


@dataclass(frozen=True, slots=True)
class Packaged:
    """What was made for one environment: below `target`, `code` has the objects by key, `contexts` the images'.

    `bases` are the images that those derive from.
    """

    target: Path
    deployment: Mapping[str, Any]
    objects: Mapping[str, bytes]
    contexts: tuple[Path, ...]
    bases: tuple[str, ...] = ()

    @property
    def code_bucket(self) -> str:
        """The bucket that code lies in: every object's address names it."""
        return _bucket(self.deployment)

    @property
    def images(self) -> tuple[tuple[str, Path], ...]:
        """Address and build context of every image."""
        addresses = [filled(image["uri"], self.deployment) for image in self.deployment["images"]]
        return tuple(zip(addresses, self.contexts, strict=True))


def package(options: Namespace) -> int:
    """Writes `<build>/<pipeline>/<environment>/{code,images}`, and says how to hand them over.

    Raises: SpecError with PG035 if requirements cannot be installed.
    """
    (compiled,) = compile_specs([options.spec], options.out, options.env, options.instance)
    folders = generate_folders([compiled], options.out)
    for folder, files in folders.items():
        _explain(package_files(files, options.build / folder.relative_to(options.out)))
    return ExitCode.CLEAN


def package_files(files: Mapping[str, str], target: Path) -> Packaged:
    """Makes everything that the files of one environment refer to; what lay in `target` before is gone.

    Raises: SpecError with PG035 if requirements cannot be installed.
    """
    deployment = json.loads(files["deployment.json"])
    shutil.rmtree(target, ignore_errors=True)
    made = {**_glue_objects(deployment, files), **_function_bundles(deployment, files)}
    for key, content in sorted(made.items()):
        _write(target / "code" / key, content)
    for image in deployment["images"]:
        _image_context(image, deployment, files, target / "images")
    return replace(announced(files, target), objects=made)


def announced(files: Mapping[str, str], target: Path) -> Packaged:
    """What `package_files` would make, without making it: no object is known yet."""
    deployment = json.loads(files["deployment.json"])
    contexts = [target / "images" / Path(image["dockerfile"]).parent.name for image in deployment["images"]]
    bases = [line.split()[1] for image in deployment["images"] for line in _from_lines(files[image["dockerfile"]])]
    return Packaged(target, deployment, {}, tuple(contexts), tuple(bases))


def _from_lines(dockerfile: str) -> list[str]:
    return [line for line in dockerfile.splitlines() if line.startswith("FROM ")]


def requirements_of(files: Mapping[str, str]) -> list[tuple[str, str]]:
    """Runtime and requirements file of every function that needs something installed."""
    functions = json.loads(files["deployment.json"])["functions"]
    named = [(function["runtime"], f"{function['folder']}/requirements.txt") for function in functions]
    return [(runtime, path) for runtime, path in named if _asks_for_something(files.get(path, ""))]


def _asks_for_something(text: str) -> bool:
    return any(line.strip() and not line.startswith("#") for line in text.splitlines())


def filled(text: str, deployment: Mapping[str, Any]) -> str:
    """An address with the account and region of the deployment in the place of its variables."""
    return text.replace("${account_id}", deployment["account_id"]).replace("${region}", deployment["region"])


def _glue_objects(deployment: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, bytes]:
    """Scripts, and the runtime they import, by object key."""
    made: dict[str, bytes] = {}
    for job in deployment["glue_jobs"]:
        made[_key(job["script_location"])] = files[job["script"]].encode()
        library = job["default_arguments"]["--extra-py-files"].split(",")[0]
        made[_key(library)] = zip_files(runtime_files(GLUE_PACKAGES).items())
        if "code" in job:
            folder = f"{job['code']['folder']}/"
            own = {path.removeprefix(folder): text.encode() for path, text in files.items() if path.startswith(folder)}
            made[_key(job["code"]["location"])] = zip_files(own.items())
    return made


def _function_bundles(deployment: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, bytes]:
    """Zips of generated files, runtime and requirements, by object key."""
    made: dict[str, bytes] = {}
    for function in deployment["functions"]:
        folder = f"{function['folder']}/"
        own = {path.removeprefix(folder): text.encode() for path, text in files.items() if path.startswith(folder)}
        runtime = runtime_files(function["packages"]) if function["packages"] else {}
        libraries = dict(required_files(own.get("requirements.txt", b"").decode(), function["runtime"]))
        made[_key(function["bundle"])] = zip_files({**libraries, **runtime, **own}.items())
    return made


def required_files(
    text: str, runtime: str, pip: Sequence[str] = (sys.executable, "-m", "pip")
) -> Iterator[tuple[str, bytes]]:
    """Every file that pip installs for Lambda's platform, whatever this machine's is."""
    if not _asks_for_something(text):
        return
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text(text, encoding="utf-8")
        target = Path(folder) / "target"
        command = [*pip, *install_words(runtime, str(target), str(listed))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise fault(None, "PG035", f"the requirements cannot be installed: {reason}", "mend them, or go online")
        for path in sorted(target.rglob("*")):
            if path.is_file() and path.name not in ("RECORD", "INSTALLER", "REQUESTED"):
                yield path.relative_to(target).as_posix(), path.read_bytes()


def install_words(runtime: str, target: str, listed: str) -> list[str]:
    """What pip is told: wheels for the system and Python of a runtime such as `python3.12`, whatever is here."""
    names = LAMBDA_PLATFORMS.get(runtime, AMAZON_LINUX_2023)
    platforms = [word for name in names for word in ("--platform", name)]
    words = ["install", "--quiet", "--no-compile", "--only-binary=:all:", "--implementation", "cp", *platforms]
    return [*words, "--python-version", runtime.removeprefix("python"), "--target", target, "--requirement", listed]


def _image_context(
    image: Mapping[str, Any], deployment: Mapping[str, Any], files: Mapping[str, str], images: Path
) -> Path:
    """A folder that `docker build` takes as it is."""
    dockerfile = files[image["dockerfile"]]
    context = images / Path(image["dockerfile"]).parent.name
    _write(context / "Dockerfile", dockerfile.encode())
    packages = [line.split("/")[1].split()[0] for line in dockerfile.splitlines() if line.startswith("COPY runtime/")]
    for name, content in runtime_files([item for item in packages if item != "__init__.py"]).items():
        _write(context / name, content)
    own = f"{Path(image['dockerfile']).parent.as_posix()}/code/"
    for path, text in files.items():
        if path.startswith(own):
            _write(context / "code" / path.removeprefix(own), text.encode())
    if "COPY settings.json" in dockerfile:
        _write(context / "settings.json", files[deployment["apis"][0]["settings"]].encode())
    return context


def _explain(packaged: Packaged) -> None:
    target, made = packaged.target.as_posix(), packaged.objects
    print(f"{target}: {len(made)} objects, {sum(map(len, made.values())) / 2**20:.1f} MiB")
    print(f"  aws s3 sync {target}/code s3://{packaged.code_bucket}/")
    for uri, context in packaged.images:
        print(f"  docker build --platform linux/amd64 -t {uri} {context.as_posix()} && docker push {uri}")


def _bucket(deployment: Mapping[str, Any]) -> str:
    locations = [job["script_location"] for job in deployment["glue_jobs"]]
    locations += [function["bundle"] for function in deployment["functions"]]
    return str(locations[0]).split("/")[2] if locations else str(deployment["buckets"][0])


def _key(uri: str) -> str:
    return uri.split("/", 3)[3]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
