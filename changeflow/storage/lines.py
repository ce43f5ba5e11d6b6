"""Files outside the database to which lines of JSON are only ever added: each is on the disk when `append` returns."""

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from changeflow.errors import InputError
from changeflow.files import NOT_ORDINARY, open_ordinary
from changeflow.storage.disk import sync
from changeflow.storage.state import MachineState


def append(state: MachineState, file: Path, line: Mapping[str, object]) -> None:
    """Add a line; an `InputError` where that cannot be done, and then the file is as it was."""
    text = json.dumps(line, sort_keys=True) + "\n"
    with state.writing():
        is_new = not file.exists()
        if is_new:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(file, flags, 0o600)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, NOT_ORDINARY, str(file))
            size = found.st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                _cut_torn_line(descriptor, size)
            _write_all(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync(file.parent)


def read(file: Path, what: str, is_one: Callable[[dict[str, Any]], bool], *, remedy: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file, none where there is no file.

    A last line that was cut off was never committed, and is left out; any other that is not `is_one` is an
    `InputError`. `what` says in it what the file is, and `remedy` what to do.
    """
    try:
        with open_ordinary(file) as opened:
            text = opened.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(
            f"The {what} cannot be read: '{file}' ({error.strerror}). It has to be an ordinary file that this account "
            "may read and write."
        ) from None
    *whole, last = text.split("\n")
    for number, row in enumerate([*whole, last], 1):
        if not row.strip():
            continue
        try:
            line = json.loads(row)
            if not is_one(line):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            if number == len(whole) + 1:
                return
            raise InputError(f"Line {number} of the {what} '{file}' is damaged. {remedy}") from None
        yield line


def _cut_torn_line(descriptor: int, size: int) -> None:
    content = os.pread(descriptor, size, 0)
    os.ftruncate(descriptor, content.rfind(b"\n") + 1)


def _write_all(descriptor: int, data: bytes) -> None:
    """Write a line, or leave the file as it was."""
    before = os.fstat(descriptor).st_size
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:
        os.ftruncate(descriptor, before)
        raise
