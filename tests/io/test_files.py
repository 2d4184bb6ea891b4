"""Files: a save leaves the whole old or the whole new version, and says in words what stood in its way."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import signal
import stat
import tempfile
import time
from pathlib import Path

import pytest

from gradstudio.io.files import load, save, stamp
from gradstudio.io.limits import size
from gradstudio.io.refusal import NotSaved, Refusal

OLD, NEW = b"old" * 1000, b"new" * 70000


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".gs-tmp")]


def test_a_save_makes_a_file_and_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "net.grad"
    assert save(path, OLD) is None
    assert save(path, NEW) is None
    assert path.read_bytes() == NEW
    assert leftovers(tmp_path) == []


def test_a_new_file_has_the_mode_of_the_umask_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    path, before = tmp_path / "net.grad", os.umask(0o027)
    try:
        save(path, OLD)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    save(path, NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_save_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    target, link = tmp_path / "real.grad", tmp_path / "link.grad"
    target.write_bytes(OLD)
    link.symlink_to(target)
    save(link, NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW


def test_a_dangling_link_gets_its_target(tmp_path: Path) -> None:
    link = tmp_path / "link.grad"
    link.symlink_to(tmp_path / "real.grad")
    save(link, NEW)
    assert (tmp_path / "real.grad").read_bytes() == NEW


def refused(path: Path, data: bytes = NEW) -> NotSaved:
    with pytest.raises(NotSaved) as caught:
        save(path, data)
    return caught.value


def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert refused(tmp_path / "pipe").reason == "this is no regular file"
    assert refused(tmp_path / "folder").reason == "this is a folder"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    refusal = refused(tmp_path / "gone" / "net.grad")
    assert (refusal.reason, refusal.code) == ("its folder is not there", "GS-S204")
    assert refusal.message == (
        "Could not save “net.grad”: its folder is not there. The version on disk is unchanged, your edits are still open.  GS-S204"
    )  # fmt: skip


def in_a_process(work: object, *arguments: object) -> int:
    """Run work in a forked process; return its exit code."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)  # type: ignore[arg-type]
    process.start()
    process.join()
    return process.exitcode or 0


def save_as_nobody(path: Path) -> None:
    if os.geteuid() == 0:
        os.setuid(65534)
    os._exit({"the file is read-only": 7, "you may not write in its folder": 8}[refused(path).reason])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_read_only_file_and_a_read_only_folder_are_refused() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder, path = Path(name), Path(name) / "net.grad"
        path.write_bytes(OLD)
        path.chmod(0o444)
        folder.chmod(0o555)
        assert in_a_process(save_as_nobody, path) == 7
        path.chmod(0o666)
        assert in_a_process(save_as_nobody, path) == 8
        folder.chmod(0o755)
        assert path.read_bytes() == OLD


def save_with_no_room(path: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    try:
        save(path, NEW)
    except NotSaved as refusal:
        told = refusal.reason.startswith("the disk is full (needs 210.0 kB, ") and refusal.code == "GS-S201"
        os._exit(7 if told else 8)
    os._exit(9)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_full_disk_leaves_the_old_version_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "net.grad"
    path.write_bytes(OLD)
    assert in_a_process(save_with_no_room, path) == 7
    assert path.read_bytes() == OLD
    assert leftovers(tmp_path) == []


def save_for_ever(path: Path) -> None:
    for generation in range(1, 10**6):
        save(path, b"%08d" % generation * 3000)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_save_that_is_killed_leaves_a_whole_version(tmp_path: Path) -> None:
    path, draw = tmp_path / "net.grad", random.Random(1)
    save(path, b"%08d" % 0 * 3000)
    for _ in range(25):
        process = multiprocessing.get_context("fork").Process(target=save_for_ever, args=(path,))
        process.start()
        time.sleep(draw.random() * 0.02)
        process.kill()
        process.join()
        data = path.read_bytes()
        assert data == data[:8] * 3000
        for name in leftovers(tmp_path):
            (tmp_path / name).unlink()


def test_reading_refuses_what_is_no_file_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path / "pipe", "this is no regular file"),
        (tmp_path, "this is a folder"),
        (tmp_path / "gone", "there is no such file"),
        (Path("/dev/full"), "this is no regular file"),
        (tmp_path / ("x" * 300), "its name is too long"),
    ):
        with pytest.raises(Refusal) as caught:
            load(path)
        assert caught.value.reason == reason


def test_reading_stops_at_the_limit_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "net.grad"
    path.write_bytes(OLD)
    assert load(path, len(OLD)) == OLD
    with pytest.raises(Refusal, match=r"it has 3\.0 kB, the limit is 2\.9 kB"):
        load(path, len(OLD) - 60)


def test_a_stamp_tells_that_another_program_wrote(tmp_path: Path) -> None:
    path = tmp_path / "net.grad"
    assert stamp(path) is None
    save(path, OLD)
    first = stamp(path)
    assert first == stamp(path)
    save(path, OLD)
    assert first != stamp(path)


@pytest.mark.parametrize(("count", "text"), [(12, "12 bytes"), (3100, "3.1 kB"), (3_100_000, "3.1 MB"), (74 * 10**9, "74.0 GB")])
def test_sizes_are_written_as_people_write_them(count: int, text: str) -> None:
    assert size(count) == text
