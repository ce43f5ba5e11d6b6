"""What is due, the outbox and its delivery: nothing twice, nothing lost, no one pestered.

The small programme starts on Monday 4 January 2027; its requirements take five days, to Friday the 8th. They are the
lead's. T-5 working days lies in the old year, T is the 8th, T+2 the 12th, T+5 the 15th, T+10 the 22nd.
"""

from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.agenda.due import Answer, AnswerKind
from changeflow.agenda.policy import Fate
from changeflow.delivery.channels import FileChannel, Receipt, Sent
from changeflow.delivery.message import Message
from changeflow.reports.sro import build_sro
from changeflow.storage import answers, messages
from changeflow.storage.agenda import MOVED
from changeflow.storage.database import session_scope
from changeflow.storage.tables.agenda import DueRow
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.usecases import definitions, dispatch, nudge_preview, outbox, progress, ticks
from changeflow.usecases.messages import Desk, letter_of
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from tests import audited
from tests.builders import PATHWAY, SERVICE, Postbox, a_folder
from tests.stored import store_once

OWNED = SERVICE + "tasks:\n  requirements: {owner: lead}\n  delegation: {owner: lead}\n"


def letters(db: str, now: datetime) -> list[Message]:
    """What a dispatch would send."""
    with session_scope(db) as session:
        found = outbox.look(session, now)
    going = [[found.nudges[w.id] for w in v.nudges] for v in found.verdicts if v.fate is Fate.GOES]
    return [m for nudges in going if (m := letter_of(nudges, found.houses, Desk(), now))]


def moment(day: int, hour: int = 7, month: int = 1) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=UTC)


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    store_once(a_folder(tmp_path / "trust", service=OWNED), db=db, actor="chief", now=moment(4))
    return db


def rows(db: str) -> list[tuple[str, int, str | None]]:
    with session_scope(db) as session:
        return [(r.subject, r.rung, r.person) for r in session.exec(select(DueRow).order_by(DueRow.id))]  # type: ignore[arg-type]


def finish(db: str, task: str, day: int, month: int = 1) -> None:
    on = date(2027, month, day)
    change = Change(db=db, programme=None, actor="lead", now=moment(day, month=month), on=on)
    progress.finish_task(task, on, None, change)


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_tick_run_twice_writes_nothing_the_second_time(stored: str):
    [first] = ticks.tick(db=stored, now=moment(8))
    [second] = ticks.tick(db=stored, now=moment(8))
    assert (first.due, first.new) == (1, 1)
    assert (second.due, second.new) == (1, 0)
    assert rows(stored) == [("payroll/requirements", 1, "lead")]
    with session_scope(stored) as session:
        assert len(session.exec(select(NudgeRow)).all()) == 1


@pytest.mark.slow
def test_after_missed_days_only_the_highest_level_goes(stored: str):
    ticks.tick(db=stored, now=moment(5))
    # Friday to Tuesday the tick did not run: due on the 8th and the reminder of the 12th have passed.
    ticks.tick(db=stored, now=moment(13))
    assert rows(stored) == [("payroll/requirements", 0, "lead"), ("payroll/requirements", 2, "lead")]


@pytest.mark.slow
def test_the_escalation_path_ends_with_the_manager_and_the_report(stored: str):
    for day in (5, 8, 12, 15, 22):
        ticks.tick(db=stored, now=moment(day))
    assert rows(stored) == [
        ("payroll/requirements", 0, "lead"),
        ("payroll/requirements", 1, "lead"),
        ("payroll/requirements", 2, "lead"),
        ("payroll/requirements", 3, "chief"),
        ("payroll/requirements", 4, None),
    ]
    with session_scope(stored) as session:
        report = build_sro(load(session, None, on=date(2027, 1, 22)).judged, today=date(2027, 1, 22))
    assert report.late == ("“Payroll: requirements” was due from the Director of People on 8 Jan 2027.",)


@pytest.mark.slow
def test_what_is_late_for_long_before_the_first_tick_is_reported_and_the_manager_reminded(stored: str):
    ticks.tick(db=stored, now=moment(26))
    assert rows(stored) == [("payroll/requirements", 3, "chief"), ("payroll/requirements", 4, None)]
    ticks.tick(db=stored, now=moment(27))
    assert len(rows(stored)) == 2


