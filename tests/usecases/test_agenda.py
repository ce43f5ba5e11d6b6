"""What is due, the outbox and its delivery: nothing twice, nothing lost, nobody pestered.

The small programme starts on Monday 4 January 2027; its requirements take five days, to Friday the 8th. They are the
lead's. T-5 working days lies in the old year, T is the 8th, T+2 the 12th, T+5 the 15th, T+10 the 22nd.
"""

import smtplib
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.delivery.channels import FileChannel
from changeflow.delivery.message import Message
from changeflow.reports.sro import build_sro
from changeflow.storage import agenda as outbox
from changeflow.storage.database import session_scope
from changeflow.storage.tables.agenda import DueRow, NudgeRow
from changeflow.usecases import agenda, facts
from changeflow.usecases import apply as storing
from changeflow.usecases.facts import Change
from changeflow.usecases.stored import load
from tests.builders import PATHWAY, SERVICE, a_folder

OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n  delegation: {owner: lead}\n"


class Postbox:
    """A channel that keeps what it is given, and fails when it is told to."""

    name = "postbox"

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.is_broken = False

    def send(self, message: Message) -> None:
        if self.is_broken:
            raise smtplib.SMTPServerDisconnected("gone")
        self.sent.append(message)


def moment(day: int, hour: int = 7, month: int = 1) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=UTC)


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    storing.apply(a_folder(tmp_path / "trust", service=OWNED), db=db, actor="chief", now=moment(4))
    return db


def rows(db: str) -> list[tuple[str, int, str | None]]:
    with session_scope(db) as session:
        return [(r.subject, r.rung, r.person) for r in session.exec(select(DueRow).order_by(DueRow.id))]  # type: ignore[arg-type]


def finish(db: str, task: str, day: int, month: int = 1) -> None:
    on = date(2027, month, day)
    change = Change(db=db, programme=None, actor="lead", now=moment(day, month=month), on=on)
    facts.finish_task(task, on, None, change)


def test_a_tick_run_twice_writes_nothing_the_second_time(stored: str):
    [first] = agenda.tick(db=stored, now=moment(8))
    [second] = agenda.tick(db=stored, now=moment(8))
    assert (first.due, first.new) == (1, 1)
    assert (second.due, second.new) == (1, 0)
    assert rows(stored) == [("payroll/requirements", 1, "lead")]
    with session_scope(stored) as session:
        assert len(session.exec(select(NudgeRow)).all()) == 1


def test_after_missed_days_only_the_highest_rung_goes(stored: str):
    agenda.tick(db=stored, now=moment(5))
    # Friday to Tuesday the tick did not run: due on the 8th and the reminder of the 12th have passed.
    agenda.tick(db=stored, now=moment(13))
    assert rows(stored) == [("payroll/requirements", 0, "lead"), ("payroll/requirements", 2, "lead")]


def test_the_ladder_ends_with_the_manager_and_the_report(stored: str):
    for day in (5, 8, 12, 15, 22):
        agenda.tick(db=stored, now=moment(day))
    assert rows(stored) == [
        ("payroll/requirements", 0, "lead"),
        ("payroll/requirements", 1, "lead"),
        ("payroll/requirements", 2, "lead"),
        ("payroll/requirements", 3, "chief"),
        ("payroll/requirements", 4, None),
    ]
    with session_scope(stored) as session:
        report = build_sro(load(session, None, on=date(2027, 1, 22)).judged, today=date(2027, 1, 22))
    assert report.late == ("Payroll: requirements: due on 8 Jan 2027, with the Director of People.",)


def test_nobody_is_reminded_of_what_cannot_begin_yet(stored: str):
    agenda.tick(db=stored, now=moment(15))
    assert {subject for subject, _, _ in rows(stored)} == {"payroll/requirements"}
    finish(stored, "payroll/requirements", 15)
    agenda.tick(db=stored, now=moment(18))
    assert ("payroll/delegation", 0, "lead") in rows(stored)


def test_a_due_day_that_moves_arms_the_ladder_again(stored: str, tmp_path: Path):
    agenda.tick(db=stored, now=moment(8))
    longer = OWNED.replace("requirements: {owner: lead}", "requirements: {owner: lead, duration: 6d}")
    storing.apply(a_folder(tmp_path / "trust", service=longer), db=stored, actor="chief", now=moment(8))
    agenda.tick(db=stored, now=moment(11))
    with session_scope(stored) as session:
        due = [(r.rung, r.due_on) for r in session.exec(select(DueRow).order_by(DueRow.id))]  # type: ignore[arg-type]
    assert due == [(1, date(2027, 1, 8)), (1, date(2027, 1, 11))]


def test_a_message_is_sent_once(stored: str):
    agenda.tick(db=stored, now=moment(8))
    postbox = Postbox()
    assert agenda.dispatch(db=stored, now=moment(8, 9), channel=postbox).sent == 1
    assert agenda.dispatch(db=stored, now=moment(8, 10), channel=postbox).sent == 0
    [message] = postbox.sent
    assert message.to_address == "lead@example.org"
    assert message.subject == "Due today: Payroll: requirements"
    assert "More time for students" in message.text
    assert "More time for students" in message.html
    assert message.text.count("mailto:office@example.org") == 1
    assert message.html.count("<a ") == 1


