"""The files of parallel runs that people upload, in the state folder, each under the SHA-256 of its bytes.

Only the account that runs changeflow can read them. They are not part of a backup: after a restore, people upload them
again.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from changeflow.errors import InputError
from changeflow.files import read_ordinary, write_all, write_whole
from changeflow.storage.custody import MachineState

LOST_AFTER = 3600
"""Seconds after which a file that nothing refers to counts as left behind by a request that ended early."""
MOST_RESULT_BYTES = 20_000_000
_NAME = re.compile(r"[0-9a-f]{64}(\.[a-z]{3,7})?")
_UNSAFE = re.compile(r"[^\w .,()+-]")
LONGEST_NAME = 80


class LedgerFiles:
    """The folder of one database's uploaded files."""

    def __init__(self, url: str) -> None:
        self.state = MachineState(url)
        self.folder = self.state.folder / "ledgers"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder, so that no other process adds or removes files."""
        with self.state.writing():
            self.folder.mkdir(exist_ok=True, mode=0o700)
            yield

    def begin(self) -> "PartOfUpload":
        """Return a new file that grows piece by piece."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return PartOfUpload(self.folder / f".{secrets.token_hex(8)}.part")

    def path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of an uploaded file")
        return self.folder / name

    def has(self, *names: str) -> bool:
        return all(self.path(name).is_file() for name in names if name)

    def result_path(self, pair: int) -> Path:
        return self.folder / f"result-{pair}.json"

    def write_result(self, pair: int, text: str) -> None:
        write_whole(self.result_path(pair), text, private=True)

    def read_result(self, pair: int) -> str | None:
        """Return a comparison's result; None if there is none, or if it was removed."""
        try:
            return read_ordinary(self.result_path(pair), most=MOST_RESULT_BYTES).decode()
        except OSError:
            return None

    @contextmanager
    def named(self, files: Collection[tuple[str, str, str]]) -> Iterator[list[Path]]:
        """Yield the files under the names that people know.

        Each is given as (side, name in this folder, name that people know).
        """
        folder = self.folder / f".{secrets.token_hex(8)}.work"
        folder.mkdir(mode=0o700)
        try:
            yield [_linked(self.path(name), folder / side / plain_name(theirs)) for side, name, theirs in files]
        except FileNotFoundError:
            raise InputError("The uploaded files are no longer here. Upload them again.") from None
        finally:
            _remove_tree(folder)

    def remove_unused(self, files: Collection[str], pairs: Collection[int]) -> int:
        """Remove files to which nothing refers; return how many. Call this with the folder locked.

        What an upload or a comparison is still writing stays.
        """
        if not self.folder.is_dir():
            return 0
        # Use the disk's own clock, because the server's may be set to another day.
        marker = self.folder / ".now"
        marker.touch(mode=0o600)
        now = marker.stat().st_mtime
        results = {self.result_path(pair).name for pair in pairs}
        removed = 0
        for path in sorted(self.folder.iterdir()):
            is_ours = _NAME.fullmatch(path.name) or path.name.startswith("result-")
            is_used = path.name in files or path.name in results
            with suppress(OSError):
                is_lost = path.name.startswith(".") and now - path.stat().st_mtime > LOST_AFTER
                if path.is_dir() and is_lost:
                    _remove_tree(path)
                elif (is_ours and not is_used) or (is_lost and not path.is_dir()):
                    path.unlink()
                    removed += 1
        return removed


class PartOfUpload:
    """A file that is still arriving. Nothing of it is kept in memory."""

    def __init__(self, path: Path) -> None:
        self.path, self.size, self._digest = path, 0, hashlib.sha256()
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes) -> None:
        write_all(self._handle, data)
        self._digest.update(data)
        self.size += len(data)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def drop(self) -> None:
        """Remove the file."""
        self.close()
        self.path.unlink(missing_ok=True)

    def keep(self, suffix: str) -> str:
        """Name the file after the digest of its content; return the name. Call this with the folder locked."""
        self.close()
        name = f"{self._digest.hexdigest()}{suffix}"
        os.replace(self.path, self.path.with_name(name))  # noqa: PTH105  (one step)
        return name


def plain_name(name: str) -> str:
    """Return the last part of a file's name, short and without odd characters.

    >>> plain_name("C:\\\\pay\\\\May <ledger>.csv"), plain_name("../.csv")
    ('May _ledger_.csv', 'file.csv')
    """
    last = re.split(r"[\\/]", name)[-1].strip()
    stem, dot, ending = last.rpartition(".")
    stem = _UNSAFE.sub("_", stem if dot else last).strip(" .")[:LONGEST_NAME] or "file"
    return f"{stem}.{ending.lower()}" if dot and ending.isalnum() and ending.isascii() else stem


def _linked(path: Path, name: Path) -> Path:
    name.parent.mkdir(mode=0o700)
    name.hardlink_to(path)
    return name


def _remove_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
    with suppress(OSError):
        folder.rmdir()
