"""The calendar of each task, and the calendars of a programme."""

from datetime import date
from pathlib import Path

from changeflow.usecases.plan import plan_folder
from changeflow.values.moments import day_of, last_day_of
from changeflow.values.words import Kind
from tests.builders import PROGRAMME, a_folder

ALONE = """\
service: payroll
name: Payroll
pathway: none
tasks:
  first: {duration: 5d}
"""


def test_the_only_task_of_a_programme_can_avoid_a_blackout(tmp_path: Path):
    """Work avoids Monday 4 to Friday 8 January, so five days from Monday 11 end on Friday 15."""
    programme = PROGRAMME[: PROGRAMME.index("tasks:")]
    folder = a_folder(tmp_path / "trust", service=ALONE, programme=programme)
    (folder / "pathways" / "none.yaml").write_text("pathway: none\nname: None\nsteps: {}\n", encoding="utf-8")
    (folder / "calendars").mkdir()
    blackout = "{name: freeze, first_day: 2027-01-04, last_day: 2027-01-08, activities: [work]}"
    (folder / "calendars" / "trust.yaml").write_text(f"calendar: trust\nblackouts: [{blackout}]\n", encoding="utf-8")
    planned = plan_folder(folder).programme
    [task] = planned.tasks(kind=Kind.WORK)
    timed = planned.timed(task.id)
    assert (day_of(timed.early_start), last_day_of(timed.early_finish)) == (date(2027, 1, 11), date(2027, 1, 15))
