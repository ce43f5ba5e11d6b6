"""A folder applied again after progress: tasks that changeflow made of facts are no part of it, and none are missed."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.errors import CheckFailedError
from changeflow.programme.recording import ReportedProgress
from changeflow.storage.database import session_scope, upgrade
from changeflow.usecases import definitions, pilot_records, progress
from changeflow.usecases.export import export_folder
from changeflow.usecases.stored import judged, load
from changeflow.usecases.unit_of_work import Change
from tests.storage.test_upgrade import released

ON = date(2027, 5, 21)
NOW = datetime(2027, 5, 21, 9, tzinfo=UTC)
# 0.1.0 had other names for some keys of the folder, and they are said when it is read.
pytestmark = pytest.mark.filterwarnings("ignore::changeflow.errors.RenamedWarning")


@pytest.fixture
def db(tmp_path: Path) -> str:
    """The ready programme in its eighth month, with a parallel run that was repeated."""
    db = released("0.1.0", tmp_path)
    upgrade(db)
    change = Change(db=db, programme=None, actor="programme-manager", now=NOW, on=ON)
    again = pilot_records.repeat("payroll/w2/parallel-run", "5d", "Two cases failed", change)
    assert again is not None
    progress.report_progress([ReportedProgress(again, date(2027, 5, 20), date(2027, 5, 21))], change)
    return db


def rewritten(db: str, tmp_path: Path, old: str, new: str) -> Path:
    """Write the stored folder out, with another text in its payroll."""
    folder = tmp_path / "trust"
    export_folder(folder, db=db, programme=None, on=ON)
    file = folder / "services" / "payroll.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.thorough
@pytest.mark.slow
def test_nothing_is_asked_about_tasks_that_changeflow_made(db: str, tmp_path: Path):
    with session_scope(db) as session:
        stored = load(session, None, on=ON)
    defined = judged(stored.version.definition).programme.roadmap.tasks
    made = [t for t in stored.programme.facts.progress if t not in defined]
    kinds = ("people-", "condition-", "-again-", "say-why")
    assert all(any(kind in task for task in made) for kind in kinds), "progress of each kind is stored"
    folder = rewritten(db, tmp_path, "cost_a_period: 2400", "cost_a_period: 2500")

    assert definitions.apply(folder, db=db, actor="programme-manager", now=NOW, on=ON) == 2

    with session_scope(db) as session:
        after = load(session, None, on=ON)
    assert after.programme.facts.progress == stored.programme.facts.progress
    assert made
    assert {t for t in made if t in stored.programme.roadmap.tasks} <= set(after.programme.roadmap.tasks)


@pytest.mark.thorough
@pytest.mark.slow
def test_a_task_of_the_definition_with_facts_needs_to_be_retired_once(db: str, tmp_path: Path):
    task = "payroll/payroll-ids-agreed"
    old = "  payroll-ids-agreed:         # a task"
    folder = rewritten(db, tmp_path, old, "  payroll-ids-agreed:\n    drop: true\n  ids-agreed:         # a task")
    text = (folder / "services" / "payroll.yaml").read_text(encoding="utf-8")
    text = text.replace("  payroll-ids-agreed:\n    drop: true\n", "").replace(
        "also_after: payroll-ids-agreed", "also_after: ids-agreed"
    )
    (folder / "services" / "payroll.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CheckFailedError, match=f"no longer has {task}, which has stored facts") as refused:
        definitions.apply(folder, db=db, actor="programme-manager", now=NOW, on=ON)
    assert str(refused.value).count("--retire") == 1
    assert definitions.apply(folder, db=db, actor="programme-manager", now=NOW, on=ON, retire=[task]) == 2
    # Once retired it is never asked about again.
    file = folder / "services" / "payroll.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("cost_a_period: 2400", "cost_a_period: 2500"))
    assert definitions.apply(folder, db=db, actor="programme-manager", now=NOW, on=ON) == 3
