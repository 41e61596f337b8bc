"""`pipelinegen package`: what the code bucket and the image registry hold, made from the generated folder."""

import json
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelinegen.assets import runtime_files
from pipelinegen.bundles import zip_files
from pipelinegen.emit.base import GLUE_PACKAGES
from pipelinegen.errors import ExitCode, fault
from pipelinegen.tree import compile_specs, generate_folders

#: Amazon Linux 2023, on which Lambda runs Python 3.12, has glibc 2.34.
LAMBDA_PYTHON = "3.12"
LAMBDA_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def package(options: Namespace) -> int:
    """Writes `<build>/<pipeline>/<environment>/{code,images}`, and says how to hand them over.

    Raises: SpecError with PG035 if requirements cannot be installed.
    """
    (compiled,) = compile_specs([options.spec], options.out, options.env, options.instance)
    folders = generate_folders([compiled], options.out)
    for folder, files in folders.items():
        deployment = json.loads(files["deployment.json"])
        target = options.build / folder.relative_to(options.out)
        shutil.rmtree(target, ignore_errors=True)
        made = {**_glue_objects(deployment, files), **_function_bundles(deployment, files)}
        for key, content in sorted(made.items()):
            _write(target / "code" / key, content)
        contexts = [_image_context(image, deployment, files, target / "images") for image in deployment["images"]]
        _explain(target, deployment, made, contexts)
    return ExitCode.CLEAN


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
        libraries = dict(required_files(own.get("requirements.txt", b"").decode()))
        made[_key(function["bundle"])] = zip_files({**libraries, **runtime, **own}.items())
    return made


def required_files(text: str, pip: Sequence[str] = (sys.executable, "-m", "pip")) -> Iterator[tuple[str, bytes]]:
    """Every file that pip installs for Lambda's platform, whatever this machine's is."""
    if not any(line.strip() and not line.startswith("#") for line in text.splitlines()):
        return
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text(text, encoding="utf-8")
        target = Path(folder) / "target"
        platforms = [word for platform in LAMBDA_PLATFORMS for word in ("--platform", platform)]
        words = ["install", "--quiet", "--no-compile", "--only-binary=:all:", "--implementation", "cp", *platforms]
        command = [*words, "--python-version", LAMBDA_PYTHON, "--target", str(target), "--requirement", str(listed)]
        done = subprocess.run([*pip, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise fault(None, "PG035", f"the requirements cannot be installed: {reason}", "mend them, or go online")
        for path in sorted(target.rglob("*")):
            if path.is_file() and path.name not in ("RECORD", "INSTALLER", "REQUESTED"):
                yield path.relative_to(target).as_posix(), path.read_bytes()


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


def _explain(target: Path, deployment: Mapping[str, Any], made: Mapping[str, bytes], contexts: list[Path]) -> None:
    code = _bucket(deployment)
    print(f"{target.as_posix()}: {len(made)} objects, {sum(map(len, made.values())) / 2**20:.1f} MiB")
    print(f"  aws s3 sync {target.as_posix()}/code s3://{code}/")
    for context, image in zip(contexts, deployment["images"], strict=True):
        filled = {"${account_id}": deployment["account_id"], "${region}": deployment["region"]}
        uri = image["uri"]
        for variable, value in filled.items():
            uri = uri.replace(variable, value)
        print(f"  docker build --platform linux/amd64 -t {uri} {context.as_posix()} && docker push {uri}")


def _bucket(deployment: Mapping[str, Any]) -> str:
    """The bucket that code lies in: every object's address names it."""
    locations = [job["script_location"] for job in deployment["glue_jobs"]]
    locations += [function["bundle"] for function in deployment["functions"]]
    return str(locations[0]).split("/")[2] if locations else str(deployment["buckets"][0])


def _key(uri: str) -> str:
    return uri.split("/", 3)[3]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
