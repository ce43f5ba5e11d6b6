"""The dates on a draft's comparison are those of the report: of today's plan, and of the draft once it is published."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.intake.editing.kinds import edits_from
from changeflow.reports.documents import json_of
from changeflow.reports.plan_comparison import END, PlanComparison, compare_plans
from changeflow.storage.database import read_scope
from changeflow.usecases import baselines, definitions, editing
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from tests.conftest import sample_copy

TODAY = date(2026, 9, 2)
NOW = datetime(2026, 9, 2, 9, tzinfo=UTC)


def compared(comparison: PlanComparison, column: int) -> dict[str, str]:
    """Return the date of each milestone in one of the plans."""
    [table] = [t for t in comparison.tables if t.key == "milestones"]
    return {row.name: row.cells[column].text for row in (*table.rows, *table.alike) if row.name != END}


def reported(db: str) -> dict[str, str]:
    """Return the forecast of each milestone in the report's JSON."""
    milestones = json.loads(json_of(sro_of_stored(None, db=db, today=TODAY)))["milestones"]
    assert milestones
    return {m["name"]: m["forecast"] for m in milestones}


@pytest.mark.thorough
@pytest.mark.slow
def test_a_drafts_dates_are_those_of_the_report_once_it_is_published(tmp_path: Path):
    db = f"sqlite:///{tmp_path / 'test.db'}"
    change = Change(db=db, programme=None, actor="chief-executive", now=NOW, on=TODAY)
    definitions.apply(sample_copy(tmp_path), db=db, actor="programme-manager", now=NOW)
    baselines.take_baseline("Agreed", change)
    with read_scope(db) as session:
        stored = load(session, None, on=TODAY)
        edits = edits_from([
            {"kind": "set-duration", "task": "payroll/requirements", "duration": "45d"},
            {"kind": "set-deadline", "task": "programme/payroll-live", "deadline": "2028-05-31"},
        ])  # fmt: skip
        draft = editing.PlanDraft(programme=stored.programme.id, base=stored.version.number, edits=edits)
        tried = editing.try_draft(session, stored, draft, change, "chief-executive")
        assert tried.judged is not None
        comparison = compare_plans([("Now", stored.judged), ("Draft", tried.judged)])
    before = reported(db)
    assert compared(comparison, 0) == before
    editing.publish(draft, "The supplier needs longer.", change)
    after = reported(db)
    assert compared(comparison, 1) == after
    assert before != after
