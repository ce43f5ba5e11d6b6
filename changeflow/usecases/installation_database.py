"""Checks of the database: its version and content, who can read it, the key, backups, state folder and anchor."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from changeflow.errors import (
    DatabaseError,
    InputError,
    KeyFileError,
    NewerDatabaseError,
    OlderDatabaseError,
)
from changeflow.files import check_ordinary
from changeflow.phrases import listed
from changeflow.storage import keys, presence, sandbox, structure, versions
from changeflow.storage.backup import check_whole
from changeflow.storage.custody import MachineState
from changeflow.storage.database import head_version, is_sqlite, read_scope, rolled_back, sqlite_path
from changeflow.storage.sqlite_file import MAGIC, sidecars
from changeflow.usecases.installation import CheckOutcome, Installation, attention, fine, unchecked, worth_knowing
from changeflow.values.duration import counted

NEWEST_COPY = timedelta(hours=26)
"""The greatest age of the newest copy: a day, and two hours for a timer that runs late."""
TO_OTHERS = 0o077
"""Rights of other accounts: to read, write or run."""
READ_OR_WRITE, ENTER = 0o066, 0o011
HOUR = 3600


def database_can_be_read(installation: Installation) -> Iterator[CheckOutcome]:
    """Open the database as pages do, and compare its version with this changeflow's."""
    db = installation.db
    if is_sqlite(db) and not sqlite_path(db).exists():
        yield attention(
            f"There is no database at '{sqlite_path(db)}' yet.",
            "Store your first programme: changeflow apply DIR. Or set CHANGEFLOW_DB to the right address.",
        )
        return
    try:
        with read_scope(db) as session:
            names = versions.programme_ids(session)
            is_standby = (
                not is_sqlite(db) and session.connection().exec_driver_sql("SELECT pg_is_in_recovery()").scalar()
            )
    except OlderDatabaseError as error:
        yield attention(
            str(error).partition(". ")[0] + ".",
            "Back it up, stop the pages and the flows, then run: changeflow db upgrade",
        )
    except NewerDatabaseError as error:
        yield attention(str(error), "Install the version of changeflow that the database belongs to, or a later one.")
    except DatabaseError as error:
        yield attention(str(error))
    else:
        if is_standby:
            yield attention(
                "The server is a standby, which saves nothing.", "Set CHANGEFLOW_DB to the address of the main server."
            )
            return
        stored = f"It holds {listed(names)}" if names else "It holds no programme yet"
        yield fine(f"The database can be read and has this changeflow's version ({head_version()}). {stored}.")


def database_is_whole(installation: Installation) -> Iterator[CheckOutcome]:
    """Check SQLite's pages and references, and on both kinds of database the structure of the tables."""
    remedy = "Keep the damaged database, and restore a backup: changeflow db restore FILE"
    with read_scope(installation.db) as session:
        connection = session.connection()
        if is_sqlite(installation.db):
            raw = connection.connection.dbapi_connection
            try:
                check_whole(raw, sqlite_path(installation.db))  # type: ignore[arg-type]  # the driver's own
            except InputError as error:
                yield attention(str(error), remedy)
                return
        odd = structure.differences(connection)
    for fault in odd:
        yield attention(
            f"The tables are not as changeflow makes them: {fault.what}.", "Find out who did it and undo it."
        )
    if not odd:
        yield fine("The database is whole. To check every entry of the audit: changeflow audit verify")


def database_can_be_written(installation: Installation) -> Iterator[CheckOutcome]:
    """Begin a change and undo it: another process may keep the lock, and the disk may be read-only."""
    others = presence.users(sqlite_path(installation.db)) if is_sqlite(installation.db) else []
    named = f" It is open by {listed(others)}." if others else ""
    try:
        with rolled_back(installation.db) as session:
            versions.programme_ids(session)
    except DatabaseError as error:
        yield attention(f"{error}{named}", "If the lock stays, stop the process that keeps it.")
        return
    yield fine(f"No process blocks changes to the database.{named}")


def files_are_private(installation: Installation) -> Iterator[CheckOutcome]:
    """Check who owns an SQLite file and its log, and who else can read them."""
    if not is_sqlite(installation.db):
        yield unchecked("The database server decides who can read the database. Check its accounts and pg_hba.conf.")
        return
    file = sqlite_path(installation.db).resolve()
    there = [path for path in (file, *sidecars(file)) if path.exists()]
    folder = file.parent.stat().st_mode
    others = [str(path) for path in there if path.stat().st_mode & READ_OR_WRITE and folder & ENTER]
    owner = file.stat().st_uid
    if others:
        yield attention(
            f"Other accounts on this machine can read the database, which has personal data: {listed(others)}.",
            f"chmod 600 {' '.join(others)}",
        )
    if hasattr(os, "getuid") and owner != os.getuid():
        yield attention(
            f"The database belongs to account number {owner}, but this command runs as {os.getuid()}.",
            "Run changeflow as the account that the service uses.",
        )
    if not os.access(file.parent, os.W_OK):
        yield attention(
            f"This account cannot write to '{file.parent}', so nothing can be saved.",
            "Give the account that runs changeflow the right to write there.",
        )
    elif not others and (not hasattr(os, "getuid") or owner == os.getuid()):
        yield fine("Only the account that runs changeflow can read the database.")