@pytest.mark.slow
def test_reminders_start_again_after_a_promised_day_however_late_it_was(stored: str):
    ticks.tick(db=stored, now=moment(8))
    with session_scope(stored) as session:
        said = Answer(
            person="lead", subject="payroll/requirements", due_on=date(2027, 1, 8), kind=AnswerKind.NOT_YET,
            on=date(2027, 1, 8), until=date(2027, 1, 25),
        )  # fmt: skip
        answers.add_answer(session, "small", said, text=None, at=moment(8))
    for day in (22, 25):
        ticks.tick(db=stored, now=moment(day))
    assert rows(stored)[1:] == [("payroll/requirements", 4, None), ("payroll/requirements", 1, "lead")]


@pytest.mark.slow
def test_nobody_is_reminded_of_what_cannot_begin_yet(stored: str):
    ticks.tick(db=stored, now=moment(15))
    assert {subject for subject, _, _ in rows(stored)} == {"payroll/requirements"}
    finish(stored, "payroll/requirements", 15)
    ticks.tick(db=stored, now=moment(18))
    assert ("payroll/delegation", 0, "lead") in rows(stored)


@pytest.mark.slow
def test_a_due_day_that_moves_starts_the_escalation_path_again(stored: str, tmp_path: Path):
    ticks.tick(db=stored, now=moment(8))
    longer = OWNED.replace("requirements: {owner: lead}", "requirements: {owner: lead, duration: 6d}")
    definitions.apply(a_folder(tmp_path / "trust", service=longer), db=stored, actor="chief", now=moment(8))
    ticks.tick(db=stored, now=moment(11))
    with session_scope(stored) as session:
        due = [(r.rung, r.due_on) for r in session.exec(select(DueRow).order_by(DueRow.id))]  # type: ignore[arg-type]
    assert due == [(1, date(2027, 1, 8)), (1, date(2027, 1, 11))]


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_message_is_sent_once(stored: str):
    ticks.tick(db=stored, now=moment(8))
    postbox = Postbox()
    assert dispatch.dispatch(db=stored, now=moment(8, 9), channel=postbox).sent == 1
    assert dispatch.dispatch(db=stored, now=moment(8, 10), channel=postbox).sent == 0
    [message] = postbox.sent
    assert message.to_address == "lead@example.org"
    assert message.subject == "Payroll: requirements (due today)"
    assert "More time for students" in message.text
    assert "More time for students" in message.html
    assert message.text.count("http://127.0.0.1:8000/a/") == 1
    assert message.html.count('href="http://127.0.0.1:8000/a/') == 1
    assert message.unsubscribe is not None


@pytest.mark.slow
@pytest.mark.both_databases
def test_what_is_done_by_then_is_withdrawn(stored: str):
    ticks.tick(db=stored, now=moment(8))
    finish(stored, "payroll/requirements", 8)
    postbox = Postbox()
    outcome = dispatch.dispatch(db=stored, now=moment(8, 9), channel=postbox)
    # What the finish lets begin is told at once, five things in one message; the requirements are not in it.
    assert (outcome.withdrawn, outcome.sent, outcome.nudges) == (1, 1, 5)
    assert "requirements" not in postbox.sent[0].text
    with session_scope(stored) as session:
        [withdrawn] = session.exec(select(NudgeRow).where(NudgeRow.subject == "payroll/requirements"))
        assert withdrawn.why == MOVED


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_failure_is_tried_again_with_the_same_message_id(stored: str):
    ticks.tick(db=stored, now=moment(8))
    broken = Postbox(Receipt(Sent.LATER, "the mail server answered 421"))
    assert dispatch.dispatch(db=stored, now=moment(8, 9), channel=broken).failed == 1
    with session_scope(stored) as session:
        row = session.exec(select(MessageRow)).one()
        assert (row.attempts, row.error, row.may_have_gone) == (1, "the mail server answered 421", False)
        assert row.next_try == moment(8, 9) + timedelta(minutes=5)
    postbox = Postbox()
    assert dispatch.dispatch(db=stored, now=moment(8, 9) + timedelta(minutes=4), channel=postbox).sent == 0
    assert dispatch.dispatch(db=stored, now=moment(8, 10), channel=postbox).sent == 1
    assert [m.message_id for m in broken.sent] == [m.message_id for m in postbox.sent]
    assert not postbox.sent[0].may_have_gone


