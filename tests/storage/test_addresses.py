"""An address is shown without its password, whatever the error."""

import logging
import re
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from changeflow import logs
from changeflow.addresses import shown
from changeflow.cli import app
from changeflow.errors import ChangeflowError, DatabaseDownError, DatabaseUrlError, OlderDatabaseError
from changeflow.settings import settings
from changeflow.storage.database import engine_for, read_scope, session_scope, upgrade
from changeflow.storage.tables.programme import ProgrammeRow
from changeflow.usecases import definitions
from changeflow.usecases.baselines import take_baseline
from changeflow.usecases.unit_of_work import Change
from tests.builders import a_folder
from tests.conftest import new_database

SECRET = "pl4nted"
PASSWORDS = [
    SECRET,
    f"{SECRET}@{SECRET}",
    f"{SECRET}/{SECRET}",
    f"{SECRET}%40x",
    f"a@{SECRET}",
    f"{SECRET}:{SECRET}",
    "",
]
NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://anna:secret@db.example.org:5432/change", "postgresql://anna:***@db.example.org:5432/change"),
        ("postgresql://anna:s@c/r?e@db.example.org/change", "postgresql://anna:***@db.example.org/change"),
        ("postgresql://anna@db.example.org/change", "postgresql://anna@db.example.org/change"),
        ("postgresql:///change?host=/tmp&password=secret", "postgresql:///change?host=/tmp&password=***"),
        ("postgresql://h/c?PASSWORD=secret&sslpassword=other", "postgresql://h/c?PASSWORD=***&sslpassword=***"),
        ("anna:secret@db.example.org/change", "anna:***@db.example.org/change"),
        ("postgresql:/anna:secret@db.example.org", "postgresql:***@db.example.org"),
        ("host=db user=anna password='se cret'", "host=db user=anna password=***"),
        ("sqlite+pysqlcipher://:secret@/change.db", "sqlite+pysqlcipher://:***@/change.db"),
        ("postgresql://anna:secret", "postgresql://anna:***"),
        ("postgresql://anna:12345", "postgresql://anna:***"),
        ("postgresql://anna:secret/change", "postgresql://anna:***"),
        ("postgresql://anna:se/c?r=et", "postgresql://anna:***"),
        ("postgresql://:secret", "postgresql://:***"),
        ("postgres:///anna:secret", "postgres:///anna:***"),
        ("postgresql://anna%3Asecret", "postgresql://anna%***"),
        ("postgresql//anna:secret", "postgresql//anna:***"),
        ("postgresql:anna:secret", "postgresql:***"),
        ("anna:secret", "anna:***"),
        ("postgresql://db.example.org:5432/change", "postgresql://db.example.org:5432/change"),
        ("postgresql://a:5432,[::1]:5433/change?user=anna", "postgresql://a:5432,[::1]:5433/change?user=anna"),
        ("postgresql://db/change?passw%6Frd=secret", "postgresql://db/change?passw%6Frd=***"),
        ("postgresql://db/change?token=secret&host=/tmp", "postgresql://db/change?token=***&host=/tmp"),
        ("host=db password='se\\'cr et'", "host=db password=***"),
        ("postgresql://anna/secret@db/change", "postgresql://anna***@db/change"),
        ("postgresql://anna;secret@db/change", "postgresql://anna***@db/change"),
        ("postgresql://anna secret@db/change", "postgresql://anna***@db/change"),
        ("postgresql://anna%3Asecret@db/change", "postgresql://anna***@db/change"),
        ("postgresql://anna@db:secret/change", "postgresql://anna***"),
        ("postgresql://anna@db;secret", "postgresql://anna***"),
        ("postgresql://db;secret/change", "postgresql://db***"),
        ("postgresql://db/change;secret", "postgresql://db***"),
        ("postgresql://db/change?host=anna:secret", "postgresql://db/change?host=***"),
        ("postgresql://db/change?secret", "postgresql://db***"),
        ("anna;secret", "anna***"),
        ("sqlite:///C:/people@work/change.db", "sqlite:///C:/people@work/change.db"),
        ("sqlite:///changeflow.db", "sqlite:///changeflow.db"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, expected: str):
    assert shown(url) == expected
    assert shown(shown(url)) == expected


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna/{}@127.0.0.1:1/change",
        "postgresql://anna;{}@127.0.0.1:1/change",
        "postgresql://anna {}@127.0.0.1:1/change",
        "postgresql://anna%3A{}@127.0.0.1:1/change",
        "postgresql://anna@127.0.0.1:{}/change",
        "postgresql://anna@nowhere.invalid;{}",
        "postgresql://anna@127.0.0.1:1/change;{}",
        "postgresql://127.0.0.1:1/change?host=anna:{}",
        "postgresql://anna@127.0.0.1:1/change?{}",
    ],
)
@pytest.mark.parametrize("password", [SECRET, "q7", f"{SECRET} {SECRET}", f"q7@{SECRET}"])
def test_a_password_in_the_wrong_place_is_shown_nowhere(url: str, password: str, tmp_path: Path):
    full = url.format(password)
    error, said = said_of(looked_at(full))
    assert isinstance(error, DatabaseUrlError)
    log = tmp_path / "log"
    with log.open("w") as stream:
        logs.begin("json", stream=stream)
        logs.log("trouble", error=str(error), text="no postgresql://anna:q7 q7@db/change, says the driver")
        logs.begin("off")
    for text in (said, log.read_text()):
        assert SECRET not in text
        assert "q7" not in text


