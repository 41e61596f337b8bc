"""The committed table of AWS's image accounts, held against the package `sagemaker`, which is AWS's own list."""

import json
import subprocess
import sys
import zipfile
from typing import Any

import pytest

from pipelinegen.assets import cache_folder
from pipelinegen.ir.images import PYTORCH_CPU_TAG, PYTORCH_TRAINING_TAG, pytorch_training_image

PACKAGE = "sagemaker==2.257.7"
LIST = "sagemaker/image_uri_config/pytorch.json"


@pytest.fixture(scope="module")
def versions() -> dict[str, Any]:
    """What the package says of the PyTorch training images, by version; fetched once into the user's cache."""
    folder = cache_folder()
    if not any(folder.glob("sagemaker-2.257.7-*.whl")):
        folder.mkdir(parents=True, exist_ok=True)
        words = ["pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
        done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, timeout=180, check=False)
        if done.returncode:
            pytest.skip(f"{PACKAGE} cannot be fetched: {done.stderr.strip().splitlines()[-1:]}")
    (wheel,) = folder.glob("sagemaker-2.257.7-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        found: dict[str, Any] = json.loads(archive.read(LIST))["training"]["versions"]
    return found


@pytest.mark.parametrize("gpu", [True, False])
def test_every_region_of_the_package_has_its_account(versions: dict[str, Any], gpu: bool) -> None:
    version, processor, python = (PYTORCH_TRAINING_TAG if gpu else PYTORCH_CPU_TAG).split("-")
    listed = versions[version]
    assert python in listed["py_versions"]
    expected = {
        region: f"{account}.dkr.ecr.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
        f"/{listed['repository']}:{version}-{processor}-{python}"
        for region, account in listed["registries"].items()
    }
    assert {region: pytorch_training_image(region, gpu=gpu) for region in expected} == expected


def test_a_region_without_an_image_has_none() -> None:
    assert pytorch_training_image("mars-north-1") is None
