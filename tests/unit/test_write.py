"""Folders on disk: all or nothing, nothing that is not ours, nothing edited by hand."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from pipelinegen.errors import ExitCode, SpecError
from pipelinegen.write import MANIFEST, Difference, commit, compare, content_hash, plan, plan_file


def with_manifest(files: dict[str, str]) -> dict[str, str]:
    listed = [{"path": path, "sha256": content_hash(text)} for path, text in sorted(files.items())]
    return {**files, MANIFEST: json.dumps({"files": listed})}


ONE = with_manifest({"README.md": "one\n", "a/b.tf": "b\n", "a/c.tf": "c\n"})
TWO = with_manifest({"README.md": "two\n", "a/b.tf": "b\n", "new/d.tf": "d\n"})


def write(folder: Path, files: dict[str, str], *, force: bool = False) -> list[Difference]:
    return commit([plan(folder, files, force=force)])


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, hidden ones included."""
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir())
    return {
        path.relative_to(folder).as_posix(): path.read_text(errors="replace") if path.exists() else "" for path in paths
    }


def refusal(folder: Path, files: dict[str, str]) -> list[tuple[str, str]]:
    """Id and message of what is refused; the folder is as it was before."""
    before = tree(folder.parent)
    with pytest.raises(SpecError) as caught:
        write(folder, files)
    assert tree(folder.parent) == before
    return [(item.id, item.message) for item in caught.value.diagnostics]


def test_a_folder_comes_to_hold_exactly_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er" / "x"
    assert [(item.path.name, item.state) for item in write(folder, ONE)] == [
        ("MANIFEST.json", "missing"),
        ("README.md", "missing"),
        ("b.tf", "missing"),
        ("c.tf", "missing"),
    ]
    assert tree(folder) == ONE
    assert write(folder, ONE) == []
    assert [(item.path.relative_to(folder).as_posix(), item.state) for item in write(folder, TWO)] == [
        ("MANIFEST.json", "changed"),
        ("README.md", "changed"),
        ("a/c.tf", "stale"),
        ("new/d.tf", "missing"),
    ]
    assert tree(folder) == TWO


def test_files_that_do_not_change_are_not_touched(tmp_path: Path) -> None:
    write(tmp_path / "x", ONE)
    before = (tmp_path / "x/a/b.tf").stat().st_ino
    write(tmp_path / "x", TWO)
    assert (tmp_path / "x/a/b.tf").stat().st_ino == before


def test_a_folder_that_is_given_up_vanishes_with_its_parent(tmp_path: Path) -> None:
    write(tmp_path / "out/pipeline/dev", ONE)
    write(tmp_path / "out/pipeline/prod", ONE)
    write(tmp_path / "out/pipeline/dev", {})
    assert sorted(path.name for path in (tmp_path / "out/pipeline").iterdir()) == ["prod"]
    write(tmp_path / "out/pipeline/prod", {})
    assert list((tmp_path / "out").iterdir()) == []


def test_hidden_files_of_other_tools_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "x", ONE)
    (tmp_path / "x/a/.terraform/empty").mkdir(parents=True)
    (tmp_path / "x/a/.terraform.lock.hcl").write_text("lock")
    write(tmp_path / "x", TWO)
    write(tmp_path / "x", {})
    assert (tmp_path / "x/a/.terraform/empty").is_dir()
    assert tree(tmp_path / "x") == {"a/.terraform.lock.hcl": "lock"}


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "x", ONE)
    (tmp_path / "x/a/mine.tf").write_text("mine")
    path = (tmp_path / "x/a/mine.tf").as_posix()
    assert refusal(tmp_path / "x", TWO) == [("PG030", f"'{path}' is not ours")]
    assert Difference(tmp_path / "x/a/mine.tf", "foreign") in compare(tmp_path / "x", TWO)


