"""Audit entries seal rows however they were written, and rows written outside changeflow are found."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from changeflow.storage import audit
from changeflow.storage.chain import Fault
from changeflow.storage.covered import EXEMPT, MECHANICS, SEALED_ONCE, covered_tables
from changeflow.storage.database import engine_for, rolled_back, session_scope, upgrade
from changeflow.storage.tables import every_table
from changeflow.storage.tables.answers import AnswerRow, LinkRow, ReachRow
from changeflow.storage.tables.audit import AuditFactRow, AuditRow
from changeflow.storage.tables.every_table import metadata
from changeflow.storage.tables.facts import ConfidenceRow, ProgressRow
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.storage.tables.programme import ContactRow, ForecastRow, ProgrammeRow
from changeflow.usecases import audit_trail, definitions, progress
from changeflow.usecases.issued_reports import issue_sro
from changeflow.usecases.unit_of_work import Change
from changeflow.values.acting import Acting, Via, acting, current
from tests import audited
from tests.builders import PROGRAMME, a_folder
from tests.storage.test_upgrade import released
from tests.stored import store_once

pytestmark = pytest.mark.both_databases(usual=True)

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
ON = date(2027, 1, 20)


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    store_once(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    return db


def change(db: str, *, now: datetime = NOW) -> Change:
    return Change(db=db, programme=None, actor="chief", now=now, on=ON)


def finish(db: str, day: int) -> None:
    progress.finish_task("payroll/requirements", date(2027, 1, day), date(2027, 1, 4), change(db))


def faults(db: str, anchored: Path | None = None) -> list[Fault]:
    return audit_trail.verify(db=db, programme=None, anchor_file=anchored).verdict.faults


def outside(db: str, *statements: object) -> None:
    """Write outside changeflow, as someone with the database's password could."""
    with Session(engine_for(db)) as session, session.begin():
        for statement in statements:
            session.execute(text(statement) if isinstance(statement, str) else statement)  # type: ignore[arg-type]


def an_answer(session: Session, words: str | None = "The supplier is late") -> AnswerRow:
    row = AnswerRow(programme_id="small", person="lead", subject="x", due_on=ON, kind="blocked", text=words, at=NOW)
    session.add(row)
    session.flush()
    return row


def note(session: Session, action: str = "test") -> None:
    audit.append(session, "small", at=NOW, actor="chief", action=action, subject="test:1")


def last_facts(db: str) -> list[tuple[str, str]]:
    """Return the facts of the last entry: (op, table)."""
    with session_scope(db) as session:
        number = audit.heads(session)["small"].last
        query = select(AuditFactRow).where(AuditFactRow.number == number).order_by(col(AuditFactRow.position))
        return [(fact.op, fact.of_table) for fact in session.exec(query)]


def test_every_file_of_tables_is_among_those_that_are_checked():
    files = {path.stem for path in Path(every_table.__file__).parent.glob("*.py")} - {"__init__", "every_table"}
    assert {*every_table.__all__} - {"metadata"} == files


def test_every_table_is_sealed_or_exempt_with_a_reason():
    assert covered_tables().keys() | EXEMPT.keys() == metadata.tables.keys()
    assert covered_tables().keys().isdisjoint(EXEMPT)
    assert all(len(reason.split()) >= 4 for reason in EXEMPT.values())


def test_every_column_of_a_sealed_table_is_sealed_or_has_a_reason():
    for name, covered in covered_tables().items():
        sealed, exempt = {c.name for c in covered.columns}, MECHANICS.get(name, {})
        assert sealed | exempt.keys() == {c.name for c in metadata.tables[name].columns}, name
        assert all(len(reason.split()) >= 3 for reason in exempt.values()), name
    assert MECHANICS.keys() | SEALED_ONCE.keys() <= covered_tables().keys()