def everything_said(error: BaseException) -> str:
    """Return an error as a person, a log or a traceback shows it."""
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


def said_of(act: Callable[[], object]) -> tuple[BaseException, str]:
    with pytest.raises(ChangeflowError) as caught:
        act()
    # A traceback quotes lines of this file, which have the variable's name but not its value.
    return caught.value, everything_said(caught.value)


def looked_at(url: str) -> Callable[[], object]:
    def look() -> None:
        with read_scope(url):
            pass

    return look


@pytest.mark.parametrize("password", PASSWORDS[:-1])
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:{}@127.0.0.1:1/change",
        "postgres://anna:{}@127.0.0.1:1/change",
        "postgresql://anna:{}@nowhere.invalid/change",
        "postgresql://127.0.0.1:1/change?user=anna&password={}",
        "postgresql://anna:{}@127.0.0.1:port/change",
        "postgresql:/anna:{}@127.0.0.1",
        "anna:{}@127.0.0.1/change",
        "mysql://anna:{}@127.0.0.1/change",
        "sqlite+pysqlcipher://:{}@/change.db",
        "postgresql+nothing://anna:{}@127.0.0.1/change",
        "postgresql+asyncpg://anna:{}@127.0.0.1:1/change",
        "postgresql+psycopg_async://anna:{}@127.0.0.1:1/change",
        "postgresql://anna:{}@127.0.0.1:1/change?bogus=1",
        "postgresql://anna@127.0.0.1:1/change?bogus={}",
        "postgresql://anna@127.0.0.1:1/change?passw%6Frd={}",
    ],
)
def test_an_error_about_an_address_never_has_its_password(url: str, password: str):
    full = url.format(password)
    error, said = said_of(looked_at(full))
    assert isinstance(error, DatabaseUrlError)
    assert SECRET not in said


@pytest.mark.parametrize("password", [p for p in PASSWORDS[:-1] if "@" not in p])
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:{}",
        "postgresql://anna:{}/change",
        "postgresql://anna:{}?sslmode=disable",
        "postgresql//anna:{}",
        "postgresql:///anna:{}",
        "postgresql:anna:{}",
        "anna:{}",
    ],
)
def test_an_error_about_an_address_without_a_host_never_has_its_password(url: str, password: str):
    error, said = said_of(looked_at(url.format(password)))
    assert isinstance(error, DatabaseUrlError)
    assert SECRET not in said


UNUSABLE = [
    "postgresql+asyncpg://anna@{place}",
    "postgresql+psycopg2://anna@{place}",
    "postgresql+psycopg_async://anna@{place}",
    "sqlite+aiosqlite:///change.db",
    "postgresql://anna@{place}?bogus=1",
    "postgresql://anna@{place}?PASSWORD=x",
    "postgresql://anna@{place}?autocommit=1",
    "postgresql://anna@{place}?row_factory=x",
    "postgresql://anna@{place}?prepare_threshold=x",
    "postgresql://anna@{place}?connect_timeout=soon",
    "postgresql://anna@{place}?port=x",
    "postgresql://anna@{place}?host=a&host=b:c",
    "postgresql://anna@{place}?sslmode=x",
    "postgresql://anna@{place}?keepalives=x",
    "postgresql://anna@" + "h" * 70 + "/change",
    "postgresql://anna@a..b/change",
    "postgresql://anna",
]
"""Addresses that no database can have; `place` is that of a server that accepts everyone."""


