"""What this machine has seen of a database, kept outside it: a database that has seen less was restored.

One small file for each address, written beside and renamed. See `changeflow.storage.custody` for what is made of it.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from changeflow.errors import InputError
from changeflow.files import read_ordinary, write_whole
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
