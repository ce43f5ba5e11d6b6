"""Engines that many tests open one after the other: they wait for no disk, and share the statements they compiled."""

import functools
import os
import sqlite3

import pytest
from sqlalchemy import Engine, create_engine, event

from changeflow.storage import covered, database

_COMPILED: dict[str, Engine] = {}
"""One engine of each kind of database, of which the others take over what it has compiled."""


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Let no commit and no file wait for the disk: a killed process loses nothing, and no test pulls the plug."""
    set_up = database._set_up_sqlite

    @functools.wraps(set_up)
    def hurried(engine: Engine) -> None:
        set_up(engine)
        event.listen(engine, "connect", _do_not_wait)

    patch.setattr(database, "_set_up_sqlite", hurried)
    patch.setattr(os, "fsync", lambda _descriptor: None)


def share_statements(patch: pytest.MonkeyPatch) -> None:
    """Compile each statement once a session: for a database of a test's own that takes as long as to run them."""
    listen = covered.listen

    def share(engine: Engine) -> None:
        listen(engine)
        if compiled := _COMPILED.get(engine.dialect.name):
            # Connections are made by what the engine was created with, so the events of each stay its own.
            engine.dialect, engine._compiled_cache = compiled.dialect, compiled._compiled_cache

    # `engine_for` calls it last.
    patch.setattr(covered, "listen", share)
    share_with("sqlite://")


def share_with(url: str) -> None:
    """Take over from an engine of this kind what later ones compile."""
    engine = create_engine(url)
    with engine.connect():
        # A dialect knows its server from the first connection on.
        _COMPILED[engine.dialect.name] = engine
    engine.dispose()


def _do_not_wait(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
