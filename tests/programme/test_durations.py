"""How long a step takes at each school: its own entry, else its phase's, else the step's. A change of one copy wins."""

from pathlib import Path

import pytest

from changeflow.errors import ProblemsError
from changeflow.intake.folder import Folder, read_folder
from tests.builders import SERVICE, a_folder


def read(path: Path, tasks: str) -> Folder:
    return read_folder(a_folder(path, service=SERVICE + "tasks:\n" + tasks))


@pytest.mark.parametrize(
    ("tasks", "days"),
    [
        ("  train: {durations: {secondary: 5d}}\n", (2, 5, 2)),
        ("  train: {durations: {primary: 3d, ash: 4d}}\n", (4, 2, 3)),
        ("  train: {durations: {primary: 3d}}\n  ash/train: {duration: 1d}\n", (1, 2, 3)),
    ],
)
def test_schools_have_durations_of_their_own(tmp_path: Path, tasks: str, days: tuple[int, int, int]):
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
        ("  go-live: {durations: {ash: 5d}}\n", "'go-live' is no task per school"),
        ("  train: {durations: {ash: soon}}\n", "soon"),
    ],
)
def test_a_duration_for_what_there_is_not_is_refused(tmp_path: Path, tasks: str, problem: str):
    with pytest.raises(ProblemsError) as caught:
        read(tmp_path, tasks)
    assert problem in str(caught.value)
