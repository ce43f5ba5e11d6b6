"""Invitations to checkpoints and calendars to subscribe to, read with icalendar and held against RFC 5545's form.

Go-live of wave 1 is on Monday 1 February 2027; its checkpoint begins ten working days later and takes a day: the 15th.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from changeflow.agenda.due import Answer, AnswerKind
from changeflow.delivery.message import Message, as_email
from changeflow.errors import UnknownThingError
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.storage import answers, facts, versions
from changeflow.storage.database import engine_for, session_scope
from changeflow.usecases import calendar_feeds, definitions, dispatch, ticks
from changeflow.values.moments import minute_of
from tests.builders import SERVICE, Postbox, a_folder

GO_LIVE, CHECKPOINT = "payroll/w1/go-live", "payroll/w1/checkpoint"


@pytest.fixture
def live(sqlite: str, tmp_path: Path) -> Iterator[str]:
    """The small programme, with go-live of wave 1 done, and the lead as owner of its checkpoint."""
    service = SERVICE + "tasks:\n  checkpoint: {owner: lead}\n"
    definitions.apply(a_folder(tmp_path / "trust", service=service), db=sqlite, actor="chief", now=at(1, 4))
    goes_live(sqlite, date(2027, 2, 1))
    yield sqlite
    engine_for(sqlite).dispose()


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=UTC)


def goes_live(db: str, day: date) -> None:
    minute = minute_of(datetime(day.year, day.month, day.day))
    with session_scope(db) as session:
        progress = TaskProgress(actual_start=minute, actual_finish=minute)
        facts.add_progress(session, "small", GO_LIVE, progress, at=at(2, 1), by="lead")
        versions.touch(session, "small")


def sent_on(db: str, month: int, day: int) -> list[Message]:
    postbox = Postbox()
    ticks.tick(db=db, now=at(month, day, 7))
    dispatch.dispatch(db=db, now=at(month, day), channel=postbox)
    return [m for m in postbox.sent if m.invitations]


def event_in(content: bytes) -> tuple[str, Any]:
    calendar = Calendar.from_ical(content)
    [event] = calendar.walk("VEVENT")
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/London"]
    return str(calendar["METHOD"]), event


def assert_has_the_form_of_rfc_5545(content: bytes) -> None:
    """Lines end in CRLF and are folded at 75 octets (3.1); nothing is left open (3.6)."""
    assert content.endswith(b"\r\n")
    lines = content.split(b"\r\n")[:-1]
    assert all(b"\n" not in line and b"\r" not in line and len(line) <= 75 for line in lines)
    opened: list[bytes] = []
    for line in lines:
        if line.startswith(b"BEGIN:"):
            opened.append(line[6:])
        elif line.startswith(b"END:"):
            assert opened.pop() == line[4:]
    assert not opened


@pytest.mark.thorough
@pytest.mark.slow
def test_a_checkpoint_is_invited_to_moved_and_withdrawn(live: str):
    [message] = sent_on(live, 2, 2)
    method, event = event_in(message.invitations[0])
    assert (method, event["SEQUENCE"], event["STATUS"]) == ("REQUEST", 0, "CONFIRMED")
    assert str(event["UID"]) == "payroll-w1-checkpoint.small@changeflow"
    begins = event["DTSTART"].dt
    assert begins == datetime(2027, 2, 15, 10, tzinfo=ZoneInfo("Europe/London"))
    assert event["DTEND"].dt - begins == timedelta(hours=1)
    assert str(event["ORGANIZER"]) == "mailto:office@example.org"
    assert str(event["ATTENDEE"]) == "mailto:lead@example.org"
    assert "Monday 15 February at 10am" in message.text
    assert_has_the_form_of_rfc_5545(message.invitations[0])
    assert sent_on(live, 2, 3) == [], "once is enough"

    # Payroll went live a week later than was said: the checkpoint moves, and so does what stands in the calendar.
    goes_live(live, date(2027, 2, 8))
    [moved] = sent_on(live, 2, 9)
    method, event = event_in(moved.invitations[0])
    assert (method, event["SEQUENCE"], event["DTSTART"].dt.date()) == ("REQUEST", 1, date(2027, 2, 22))
    assert str(event["UID"]) == "payroll-w1-checkpoint.small@changeflow"
    assert "(moved to Mon 22 Feb)" in moved.subject

    # It is passed on: the one calendar loses it, the other gets it, each counting by itself.
    with session_scope(live) as session:
        said = Answer(
            person="lead", subject=CHECKPOINT, due_on=date(2027, 2, 22), kind=AnswerKind.DELEGATED,
            on=date(2027, 2, 10), to="chief",
        )  # fmt: skip
        answers.add_answer(session, "small", said, text=None, at=at(2, 10, 6))
        versions.touch(session, "small")
    both = {m.to_address: event_in(m.invitations[0]) for m in sent_on(live, 2, 10)}
    method, event = both["lead@example.org"]
    assert (method, event["SEQUENCE"], event["STATUS"]) == ("CANCEL", 2, "CANCELLED")
    method, event = both["chief@example.org"]
    assert (method, event["SEQUENCE"], event["DTSTART"].dt.date()) == ("REQUEST", 0, date(2027, 2, 22))
    assert sent_on(live, 2, 11) == []


@pytest.mark.slow
def test_a_checkpoint_that_moves_back_is_news_as_well(live: str):
    days = []
    for said, go_live in ((2, 1), (9, 8), (12, 1)):
        goes_live(live, date(2027, 2, go_live))
        [message] = sent_on(live, 2, said)
        _, event = event_in(message.invitations[0])
        days.append((event["SEQUENCE"], event["DTSTART"].dt.day))
    assert days == [(0, 15), (1, 22), (2, 15)]


@pytest.mark.slow
def test_an_invitation_is_a_part_of_its_own_that_mail_programs_know(live: str):
    [message] = sent_on(live, 2, 2)
    mail = message_from_bytes(as_email(message).as_bytes(), policy=policy.default)
    [part] = mail.iter_attachments()
    assert part.get_content_type() == "text/calendar"
    assert (part["Content-Type"].params["method"], part.get_filename()) == ("REQUEST", "checkpoint.ics")
    content = part.get_content()
    assert Calendar.from_ical(content).walk("VEVENT")
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == message.text


@pytest.mark.slow
def test_a_calendar_holds_ones_own_dates_in_summer_time_as_well(live: str):
    goes_live(live, date(2027, 3, 22))
    content = calendar_feeds.feed_for("lead", db=live, programme=None, now=at(3, 23))
    assert_has_the_form_of_rfc_5545(content)
    calendar = Calendar.from_ical(content)
    assert (str(calendar["METHOD"]), str(calendar["X-WR-CALNAME"])) == ("PUBLISH", "A small programme")
    events = {str(e["UID"]): e for e in calendar.walk("VEVENT")}
    begins = events["payroll-w1-checkpoint.small@changeflow"]["DTSTART"].dt
    # Easter lies between; British Summer Time begins on 28 March.
    assert (begins.date(), begins.hour, begins.utcoffset()) == (date(2027, 4, 7), 10, timedelta(hours=1))
    assert b"chief@" not in content
    assert b"mailto:" not in content
    with pytest.raises(UnknownThingError, match="leda"):
        calendar_feeds.feed_for("leda", db=live, programme=None, now=at(3, 23))
