"""A copy of the database in memory, to try out what happens next: no one waits for it, and nothing in it is saved."""

import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Select, StaticPool, create_engine, event, func, insert, select
from sqlmodel import Session

from changeflow.storage import keys, sealing
from changeflow.storage.database import read_scope
from changeflow.storage.tables.every_table import metadata

LEFT_OUT: Mapping[str, str] = {
    "audit": "Nothing that is tried out is sealed.",
    "audit_fact": "Nothing that is tried out is sealed.",
    "data_request": "Requests about personal data decide nothing.",
    "draft": "A change that no one has published decides nothing.",
    "frozen_report": "Reports that were issued decide nothing.",
    "job": "Results of calculations decide nothing.",
    "ledger_pair": "Uploaded files decide nothing; the runs made of them do.",
    "odds": "How likely dates are decides nothing.",
    "session": "Who has signed in decides nothing.",
    "sign_in_link": "Who can sign in decides nothing.",
    "variance": "Individual differences decide nothing; their counts do.",
}
"""Tables that are not copied, and why. Some of them are large."""
LATEST = {"forecast": "programme_id"}
"""Tables of which only the last row of each programme counts."""
TOGETHER = 500
"""How many rows are copied at once."""


@contextmanager
def scratch_of(url: str) -> Iterator[Session]:
    """Open a session on a copy of what is stored now. It can be written to, and is gone afterwards."""
    engine = create_engine(
        # A unique name, because programmes kept in memory are identified by the name of their database.
        f"sqlite:///file:scratch-{secrets.token_hex(8)}?mode=memory&uri=true",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    try:
        with Session(engine) as copy:
            with read_scope(url) as source:
                metadata.create_all(copy.connection())
                _fill(copy.connection(), source)
                keys.lend(copy, keys.key_of(source))
            sealing.begin(copy)
            yield copy
            copy.rollback()
    finally:
        engine.dispose()


def _fill(copy: Connection, source: Session) -> None:
    for table in metadata.sorted_tables:
        if table.name in LEFT_OUT:
            continue
        query: Select[Any] = select(table)
        if (group := LATEST.get(table.name)) is not None:
            last = select(func.max(table.c.id)).group_by(table.c[group])
            query = query.where(table.c.id.in_(last))
        for rows in source.connection().execute(query).mappings().partitions(TOGETHER):
            copy.execute(insert(table), [dict(row) for row in rows])
