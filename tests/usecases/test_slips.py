"""Why one go-live is not on its announced day, and why another task is not on its baseline's.

The small programme is that of the tests of announcements: forecast for 20 January, and for the 25th once requirements
have ended three working days late.
"""

from datetime import date
from pathlib import Path

import pytest

from changeflow.programme.announcements import GoLive, go_lives
from changeflow.reports.changes import SlipLine
from changeflow.storage.database import read_scope
from changeflow.usecases import baselines, definitions
from changeflow.usecases.announcements import announce
from changeflow.usecases.changes import changes_since, slip_since
from changeflow.usecases.stored import load
from tests.builders import a_folder
from tests.usecases.test_announcements import LATE, change, said, slip

TODAY = date(2027, 1, 14)
FINISHED = "“Payroll: requirements” finished later than planned, on 13 Jan 2027."


@pytest.fixture
def late(sqlite: str, tmp_path: Path) -> str:
    """A database whose programme has a baseline, and is five days late since."""
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=change(sqlite, 4).now)
    baselines.take_baseline("Agreed", change(sqlite, 4))
    return sqlite


def slipped(db: str, task: str = "", school: str = "ash") -> SlipLine | None:
    with read_scope(db) as session:
        programme = load(session, None, on=TODAY).programme
        live: GoLive | None = next(g for g in go_lives(programme) if g.school == school)
        asked = task or (live.task if live else None) or ""
        found = slip_since(session, programme, asked, None if task else live)
    return found.slips[0] if found and found.slips else None


def causes(line: SlipLine | None) -> list[tuple[int, str]]:
    return [(c.days, c.sentence) for c in line.causes] if line else []


@pytest.mark.slow
def test_a_late_go_live_has_the_causes_that_changes_give(late: str):
    slip(late)
    line = slipped(late)
    assert line is not None
    known = changes_since(None, db=late, since="baseline", on=TODAY).go_lives
    assert line in known
    assert (line.days, causes(line)) == (5, [(5, FINISHED)])


@pytest.mark.slow
def test_it_is_compared_with_the_day_that_was_announced_last(late: str):
    """By letter on the 6th, Ash was told Monday 18 January. Nothing had begun, so the forecast was Friday the 22nd."""
    announce([said("ash", date(2027, 1, 18), 6)], change(late, 6))
    slip(late)
    line = slipped(late)
    assert line is not None
    assert "is 7 days later, on 25 Jan 2027 (was 18 Jan 2027)" in line.sentence
    assert causes(line) == [(4, "The forecast was already later than the date that was announced."), (3, FINISHED)]
    assert causes(slipped(late, school="beech")) == [(5, FINISHED)]


@pytest.mark.slow
def test_what_happened_before_the_announcement_is_no_cause(late: str):
    slip(late)
    announce([said("ash", LATE, 14)], change(late, 14))
    assert slipped(late) is None


@pytest.mark.slow
def test_a_day_announced_too_late_leaves_a_go_live_that_is_early(late: str):
    """Ash was told Friday 29 January on the 6th, when the forecast was the 22nd."""
    announce([said("ash", date(2027, 1, 29), 6)], change(late, 6))
    slip(late)
    assert causes(slipped(late)) == [
        (-7, "The forecast was already earlier than the date that was announced."),
        (3, FINISHED),
    ]


@pytest.mark.slow
def test_other_tasks_are_compared_with_the_latest_baseline(late: str):
    slip(late)
    line = slipped(late, task="payroll/w1/restructure")
    assert line is not None
    assert (line.days, causes(line)) == (5, [(5, FINISHED)])
    baselines.take_baseline("Agreed again", change(late, 14))
    assert slipped(late, task="payroll/w1/restructure") is None


@pytest.mark.slow
def test_without_a_baseline_nothing_is_compared(sqlite: str, tmp_path: Path):
    definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=change(sqlite, 4).now)
    slip(sqlite)
    assert slipped(sqlite) is None
    assert slipped(sqlite, task="payroll/requirements") is None
