"""A decision, or a finished task, closes at once what people are still asked about it: no tick has to come first."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.storage.answers import AnswerLink, add_links
from changeflow.storage.database import session_scope
from changeflow.storage.tables.messages import NudgeRow
from changeflow.usecases.gates import decide
from changeflow.usecases.link_answers import LinkError, question_of
from changeflow.usecases.messages import digest_of
from changeflow.usecases.ticks import tick
from changeflow.values.words import Outcome
from tests.usecases.gated import PLAN, answer, change, finish, planned, stored_with

NOON = datetime(2027, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def asked(db: str, tmp_path: Path) -> str:
    """The plan gate is asked on Tuesday 5 January: a message waits, and links of the gate and its evidence are out."""
    stored_with(db, tmp_path)
    planned(db)
    tick(db=db, now=NOON)
    with session_scope(db) as session:
        links = {
            digest_of(name): AnswerLink(
                programme="small", person="lead", action="answer", subject=subject, due_on=date(2027, 1, 5),
                expires_at=datetime(2027, 2, 5, tzinfo=UTC),
            )
            for name, subject in (("gate", PLAN), ("evidence", f"{PLAN}#evidence"), ("other", "payroll/requirements"))
        }  # fmt: skip
        add_links(session, links, at=NOON)
    assert waiting(db) == 1
    assert question_of("gate", db=db, now=NOON).last_day == date(2027, 1, 5)
    return db


def waiting(db: str) -> int:
    with session_scope(db) as session:
        rows = session.exec(select(NudgeRow).where(NudgeRow.subject == PLAN)).all()
        return sum(r.withdrawn_at is None for r in rows)


@pytest.mark.slow
@pytest.mark.parametrize("outcome", [Outcome.APPROVE, Outcome.REJECT])
def test_a_decided_gate_closes_its_links_and_evidence_requests(asked: str, outcome: Outcome):
    decide(answer(PLAN, outcome), change(asked, 5, actor="lead"))
    assert waiting(asked) == 0
    for token in ("gate", "evidence"):
        with pytest.raises(LinkError, match="The task is finished, or someone else is now doing it"):
            question_of(token, db=asked, now=NOON)
    assert question_of("other", db=asked, now=NOON).title == "Payroll: requirements"


@pytest.mark.slow
def test_a_finished_task_closes_its_links(asked: str):
    decide(answer(), change(asked, 5, actor="lead"))
    finish(asked, "payroll/requirements", 6, 12)
    with pytest.raises(LinkError, match="The task is finished, or someone else is now doing it"):
        question_of("other", db=asked, now=NOON)
