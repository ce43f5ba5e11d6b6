"""Durations of a step by school: its own, or else its phase's, or else the step's. A change to one copy wins."""

from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import Folder, read_folder
from changeflow.usecases.plan import remarks
from tests.builders import PATHWAY, SERVICE, a_folder

RANGED = PATHWAY.replace("duration: 2d,", "duration: 2d, estimate: [1d, 2d, 4d],")
"""The step that trains a school has a range, on line 8."""


def read(path: Path, tasks: str, pathway: str = PATHWAY) -> Folder:
    return read_folder(a_folder(path, service=SERVICE + "tasks:\n" + tasks, pathway=pathway))


@pytest.mark.parametrize(
    ("tasks", "days"),
    [
        ("  train: {durations: {secondary: 5d}}\n", (2, 5, 2)),
        ("  train: {durations: {primary: 3d, ash: 4d}}\n", (4, 2, 3)),
        ("  train: {durations: {primary: 3d}}\n  ash/train: {duration: 1d}\n", (1, 2, 3)),
    ],
)
def test_schools_can_have_their_own_durations(tmp_path: Path, tasks: str, days: tuple[int, int, int]):
    """The step takes two days. Ash and Cedar are primary schools, Beech is a secondary school."""
    found = read(tmp_path, tasks).programme
    per_day = found.minutes_per_day
    taken = tuple(
        found.roadmap.tasks[f"payroll/{s}/train"].duration.amount / per_day for s in ("ash", "beech", "cedar")
    )
    assert taken == days


@pytest.mark.parametrize(
    ("tasks", "problem"),
    [
        ("  train: {durations: {ahs: 5d}}\n", "There is no school or phase 'ahs'. Did you mean 'ash'"),
        ("  go-live: {durations: {ash: 5d}}\n", "'go-live' is not a task per school"),
        ("  train: {durations: {ash: soon}}\n", "soon"),
    ],
)
def test_a_duration_for_an_unknown_school_or_step_is_refused(tmp_path: Path, tasks: str, problem: str):
    with pytest.raises(ProblemsError) as caught:
        read(tmp_path, tasks)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("tasks", "ranges"),
    [
        ("  train: {owner: chief}\n", ((1, 2, 4), (1, 2, 4), (1, 2, 4))),
        ("  train: {duration: 9d}\n", (None, None, None)),
        ("  train: {duration: 9d, estimate: [8d, 9d, 12d]}\n", ((8, 9, 12), (8, 9, 12), (8, 9, 12))),
        ("  train: {estimate: [2d, 2d, 3d]}\n", ((2, 2, 3), (2, 2, 3), (2, 2, 3))),
        ("  ash/train: {duration: 9d}\n", (None, (1, 2, 4), (1, 2, 4))),
        ("  train: {durations: {secondary: 9d}}\n", ((1, 2, 4), None, (1, 2, 4))),
    ],
)
def test_a_more_specific_duration_replaces_the_steps_range(
    tmp_path: Path, tasks: str, ranges: tuple[tuple[int, int, int] | None, ...]
):
    """The step takes two days, from one to four. Its range does not apply to a task that takes nine."""
    found = read(tmp_path, tasks, RANGED)
    planned = [found.programme.roadmap.tasks[f"payroll/{s}/train"].estimate for s in ("ash", "beech", "cedar")]
    per_day = found.programme.minutes_per_day
    assert planned == [r and tuple(days * per_day for days in r) for r in ranges]
    assert any(True for _ in remarks(found)) == (None in ranges)


def test_validate_names_tasks_that_lost_their_range(tmp_path: Path):
    """The service's file has its tasks from line 8."""
    found = read(tmp_path, "  train: {duration: 9d}\n  ash/train: {duration: 3d, estimate: [2d, 3d, 5d]}\n", RANGED)
    assert [str(p) for p in remarks(found)] == [
        (
            "services/payroll.yaml:8:21: The duration 9d replaces the estimate 1d, 2d, 4d: 'payroll/beech/train' and "
            "1 other have no range of their own. Write an estimate beside the duration."
        )
    ]


@pytest.mark.parametrize(
    ("tasks", "pathway", "problem"),
    [
        (
            "  train: {duration: 9d, estimate: [1d, 2d, 4d]}\n",
            PATHWAY,
            "services/payroll.yaml:8:35: The duration 9d",
        ),
        ("  train: {estimate: [3d, 4d, 5d]}\n", RANGED, "services/payroll.yaml:8:21: The duration 2d of 'train' is"),
        ("  train: {owner: chief}\n", RANGED.replace("duration: 2d", "duration: 5d"), "pathways/short.yaml:8:79:"),
    ],
)
def test_a_duration_outside_its_own_range_is_a_definition_error(tmp_path: Path, tasks: str, pathway: str, problem: str):
    with pytest.raises(ProblemsError) as caught:
        read(tmp_path, tasks, pathway)
    assert problem in str(caught.value)
    assert "is outside its estimate" in str(caught.value)
