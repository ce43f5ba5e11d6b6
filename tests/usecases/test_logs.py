"""Logs say what was done in ids and counts; no one's address, name, link or word is in them."""

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from changeflow import logs
from changeflow.agenda.due import AnswerKind
from changeflow.delivery.channels import DELIVERED, Receipt, Sent
from changeflow.errors import InputError
from changeflow.usecases import definitions, dispatch, link_answers, ticks
from changeflow.usecases.answer_recording import Given
from tests.builders import SERVICE, Postbox, a_folder

OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.begin("json", stream=stream)
    yield stream
    logs.begin("off")


@pytest.mark.slow
def test_what_was_done_is_told_without_people(sqlite: str, tmp_path: Path, written: io.StringIO):
    def at(hour: int, minute: int = 0) -> datetime:
        return datetime(2027, 1, 8, hour, minute, tzinfo=UTC)

    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=at(6))
    ticks.tick(db=sqlite, now=at(8))
    careless = "smtp://office:hunter2@mail.example.org said 451 to <lead@example.org>, see https://x.org/a/" + "t" * 43
    postbox = Postbox(Receipt(Sent.LATER, careless), DELIVERED)
    dispatch.dispatch(db=sqlite, now=at(9), channel=postbox)
    dispatch.dispatch(db=sqlite, now=at(9, 10), channel=postbox)
    token = re.findall(r"/a/(\S+)", postbox.sent[-1].text)[0]
    given = Given(kind=AnswerKind.BLOCKED, text="The supplier's Ms Example is ill")
    link_answers.answer(token, given, db=sqlite, now=at(10))

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    said = [(line["event"], line.get("state") or line.get("kind") or line.get("sent")) for line in lines]
    assert said == [("database", "first seen"), ("tick", None), ("message", "put off"), ("dispatch", 0),
                    ("message", "sent"), ("dispatch", 1), ("answer", "blocked")]  # fmt: skip
    assert all(line["timestamp"] and line["level"] == "info" for line in lines)
    for secret in ("@example", "hunter2", token, "t" * 43, "supplier", "Ms Example", "Director"):
        assert secret not in written.getvalue()
    assert "said 451 to <…>" in lines[2]["error"]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://anna:hunter2@db.example.org/change",
        "postgresql://anna:hunter2",
        "postgresql://anna:hunter2/change",
        "postgresql://anna:hun/ter2@db",
        "postgresql://anna:12345@db/hunter2",
        "postgresql://db/change?password=hunter2",
    ],
)
def test_an_address_has_no_password_however_it_is_written(written: io.StringIO, address: str):
    logs.log("trouble", text=f"The server {address} said no; see http://127.0.0.1:8000/health")
    for secret in ("hunter2", "ter2", "12345"):
        assert secret not in written.getvalue()
    assert "said no; see http://127.0.0.1:8000/health" in written.getvalue()


def test_nothing_is_written_unless_it_is_asked_for(capsys: pytest.CaptureFixture[str]):
    logs.log("something", count=1)
    assert capsys.readouterr() == ("", "")


def test_an_unknown_form_is_named():
    with pytest.raises(InputError, match="Write off, json or plain"):
        logs.begin("xml")
