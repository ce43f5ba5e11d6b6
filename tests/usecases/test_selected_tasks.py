"""Selected tasks get another owner or another start together: one version, or a reason for each that cannot change."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from changeflow.intake.editing.kinds import edits_from
from changeflow.programme.programme import Programme
from changeflow.programme.task_moves import TaskMove, falls_short
from changeflow.storage.database import read_scope
from changeflow.usecases import definitions, progress
from changeflow.usecases.drafts import drafts_of
from changeflow.usecases.editing import PlanDraft, publish
from changeflow.usecases.progress import TaskReport, TaskStatus
from changeflow.usecases.selected_tasks import (
    FilledSelection,
    SelectedTasksChangedError,
    SelectionChange,
    TasksRefusedError,
    add_selected_to_draft,
    publish_selected,
)
from changeflow.usecases.stored import load
from tests.every_role import NOW, TODAY, World, stored_world

CAPACITY, SYSTEM, TRAIN = "estates/w1/capacity", "estates/w1/system-live", "estates/ash/train"
SKILLS = "estates/w1/skills"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return stored_world(tmp_path / "world")


def programme_of(world: World) -> Programme:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY).programme


def version_of(world: World) -> int:
    with read_scope(world.db) as session:
        return load(session, "small", on=TODAY).version.number


def moving(days: int, *tasks: str) -> FilledSelection:
    given = {"direction": "later" if days > 0 else "earlier", "days": str(abs(days))}
    return FilledSelection(SelectionChange.MOVE, tasks, given)


def owned_by(owner: str, *tasks: str) -> FilledSelection:
    return FilledSelection(SelectionChange.OWNER, tasks, {"owner": owner})


def starts(programme: Programme, tasks: Sequence[str]) -> list[date]:
    return [programme.days_of(task)[0] for task in tasks]


def refused(world: World, filled: FilledSelection) -> tuple[str, ...]:
    """Return why a change is refused; nothing is stored, and no draft either."""
    change, before = world.change("chief"), world.dump()
    with pytest.raises(TasksRefusedError) as found:
        publish_selected(filled, "Why", change)
    with pytest.raises(TasksRefusedError):
        add_selected_to_draft(filled, "", "Draft", change)
    assert world.dump() == before
    return found.value.reasons


@pytest.mark.slow
def test_tasks_get_another_owner_in_one_version(world: World):
    done = publish_selected(owned_by("member", CAPACITY, SYSTEM, "programme/all-live"), "Why", world.change("chief"))
    assert done.version == version_of(world) == 2
    tasks = programme_of(world).roadmap.tasks
    assert {tasks[task].owner for task in done.values} == {"member"}
    assert set(done.values.values()) == {"Team Member"}


@pytest.mark.slow
def test_tasks_move_later_by_working_days_and_back(world: World):
    """They start on Wednesday 7 April; ten working days later is the 21st, as Easter is over."""
    tasks = (CAPACITY, SYSTEM)
    assert starts(programme_of(world), tasks) == [date(2027, 4, 7)] * 2
    done = publish_selected(moving(10, *tasks), "Why", world.change("chief"))
    assert starts(programme_of(world), tasks) == [date(2027, 4, 21)] * 2
    assert done.values == dict.fromkeys(tasks, "21 to 27 Apr 2027")
    publish_selected(moving(-10, *tasks), "Why", world.change("chief"))
    assert starts(programme_of(world), tasks) == [date(2027, 4, 7)] * 2


@pytest.mark.slow
def test_a_task_that_only_follows_selected_ones_moves_earlier_with_them(world: World):
    """Training has no earliest start of its own: it follows capacity and the system."""
    publish_selected(moving(10, CAPACITY, SYSTEM), "Why", world.change("chief"))
    before = starts(programme_of(world), (TRAIN, SKILLS))
    publish_selected(moving(-5, CAPACITY, SYSTEM, TRAIN, SKILLS), "Why", world.change("chief"))
    after = starts(programme_of(world), (TRAIN, SKILLS))
    assert [(old - new).days for old, new in zip(before, after, strict=True)] == [7, 7]


@pytest.mark.slow
def test_a_task_that_something_keeps_from_an_earlier_start_is_refused_with_the_reason(world: World):
    publish_selected(moving(5, CAPACITY), "Why", world.change("chief"))
    [why] = refused(world, moving(-10, CAPACITY))
    assert why == (
        "“Estates, wave 1: capacity” cannot start on 31 Mar 2027. It runs from 7 to 13 Apr 2027, after “Estates: "
        "requirements” ends (6 Apr)."
    )
    [why] = refused(world, moving(-5, TRAIN))
    assert why == (
        "“Estates, Ash School: train” cannot start on 14 Apr 2027. It runs from 21 to 22 Apr 2027, after “Estates, "
        "wave 1: capacity” ends (20 Apr)."
    )


@pytest.mark.slow
def test_what_has_begun_or_is_a_milestone_is_refused_by_name(world: World):
    progress.report_task(CAPACITY, TaskReport(TaskStatus.STARTED, TODAY, None, ""), world.change("chief"))
    milestone = programme_of(world).roadmap.tasks["programme/all-live"].name
    assert refused(world, moving(5, SYSTEM, CAPACITY, "programme/all-live")) == (
        "“Estates, wave 1: capacity” has started, so its start is recorded.",
        f"“{milestone}” is a milestone. It moves with the tasks before it.",
    )


@pytest.mark.slow
@pytest.mark.parametrize("field", ["must_start", "must_finish"])
def test_a_task_with_a_fixed_date_is_refused(field: str, world: World):
    service = world.home / "trust" / "services" / "estates.yaml"
    service.write_text(service.read_text() + f"tasks: {{w1/capacity: {{{field}: 2027-04-30}}}}\n")
    definitions.apply(world.home / "trust", db=world.db, actor="chief", now=NOW)
    assert refused(world, moving(5, CAPACITY)) == (
        "“Estates, wave 1: capacity” has a fixed date. Remove or change that date first.",
    )


def test_a_plan_that_starts_a_task_before_its_new_day_does_not_follow(world: World):
    programme = programme_of(world)
    for day, is_short in ((date(2027, 4, 7), False), (date(2027, 4, 8), True)):
        assert falls_short(programme, TaskMove(CAPACITY, day, is_set=True), earlier=False) is is_short


@pytest.mark.slow
def test_a_task_that_is_finished_or_unknown_by_now_is_a_conflict(world: World):
    finished = TaskReport(TaskStatus.FINISHED, TODAY, None, "")
    progress.report_task("estates/ash/plan", finished, world.change("chief"))
    before = version_of(world)
    for filled in (owned_by("member", CAPACITY, "estates/ash/plan", "estates/nothing"), moving(5, "estates/ash/plan")):
        with pytest.raises(SelectedTasksChangedError) as found:
            publish_selected(filled, "", world.change("chief"))
        assert set(found.value.tasks) == {*filled.tasks} - {CAPACITY}
    assert version_of(world) == before


@pytest.mark.slow
def test_the_edits_are_added_to_a_draft(world: World):
    add_selected_to_draft(moving(5, CAPACITY, SYSTEM), "", "Later", world.change("chief"))
    [draft] = drafts_of(world.change("chief"))
    assert edits_from([
        {"kind": "set-earliest", "task": task, "earliest": "2027-04-14"} for task in (CAPACITY, SYSTEM)
    ]) == draft.edits  # fmt: skip
    assert version_of(world) == 1


@pytest.mark.slow
def test_one_edit_alone_keeps_its_day_if_the_tasks_before_it_finish_sooner(world: World):
    edits = edits_from([{"kind": "set-earliest", "task": SYSTEM, "earliest": "2027-05-05"}])
    publish(PlanDraft(programme="small", base=1, edits=edits), "Why", world.change("chief"))
    assert starts(programme_of(world), [SYSTEM]) == [date(2027, 5, 5)]
