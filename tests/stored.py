"""Folders that many tests store: the first one stores a folder, and others with the same get a copy of its database.

Storing takes ten times as long as copying, and neither its content nor its moment differs.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

from changeflow.storage.database import engine_for
from changeflow.usecases import definitions

Key = tuple[object, ...]
_KEPT = tempfile.TemporaryDirectory(prefix="changeflow-stored-")
_KNOWN: dict[Key, Path] = {}


def store_once(folder: Path, *, db: str, actor: str, now: datetime, on: date | None = None) -> int:
    """Store a folder as `definitions.apply` does, whose tests are others; return the version's number."""
    key = _key(folder, db, actor, now, on)
    if key is None:
        return definitions.apply(folder, db=db, actor=actor, now=now, on=on)
    file, noted = Path(db.removeprefix("sqlite:///")), folder / ".changeflow"
    if key not in _KNOWN:
        definitions.apply(folder, db=db, actor=actor, now=now, on=on)
        engine_for(db).dispose()
        kept = Path(_KEPT.name) / str(len(_KNOWN))
        shutil.copytree(noted, kept)
        shutil.copyfile(file, kept / "stored.db")
        _KNOWN[key] = kept
        return 1
    shutil.copyfile(_KNOWN[key] / "stored.db", file)
    shutil.copytree(_KNOWN[key], noted, ignore=shutil.ignore_patterns("*.db"))
    return 1


def fill_once(name: str, db: str, home: Path, fill: Callable[[], object]) -> None:
    """Fill an SQLite database and its folder; a later call with the same name copies both as they were then.

    A PostgreSQL database is filled each time. `name` has to say all that `fill` depends on.
    """
    if not db.startswith("sqlite:///"):
        fill()
        return
    kept = Path(_KEPT.name) / name.replace("/", "-")
    if kept.exists():
        engine_for(db).dispose()
        shutil.copytree(kept, home, dirs_exist_ok=True)
        return
    fill()
    engine_for(db).dispose()
    shutil.copytree(home, kept)


def _key(folder: Path, db: str, actor: str, now: datetime, on: date | None) -> Key | None:
    """Return all that a database without a programme depends on; None for any other database or folder."""
    if not db.startswith("sqlite:///") or (folder / ".changeflow").exists():
        return None
    engine_for(db).dispose()
    with closing(sqlite3.connect(db.removeprefix("sqlite:///"))) as connection:
        if connection.execute("SELECT count(*) FROM programme").fetchone() != (0,):
            return None
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return (actor, now, on, *((str(path.relative_to(folder)), path.read_bytes()) for path in files))