def key_fits(installation: Installation) -> Iterator[CheckOutcome]:
    """Check that the key file is there, private and this database's. A missing one is not made."""
    remedy = (
        "Put back the copy of the key that you keep apart from the backups, or set CHANGEFLOW_KEY_FILE to its path."
    )
    try:
        file = keys.key_file(installation.db)
        with read_scope(installation.db) as session:
            is_bound, is_there = keys.is_bound(session), keys.held_for(session) is not None
    except KeyFileError as error:
        yield attention(f"The key file {error.what}.", remedy)
        return
    if not is_there:
        if is_bound:
            yield attention(f"The key file '{file}' is missing. Nothing is sent without it.", remedy)
        else:
            yield fine(f"There is no key yet. changeflow makes it when it first needs one: '{file}'.")
        return
    mode = file.stat().st_mode
    if mode & TO_OTHERS:
        yield attention(f"Other accounts on this machine can use the key file '{file}'.", f"chmod 600 {file}")
    elif installation.backups is not None and file.resolve().is_relative_to(installation.backups.resolve()):
        yield attention(
            f"The key file '{file}' is in the folder of the backups: a thief would have both.",
            "Keep the key, and the copy of it, in another place than the backups.",
        )
    else:
        yield fine(f"Only its owner can read the key file '{file}', and it belongs to this database.")


def backup_is_recent(installation: Installation) -> Iterator[CheckOutcome]:
    """Look for the newest copy in the folder of the backups."""
    with read_scope(installation.db) as session:
        is_sandbox = sandbox.is_sandbox(session)
    if is_sandbox:
        yield fine("This database is a sandbox, so it needs no backup.")
        return
    if not is_sqlite(installation.db):
        yield unchecked(
            "PostgreSQL has its own backup tools, such as pgBackRest. Check there when the last one was made."
        )
        return
    folder = installation.backups
    remedy = "Copy the database on a timer, with: changeflow db backup FILE (docs/deploying.md has the timer)."
    if folder is None:
        yield attention(
            "No backups are known: CHANGEFLOW_BACKUPS does not name the folder with the copies.",
            f"{remedy} Then set CHANGEFLOW_BACKUPS to the folder.",
        )
        return
    own = sqlite_path(installation.db).resolve()
    times = [path.stat().st_mtime for path in _copies(folder) if path.resolve() != own]
    if not times:
        yield attention(f"There is no copy of a database in '{folder}'.", remedy)
        return
    age = installation.clock().timestamp() - max(times)
    hours = counted(int(age // HOUR), "hour")
    if age > NEWEST_COPY.total_seconds():
        yield attention(f"The newest copy in '{folder}' is {hours} old.", remedy)
    else:
        yield fine(f"The newest copy in '{folder}' is {hours} old. Keep another one on a different machine.")


def _copies(folder: Path) -> Iterator[Path]:
    """Yield the complete databases in a folder; unfinished copies have names that begin with a dot."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            with path.open("rb") as opened:
                if opened.read(len(MAGIC)) == MAGIC:
                    yield path


def state_folder_lasts(installation: Installation) -> Iterator[CheckOutcome]:
    """Check the folder that lets this machine notice a restored database."""
    state = MachineState(installation.db)
    nearest = next(p for p in (state.folder, *state.folder.resolve().parents) if p.exists())
    if not os.access(nearest, os.W_OK):
        yield attention(
            f"This account cannot write to the state folder '{state.folder}'. Without it, nothing is sent.",
            "Give the account that runs changeflow the right to write there, or set CHANGEFLOW_STATE.",
        )
    elif installation.backups is not None and state.folder.resolve().is_relative_to(installation.backups.resolve()):
        yield attention(
            f"The state folder '{state.folder}' is in the folder of the backups. If both are restored, no one notices.",
            "Name a folder outside it in CHANGEFLOW_STATE.",
        )
    else:
        # A damaged record raises an error that says what to do.
        state.seen()
        yield fine(f"The state folder is '{state.folder}'. Put it on a disk that lasts.")


def anchor_is_there(installation: Installation) -> Iterator[CheckOutcome]:
    """Check that the audit has an anchor which this account can write to."""
    if not installation.anchor:
        yield worth_knowing(
            "The audit has no anchor, so no one can tell whether its last entries were removed.",
            "Set CHANGEFLOW_ANCHOR to a file on another disk or machine, then run: changeflow audit anchor --as PERSON",
        )
        return
    file = Path(installation.anchor)
    with read_scope(installation.db) as session:
        names = versions.programme_ids(session)
    try:
        check_ordinary(file)
        size = file.stat().st_size
    except FileNotFoundError:
        size = 0
    except OSError as error:
        yield attention(f"The anchor '{file}' cannot be used: {error.strerror}.", "Name an ordinary file.")
        return
    if names and not size:
        yield attention(
            f"The anchor '{file}' is missing or empty, so every change is refused.",
            "Put it back from a copy. If this is your first anchor, run: changeflow audit anchor --as PERSON",
        )
    elif not os.access(file if file.exists() else file.parent, os.W_OK):
        yield attention(
            f"This account cannot write to the anchor '{file}', so every change is refused.",
            "Give the account that runs changeflow the right to write to it.",
        )
    else:
        yield fine(f"The audit is anchored in '{file}'.")
