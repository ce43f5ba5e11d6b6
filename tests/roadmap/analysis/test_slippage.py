"""Cut-offs and drag, worked by hand. Days are Monday to Friday, 9 to 17; 4 January 2027 is a Monday."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.roadmap.analysis.slippage import CutOff, Slips, format_cut_off
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Roadmap
from changeflow.values.duration import Unit
from tests.builders import DAY, OFFICE, a_calendar, a_roadmap, a_task, clock
from tests.quick import draws
from tests.roadmap.engine.test_cpm import roadmaps


def slips(roadmap: Roadmap) -> Slips:
    return Slips(roadmap, time_roadmap(roadmap))


def test_the_cut_off_is_where_a_day_costs_a_month():
    """Build takes 15 days, to Friday 22 January; go-live opens with a month. Five days later, Friday the 29th, still
    make 1 February; the sixth, Monday 1 February itself, ends after the opening and waits for 1 March: 28 days."""
    roadmap = a_roadmap(a_task("Build", 15), a_task("Live", 0, starts_on="month"), links=("Build -> Live",))
    found = slips(roadmap).cut_off("Build", "Live")
    assert found is not None
    assert (found.float_days, clock(found.before), clock(found.after), found.days) == (
        5,
        "Mon 01 Feb 00:00",
        "Mon 01 Mar 00:00",
        28,
    )
    assert format_cut_off(roadmap, time_roadmap(roadmap), found) == (
        "If it slips by more than 5 working days, “Live” will slip from 1 Feb 2027 to 1 Mar 2027."
    )


@pytest.mark.parametrize(
    ("live", "unit", "after"),
    [("0d", {"starts_on": "month"}, "Mon 01 Mar 00:00"), ("3d", {"starts_on": "month"}, "Wed 03 Mar 17:00"),
     ("1pp", {}, "Thu 01 Apr 00:00")],
)  # fmt: skip
def test_one_day_later_in_a_start_window_is_the_next_window(live: str, unit: dict[str, str], after: str):
    """Build ends on Friday 22 January, so that Live starts on 1 February: a day later, Tuesday the 2nd, it waits for
    1 March, and what follows it for that."""
    links = ("Build -> Live", "Live -> End")
    roadmap = a_roadmap(a_task("Build", 15), a_task("Live", live, **unit), a_task("End", 0), links=links)
    found = slips(roadmap).cut_off("Live", "End")
    assert found is not None
    assert (found.float_days, clock(found.after), found.days) == (0, after, 28 if live != "1pp" else 31)
    assert format_cut_off(roadmap, time_roadmap(roadmap), found).startswith("If it slips by one ")


def test_a_half_term_is_a_cut_off_too():
    """Train (1 school day) follows Build, which ends on Wednesday 10 February: Thursday 11. One day of slip makes it
    Friday 12, two days Monday 22, after half-term: ten calendar days for one."""
    term = a_calendar("term", ("2027-02-15", "2027-02-19", "half-term"))
    roadmap = a_roadmap(
        a_task("Build", 3), a_task("Train", 1, calendar="term"),
        links=("Build -> Train",), start="2027-02-08", calendars={"office": OFFICE, "term": term},
    )  # fmt: skip
    found = slips(roadmap).cut_off("Build", "Train")
    assert found is not None
    assert (found.float_days, found.days) == (1, 10)


def test_a_weekend_is_no_cut_off():
    """A slip from Friday to Monday costs three days; every finish slides with it, and none jumps."""
    roadmap = a_roadmap(a_task("A", 3), a_task("B", 1), links=("A -> B",))
    assert slips(roadmap).cut_off("A", "B") is None


def test_what_does_not_reach_the_target_has_no_cut_off():
    roadmap = a_roadmap(a_task("A", 3), a_task("Live", 0, starts_on="month"))
    assert slips(roadmap).cut_off("A", "Live") is None


def test_drag_is_what_the_task_costs_the_whole():
    """A (10 days) then End (1 day); B (6 days) runs beside A. Without A, B's six days remain: four days are gained,
    not ten. B costs nothing."""
    roadmap = a_roadmap(a_task("A", 10), a_task("B", 6), a_task("End", 1), links=("A -> End", "B -> End"))
    found = slips(roadmap)
    assert found.drag("A") == 4 * DAY
    assert found.drag("B") == 0
    assert found.drag("End") == 1 * DAY


@pytest.mark.slow
@given(roadmaps())
@settings(max_examples=draws(60))
def test_recomputing_what_follows_equals_computing_everything(roadmap: Roadmap):
    """The oracle: lengthen the task by three days and schedule the whole roadmap again."""
    schedule = time_roadmap(roadmap)
    for task in roadmap.tasks.values():
        if task.duration.unit is not Unit.WORKING or task.is_milestone:
            continue
        longer = replace(task, duration=replace(task.duration, amount=task.duration.amount + 3 * DAY))
        again = time_roadmap(replace(roadmap, tasks={**roadmap.tasks, task.id: longer}))
        if again[task.id].early_start != schedule[task.id].early_start:
            continue  # A link to its finish moved its start: that is another question than a later finish.
        found = Slips(roadmap, schedule)
        for target in roadmap.tasks:
            if target != task.id:
                assert found.finish_if(task.id, again[task.id].early_finish, target) == again[target].early_finish


@pytest.mark.slow
@given(roadmaps(), st.sets(st.integers(0, 7)), st.integers(0, 30))
@settings(max_examples=draws(100))
def test_the_cut_off_is_the_first_that_asking_every_day_finds(roadmap: Roadmap, late: set[int], at_most: int):
    """The oracle asks for one more day of slip after another. Some tasks are as late as possible, and so may move to an
    earlier date at first."""
    tasks = {t.id: replace(t, as_late_as_possible=n in late) for n, t in enumerate(roadmap.tasks.values())}
    found = slips(replace(roadmap, tasks=tasks))
    for task in tasks:
        targets = [t for t in tasks if t != task]
        assert found.nearest(task, targets, at_most=at_most) == _by_asking_every_day(found, task, targets, at_most)


def _by_asking_every_day(found: Slips, task: str, targets: list[str], at_most: int) -> CutOff | None:
    before = {t: found.schedule[t].early_finish for t in targets}
    for days in range(at_most + 1):
        after = {t: found.finish_if(task, found.slipped(task, days + 1), t) for t in targets}
        for target in sorted(targets, key=lambda t: (before[t], t)):
            if after[target] - before[target] > 5 * 24 * 60:
                return CutOff(task, target, days, before[target], after[target])
        before = after
    return None


def test_what_shortening_and_lengthening_do_to_a_milestone_in_between():
    """A (4 days) and B (2) come before Live; C (20) decides the end. Without A, Live waits for B: it gains two days,
    and the end nothing. A or B longer by five days: Live is five or three days later, as planned again."""
    tasks = [a_task("A", 4), a_task("B", 2), a_task("Live", 0), a_task("C", 20)]
    links = ("A -> Live", "B -> Live")
    roadmap = a_roadmap(*tasks, links=links)
    found = Slips(roadmap, time_roadmap(roadmap))

    assert (found.drag("A", "Live"), found.drag("A")) == (2 * DAY, 0)
    for task, days in (("A", 4), ("B", 2)):
        longer = a_roadmap(*(a_task(task, days + 5) if t.id == task else t for t in tasks), links=links)
        assert found.longer(["A", "B", "C"], 5 * DAY, "Live")[task] == time_roadmap(longer)["Live"].early_finish
    assert found.longer(["C"], 5 * DAY, "Live") == {}, "what does not come before it is left out"
