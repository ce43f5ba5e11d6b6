"""The small programme with a gate after its plan and one before each go-live.

On a wall calendar of January 2027:

| task | dates |
|---|---|
| plan | Mon 4 to Tue 5, then the plan gate |
| requirements | Wed 6 to Tue 12 |
| delegation, capacity, system | Wed 13 to Tue 19 |
| train | Wed 20 to Thu 21 |
| skills | Fri 22, then the gate before go-live; go-live that evening |
"""

from datetime import UTC, date, datetime
from pathlib import Path

from sqlmodel import select

from changeflow.agenda.decisions import GateAnswer
from changeflow.agenda.gates import GateCase, weigh
from changeflow.storage.database import session_scope
from changeflow.storage.tables.facts import DecisionRow
from changeflow.usecases import progress
from changeflow.usecases.gates import decide
from changeflow.usecases.stored import Stored, load
from changeflow.usecases.unit_of_work import Change
from changeflow.values.words import Outcome
from tests.builders import PATHWAY, PEOPLE, a_folder
from tests.stored import store_once

STEPS = """\
  plan: {phase: plan, duration: 2d, owner: lead}
  plan-agreed: {gate: plan, phase: plan, after: plan, owner: lead}
  go-no-go: {gate: go_live, phase: deploy, per: wave, after: skills, owner: sponsor}
"""
GATED = (
    PATHWAY.replace("phase: design, duration: 5d,", "phase: design, duration: 5d, after: plan-agreed,").replace(
        "per: wave, after: skills}", "per: wave, after: go-no-go}"
    )
    + STEPS
)
TEAM = PEOPLE + "manager,Programme Manager,Programme Manager,manager@example.org,lead,,,chief\n"
PLAN = "payroll/plan-agreed"
GO = "payroll/w1/go-no-go"


def change(db: str, day: int, *, actor: str = "chief", month: int = 1) -> Change:
    now = datetime(2027, month, day, 17, tzinfo=UTC)
    return Change(db=db, programme=None, actor=actor, now=now, on=date(2027, month, day))


def stored_with(db: str, tmp_path: Path, **files: str) -> str:
    folder = a_folder(tmp_path / "trust", **({"pathway": GATED, "people": TEAM} | files))
    store_once(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    return db


def answer(
    task: str = PLAN, outcome: Outcome = Outcome.APPROVE, *, on: int = 5, reason: str = "Ready", **more: object
) -> GateAnswer:
    return GateAnswer(task=task, outcome=outcome, reason=reason, on=date(2027, 1, on), **more)  # type: ignore[arg-type]


def finish(db: str, task: str, first: int, last: int) -> None:
    progress.finish_task(task, date(2027, 1, last), date(2027, 1, first), change(db, last))


def planned(db: str) -> None:
    finish(db, "payroll/plan", 4, 5)


def up_to_the_go_live(db: str) -> None:
    planned(db)
    decide(answer(), change(db, 5, actor="lead"))
    finish(db, "payroll/requirements", 6, 12)
    for task in ("delegation", "w1/capacity", "w1/system-live"):
        finish(db, f"payroll/{task}", 13, 19)
    for school in ("ash", "beech"):
        finish(db, f"payroll/{school}/train", 20, 21)
    finish(db, "payroll/w1/skills", 22, 22)


def state(db: str, on: date) -> Stored:
    with session_scope(db) as session:
        return load(session, None, on=on)


def case(db: str, task: str, day: int) -> GateCase:
    return weigh(state(db, date(2027, 1, day)).judged, task)


def decisions(db: str) -> list[tuple[str, str, str, int]]:
    with session_scope(db) as session:
        rows = session.exec(select(DecisionRow).order_by(DecisionRow.id))  # type: ignore[arg-type]
        return [(r.task, r.outcome, r.by, r.round) for r in rows]
