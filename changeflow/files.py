"""Write files for people whole or not at all: under another name first, then renamed.

Whatever happens meanwhile (an error, a full disk or a kill), either the old file or the new one is there. Files with
personal data are written so that only their owner can read them.
"""

import errno
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from changeflow.errors import CannotWriteError, InputError

STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")
"""Open files of this process: renaming would put another file in their place."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_ORDINARY = "it is not an ordinary file"
_LONGEST_STEM = 80
"""How many characters of a file's name its temporary copy shares: a whole name may have at most 255 bytes."""


def open_ordinary(path: Path) -> BinaryIO:
    """Open a file of changeflow's own for reading; a pipe or a device raises `OSError` at once, without waiting."""
    # Check before opening, because merely opening a device may do something; then check what was opened.
    check_ordinary(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    try:
        check_ordinary(descriptor, named=path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_ordinary(path: Path, *, most: int) -> bytes:
    """Read a file of changeflow's own; one of more than `most` bytes raises `OSError`."""
    with open_ordinary(path) as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise OSError(errno.EFBIG, "it is too large", str(path))
    return raw


def check_ordinary(file: Path | int, *, named: Path | str = "") -> None:
    """Raise `OSError` for a pipe, a device or a folder, given by its name or as an open file."""
    if not stat.S_ISREG(os.stat(file).st_mode):  # noqa: PTH116  (an open file has no path)
        raise OSError(errno.EINVAL, NOT_ORDINARY, str(named or file))


def write_whole(path: Path, content: bytes | str, *, private: bool = False, inside: Path | None = None) -> None:
    """Write a file, replacing one that exists, and create the folders above it.

    `private`: only its owner can read it. A link is followed; a device or a pipe is written to directly.
    `inside`: a folder that others may have prepared; a link that leads out of it is refused.
    """
    data = content.encode() if isinstance(content, str) else content
    with _explained(path):
        if inside is not None and not _behind(path).is_relative_to(_behind(inside)):
            raise InputError(f"'{path}' is a link that leads out of the folder. Remove the link; nothing was written.")
        if _is_stream(path):
            _pour(path, data)
            return
        target = _behind(path)
        if target.is_dir():
            raise InputError(f"'{path}' is a folder. Name a file in it, such as {path / 'report.html'}.")
        with _folder_above(target):
            _replace(target, data, private=private)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Let a new folder be filled: it appears with everything in it, or not at all. An empty one is taken over."""
    with _explained(folder):
        target = _behind(folder)
        with _folder_above(target):
            part = target.with_name(_neighbour(target.name))
            part.mkdir()
            try:
                yield part
                _take_over(part, target)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
            with suppress(OSError):
                sync(target.parent)


def _behind(path: Path) -> Path:
    """Return the file that a link leads to, or the path itself, in full."""
    return Path(os.path.realpath(path))


def _take_over(part: Path, target: Path) -> None:
    if not target.exists():
        part.rename(target)
        return
    if any(target.iterdir()):
        raise InputError(f"'{target}' is not empty by now. Name a new folder; nothing was written.")
    if not target.samefile(Path.cwd()):
        part.chmod(stat.S_IMODE(target.stat().st_mode))
        with suppress(OSError):  # a mounted folder cannot be replaced
            part.rename(target)
            return
    for child in part.iterdir():
        child.rename(target / child.name)
    part.rmdir()


def _replace(target: Path, data: bytes, *, private: bool) -> None:
    part = target.with_name(_neighbour(target.name))
    mode = 0o600 if private else 0o666
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        handle, is_nameless = _open(target.parent, part, mode)
        try:
            if not private and target.exists():
                os.fchmod(handle, stat.S_IMODE(target.stat().st_mode))
            write_all(handle, data)
            os.fsync(handle)
            if is_nameless:
                os.link(f"/proc/self/fd/{handle}", part, src_dir_fd=folder)
        finally:
            os.close(handle)
        os.replace(part, target)  # noqa: PTH105  (one step, so that no one ever sees half a file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(folder)
    with suppress(OSError):
        sync(target.parent)


def _open(folder: Path, part: Path, mode: int) -> tuple[int, bool]:
    """Open a new file, unnamed if the system allows it, so that a killed process leaves nothing behind."""
    nameless = getattr(os, "O_TMPFILE", None)
    if nameless is not None and Path("/proc/self/fd").is_dir():
        with suppress(OSError):
            return os.open(folder, os.O_WRONLY | nameless, mode), True
    return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), False


def write_all(handle: int, data: bytes) -> None:
    """Write all the data, however many calls that takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _pour(path: Path, data: bytes) -> None:
    sys.stdout.flush()
    handle = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        write_all(handle, data)
    finally:
        os.close(handle)


def _is_stream(path: Path) -> bool:
    if os.path.abspath(path).startswith(STREAMS):  # noqa: PTH100  (a link is not to be followed here)
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def _folder_above(target: Path) -> Iterator[None]:
    """Create the folders above a file; remove them again if the file is not written."""
    made = [parent for parent in target.parents if not parent.exists()]
    if file := next((parent for parent in target.parents if parent.is_file()), None):
        raise InputError(f"'{target}' cannot be written: '{file}' is a file. Name another place; nothing was written.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


def sync(path: Path) -> None:
    """Make sure that a file, or the names in a folder, are on the disk: otherwise a power cut may lose a new file's
    name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _neighbour(name: str) -> str:
    return f".{name[:_LONGEST_STEM]}.{secrets.token_hex(8)}.part"


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        if error.errno in FULL or error.errno == errno.EIO:
            raise CannotWriteError(path, why) from None
        raise InputError(f"'{path}' cannot be written: {why}. Name another place; nothing was written.") from None
