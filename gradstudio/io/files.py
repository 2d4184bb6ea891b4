"""Files, whole or not at all: reading within a limit, and the atomic save (temporary file, fsync, replace, fsync of the folder)."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from gradstudio.io.limits import DOCUMENT_BYTES, size
from gradstudio.io.refusal import NotSaved, Refusal

UNCONFIRMED = "saved, but the folder could not be flushed: after a power failure the older version may come back"
NO_FSYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)  # file systems where a folder cannot be flushed


class Stamp(Struct, frozen=True):
    """What tells that another program wrote to a file since."""

    modified: int
    size: int
    inode: int


def stamp(path: Path) -> Stamp | None:
    """Return the stamp of a file; None if it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)


def load(path: Path, most: int = DOCUMENT_BYTES) -> bytes:
    """Return the bytes of a regular file. Raises Refusal: not there, not readable, no file, larger than `most`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not make us wait
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise Refusal(path, _kind(found.st_mode), "GS-F102")
            data = file.read(most + 1) if found.st_size <= most else b""
            length = max(found.st_size, len(data))
    except (OSError, ValueError) as error:
        raise Refusal(path, _reading(error), "GS-F101") from error
    if length > most:
        raise Refusal(path, f"it has {size(length)}, the limit is {size(most)}", "GS-F104")
    return data


def _kind(mode: int) -> str:
    return "this is a folder" if stat.S_ISDIR(mode) else "this is no regular file"


def _reading(error: OSError | ValueError) -> str:
    code = error.errno if isinstance(error, OSError) else None
    words = {
        errno.ENOENT: "there is no such file",
        errno.ENOTDIR: "there is no such folder",
        errno.EISDIR: "this is a folder",
        errno.EACCES: "you may not read it",
        errno.ELOOP: "its links lead in a circle",
        errno.ENAMETOOLONG: "its name is too long",
        errno.ENXIO: "this is no regular file",
        errno.EIO: "the disk reports an error",
    }
    return words.get(code or 0, "it cannot be read")


def save(path: str | Path, data: bytes) -> str | None:
    """Put data in the place of a file, so that at any moment the whole old or the whole new version is there.

    Follows symlinks, keeps the mode. Returns a warning where the switch itself could not be confirmed.
    Raises NotSaved: the file is as it was.
    """
    path = Path(path)
    with _in_words(path, len(data)):
        target = Path(os.path.realpath(path))
        mode = _mode_of(target)
        temporary = target.with_name(f".gradstudio-{os.urandom(8).hex()}.gs-tmp")
        try:
            _write(temporary, data, mode)
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        return _flush_folder(target.parent)


def _mode_of(target: Path) -> int | None:
    """Return the mode of the file to replace; None if there is none. Refuses what replace() would overwrite silently."""
    try:
        found = os.stat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise NotSaved(target, _kind(found.st_mode), "GS-S203")
    if not os.access(target, os.W_OK):
        raise NotSaved(target, "the file is read-only", "GS-S202")
    return stat.S_IMODE(found.st_mode)


def _write(temporary: Path, data: bytes, mode: int | None) -> None:
    """Write and flush a new file. A new document gets the mode of the umask, else nobody else may read it before fchmod."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666 if mode is None else 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if os.fstat(file.fileno()).st_size != len(data):
            raise OSError(errno.EIO, "short write")


def _flush_folder(folder: Path) -> str | None:
    """Make the switch durable. The new version is in place by now: what fails here is no failed save."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return None if error.errno in NO_FSYNC else UNCONFIRMED
    return None


@contextmanager
def _in_words(path: Path, needed: int) -> Iterator[None]:
    try:
        yield
    except NotSaved as refusal:
        raise NotSaved(path, refusal.reason, refusal.code) from refusal
    except (OSError, ValueError) as error:
        raise NotSaved(path, *_writing(error, path, needed)) from error


def _writing(error: OSError | ValueError, path: Path, needed: int) -> tuple[str, str]:
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"the disk is full (needs {size(needed)}{_free(path)})", "GS-S201"
    words = {
        errno.EACCES: ("you may not write in its folder", "GS-S202"),
        errno.EPERM: ("you may not write in its folder", "GS-S202"),
        errno.EROFS: ("the disk is read-only", "GS-S202"),
        errno.ENOENT: ("its folder is not there", "GS-S204"),
        errno.ENOTDIR: ("its folder is not there", "GS-S204"),
        errno.ELOOP: ("its links lead in a circle", "GS-S204"),
        errno.ENAMETOOLONG: ("its name is too long", "GS-S204"),
        errno.EIO: ("the disk reports an error", "GS-S205"),
    }
    return words.get(code or 0, ("it cannot be written", "GS-S205"))


def _free(path: Path) -> str:
    try:
        return f", {size(shutil.disk_usage(path.resolve().parent).free)} free"
    except OSError:
        return ""