@pytest.mark.slow
def test_failures_are_given_up_after_three_days_and_say_so(stored: str):
    ticks.tick(db=stored, now=moment(8))
    broken = Postbox(Receipt(Sent.LATER, "the mail server answered 421"))
    for hours in range(0, 80, 5):
        outcome = dispatch.dispatch(db=stored, now=moment(8, 9) + timedelta(hours=hours), channel=broken)
    with session_scope(stored) as session:
        row = session.exec(select(MessageRow)).one()
        assert (row.state, row.error) == ("failed", "given up after three days: the mail server answered 421")
    assert outcome.sent == 0


@pytest.mark.slow
def test_a_retry_keeps_to_the_hours_and_counts_as_that_days_message(stored: str):
    finish(stored, "payroll/requirements", 8)
    ticks.tick(db=stored, now=moment(8))
    # Friday at 17:29; by the time of the retry no one is written to any more, nor on Saturday.
    busy, postbox = Postbox(Receipt(Sent.LATER, "the mail server answered 421")), Postbox()
    late = moment(8, 17) + timedelta(minutes=29)
    assert dispatch.dispatch(db=stored, now=late, channel=busy).failed == 1
    for now in (late + timedelta(minutes=10), moment(9, 10), moment(11, 7)):
        assert dispatch.dispatch(db=stored, now=now, channel=postbox).sent == 0
    # On Monday it goes; what is new by then waits, for one a day is enough.
    finish(stored, "payroll/delegation", 9)
    ticks.tick(db=stored, now=moment(11, 6))
    assert dispatch.dispatch(db=stored, now=moment(11, 9), channel=postbox).sent == 1
    with session_scope(stored) as session:
        [row] = session.exec(select(MessageRow)).all()
        assert (row.day, row.state, row.attempts, row.may_have_gone) == (date(2027, 1, 8), "sent", 2, False)


@pytest.mark.slow
def test_what_was_withdrawn_and_holds_after_all_goes_out(stored: str):
    ticks.tick(db=stored, now=moment(8))
    # The machine's clock goes back three days, to when the second level was not reached yet, and is put right again.
    ticks.tick(db=stored, now=moment(5))
    ticks.tick(db=stored, now=moment(8, 8))
    postbox = Postbox()
    assert dispatch.dispatch(db=stored, now=moment(8, 9), channel=postbox).sent == 1
    with session_scope(stored) as session:
        [late] = session.exec(select(NudgeRow).where(NudgeRow.rung == 1)).all()
        assert late.message is not None


@pytest.mark.slow
def test_a_refused_address_gets_nothing_more(stored: str):
    ticks.tick(db=stored, now=moment(5))
    broken = Postbox(Receipt(Sent.NEVER, "the address is refused (550)"))
    assert dispatch.dispatch(db=stored, now=moment(5, 9), channel=broken).refused == 1
    ticks.tick(db=stored, now=moment(8))
    postbox = Postbox()
    assert dispatch.dispatch(db=stored, now=moment(8, 9), channel=postbox).no_address == 1
    with session_scope(stored) as session:
        nudge = session.exec(select(NudgeRow).where(NudgeRow.rung == 1)).one()
        assert nudge.why == "the address does not work and must be corrected"
    assert postbox.sent == []


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_worker_that_dies_gives_its_claim_back_and_the_repeat_is_marked(stored: str):
    ticks.tick(db=stored, now=moment(8))

    class Dying(Postbox):
        def send(self, message: Message) -> Receipt:
            super().send(message)
            raise KeyboardInterrupt

    now, dying, postbox = moment(8, 9), Dying(), Postbox()
    with pytest.raises(KeyboardInterrupt):
        dispatch.dispatch(db=stored, now=now, channel=dying)
    assert dispatch.dispatch(db=stored, now=now + timedelta(seconds=49), channel=postbox).sent == 0
    assert dispatch.dispatch(db=stored, now=now + timedelta(seconds=51), channel=postbox).sent == 1
    assert [m.message_id for m in dying.sent] == [m.message_id for m in postbox.sent]
    assert postbox.sent[0].may_have_gone
    with session_scope(stored) as session:
        assert session.exec(select(MessageRow)).one().may_have_gone