class TestEveryWayOfWriting:
    @pytest.mark.slow
    def test_a_row_is_sealed_when_added_changed_and_deleted(self, stored: str):
        with session_scope(stored) as session:
            answer = an_answer(session)
            note(session)
            known = answer.id
        assert last_facts(stored) == [("+", "answer")]
        with session_scope(stored) as session:
            session.get_one(AnswerRow, known).kind = "done"
            note(session)
        assert last_facts(stored) == [("-", "answer"), ("+", "answer")]
        with session_scope(stored) as session:
            session.delete(session.get_one(AnswerRow, known))
            note(session)
        assert last_facts(stored) == [("-", "answer")]
        assert faults(stored) == []

    @pytest.mark.slow
    def test_statements_over_many_rows_are_sealed(self, stored: str):
        with session_scope(stored) as session:
            for _ in range(3):
                an_answer(session)
            note(session)
        with session_scope(stored) as session:
            session.exec(update(AnswerRow).where(col(AnswerRow.person) == "lead").values(text=None))
            note(session)
        assert last_facts(stored) == [("-", "answer"), ("+", "answer")] * 3
        with session_scope(stored) as session:
            session.exec(delete(AnswerRow).where(col(AnswerRow.programme_id) == "small"))
            note(session)
        assert last_facts(stored) == [("-", "answer")] * 3
        assert faults(stored) == []

    def test_statements_on_the_connection_are_sealed(self, stored: str):
        link = {"programme_id": "small", "person": "lead", "action": "answer", "subject": "x", "due_on": ON,
                "created_at": NOW, "expires_at": NOW}  # fmt: skip
        with session_scope(stored) as session:
            session.connection().execute(insert(LinkRow), [link | {"token": "a"}, link | {"token": "b"}])
            note(session)
        assert last_facts(stored) == [("+", "link")] * 2
        assert faults(stored) == []

    def test_a_row_added_and_removed_in_one_transaction_is_not_sealed(self, stored: str):
        with session_scope(stored) as session:
            session.delete(an_answer(session))
            note(session)
        assert last_facts(stored) == []
        assert faults(stored) == []

    @pytest.mark.slow
    def test_a_reused_key_is_sealed_again(self, stored: str):
        for _ in range(3):
            with session_scope(stored) as session:
                session.exec(delete(ContactRow).where(col(ContactRow.person) == "lead"))
                session.add(ContactRow(programme_id="small", person="lead", name=f"Director {_}"))
                note(session)
        assert sorted(last_facts(stored)) == [("+", "contact"), ("-", "contact")]
        assert faults(stored) == []

    def test_a_row_written_again_unchanged_is_no_change(self, stored: str, tmp_path: Path):
        assert definitions.apply(tmp_path / "trust", db=stored, actor="chief", now=NOW) == 1
        with session_scope(stored) as session:
            assert [e[3] for e in audited.entries(session, "small")] == ["apply"]

    @pytest.mark.slow
    def test_new_contact_details_add_an_entry_without_a_new_version(self, stored: str, tmp_path: Path):
        path = tmp_path / "trust" / "people.csv"
        path.write_text(path.read_text().replace("lead@example.org", "new-lead@example.org"))
        assert definitions.apply(tmp_path / "trust", db=stored, actor="chief", now=NOW) == 1
        with session_scope(stored) as session:
            assert [e[3] for e in audited.entries(session, "small")] == ["apply", "contacts"]
        assert faults(stored) == []

    def test_columns_for_claims_and_retries_are_not_sealed(self, stored: str):
        def message(session: Session) -> MessageRow:
            return session.exec(select(MessageRow)).one()

        with session_scope(stored) as session:
            session.add(MessageRow(recipient="r", day=ON, message_id="m", created_at=NOW))
            note(session)
        with session_scope(stored) as session:
            message(session).claimed_by = "worker"
            session.exec(update(MessageRow).values(attempts=7))
            note(session)
        assert last_facts(stored) == []
        with session_scope(stored) as session:
            message(session).state = "sent"
            note(session)
        assert last_facts(stored) == [("-", "message"), ("+", "message")]
        assert faults(stored) == []

    @pytest.mark.slow
    def test_a_nudges_text_is_sealed_once_a_message_contains_it(self, stored: str):
        def nudge(session: Session) -> NudgeRow:
            return session.exec(select(NudgeRow)).one()

        with session_scope(stored) as session:
            session.add(MessageRow(recipient="r", day=ON, message_id="m", created_at=NOW))
            session.add(NudgeRow(programme_id="small", key="k", person="lead", reason="due", subject="x", rung=1,
                                 due_on=ON, content='{"title": "First"}', created_at=NOW))  # fmt: skip
            note(session)
        with session_scope(stored) as session:
            nudge(session).content = '{"title": "Second"}'
            note(session)
        assert last_facts(stored) == [], "it waits still"
        with session_scope(stored) as session:
            nudge(session).message = session.exec(select(MessageRow.id)).one()
            note(session)
        assert faults(stored) == []
        outside(stored, update(NudgeRow).values(content='{"title": "Third"}'))
        assert [f.what for f in faults(stored)] == ["row 1 of 'nudge' differs from the sealed row"]

    def test_the_writing_programme_seals_shared_rows(self, stored: str):
        with session_scope(stored) as session:
            session.add(ReachRow(recipient="r", optional_off=True))
            note(session)
        assert last_facts(stored) == [("+", "reach")]

    def test_a_preview_leaves_no_trace(self, stored: str):
        with rolled_back(stored) as session:
            an_answer(session)
            note(session)
        with session_scope(stored) as session:
            assert [e[3] for e in audited.entries(session, "small")] == ["apply"]

    @pytest.mark.slow
    def test_a_changed_primary_key_is_sealed(self, stored: str):
        with session_scope(stored) as session:
            session.add(ReachRow(recipient="old", optional_off=True))
            note(session)
        with session_scope(stored) as session:
            session.get_one(ReachRow, "old").recipient = "new"
            note(session)
        assert sorted(last_facts(stored)) == [("+", "reach"), ("-", "reach")]
        with session_scope(stored) as session:
            session.exec(update(ReachRow).where(col(ReachRow.recipient) == "new").values(recipient="newest"))
            note(session)
        assert sorted(last_facts(stored)) == [("+", "reach"), ("-", "reach")]
        assert faults(stored) == []
        with pytest.raises(TypeError, match="Change a primary key of 'reach'"), session_scope(stored) as session:
            session.exec(update(ReachRow).values(recipient=ReachRow.recipient + "x"))


