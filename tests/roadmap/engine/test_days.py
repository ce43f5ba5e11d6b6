"""The day of a milestone at midnight, and float to one task.

Work is Monday to Friday, 9 to 17; 4 January 2027 is a Monday.
"""

from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.engine.floats_to import floats_to
from changeflow.roadmap.model.tasks import Bound, Constraint, Roadmap
from tests.builders import DAY, a_roadmap, a_task, at


def day(schedule: Schedule, task: str) -> str:
    assert schedule[task].first_day == schedule[task].last_day
    return f"{schedule[task].last_day:%d %b}"


def bound(kind: Bound, text: str) -> tuple[Constraint, ...]:
    return (Constraint(kind, at(text)),)


def test_what_ends_at_midnight_ends_on_the_day_before():
    """Two pay periods run to the end of 31 March: what follows, and what was set to finish by then, is on that day."""
    schedule = time_roadmap(
        a_roadmap(
            a_task("A", 5),
            a_task("run", "2pp"),
            a_task("over", 0),
            a_task("later", 0),
            a_task("must", 0, constraints=bound(Bound.MUST_FINISH, "2027-04-01")),
            a_task("least", 0, constraints=bound(Bound.FINISH_NO_EARLIER, "2027-04-01")),
            links=("A -> run", "run -> over", "over -> later", "A -> must"),
        )
    )
    assert [day(schedule, t) for t in ("over", "later", "must", "least")] == ["31 Mar"] * 4
    assert (schedule["run"].first_day.day, schedule["run"].last_day.day) == (1, 31)
    assert schedule.last_day.day == 31


def test_what_begins_at_midnight_is_on_the_day_that_begins():
    """The month opens on 1 April, and so do what starts with the pay period and what was set for that day."""
    schedule = time_roadmap(
        a_roadmap(
            a_task("A", 45),
            a_task("live", 0, starts_on="month"),
            a_task("all", 0),
            a_task("run", "1pp"),
            a_task("begins", 0),
            a_task("set", 0, constraints=bound(Bound.START_NO_EARLIER, "2027-04-01")),
            a_task("first", 0),
            links=("A -> live", "live -> all", "A -> run", "run -> begins SS"),
        )
    )
    found = {t: day(schedule, t) for t in ("live", "all", "begins", "set", "first")}
    # 45 days from 4 January end on Friday 5 March.
    assert found == {"live": "01 Apr", "all": "01 Apr", "begins": "01 Apr", "set": "01 Apr", "first": "04 Jan"}


def test_of_two_that_meet_at_midnight_what_begins_decides():
    roadmap = a_roadmap(
        a_task("run", "1pp"), a_task("live", 0, starts_on="pay_period"), a_task("both", 0),
        links=("run -> both", "live -> both"), start="2027-02-01",
    )  # fmt: skip
    schedule = time_roadmap(roadmap)
    assert day(schedule, "both") == "28 Feb"
    roadmap = a_roadmap(
        a_task("run", "1pp"), a_task("A", 2), a_task("live", 0, starts_on="pay_period"), a_task("both", 0),
        links=("run -> both", "A -> live", "live -> both"), start="2027-02-01",
    )  # fmt: skip
    # A ends on Tuesday 2 February, and the run on the 28th: the next pay period opens on 1 March.
    assert day(time_roadmap(roadmap), "both") == "01 Mar"


def with_a_gap() -> Roadmap:
    return a_roadmap(
        a_task("A", 5), a_task("run", "1pp"), a_task("over", 0), a_task("B", 100),
        a_task("due", 1, deadline=at("2027-01-13")),
        links=("A -> run", "run -> over", "A -> due"),
    )  # fmt: skip


def test_float_to_a_milestone_is_what_moves_that_one_not_the_end_or_a_deadline():
    """A ends on Friday 8 January. What follows on Monday 11 is due on Tuesday 12, and the milestone has more: the pay
    period opens on 1 February, 15 days later. It ends on 28 February, and the end is that of B, in May."""
    roadmap = with_a_gap()
    schedule = time_roadmap(roadmap)
    assert schedule["A"].total_float == DAY
    assert floats_to(roadmap, schedule, "over")["A"] == 15 * DAY
    assert floats_to(roadmap, schedule, "over")["run"] == 0
    assert floats_to(roadmap, schedule, "due")["A"] == 0
    assert schedule["A"].total_float == DAY
