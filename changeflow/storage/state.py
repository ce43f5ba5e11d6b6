"""What this machine keeps of a database outside it: a database that has seen less was restored.

One small file for each address, written beside and renamed; and files to which lines of JSON are only ever added. See
`changeflow.storage.custody` for what is made of it.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from changeflow.errors import InputError
from changeflow.files import check_ordinary, open_ordinary, read_ordinary, sync, write_all, write_whole
from changeflow.places import erasures_file, state_folder
from changeflow.storage.database import engine_for, is_sqlite, sqlite_path

if sys.platform != "win32":
    import fcntl

_MOST_BYTES = 10_000
"""Of what this machine has seen of one database: it has three short values."""


@dataclass(frozen=True, slots=True)
class StateSeen:
    """How far a database had come when this machine last wrote to it."""

    identity: str
    counter: int
    marker: str


class MachineState:
    """The folder of one database's state on this machine."""

    def __init__(self, url: str) -> None:
        self.url = url
        file = Path(os.path.realpath(sqlite_path(url))) if is_sqlite(url) else None
        self.folder = state_folder(file)
        self.ledger = erasures_file(self.folder)
        self.publications = self.ledger.with_name("publications.jsonl")
        name = hashlib.sha256(_address(url, file).encode()).hexdigest()[:16]
        self.file = self.folder / f"seen-{name}.json"
        self.rewrite = self.folder / f"rewrite-{name}"
        """Is there while what was erased may be in the database's files still."""

    def seen(self) -> StateSeen | None:
        """Return what this machine has seen, None where that is nothing."""
        try:
            found = json.loads(read_ordinary(self.file, most=_MOST_BYTES))
            return StateSeen(str(found["identity"]), int(found["counter"]), str(found["marker"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or "it is damaged"
            raise InputError(
                f"What this machine has seen of the database cannot be read: '{self.file}' ({why}). Put the file "
                "right, or remove it and look at what may have gone: changeflow db review"
            ) from None

    def note(self, seen: StateSeen, *, anew: bool = False) -> None:
        """Write down how far a database has come. Of the same database only more than before, unless `anew`."""
        with self.writing():
            before = None if anew else self.seen()
            if before is not None and before.identity == seen.identity and before.counter >= seen.counter:
                return
            write_whole(self.file, json.dumps(asdict(seen)) + "\n", private=True)

    def note_rewrite(self) -> None:
        with self.writing():
            write_whole(self.rewrite, "", private=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other processes of this machine out; what cannot be written is an `InputError`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            if sys.platform != "win32":
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise self._unwritable(error) from None
        finally:
            os.close(lock)

    def append(self, file: Path, line: Mapping[str, object]) -> None:
        """Add a line of JSON, which is on the disk when this returns.

        An `InputError` where that cannot be done, and then the file is as it was.
        """
        text = json.dumps(line, sort_keys=True) + "\n"
        with self.writing():
            is_new = not file.exists()
            if is_new:
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
            descriptor = os.open(file, flags, 0o600)
            try:
                check_ordinary(descriptor, named=file)
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    # A line that was cut off was never committed.
                    size = os.pread(descriptor, size, 0).rfind(b"\n") + 1
                    os.ftruncate(descriptor, size)
                try:
                    write_all(descriptor, text.encode())
                except OSError:
                    os.ftruncate(descriptor, size)
                    raise
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if is_new:
                sync(file.parent)

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            f"'{error.filename or self.folder}' cannot be written: {error.strerror}. No changes saved. Make room "
            "there, or name another folder in CHANGEFLOW_STATE: without it a restored database would go unnoticed."
        )


def _address(url: str, file: Path | None) -> str:
    """Return what tells a database's place from others: no account and no password."""
    if file is not None:
        return f"sqlite {file}"
    parsed = engine_for(url).url
    query = {name: parsed.query.get(name) for name in ("host", "port")}
    host, port = query["host"] or parsed.host or "localhost", query["port"] or parsed.port or 5432
    return f"postgresql {host} {port} {parsed.database}"


def read_lines(
    file: Path, what: str, is_one: Callable[[dict[str, Any]], bool], *, remedy: str
) -> Iterator[dict[str, Any]]:
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
    rows = text.split("\n")
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        try:
            line = json.loads(row)
            if not is_one(line):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            if number == len(rows):
                return
            raise InputError(f"Line {number} of the {what} '{file}' is damaged. {remedy}") from None
        yield line
