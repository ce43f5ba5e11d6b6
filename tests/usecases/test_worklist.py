"""The list of tasks of the small programme, whose requirements take Monday 4 to Friday 8 January 2027."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from changeflow.agenda.worklist import WorkFilter, WorkItem, WorkState
from changeflow.errors import UnknownThingError
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress
from changeflow.reports.worklist import work_lines, work_rows
from changeflow.usecases import progress
from changeflow.usecases.definitions import apply
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.worklist import TasksInHand, tasks_in_hand
from tests.builders import PATHWAY, PEOPLE, a_folder

NAMED = PEOPLE.replace("id,name,", "id,name,").replace("lead,Director of People,", "lead,A Named Person,")
OWNED = PATHWAY.replace("per: school, duration: 2d,", "per: school, duration: 2d, owner: lead,").replace(
    "kind: requirements,", "kind: requirements, owner: lead,"
)


@pytest.fixture
def stored(db: str, tmp_path: Path) -> str:
    folder = a_folder(tmp_path / "trust", pathway=OWNED, people=NAMED)
    apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    return db


def listed(db: str, day: int, wanted: WorkFilter | None = None, *, ahead: date | None = None) -> TasksInHand:
    return tasks_in_hand(None, wanted or WorkFilter(), db=db, today=date(2027, 1, day), ahead=ahead)


def states(found: TasksInHand) -> dict[str, WorkState]:
    return {item.task.id: item.state for item in found.items}


def report(db: str, task: str, day: int, finished: int | None = None) -> None:
    change = Change(
        db=db, programme=None, actor="chief", now=datetime(2027, 1, day, 17, tzinfo=UTC), on=date(2027, 1, day)
    )
    last = date(2027, 1, finished) if finished else None
    progress.report_progress([ReportedProgress(task, date(2027, 1, 4), last)], change)


@pytest.mark.slow
def test_what_can_begin_what_is_due_and_what_is_late(stored: str):
    """A week before its last day it is due; on Tuesday 12 it is two working days late. What follows it waits."""
    for day, ahead, state, late in ((4, date(2027, 1, 7), "ready", 0), (4, None, "due", 0), (12, None, "late", 2)):
        found = listed(stored, day, ahead=ahead)
        first = found.items[0]
        assert (first.task.id, first.state, first.due, first.days_late) == (
            "payroll/requirements", state, date(2027, 1, 8), late,
        )  # fmt: skip
        assert states(found)["payroll/w1/capacity"] == "waiting"


@pytest.mark.slow
def test_what_has_begun_and_what_is_done(stored: str):
    report(stored, "payroll/requirements", 5)
    assert states(listed(stored, 5, ahead=date(2027, 1, 6)))["payroll/requirements"] == "begun"
    report(stored, "payroll/requirements", 8, finished=8)
    found = listed(stored, 11)
    assert "payroll/requirements" not in states(found)
    assert states(listed(stored, 11, WorkFilter(states=frozenset({WorkState.DONE})))) == {
        "payroll/requirements": "done"
    }
    assert states(found)["payroll/w1/capacity"] == "due"


@pytest.mark.slow
def test_filters_are_combined(stored: str):
    late = frozenset({WorkState.LATE})
    assert states(listed(stored, 12, WorkFilter(states=late, person="lead"))) == {"payroll/requirements": "late"}
    assert states(listed(stored, 12, WorkFilter(states=late, person="chief"))) == {}
    assert set(states(listed(stored, 12, WorkFilter(words=("TRAIN", "w2"))))) == {"payroll/cedar/train"}
    assert set(states(listed(stored, 12, WorkFilter(wave="w1", words=("train",))))) == {
        "payroll/ash/train", "payroll/beech/train",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [WorkFilter(person="no-one"), WorkFilter(wave="w9"), WorkFilter(service="hr")])
def test_a_filter_that_nothing_here_has_is_refused(stored: str, wanted: WorkFilter):
    with pytest.raises(UnknownThingError):
        listed(stored, 12, wanted)


@pytest.mark.slow
def test_tasks_that_differ_in_their_school_alone_make_one_line_and_an_empty_list_says_what_was_asked(stored: str):
    found = listed(stored, 12, WorkFilter(words=("train",), wave="w1"))
    lines = list(work_lines(found.programme, found.items, asked="wave w1", today=date(2027, 1, 12)))
    # Requirements that no one has begun take from Tuesday 12 to Monday 18 January, what follows them a week each.
    assert [" ".join(line.split()) for line in lines] == [
        "2 tasks on 12 Jan 2027 (wave w1)",
        (
            "due to start on 26 Jan 2027 Payroll: train at 2 schools: Ash School, Beech School (A Named Person, "
            "Director of People)"
        ),
        "payroll/SCHOOL/train",
    ]
    empty = list(work_lines(found.programme, (), asked="late", today=date(2027, 1, 12)))
    assert empty == ["No tasks found on 12 Jan 2027 (late)."]


@pytest.mark.slow
def test_each_task_has_a_row_of_its_own_with_its_owners_name(stored: str):
    found = listed(stored, 12, WorkFilter(words=("train",)))
    rows = work_rows(found.programme, found.items)
    assert [r["id"] for r in rows] == ["payroll/ash/train", "payroll/beech/train", "payroll/cedar/train"]
    assert {(r["owner"], r["owner_name"]) for r in rows} == {("lead", "A Named Person, Director of People")}


MEETINGS = "calendar: trust\nmeetings: [{id: board, name: Board, dates: [2027-01-20, 2027-02-24]}]\n"
AT_A_MEETING = "  approve: {gate: design, phase: design, after: requirements, owner: chief, starts_on: meeting/board}\n"


class TestBeforeItsDay:
    """The board meets on 20 January and 24 February, and the requirements before its decision are done on the 8th."""

    @pytest.fixture
    def decided(self, db: str, tmp_path: Path) -> str:
        lag = OWNED.replace("after: requirements}", "after: requirements FS+20d}", 1)
        folder = a_folder(tmp_path / "trust", pathway=lag + AT_A_MEETING, people=NAMED)
        (folder / "calendars").mkdir()
        (folder / "calendars" / "trust.yaml").write_text(MEETINGS)
        apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
        report(db, "payroll/requirements", 8, finished=8)
        return db

    def said(self, db: str, day: int, task: str) -> tuple[str, str]:
        found = listed(db, day)
        lines = list(work_lines(found.programme, found.items, asked="all", today=date(2027, 1, day)))
        at = next(n for n, line in enumerate(lines) if line.strip().partition(" (")[0] == task)
        return lines[at - 1][:39].strip(), lines[at].strip()

    @pytest.mark.slow
    @pytest.mark.parametrize(("day", "state"), [(11, "waiting"), (18, "due"), (20, "due")])
    def test_a_decision_of_a_meeting_can_be_made_on_its_day(self, decided: str, day: int, state: str):
        assert states(listed(decided, day))["payroll/approve"] == state
        when, _ = self.said(decided, day, "payroll/approve")
        assert when == ("due 20 Jan 2027" if day == 20 else "can be decided on 20 Jan 2027")

    @pytest.mark.slow
    def test_one_that_is_late_says_its_next_meeting(self, decided: str):
        """Not decided on Wednesday 20 January, it is two working days late on Friday the 22nd."""
        when, below = self.said(decided, 22, "payroll/approve")
        assert when == "2 working days late (20 Jan 2027)"
        assert below == "payroll/approve (can be decided on 24 Feb 2027) (last day to decide: Wed 24 Feb 2027)"
        [row] = [r for r in work_rows(*_both(listed(decided, 22))) if r["id"] == "payroll/approve"]
        assert row["not_before"] == "2027-02-24"

    @pytest.mark.slow
    def test_work_after_a_lag_cannot_begin_before_its_end(self, decided: str):
        """Twenty working days after Friday 8 January are over on Friday 5 February: the next is Monday the 8th."""
        when, _ = self.said(decided, 11, "payroll/delegation")
        assert when == "due to start on 8 Feb 2027"


def _both(found: TasksInHand) -> tuple[Programme, Sequence[WorkItem]]:
    return found.programme, found.items