@pytest.mark.parametrize("url", UNUSABLE)
def test_an_address_that_cannot_be_used_is_a_clear_error_and_exit_4(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with a_server_that_refuses(b"I was asked") as port:
        full = url.format(place=f"127.0.0.1:{port}/change")
        for command in (["status"], ["db", "upgrade"]):
            result = CliRunner().invoke(app, [*command, "--db", full])
            assert result.exit_code == 4, f"{result.output} {result.exception!r}"
            assert "cannot be used" in result.stderr
            assert "I was asked" not in result.stderr


@contextmanager
def a_server_that_refuses(message: bytes) -> Iterator[int]:
    """A server that knows just enough of PostgreSQL's protocol to refuse everyone."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                with peer:
                    if peer.recv(1024)[4:8] == struct.pack("!i", 80877103):  # a request for TLS
                        peer.sendall(b"N")
                        peer.recv(1024)
                    fields = b"SFATAL\0VFATAL\0C28P01\0M" + message + b"\0\0"
                    peer.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_wrong_password_is_not_repeated():
    with a_server_that_refuses(b'password authentication failed for user "anna"') as port:
        error, said = said_of(looked_at(f"postgresql://anna:{SECRET}@127.0.0.1:{port}/change?gssencmode=disable"))
    assert isinstance(error, DatabaseDownError)
    assert "password authentication failed" in str(error)
    assert f"anna:***@127.0.0.1:{port}" in str(error)
    assert SECRET not in said


@pytest.fixture
def with_password(postgres: str) -> Iterator[str]:
    """A database that anyone may open, under an address with a password."""
    url = new_database(postgres)
    full = re.sub(r"://([^:@/]*)(:[^@/]*)?@", rf"://\1:{SECRET}@", url)
    assert SECRET in full
    yield full
    engine_for(full).dispose()


@pytest.mark.slow
class TestOnAServer:
    def test_an_error_about_a_missing_database_hides_the_password(self, with_password: str):
        missing = re.sub(r"/test_\w+", "/missing", with_password)
        error, said = said_of(looked_at(missing))
        assert "does not exist" in str(error)
        assert SECRET not in said

    def test_an_error_about_a_database_without_tables_hides_the_password(self, with_password: str):
        error, said = said_of(looked_at(with_password))
        assert "no tables yet" in str(error)
        assert SECRET not in said

    @pytest.mark.parametrize("version", ["0001", "9999"])
    def test_an_error_about_another_version_hides_the_password(self, with_password: str, version: str):
        upgrade(with_password)
        with engine_for(with_password).begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
        error, said = said_of(looked_at(with_password))
        assert version in str(error)
        assert SECRET not in said
        if isinstance(error, OlderDatabaseError):
            assert "changeflow db upgrade --db postgresql://" in str(error)

    @pytest.mark.thorough
    def test_an_error_about_a_busy_database_hides_the_password(
        self, with_password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        definitions.apply(a_folder(tmp_path / "trust"), db=with_password, actor="chief", now=NOW)
        monkeypatch.setattr("changeflow.storage.database.BUSY_SECONDS", 0.05)
        change = Change(db=with_password, programme=None, actor="chief", now=NOW, on=date(2027, 1, 4))
        with engine_for(with_password).begin() as connection:
            connection.execute(update(ProgrammeRow).values(revision=9))
            _, said = said_of(lambda: take_baseline("Agreed", change))
            connection.rollback()
        assert SECRET not in said

    def test_commands_and_logs_hide_the_password(
        self, with_password: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ):
        missing = re.sub(r"/test_\w+", "/missing", with_password)
        with (tmp_path / "log").open("w") as stream, caplog.at_level(logging.DEBUG):
            logs.begin("json", stream=stream)
            logs.log("trouble", text=f"{missing} and {missing}?password={SECRET}")
            for command in (["status"], ["db", "upgrade"], ["audit", "verify"], ["db", "backup", "x"], ["tick"]):
                done = CliRunner().invoke(app, [*command, "--db", missing])
                assert done.exit_code == 4, done.output
                assert SECRET not in done.output + done.stderr
            logs.begin("off")
        assert SECRET not in caplog.text
        assert SECRET not in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_help_and_settings_never_show_the_address_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHANGEFLOW_DB", f"postgresql://anna:{SECRET}@db.example.org/change")
    assert SECRET not in repr(settings()) + str(settings())
    for command in (["serve"], ["status"], ["apply"], ["tick"], ["db", "upgrade"], ["audit", "verify"], ["report"]):
        done = CliRunner().invoke(app, [*command, "--help"])
        assert SECRET not in done.output


def test_an_engine_does_not_show_its_password():
    engine = engine_for(f"postgresql://anna:{SECRET}@127.0.0.1:1/change")
    assert SECRET not in repr(engine) + str(engine.url) + repr(engine.pool)


def test_a_unit_of_work_does_not_show_the_address():
    change = Change(db=f"postgresql://anna:{SECRET}@h/c", programme=None, actor=None, now=NOW, on=date(2027, 1, 4))
    assert SECRET not in repr(change)


def test_a_failing_session_does_not_show_the_address():
    error, said = said_of(lambda: session_scope(f"postgresql://anna:{SECRET}@127.0.0.1:1/c").__enter__())
    assert isinstance(error, DatabaseDownError)
    assert SECRET not in said