def test_a_file_where_there_is_no_manifest_is_foreign(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/README.md").write_text("mine")
    assert refusal(tmp_path / "x", ONE) == [("PG030", f"'{(tmp_path / 'x/README.md').as_posix()}' is not ours")]


def test_a_link_is_foreign_too(tmp_path: Path) -> None:
    write(tmp_path / "x", ONE)
    (tmp_path / "x/link").symlink_to(tmp_path / "nowhere")
    assert compare(tmp_path / "x", ONE) == [Difference(tmp_path / "x/link", "foreign")]
    assert refusal(tmp_path / "x", ONE) == [("PG030", f"'{(tmp_path / 'x/link').as_posix()}' is not ours")]


@pytest.mark.parametrize("edit", [b"edited\n", b"\xff\xfe not text", b""])
def test_a_file_edited_by_hand_is_refused_unless_forced(tmp_path: Path, edit: bytes) -> None:
    write(tmp_path / "x", ONE)
    (tmp_path / "x/README.md").write_bytes(edit)
    (tmp_path / "x/a/c.tf").write_bytes(edit)
    assert refusal(tmp_path / "x", TWO) == [
        ("PG031", f"'{(tmp_path / 'x' / name).as_posix()}' was edited by hand") for name in ("README.md", "a/c.tf")
    ]
    write(tmp_path / "x", TWO, force=True)
    assert tree(tmp_path / "x") == TWO


def test_a_deleted_file_comes_back(tmp_path: Path) -> None:
    write(tmp_path / "x", ONE)
    (tmp_path / "x/README.md").unlink()
    write(tmp_path / "x", ONE)
    assert tree(tmp_path / "x") == ONE


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"files": 1}', '{"files": [{"path": "a"}]}', '{"files": {"a": 1}}', "[" * 100_000]
)
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path / "x", ONE)
    (tmp_path / "x" / MANIFEST).write_text(text)
    assert refusal(tmp_path / "x", TWO) == [
        ("PG031", f"'{(tmp_path / 'x' / MANIFEST).as_posix()}' is no manifest of ours")
    ]


@pytest.mark.parametrize("path", ["../outside", "/etc/hostname", "a/../../outside", ""])
def test_a_manifest_never_leads_out_of_its_folder(tmp_path: Path, path: str) -> None:
    write(tmp_path / "x", ONE)
    (tmp_path / "outside").write_text("keep me")
    listed = [{"path": path, "sha256": content_hash("keep me")}]
    (tmp_path / "x" / MANIFEST).write_text(json.dumps({"files": listed}))
    assert refusal(tmp_path / "x", TWO) == [
        ("PG031", f"'{(tmp_path / 'x' / MANIFEST).as_posix()}' is no manifest of ours")
    ]


@pytest.mark.parametrize("name", ["README.md", MANIFEST])
def test_a_folder_where_a_file_belongs_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "x" / name).mkdir(parents=True)
    message = f"'{(tmp_path / 'x' / name).as_posix()}' is a folder, but a generated file belongs there"
    assert refusal(tmp_path / "x", ONE) == [("PG030", message)]


def test_a_file_where_a_folder_belongs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/a").write_text("mine")
    assert refusal(tmp_path / "x", ONE) == [("PG030", f"'{(tmp_path / 'x/a').as_posix()}' is not ours")]


def test_a_folder_that_cannot_be_made_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """The first folder could be written, the second lies below a file: neither is touched."""
    (tmp_path / "file").write_text("mine")
    before = tree(tmp_path)
    changes = [plan(tmp_path / "first", ONE), plan(tmp_path / "file" / "x", ONE)]
    with pytest.raises(SpecError) as caught:
        commit(changes)
    assert caught.value.exit_code == ExitCode.USAGE
    (fault,) = caught.value.diagnostics
    assert (fault.id, fault.message) == (
        "PG032",
        f"'{(tmp_path / 'file/x').as_posix()}' cannot be written: not a directory",
    )
    assert tree(tmp_path) == before
    assert not (tmp_path / "first").exists()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/README.md").symlink_to("README.md")
    with pytest.raises(SpecError) as caught:
        write(tmp_path / "x", ONE)
    (fault,) = caught.value.diagnostics
    path = (tmp_path / "x/README.md").as_posix()
    assert (fault.id, fault.message) == ("PG032", f"'{path}' cannot be read: too many levels of symbolic links")


def test_one_file_beside_others_is_written_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    commit([plan_file(tmp_path, "schema.json", "{}\n")])
    assert tree(tmp_path) == {"mine": "mine", "schema.json": "{}\n"}
    assert plan_file(tmp_path, "schema.json", "{}\n").differences == ()
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(SpecError):
        plan_file(tmp_path, "folder.json", "{}\n")


def test_files_are_readable_as_the_umask_says_and_end_in_line_feeds(tmp_path: Path) -> None:
    write(tmp_path / "x", with_manifest({"a": "é\nb\n"}))
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "x/a").stat().st_mode & 0o777 == 0o666 & ~umask
    assert (tmp_path / "x/a").read_bytes() == "é\nb\n".encode()


def test_an_interrupt_waits_until_everything_is_written(tmp_path: Path) -> None:
    """The signal arrives while files are being prepared; the change is done as a whole, then it interrupts."""

    class Slow(dict[str, str]):
        def __getitem__(self, path: str) -> str:
            if threading.current_thread() is threading.main_thread() and path == "README.md":
                os.kill(os.getpid(), signal.SIGINT)
            return super().__getitem__(path)

    change = plan(tmp_path / "x", ONE)
    # Another test of this process may have left a handler of its own, as Spark does.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            commit([type(change)(change.folder, Slow(change.files), change.differences)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert tree(tmp_path / "x") == ONE
