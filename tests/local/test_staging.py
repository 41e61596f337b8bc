"""Copies between S3 and folders, and a job's view of S3."""

from pathlib import Path

import pytest

from pipelinegen.local.policies import ObjectPattern
from pipelinegen.local.s3_transfer import download_prefix, local_path, split_uri
from pipelinegen.local.staging import Stage
from tests.local.folder_s3 import FolderS3


def _bucket(root: Path, **files: str) -> FolderS3:
    for key, text in files.items():
        path = root / "b" / key.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return FolderS3(root)


def _tree(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def test_only_what_matches_is_staged(tmp_path: Path) -> None:
    s3 = _bucket(tmp_path / "s3", in__a="1", inner__b="2", out__c="3")
    stage = Stage(tmp_path / "stage", s3)
    assert stage.fill([ObjectPattern("b", "in/*")], [ObjectPattern("w", "*")]) == 1
    assert _tree(tmp_path / "stage") == {"b/in/a": "1"}
    assert stage.buckets() == ["b", "w"]


def test_changes_go_up_and_what_is_gone_goes(tmp_path: Path) -> None:
    s3 = _bucket(tmp_path / "s3", in__old="1", in__kept="2", other="3")
    stage = Stage(tmp_path / "stage", s3)
    stage.fill([ObjectPattern("b", "in/*")], [])
    (tmp_path / "stage/b/in/old").unlink()
    (tmp_path / "stage/b/in/new").write_text("new")
    (tmp_path / "stage/b/in/.new.crc").write_text("checksum")
    assert stage.upload_changes() == (1, 1)
    assert _tree(tmp_path / "s3/b") == {"in/kept": "2", "in/new": "new", "other": "3"}


@pytest.mark.parametrize(
    ("uri", "tree"),
    [
        ("s3://b/in/", {"a": "1", "sub/b": "2"}),
        ("s3://b/in", {"a": "1", "sub/b": "2", "in-other": "3"}),
        ("s3://b/in/a", {"a": "1"}),
        ("s3://b", {"in/a": "1", "in/sub/b": "2", "in-other": "3"}),
    ],
)
def test_a_prefix_names_what_starts_with_it(tmp_path: Path, uri: str, tree: dict[str, str]) -> None:
    s3 = _bucket(tmp_path / "s3", in__a="1", in__sub__b="2")
    (tmp_path / "s3/b/in-other").write_text("3")
    assert download_prefix(s3, uri, tmp_path / "to") == len(tree)
    assert _tree(tmp_path / "to") == tree


def test_a_key_cannot_leave_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'\.\./x' would leave"):
        local_path(tmp_path, "../x")


def test_what_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'http://b/k' is not an S3 address"):
        split_uri("http://b/k")
