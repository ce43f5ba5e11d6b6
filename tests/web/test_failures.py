"""Every failure has a page: a database that is busy, wrong or missing, and errors of our own."""

import io
import json
import logging
import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import update

from changeflow import logs
from changeflow.errors import DatabaseBusyError, NewerDatabaseError
from changeflow.storage.database import engine_for
from changeflow.storage.tables.programme import ProgrammeRow
from changeflow.web.app import make_app
from tests.builders import a_folder
from tests.quick import quick_first
from tests.stored import store_once
from tests.web.asking import (
    ANSWER,
    CHOOSE,
    NOW,
    OWNED,
    ROUTES,
    asking,
    assert_is_guarded,
    failing,
    ours,
    sent_to,
    title,
)

pytestmark = pytest.mark.both_databases

UNUSABLE = {
    "unreachable": "postgresql://anna:pl4nted@127.0.0.1:1/change",
    "with an unknown option": "postgresql://anna:pl4nted@127.0.0.1:1/change?bogus=1",
    "with an unusable value": "postgresql://anna:pl4nted@127.0.0.1:1/change?connect_timeout=soon",
    "of another driver": "postgresql+asyncpg://anna:pl4nted@127.0.0.1:1/change",
    "cut short": "postgresql://anna:pl4nted",
}


class TestADatabaseThatIsNotAvailable:
    @pytest.mark.parametrize(("method", "path"), ROUTES)
    @pytest.mark.parametrize("error", [DatabaseBusyError(), NewerDatabaseError("9999")], ids=["busy", "newer"])
    def test_gives_a_503_that_says_when_to_try_again(
        self, sqlite: str, method: str, path: str, error: Exception, monkeypatch: pytest.MonkeyPatch
    ):
        with failing(monkeypatch, error):
            answer = asking(sqlite)(method, path, data={"answer": "done"} if method == "POST" else None)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "Traceback" not in answer.text
        if path not in ("/health", "/metrics"):
            assert "We have not saved any changes" in answer.text

    @pytest.mark.usual(18)
    @pytest.mark.parametrize(("method", "path"), ROUTES)
    @pytest.mark.parametrize("what", quick_first(3, ["gone", "foreign", "older", *UNUSABLE]))
    def test_gives_a_503_whatever_is_wrong_with_it(
        self, sqlite: str, tmp_path: Path, method: str, path: str, what: str
    ):
        store_once(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=NOW)
        engine_for(sqlite).dispose()
        file = tmp_path / "test.db"
        if what == "gone":
            file.rename(tmp_path / "elsewhere.db")
        elif what == "foreign":
            for side in tmp_path.glob("test.db-*"):
                side.unlink()
            file.write_bytes(b"This is a letter. " * 500)
        elif what == "older":
            with sqlite3.connect(file) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '0001'")
            connection.close()
        answer = asking(UNUSABLE.get(what, sqlite))(method, path, data={"answer": "done"} if method == "POST" else None)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "pl4nted" not in answer.text
        assert str(tmp_path) not in answer.text
        assert_is_guarded(answer)

    @pytest.mark.slow
    def test_readers_are_served_while_the_database_is_busy_for_writers(
        self, linked: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("changeflow.storage.database.BUSY_SECONDS", 0.05)
        engine_for(linked).dispose()
        ask = asking(linked)
        with engine_for(linked).begin() as connection:
            connection.execute(update(ProgrammeRow).values(revision=99))
            busy = ask("POST", f"/a/{ANSWER}", data={"answer": "acknowledged"})
            assert (busy.status_code, title(busy)) == (503, "The service is busy")
            assert ask("GET", f"/a/{ANSWER}").status_code == 200
            assert ask("GET", f"/u/{CHOOSE}").status_code == 200
            connection.rollback()
        # The link can still be used.
        assert ask("POST", f"/a/{ANSWER}", data={"answer": "acknowledged"}).status_code == 200


class TestAnErrorOfOurOwn:
    def test_shows_only_a_reference_that_is_in_the_log(
        self, sqlite: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        stream = io.StringIO()
        logs.begin("json", stream=stream)
        try:
            with failing(monkeypatch, ValueError("lead@example.org said pl4nted")), caplog.at_level(logging.DEBUG):
                answer = asking(sqlite)("GET", f"/a/{ANSWER}")
        finally:
            logs.begin("off")
        assert answer.status_code == 500
        reference = re.search(r"this reference: ([0-9A-F]{8})\.", answer.text)
        assert reference is not None
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        [failure] = [line for line in lines if line["event"] == "failure"]
        assert failure["reference"] == reference[1]
        assert failure["error"] == "ValueError"
        assert "links.py" in failure["at"]
        everything = answer.text + stream.getvalue() + ours(caplog)
        for secret in ("pl4nted", "lead@example.org", ANSWER, "Traceback"):
            assert secret not in everything

    @pytest.mark.slow
    def test_is_not_logged_when_a_reader_loses_their_connection(self, linked: str):
        stream = io.StringIO()
        logs.begin("json", stream=stream)
        half = {"type": "http.request", "body": b"answer=", "more_body": True}
        app = make_app(linked, clock=lambda: NOW)
        try:
            assert sent_to(app, "POST", f"/a/{ANSWER}", [half, {"type": "http.disconnect"}]) == []
        finally:
            logs.begin("off")
        [line] = [json.loads(line) for line in stream.getvalue().splitlines()]
        assert (line["event"], line["status"]) == ("request", 0)

    def test_is_written_to_stderr_where_logs_are_off(
        self, sqlite: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        with failing(monkeypatch, KeyError("x")):
            answer = asking(sqlite)("POST", f"/u/{CHOOSE}")
        reference = re.search(r"this reference: ([0-9A-F]{8})\.", answer.text)
        assert reference is not None
        assert reference[1] in capsys.readouterr().err