@pytest.mark.slow
@pytest.mark.both_databases
def test_what_may_have_gone_by_a_channel_that_must_not_repeat_waits_for_a_person(stored: str):
    ticks.tick(db=stored, now=moment(8))
    unsure = Postbox(Receipt(Sent.MAYBE, "no answer from Teams"), may_repeat=False)
    assert dispatch.dispatch(db=stored, now=moment(8, 9), channel=unsure).parked == 1
    assert dispatch.dispatch(db=stored, now=moment(8, 12), channel=unsure).parked == 0
    assert len(unsure.sent) == 1


@pytest.mark.slow
@pytest.mark.both_databases
def test_two_dispatchers_never_open_the_same(stored: str):
    ticks.tick(db=stored, now=moment(8))
    with session_scope(stored) as session:
        found = outbox.look(session, moment(8, 9))
        [verdict] = found.verdicts
        opened = [
            messages.open_messages(
                session,
                [messages.Draft(recipient=verdict.recipient, day=date(2027, 1, 8), number=n, message_id=f"<{n}@x>",
                              nudges=tuple(w.id for w in verdict.nudges))],
                worker=f"w{n}", now=moment(8, 9), lease=timedelta(minutes=1),
            )
            for n in (1, 2)
        ]  # fmt: skip
    assert opened[0] is not None
    assert opened[1] is None


@pytest.mark.slow
@pytest.mark.both_databases(usual=True)
def test_of_two_dispatchers_that_find_the_same_message_left_open_one_sends_it(stored: str):
    ticks.tick(db=stored, now=moment(8))
    unsure, later, lease = Postbox(Receipt(Sent.MAYBE, "no answer")), moment(8, 12), timedelta(minutes=1)
    dispatch.dispatch(db=stored, now=moment(8, 9), channel=unsure)
    with session_scope(stored) as session:
        [message] = messages.resumable(session, now=later)
    claimed = []
    for worker in ("w1", "w2"):
        with session_scope(stored) as session:
            claimed.append(messages.claim(session, message, worker=worker, now=later, lease=lease))
    assert claimed[0] is not None
    assert claimed[0].may_have_gone
    assert claimed[1] is None


@pytest.mark.slow
def test_a_person_gets_one_message_a_day_with_everything_in_it(stored: str):
    finish(stored, "payroll/requirements", 8)
    ticks.tick(db=stored, now=moment(8))
    # With the requirements done, five tasks of the lead's begin on Monday and are due on the 15th.
    postbox = Postbox()
    outcome = dispatch.dispatch(db=stored, now=moment(8, 9), channel=postbox)
    assert (outcome.sent, outcome.nudges, outcome.held) == (1, 5, 0)
    [digest] = postbox.sent
    assert digest.subject.endswith(" (due Fri 15 Jan) and 4 others")
    assert digest.text.count("/a/") == digest.html.count("/a/") == 5
    assert dispatch.dispatch(db=stored, now=moment(8, 12), channel=postbox).sent == 0


@pytest.mark.slow
def test_two_things_wait_for_the_hour_of_digests(stored: str):
    finish(stored, "payroll/requirements", 8)
    ticks.tick(db=stored, now=moment(8))
    postbox = Postbox()
    early = moment(8, 8) + timedelta(minutes=15)
    assert dispatch.dispatch(db=stored, now=early, channel=postbox).held == 5
    assert dispatch.dispatch(db=stored, now=early + timedelta(minutes=15), channel=postbox).sent == 1


