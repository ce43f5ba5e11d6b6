"""Copies of a database, taken and put back by other tools than ours: a copied file, a PostgreSQL template."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from changeflow.storage.database import engine_for

Copy = Callable[[], Callable[[], None]]
"""Takes a copy, and returns what puts it back."""


def copier(db: str, folder: Path, request: pytest.FixtureRequest) -> Copy:
    """Return what takes copies of a database of either kind; `folder` is for those of a file."""

    def of_file() -> Callable[[], None]:
        file = Path(db.removeprefix("sqlite:///"))
        engine_for(db).dispose()
        shutil.copyfile(file, folder / "taken.db")

        def back() -> None:
            engine_for(db).dispose()
            shutil.copyfile(folder / "taken.db", folder / "put.db")
            (folder / "put.db").replace(file)

        return back

    def of_server() -> Callable[[], None]:
        name = db.partition("?")[0].rpartition("/")[2]

        def run(*statements: str) -> None:
            engine_for(db).dispose()
            with psycopg.connect(request.getfixturevalue("postgres"), autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement)

        run(f'CREATE DATABASE "{name}_copy" TEMPLATE "{name}"')
        return lambda: run(f'DROP DATABASE "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE "{name}_copy"')

    return of_file if db.startswith("sqlite") else of_server
