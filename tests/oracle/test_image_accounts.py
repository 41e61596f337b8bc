"""The committed tables of AWS's images and algorithms, held against the package `sagemaker`, AWS's own list."""

import ast
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from pipelinegen.assets import cache_folder
from pipelinegen.ir.images import PYTORCH_CPU_TAG, PYTORCH_TRAINING_TAG, pytorch_training_image
from pipelinegen.steps.algorithm_images import DEEP_LEARNING, account_of_framework
from pipelinegen.steps.built_in_algorithms import algorithm, repositories, table

PACKAGE = "sagemaker==2.257.7"
LISTS = "sagemaker/image_uri_config"
#: Where a repository's list has another name.
NAMES = {"sagemaker-xgboost": "xgboost"}


@pytest.fixture(scope="module")
def package() -> Iterator[zipfile.ZipFile]:
    """The package, fetched once into the user's cache."""
    folder = cache_folder()
    if not any(folder.glob("sagemaker-2.257.7-*.whl")):
        folder.mkdir(parents=True, exist_ok=True)
        words = ["pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
        done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, timeout=180, check=False)
        if done.returncode:
            pytest.skip(f"{PACKAGE} cannot be fetched: {done.stderr.strip().splitlines()[-1:]}")
    (wheel,) = folder.glob("sagemaker-2.257.7-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        yield archive


def _versions(package: zipfile.ZipFile, name: str) -> dict[str, Any]:
    """What the package says of the training images of an algorithm or framework, by version."""
    found = json.loads(package.read(f"{LISTS}/{name}.json"))
    versions: dict[str, Any] = found.get("training", found)["versions"]
    return versions


@pytest.mark.parametrize("gpu", [True, False])
def test_every_region_of_the_package_has_its_account(package: zipfile.ZipFile, gpu: bool) -> None:
    versions = _versions(package, "pytorch")
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


def _regions(registries: dict[str, str]) -> dict[str, str]:
    """Without those of AWS's closed partitions, whose addresses are no addresses of ours."""
    return {region: account for region, account in registries.items() if not region.startswith("us-iso")}


@pytest.mark.parametrize("repository", repositories())
def test_algorithms_lie_where_the_package_has_them(package: zipfile.ZipFile, repository: str) -> None:
    listed = _versions(package, NAMES.get(repository, repository))
    listed = {version: given for version, given in listed.items() if given["repository"] == repository}
    found = algorithm(repository)
    assert found is not None
    assert set(found.tags) - {"latest"} == set(listed)
    everywhere = _regions(_versions(package, "linear-learner")["1"]["registries"])
    for given in listed.values():
        expected = dict.fromkeys(everywhere) | _regions(given["registries"])
        assert {region: found.account(region) for region in everywhere} == expected


def _listed(found: Any) -> Iterator[tuple[str, str, str]]:
    """Repository, region and account of everything below a list."""
    if isinstance(found, dict):
        names = found.get("repository") or []
        for region, account in _regions(found.get("registries", {})).items():
            yield from ((name, region, account) for name in ([names] if isinstance(names, str) else names))
        for inner in found.values():
            yield from _listed(inner)


def test_frameworks_lie_where_the_package_has_them(package: zipfile.ZipFile) -> None:
    groups = {name: group for group, names in table()["frameworks"].items() for name in names.split()}
    seen = set()
    for path in package.namelist():
        if path.startswith(LISTS) and path.endswith(".json"):
            for name, region, account in set(_listed(json.loads(package.read(path)))):
                if name in groups:
                    seen.add(name)
                    assert account_of_framework(name, region) == account
                else:
                    assert not name.endswith(("-training", "-inference")) or account not in DEEP_LEARNING
    assert seen == set(groups)


def test_hyperparameters_of_the_package_are_known(package: zipfile.ZipFile) -> None:
    """Its estimators hold what they send in calls such as hp("init_method", isin("random", "kmeans++"), …)."""
    modules = {"linear-learner": "linear_learner", "factorization-machines": "factorization_machines"}
    alike = ("factorization-machines", "linear-learner", "ipinsights", "kmeans", "knn", "lda", "ntm", "object2vec")
    for repository in (*alike, "pca", "randomcutforest"):
        tree = ast.parse(package.read(f"sagemaker/amazon/{modules.get(repository, repository)}.py"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "hp"]
        found = algorithm(repository)
        assert found is not None
        assert calls
        for call in calls:
            name, *checks = (*call.args, *(item.value for item in call.keywords))
            rule = found.rules[ast.literal_eval(name)]
            choices = [it for it in checks if isinstance(it, ast.Call) and ast.unparse(it.func) == "isin"]
            assert all(rule.takes(ast.literal_eval(word)) for choice in choices for word in choice.args)