@pytest.mark.slow
@pytest.mark.parametrize(("hour", "why"), [(6, None), (18, "no messages after 17:30; next on 11 Jan 2027")])
def test_nobody_is_written_to_in_quiet_hours(stored: str, hour: int, why: str | None):
    ticks.tick(db=stored, now=moment(8, 5))
    postbox = Postbox()
    assert dispatch.dispatch(db=stored, now=moment(8, hour), channel=postbox).sent == 0
    with session_scope(stored) as session:
        assert session.exec(select(NudgeRow)).one().why == why
    assert postbox.sent == []


@pytest.mark.slow
def test_a_channel_that_reaches_people_waits_until_the_programme_is_live(stored: str):
    ticks.tick(db=stored, now=moment(8))
    postbox = Postbox()
    postbox.reaches_people = True
    assert dispatch.dispatch(db=stored, now=moment(8, 9), channel=postbox).held == 1
    with session_scope(stored) as session:
        assert session.exec(select(NudgeRow)).one().why == outbox.ARE_OFF


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_preview_sends_nothing(stored: str):
    ticks.tick(db=stored, now=moment(8))
    week = list(nudge_preview.preview(db=stored, moments=[moment(8, 9), moment(11, 9), moment(12, 9)], desk=Desk()))
    assert week == [
        "Fri 8 Jan 2027:",
        "  send  Director of People <lead@example.org>: Payroll: requirements (due today)",
        "Mon 11 Jan 2027:",
        "  No messages are waiting.",
        "Tue 12 Jan 2027:",
        "  send  Director of People <lead@example.org>: Payroll: requirements (was due Fri 8 Jan)",
    ]
    assert dispatch.dispatch(db=stored, now=moment(8, 9), channel=Postbox()).sent == 1


@pytest.mark.slow
def test_whoever_decides_is_told_what_the_evidence_says_and_their_manager_is_not(db: str, tmp_path: Path):
    """The gate is due on the first day, Monday the 4th: it takes no time. T+5 working days is Monday the 11th."""
    gated = PATHWAY.replace("phase: design, duration: 5d,", "phase: design, duration: 5d, after: agreed,")
    gated += "  agreed: {gate: plan, phase: plan, owner: lead}\n"
    short_of_time = SERVICE + "required_days_per_week: 2.5\n"
    definitions.apply(
        a_folder(tmp_path / "trust", pathway=gated, service=short_of_time), db=db, actor="chief", now=moment(4)
    )
    evidence = "Payroll's lead provider has 2 days a week for it (at least 2.5 days needed)."
    ticks.tick(db=db, now=moment(4))
    [to_lead] = letters(db, moment(4, 9))
    assert "The evidence does not yet support going ahead." in to_lead.text
    assert f"- {evidence}" in to_lead.text
    dispatch.dispatch(db=db, now=moment(4, 9), channel=Postbox())
    ticks.tick(db=db, now=moment(11))
    [to_manager] = [m for m in letters(db, moment(11, 9)) if m.to_address == "chief@example.org"]
    assert "The owner is the Director of People." in to_manager.text
    assert "evidence" not in to_manager.text + to_manager.html
    assert evidence not in to_manager.text + to_manager.html


@pytest.mark.slow
def test_the_file_channel_writes_mails_that_a_reader_can_open(stored: str, tmp_path: Path):
    ticks.tick(db=stored, now=moment(8))
    dispatch.dispatch(db=stored, now=moment(8, 9), channel=FileChannel(tmp_path / "out"))
    [path] = (tmp_path / "out").glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"] == "Director of People <lead@example.org>"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.slow
@pytest.mark.both_databases
def test_the_audit_chain_names_nobody(stored: str):
    ticks.tick(db=stored, now=moment(8))
    dispatch.dispatch(db=stored, now=moment(8, 9), channel=Postbox())

    with session_scope(stored) as session:
        entries = list(audited.entries(session, "small"))
        assert audited.verify(session) == (4, [])
    assert [(actor, action) for _, _, actor, action, _ in entries] == [
        ("chief", "apply"),
        ("system", "tick"),
        ("system", "message:open"),
        ("system", "message:sent"),
    ]
    assert all("example.org" not in subject for *_, subject in entries)