def test_what_is_done_by_then_is_withdrawn(stored: str):
    agenda.tick(db=stored, now=moment(8))
    finish(stored, "payroll/requirements", 8)
    postbox = Postbox()
    outcome = agenda.dispatch(db=stored, now=moment(8, 9), channel=postbox)
    assert (outcome.withdrawn, outcome.sent, postbox.sent) == (1, 0, [])


def test_a_failure_is_tried_again_with_the_same_message_id(stored: str):
    agenda.tick(db=stored, now=moment(8))
    postbox = Postbox()
    postbox.is_broken = True
    assert agenda.dispatch(db=stored, now=moment(8, 9), channel=postbox).failed == 1
    with session_scope(stored) as session:
        row = session.exec(select(NudgeRow)).one()
        assert (row.attempts, row.error) == (1, "SMTPServerDisconnected: gone")
        expected = row.message_id
    postbox.is_broken = False
    assert agenda.dispatch(db=stored, now=moment(8, 10), channel=postbox).sent == 1
    assert postbox.sent[0].message_id == expected


def test_a_worker_that_dies_gives_its_claim_back_when_the_lease_ends(stored: str):
    agenda.tick(db=stored, now=moment(8))
    now, lease = moment(8, 9), timedelta(minutes=10)
    with session_scope(stored) as session:
        [nudge] = outbox.waiting(session, now=now)
        assert outbox.claim(session, nudge.id, worker="dead", now=now, lease=lease)
        assert not outbox.claim(session, nudge.id, worker="other", now=now, lease=lease)
    postbox = Postbox()
    assert agenda.dispatch(db=stored, now=now + timedelta(minutes=5), channel=postbox).sent == 0
    assert agenda.dispatch(db=stored, now=now + timedelta(minutes=11), channel=postbox).sent == 1


def test_a_person_gets_one_message_a_day(stored: str):
    finish(stored, "payroll/requirements", 8)
    agenda.tick(db=stored, now=moment(8))
    # With the requirements done, five tasks of the lead's begin on Monday and are due on the 15th.
    postbox = Postbox()
    outcome = agenda.dispatch(db=stored, now=moment(8, 9), channel=postbox)
    assert (outcome.sent, outcome.held) == (1, 4)
    assert agenda.dispatch(db=stored, now=moment(8, 12), channel=postbox).sent == 0
    assert agenda.dispatch(db=stored, now=moment(11, 9), channel=postbox).sent == 1
    assert len({m.message_id for m in postbox.sent}) == 2


def test_a_preview_sends_nothing(stored: str):
    agenda.tick(db=stored, now=moment(8))
    assert [m.to_address for m in agenda.preview(db=stored, now=moment(8, 9))] == ["lead@example.org"]
    assert agenda.dispatch(db=stored, now=moment(8, 9), channel=Postbox()).sent == 1


def test_whoever_decides_is_told_what_the_evidence_says_and_their_manager_is_not(db: str, tmp_path: Path):
    """The gate is due on the first day, Monday the 4th: it takes no time. T+5 working days is Monday the 11th."""
    gated = PATHWAY.replace("phase: design, duration: 5d,", "phase: design, duration: 5d, after: agreed,")
    gated += "  agreed: {gate: plan, phase: plan, owner: lead}\n"
    short_of_time = SERVICE + "required_days_per_week: 2.5\n"
    storing.apply(
        a_folder(tmp_path / "trust", pathway=gated, service=short_of_time), db=db, actor="chief", now=moment(4)
    )
    evidence = "R05: Payroll's lead provider gives 2 days a week; 2.5 are needed."
    agenda.tick(db=db, now=moment(4))
    [to_lead] = agenda.preview(db=db, now=moment(4, 9))
    assert "The evidence says: not yet." in to_lead.text
    assert f"- {evidence}" in to_lead.text
    agenda.dispatch(db=db, now=moment(4, 9), channel=Postbox())
    agenda.tick(db=db, now=moment(11))
    [to_manager] = [m for m in agenda.preview(db=db, now=moment(11, 9)) if m.to_address == "chief@example.org"]
    assert "It is with the Director of People." in to_manager.text
    assert "evidence" not in to_manager.text + to_manager.html
    assert evidence not in to_manager.text + to_manager.html


def test_the_file_channel_writes_mails_that_a_reader_can_open(stored: str, tmp_path: Path):
    agenda.tick(db=stored, now=moment(8))
    agenda.dispatch(db=stored, now=moment(8, 9), channel=FileChannel(tmp_path / "out"))
    [path] = (tmp_path / "out").glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"] == "Director of People <lead@example.org>"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_the_audit_chain_names_nobody(stored: str):
    agenda.tick(db=stored, now=moment(8))
    agenda.dispatch(db=stored, now=moment(8, 9), channel=Postbox())
    from changeflow.storage import audit

    with session_scope(stored) as session:
        entries = list(audit.entries(session, "small"))
        assert audit.verify(session) == (3, [])
    assert [(actor, action) for _, _, actor, action, _ in entries] == [
        ("chief", "apply"),
        ("system", "tick"),
        ("system", "nudge"),
    ]
    assert all("example.org" not in subject for *_, subject in entries)