class TestWritingPastChangeflow:
    @pytest.mark.slow
    def test_each_attack_that_the_first_release_missed_is_found(self, stored: str):
        with session_scope(stored) as session:
            session.add(ConfidenceRow(programme_id="small", tier="red", reason="x", on=ON, at=NOW, by="chief"))
            note(session)
        finish(stored, 8)
        outside(stored, update(ConfidenceRow).values(tier="green"))
        assert [(f.number, f.what) for f in faults(stored)] == [
            (2, "row 1 of 'confidence' differs from the sealed row")
        ]
        outside(stored, update(ConfidenceRow).values(tier="red"), update(ProgressRow).values(by="lead"))
        assert [(f.number, f.what) for f in faults(stored)] == [(3, "row 1 of 'progress' differs from the sealed row")]
        outside(stored, delete(ProgressRow))
        [fault] = faults(stored)
        assert fault.what == "row 1 of 'progress', which it sealed, was removed without an entry"

    def test_a_transaction_without_an_entry_is_found(self, stored: str):
        with session_scope(stored) as session:
            an_answer(session)
        [fault] = faults(stored)
        assert fault.what == "row 1 of 'answer' was written outside changeflow: no entry seals it"

    def test_a_tampered_row_stays_reported_when_changeflow_writes_it_again(self, stored: str):
        with session_scope(stored) as session:
            an_answer(session)
            note(session)
        outside(stored, update(AnswerRow).values(person="chief"))
        with session_scope(stored) as session:
            session.exec(update(AnswerRow).values(text=None))
            note(session, "retention")
        [fault] = faults(stored)
        assert fault.number == 3
        assert fault.what == "a row of 'answer' had been changed outside changeflow before this entry ended it"

    def test_a_row_that_no_entry_sealed_is_not_sealed_by_a_later_change(self, stored: str):
        with session_scope(stored) as session:
            an_answer(session)
        with session_scope(stored) as session:
            session.exec(update(AnswerRow).values(text=None))
            note(session)
        assert len(faults(stored)) == 1


class TestHowTheActorWasKnown:
    def test_an_entry_records_the_actors_account_the_real_time_and_the_version(self, stored: str):
        real = datetime(2026, 7, 30, 10, tzinfo=UTC)
        with acting(Acting(via=Via.COMMAND, account="office@host", clock=lambda: real)):
            finish(stored, 8)
        [first, last] = audit_trail.show("small", db=stored, last=None, only_apart=False)
        assert (first.via, first.version) == ("library", 1)
        assert (last.via, last.account, last.real_at) == ("command", "office@host", real)
        assert audit_trail.apart_text(last) == "dated 157 days ahead"

    @pytest.mark.slow
    def test_back_dated_entries_are_counted_and_listed_but_no_fault(self, stored: str):
        with acting(replace(current(), clock=lambda: NOW + timedelta(days=40, hours=1))):
            finish(stored, 8)
        checked = audit_trail.verify(db=stored, programme=None, anchor_file=None)
        assert checked.is_well
        [entry] = audit_trail.show(None, db=stored, last=1, only_apart=True)
        assert audit_trail.apart_text(entry) == "back-dated by 40 days"

    @pytest.mark.slow
    def test_a_clock_that_goes_back_is_a_warning(self, stored: str):
        for hours in (0, -2):
            with acting(replace(current(), clock=lambda h=hours: NOW + timedelta(days=900, hours=h))):
                finish(stored, 13 + hours)
        verdict = audit_trail.verify(db=stored, programme=None, anchor_file=None).verdict
        assert verdict.faults == []
        assert [w.what for w in verdict.warnings] == ["the machine's clock went back by 120 minutes before it"]

    def test_an_act_of_the_system_under_a_link_identifies_no_one(self, stored: str):
        with acting(Acting(via=Via.LINK, account="link:1234")), session_scope(stored) as session:
            audit.append(session, "small", at=NOW, actor="system", action="assess", subject="assessment:one")
            audit.append(session, "small", at=NOW, actor="lead", action="answer:done", subject="x")
        found = [e.account for e in audit_trail.show(None, db=stored, last=2, only_apart=False)]
        assert found == ["", "link:1234"]


@pytest.mark.slow
def test_a_report_and_a_noted_head_serve_as_anchors(stored: str):
    made = issue_sro(None, db=stored, today=ON, actor="chief", now=NOW)
    number, _, known = made.audit_head.partition(":")
    assert (number, len(known)) == ("1", 16)

    def with_head(text: str) -> list[str]:
        verdict = audit_trail.verify(db=stored, programme=None, anchor_file=None, heads=[text]).verdict
        return [f.what for f in verdict.faults]

    assert with_head(made.audit_head) == []
    assert "older than the head 9:" in with_head("9:0123456789abcdef")[0]
    assert "has another entry 1" in with_head("1:0123456789abcdef")[0]
    with session_scope(stored) as session:
        first = next(audit.entries_in_full(session, "small"))
    outside(stored, update(AuditRow).where(col(AuditRow.number) == 1).values(hash=first.hash[::-1]))
    assert any("report 1 has another entry 1" in f.what for f in faults(stored))


@pytest.mark.slow
def test_an_upgrade_seals_the_rows_of_an_earlier_release(tmp_path: Path):
    db = released("0.1.0", tmp_path)
    upgrade(db)
    checked = audit_trail.verify(db=db, programme=None, anchor_file=None)
    assert (checked.verdict.entries, checked.verdict.faults) == (57, [])
    assert sum(checked.verdict.unsealed.values()) == 56
    with closing(sqlite3.connect(tmp_path / "released.db")) as connection:
        connection.execute("update decision set outcome = 'reject' where id = 3")
        connection.execute("update assessment set desire = 5 where id = 7")
        connection.commit()
    found = {f.what for f in faults(db)}
    assert found == {
        "row 3 of 'decision' differs from the sealed row",
        "row 7 of 'assessment' differs from the sealed row",
    }
    engine_for(db).dispose()


@pytest.mark.slow
def test_one_programme_can_be_checked_alone(stored: str, tmp_path: Path):
    other = a_folder(tmp_path / "other", programme=PROGRAMME.replace("programme: small", "programme: other"))
    definitions.apply(other, db=stored, actor="chief", now=NOW)
    outside(stored, update(ForecastRow).where(col(ForecastRow.programme_id) == "other").values(cause="x"))
    assert [f.programme for f in faults(stored)] == ["other"]
    alone = audit_trail.verify(db=stored, programme="small", anchor_file=None)
    assert (alone.verdict.entries, alone.verdict.faults) == (1, [])


def test_the_count_of_changes_is_not_sealed(stored: str):
    outside(stored, update(ProgrammeRow).values(revision=99))
    assert faults(stored) == []


def test_a_connection_lost_during_a_check_is_reported_as_such(stored: str, monkeypatch: pytest.MonkeyPatch):
    def break_off(session: Session, *_rest: object) -> None:
        connection = session.connection()
        connection.invalidate()
        raise OperationalError("select", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(audit, "_examined", break_off)
    with Session(engine_for(stored)) as session, pytest.raises(OperationalError, match="closed the connection"):
        audit.examine(session)
