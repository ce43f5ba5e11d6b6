"""Tasks at start windows: a start that has landed stays, and float is what planning again confirms.

Work is Monday to Friday, 9 to 17; 4 January, 1 February and 1 March 2027 are Mondays, 1 April is a Thursday.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from changeflow.calendar.periods import Period, Periods
from changeflow.errors import CalendarExhaustedError
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.engine.replan import if_longer
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, LinkType, Roadmap, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import Duration, Unit
from tests.builders import DAY, MONTHS, OFFICE, a_calendar, a_roadmap, a_task, at, clock

TERMS = Periods(
    "terms",
    [
        Period("spring", date(2027, 1, 4), date(2027, 3, 25)),
        Period("summer", date(2027, 4, 12), date(2027, 7, 21)),
        Period("autumn", date(2027, 9, 1), date(2027, 12, 17)),
        Period("next spring", date(2028, 1, 4), date(2028, 3, 31)),
    ],
)
PERIODS = {"month": MONTHS, "pay_period": MONTHS, "term": TERMS}


def plan(*tasks: Task, links: tuple[str, ...] = (), **more: object) -> Schedule:
    return time_roadmap(a_roadmap(*tasks, links=links, periods=PERIODS, **more))


def early(schedule: Schedule, task: TaskId) -> tuple[str, str]:
    return clock(schedule[task].early_start), clock(schedule[task].early_finish)


def bound(kind: Bound, day: str) -> Constraint:
    return Constraint(kind, at(day))


@pytest.mark.parametrize(
    ("window", "starts"), [("month", "Mon 01 Mar"), ("pay_period", "Mon 01 Mar"), ("term", "Mon 12 Apr")]
)
def test_two_tasks_that_start_together_start_in_the_same_window(window: str, starts: str):
    """A may start from 10 February on, at the next window; B starts with it, whatever counts its time."""
    a = a_task("A", 5, starts_on=window, constraints=(bound(Bound.START_NO_EARLIER, "2027-02-10"),))
    for duration in ("0d", "5d", "4h", "2sw", "30ed", "1pp"):
        schedule = plan(a, a_task("B", duration, starts_on=window), links=("A -> B SS",))
        if duration == "1pp" and window == "term":
            # The first whole pay period of the summer term opens on 1 May.
            assert early(schedule, "B")[0] == "Sat 01 May 00:00"
        else:
            assert early(schedule, "B")[0].startswith(starts)


def test_a_pay_period_starts_with_the_work_that_starts_at_it():
    """A starts on Monday 1 March at 9; the pay period opens at midnight. Lags in pay periods count from there too."""
    a = a_task("A", 5, starts_on="month", constraints=(bound(Bound.START_NO_EARLIER, "2027-02-10"),))
    schedule = plan(a, a_task("run", "1pp"), a_task("next", 1), links=("A -> run SS", "A -> next SS+1pp"))
    assert early(schedule, "run") == ("Mon 01 Mar 00:00", "Thu 01 Apr 00:00")
    assert early(schedule, "next")[0] == "Thu 01 Apr 09:00"


def test_a_lead_from_a_finish_reaches_the_window_that_opens_after_it():
    """A ends on Monday 1 March. A day less is the end of Friday 26 February: what starts on the 1st may."""
    a = a_task("A", 1, constraints=(bound(Bound.START_NO_EARLIER, "2027-03-01"),))
    schedule = plan(
        a, a_task("run", "1pp"), a_task("B", 1, starts_on="month"), links=("A -> run FS-1d", "A -> B FS-1d")
    )
    assert early(schedule, "run")[0] == "Mon 01 Mar 00:00"
    assert early(schedule, "B")[0] == "Mon 01 Mar 09:00"


@pytest.mark.parametrize(
    ("duration", "finish", "starts"),
    [
        # Of one day that ends no earlier than 10 February: on 1 March, for on 1 February it would end too early.
        (1, "2027-02-11", "Mon 01 Mar"),
        # 29 days from Monday 1 February end on Thursday 11 March: no earlier than the 10th.
        (29, "2027-03-11", "Mon 01 Feb"),
        # A day that ends on the 1st itself starts there.
        (1, "2027-03-02", "Mon 01 Mar"),
    ],
)
def test_a_finish_no_earlier_than_a_day_takes_the_first_window_that_keeps_it(duration: int, finish: str, starts: str):
    task = a_task("A", duration, starts_on="month", constraints=(bound(Bound.FINISH_NO_EARLIER, finish),))
    assert early(plan(task), "A")[0].startswith(starts)


@pytest.mark.parametrize(("link", "starts"), [("FF", "Mon 01 Feb"), ("SF", "Mon 01 Feb"), ("FS", "Mon 01 Mar")])
def test_links_to_a_finish_take_the_first_window_that_keeps_them(link: str, starts: str):
    """A works on 10 February. B, of 10 days from a month's first day, ends on 12 February if it starts on the 1st."""
    a = a_task("A", 1, constraints=(bound(Bound.START_NO_EARLIER, "2027-02-10"),))
    schedule = plan(a, a_task("B", 10, starts_on="month"), links=(f"A -> B {link}",))
    assert early(schedule, "B")[0].startswith(starts)


@pytest.mark.parametrize(
    ("kind", "day", "starts"),
    [
        (Bound.MUST_FINISH, "2027-03-06", "Mon 01 Mar"),  # its five days end on Friday 5 March
        (Bound.MUST_FINISH, "2027-03-05", "Mon 01 Feb"),  # they do not end by the 4th
        (Bound.MUST_START, "2027-03-01", "Mon 01 Mar"),
    ],
)
def test_a_date_that_must_be_kept_is_kept_at_a_window(kind: Bound, day: str, starts: str):
    assert early(plan(a_task("A", 5, starts_on="month", constraints=(bound(kind, day),))), "A")[0].startswith(starts)


def test_as_late_as_possible_at_windows_leaves_the_end_where_it_is():
    """The end is Wednesday 31 March: B takes 60 days from 4 January, to the 26th, and C three. A, of two days, and what
    waits for it start at the month's first day: the last one that leaves C where it is is 1 March."""
    chain = (
        a_task("A", 2, starts_on="month", as_late_as_possible=True),
        a_task("A2", 2, starts_on="month", as_late_as_possible=True),
        a_task("B", 60),
        a_task("C", 3),
    )
    schedule = plan(*chain, links=("A -> A2", "A2 -> C", "B -> C"))
    assert clock(schedule.finish) == "Wed 31 Mar 17:00"
    assert early(schedule, "A2")[0] == "Mon 01 Mar 09:00"
    assert early(schedule, "A")[0] == "Mon 01 Feb 09:00"


def test_float_before_a_pay_period_that_others_start_with_is_what_planning_again_confirms():
    """A ends on 22 January, 15 days from the 4th, and the run opens on 1 February: five days. B starts with the run
    and could wait until 9 February, but the run cannot: a day more of A, and it opens on 1 March."""
    tasks = (a_task("A", 15), a_task("run", "1pp"), a_task("B", 60), a_task("other", 86))
    links = ("A -> run", "run -> B SS")
    schedule = plan(*tasks, links=links)
    assert schedule["B"].total_float == 6 * DAY
    assert (schedule["A"].total_float, schedule["A"].free_float) == (5 * DAY, 5 * DAY)
    assert (clock(schedule["run"].late_start), schedule["run"].total_float) == ("Mon 01 Feb 00:00", 0)
    roadmap = a_roadmap(*tasks, links=links, periods=PERIODS)
    assert if_longer(roadmap, 5 * DAY).if_longer["A"] == schedule.finish
    assert if_longer(roadmap, 5 * DAY + 1).if_longer["A"] > schedule.finish


EASTER = a_calendar("term", ("2027-03-29", "2027-04-16", "Easter"))
WITH_TERM = {"office": OFFICE, "term": EASTER}


def ends_at(day: str) -> Task:
    """A wait on the clock that ends at an instant."""
    return a_task("A", "1ed", constraints=(bound(Bound.FINISH_NO_EARLIER, day),))


@pytest.mark.parametrize(
    ("ready", "opens"),
    [
        # 1 May is a Saturday: no one has worked since it opened, up to Monday at 9.
        ("2027-05-02T12:00", "Sat 01 May 00:00"),
        ("2027-05-03T09:00", "Sat 01 May 00:00"),
        ("2027-05-03T09:01", "Tue 01 Jun 00:00"),
    ],
)
def test_what_is_ready_over_a_weekend_makes_the_pay_period_that_opened_on_it(ready: str, opens: str):
    schedule = plan(ends_at(ready), a_task("run", "1pp"), a_task("next", 1), links=("A -> run", "A -> next FS+1pp"))
    assert early(schedule, "run")[0] == opens
    # A day's work after a whole period begins when that has closed: Tuesday 1 June or Thursday 1 July.
    assert early(schedule, "next")[0] == ("Tue 01 Jun 09:00" if opens.endswith("May 00:00") else "Thu 01 Jul 09:00")


@pytest.mark.parametrize(
    ("ready", "opens"),
    [
        # Easter is from 29 March to 16 April: schools work again on Monday the 19th. A week after 1 April is the 8th.
        ("2027-04-07T17:00", "Thu 01 Apr 00:00"),
        ("2027-04-08T00:00", "Thu 01 Apr 00:00"),
        ("2027-04-08T00:01", "Sat 01 May 00:00"),
        ("2027-04-19T08:00", "Sat 01 May 00:00"),
    ],
)
def test_school_holidays_keep_no_pay_period_open_for_longer_than_a_week(ready: str, opens: str):
    run, ff = a_task("run", "1pp", calendar="term"), a_task("ff", "1pp", calendar="term")
    schedule = plan(ends_at(ready), run, ff, links=("A -> run", "A -> ff FF"), calendars=WITH_TERM)
    assert early(schedule, "run")[0] == opens
    # What ends with A has closed on 1 April at 0:00, as long as that counts; else it closes on 1 May.
    assert early(schedule, "ff")[1] == ("Thu 01 Apr 00:00" if opens.startswith("Thu") else "Sat 01 May 00:00")


def test_float_before_a_pay_period_reaches_a_week_into_the_holidays_at_most():
    """B takes 17 weeks and a day from Monday 4 January: the end is Monday 3 May. The run has closed by then if it opens
    on 1 April, and A may end up to a week after that. It ends on 14 January at 9: 83 days and 15 hours earlier."""
    tasks = (a_task("A", "10ed"), a_task("run", "1pp", calendar="term"), a_task("B", 86))
    schedule = plan(*tasks, links=("A -> run",), calendars=WITH_TERM)
    assert clock(schedule.finish) == "Mon 03 May 17:00"
    assert clock(schedule["run"].late_start) == "Thu 01 Apr 00:00"
    assert clock(schedule["A"].late_finish) == "Thu 08 Apr 00:00"
    assert schedule["A"].total_float == (83 * 24 + 15) * 60


def test_a_moment_begins_with_its_window_or_before_the_first_work_in_it():
    """1 May is a Saturday. What is ready on Sunday at noon is in May; after Monday at 9 it waits for June."""
    starts = {}
    for ready in ("2027-04-30T17:00", "2027-05-02T12:00", "2027-05-03T09:00", "2027-05-03T09:01"):
        schedule = plan(ends_at(ready), a_task("live", 0, starts_on="month"), links=("A -> live",))
        starts[ready] = early(schedule, "live")[0]
    assert list(starts.values()) == ["Sat 01 May 00:00", "Sun 02 May 12:00", "Mon 03 May 09:00", "Tue 01 Jun 00:00"]


def test_a_moment_at_a_window_may_wait_until_the_first_work_in_it():
    """B takes 21 weeks and a day from Monday 4 January: the end is Monday 31 May. C, of ten days, begins by 18 May,
    after a moment in May's window. A may end when people come to work in it, on Monday 3 May at 9. It ends on
    14 January at 9: 17 + 28 + 31 + 30 + 3 = 109 days earlier."""
    tasks = (a_task("A", "10ed"), a_task("live", 0, starts_on="month"), a_task("C", 10), a_task("B", 106))
    schedule = plan(*tasks, links=("A -> live", "live -> C"))
    assert clock(schedule.finish) == "Mon 31 May 17:00"
    assert clock(schedule["A"].late_finish) == "Mon 03 May 09:00"
    assert schedule["A"].total_float == 109 * 24 * 60


def test_a_lag_that_is_a_share_passes_as_its_predecessor_does():
    """Half of each from Monday 4 January: 10 of 20 days, 15 of 30 on the clock, 2 of 4 school weeks.

    The two pay periods run from 1 February to 31 March, 20 + 23 days of work: 21.5 days are Tuesday 2 March at 13:00.
    """
    tasks = [a_task("w", 20), a_task("el", "30ed"), a_task("sw", "4sw"), a_task("pp", "2pp")]
    after = [a_task(f"after-{t.id}", 1) for t in tasks]
    schedule = plan(*tasks, *after, links=tuple(f"{t.id} -> after-{t.id} SS+50%" for t in tasks))
    starts = {t.id: early(schedule, f"after-{t.id}")[0] for t in tasks}
    assert starts == {
        "w": "Mon 18 Jan 09:00",
        "el": "Tue 19 Jan 09:00",
        "sw": "Mon 18 Jan 09:00",
        "pp": "Tue 02 Mar 13:00",
    }


def test_a_negative_share_is_a_lead_in_the_predecessors_own_time():
    """30 days on the clock from 4 January at 9 end on 3 February: half of it less is 19 January at 9. Of two pay
    periods that close on 31 March, 21.5 days less are Tuesday 2 March at 13:00. A milestone has nothing to share."""
    tasks = a_task("el", "30ed"), a_task("pp", "2pp"), a_task("m", 0), a_task("e", 1), a_task("p", 1), a_task("n", 1)
    schedule = plan(*tasks, links=("el -> e FS-50%", "pp -> p FS-50%", "m -> n FS-50%"))
    assert early(schedule, "e")[0] == "Tue 19 Jan 09:00"
    assert early(schedule, "p")[0] == "Tue 02 Mar 13:00"
    assert early(schedule, "n")[0] == "Mon 04 Jan 09:00"


def test_a_share_of_whole_periods_that_have_begun_is_of_the_planned_ones():
    """The run began on 1 February for two pay periods, 20 + 23 days of work: half of them are 21.5. With March left, it
    ends on the 31st, and B starts 21.5 days later, on Friday 30 April at 13:00. With March and April left, it ends on
    30 April, and B starts 21.5 days after that: on Tuesday 1 June at 13:00."""
    for left, starts in ((1, "Fri 30 Apr 13:00"), (2, "Tue 01 Jun 13:00")):
        began = TaskProgress(at("2027-02-01"), None, Duration(left, Unit.PAY_PERIODS))
        schedule = plan(
            a_task("run", "2pp"), a_task("B", 1), links=("run -> B FS+50%",),
            data_date=at("2027-02-15"), progress={"run": began},
        )  # fmt: skip
        assert early(schedule, "B")[0] == starts


def test_a_period_that_has_begun_is_held_to_the_end_of_a_period():
    """The run began on 1 February, and nothing of it is left to begin. C has to begin on Wednesday 24 March. If A, with
    which the run may end at the earliest, ends after February, the run ends on 31 March, which is too late."""
    schedule = plan(
        a_task("A", 5), a_task("run", "1pp"), a_task("C", 3, deadline=at("2027-03-27")), a_task("B", 60),
        links=("A -> run FF", "run -> C"), data_date=at("2027-02-15"),
        progress={"run": TaskProgress(at("2027-02-01"))},
    )  # fmt: skip
    assert clock(schedule["run"].late_finish) == "Wed 24 Mar 09:00"
    assert clock(schedule["A"].late_finish) == "Fri 26 Feb 17:00"


BEGUN = TaskProgress(at("2027-01-20T09:00"))


@pytest.mark.parametrize(
    ("link", "left", "ends"),
    [
        # B, of ten days, began on 20 January and would end on 2 February; A ends on 12 February.
        ("FF", None, "Fri 12 Feb 17:00"),
        ("FF", Duration(2 * DAY), "Fri 12 Feb 17:00"),
        ("FF+1d", Duration(2 * DAY), "Mon 15 Feb 17:00"),
        # By 25 January three of its ten days are done: the others wait for A.
        ("FS", None, "Tue 23 Feb 17:00"),
        ("FS", Duration(2 * DAY), "Tue 16 Feb 17:00"),
        # A begins on 4 January, before B: that holds nothing.
        ("SS", None, "Tue 02 Feb 17:00"),
        ("SF", None, "Tue 02 Feb 17:00"),
        # 36 days after A's beginning is 22 February at 17:00.
        ("SF+36d", None, "Mon 22 Feb 17:00"),
    ],
)
def test_begun_work_ends_no_earlier_than_its_links_allow(link: str, left: Duration | None, ends: str):
    schedule = plan(
        a_task("A", 30), a_task("B", 10), links=(f"A -> B {link}",), data_date=at("2027-01-25"),
        progress={"A": TaskProgress(at("2027-01-04T09:00")), "B": replace(BEGUN, remaining=left)},
    )  # fmt: skip
    assert early(schedule, "B") == ("Wed 20 Jan 09:00", ends)


def test_a_pay_period_that_has_begun_is_over_when_it_closes_whatever_it_waits_for():
    """The run began on 1 February, and its predecessor ends on Friday 19: of the run nothing is left to begin."""
    schedule = plan(
        a_task("A", 35), a_task("run", "1pp"), links=("A -> run",), data_date=at("2027-02-12"),
        progress={"A": TaskProgress(at("2027-01-04T09:00")), "run": TaskProgress(at("2027-02-01"))},
    )  # fmt: skip
    assert early(schedule, "run")[1] == "Mon 01 Mar 00:00"


def test_begun_work_of_which_nothing_is_left_ends_when_what_it_waits_for_does():
    """B was to take two days from 4 January. A, 40 days on the clock from then, ends on Saturday 13 February at 9, and
    B with it. B is due by the end of Sunday 28 February, 15 days and 15 hours later: so A may take as long."""
    schedule = plan(
        a_task("A", "40ed"), a_task("B", 2, deadline=at("2027-03-01")), a_task("C", 60), links=("A -> B",),
        data_date=at("2027-01-25"),
        progress={"A": TaskProgress(at("2027-01-04T09:00")), "B": TaskProgress(at("2027-01-04T09:00"))},
    )  # fmt: skip
    assert early(schedule, "B")[1] == "Sat 13 Feb 09:00"
    assert clock(schedule["B"].late_finish) == "Mon 01 Mar 00:00"
    assert schedule["A"].total_float == (15 * 24 + 15) * 60


def test_free_float_before_begun_work_reaches_up_to_where_it_goes_on():
    """B waits for A until Friday 12 February. The other ends on 29 January: ten days that move nothing."""
    began = TaskProgress(at("2027-01-04T09:00"))
    schedule = plan(
        a_task("A", 30), a_task("other", 20), a_task("B", 10), links=("A -> B", "other -> B"),
        data_date=at("2027-01-25"), progress={"A": began, "other": began, "B": replace(BEGUN, remaining=Duration(DAY))},
    )  # fmt: skip
    assert (schedule["other"].free_float, schedule["A"].free_float) == (10 * DAY, 0)


def test_free_float_before_a_finish_reaches_over_the_weekend_after_it():
    """A ends on Friday 8 January and B on Friday 15. Two days on the clock after A lie in the weekend if A ends on the
    15th as well: for work that is when B ends. So A has five days."""
    schedule = plan(a_task("A", 5), a_task("B", 10), a_task("C", 60), links=("A -> B FF+2ed",))
    assert schedule["A"].free_float == 5 * DAY


@pytest.mark.parametrize(
    ("left", "ends"),
    [
        # On Monday 25 January at 9: ten days of the clock; a whole pay period, which opens on 1 February; five days.
        (Duration(14_400, Unit.ELAPSED), "Thu 04 Feb 09:00"),
        (Duration(1, Unit.PAY_PERIODS), "Mon 01 Mar 00:00"),
        (Duration(1, Unit.SCHOOL_WEEKS), "Fri 29 Jan 17:00"),
        (Duration(1, Unit.TERMS), "Thu 22 Jul 00:00"),
        (Duration(DAY), "Mon 25 Jan 17:00"),
    ],
)
def test_what_is_left_passes_in_its_own_unit_whatever_the_tasks(left: Duration, ends: str):
    for duration in ("30ed", "2pp", "10d"):
        progress = {"A": TaskProgress(at("2027-01-04T09:00"), None, left)}
        assert early(plan(a_task("A", duration), progress=progress, data_date=at("2027-01-25")), "A")[1] == ends


DURATIONS = ["0d", "1d", "3d", "7d", "15d", "30d", "4h", "10ed", "30ed", "1pp", "2pp", "2sw", "1t"]
LAGS = [
    *[Duration(0)] * 4,
    Duration(DAY),
    Duration(-DAY),
    Duration(2880, Unit.ELAPSED),
    Duration(50, Unit.PERCENT),
    Duration(-50, Unit.PERCENT),
    Duration(1, Unit.PAY_PERIODS),
    Duration(1, Unit.SCHOOL_WEEKS),
]
WINDOWS = [None, None, "month", "pay_period", "term"]
KINDS = [Bound.START_NO_EARLIER, Bound.FINISH_NO_EARLIER]


def a_network(seed: int) -> Roadmap:
    """Draw tasks of every unit at every window, with every type of link between them."""
    r = random.Random(seed)
    tasks = [
        a_task(
            f"t{k}",
            r.choice(DURATIONS),
            starts_on=r.choice(WINDOWS),
            constraints=(bound(r.choice(KINDS), f"2027-0{r.randint(1, 4)}-1{r.randint(0, 9)}"),) * (r.random() < 0.2),
            deadline=at(f"2027-0{r.randint(3, 9)}-1{r.randint(0, 9)}") if r.random() < 0.2 else None,
        )
        for k in range(r.randint(2, 7))
    ]
    links = dict.fromkeys(
        Link(f"t{r.randrange(k)}", f"t{k}", r.choice(list(LinkType)), r.choice(LAGS))
        for k in range(1, len(tasks))
        for _ in range(r.choice([0, 1, 1, 2]))
    )
    return replace(a_roadmap(*tasks, periods=PERIODS), links=tuple(links))


def planned(roadmap: Roadmap) -> Schedule | None:
    """Plan a network; None where its calendars end too soon."""
    try:
        return time_roadmap(roadmap)
    except CalendarExhaustedError:
        return None


def networks(seeds: range) -> Iterator[tuple[Roadmap, Schedule]]:
    for seed in seeds:
        roadmap = a_network(seed)
        schedule = planned(roadmap)
        if schedule is not None and not is_later(roadmap, schedule, schedule.finish):
            yield roadmap, schedule


def is_later(roadmap: Roadmap, schedule: Schedule, end: int) -> bool:
    """Tell whether a schedule ends after `end`, or misses a deadline."""
    deadlines = {t.id: t.deadline for t in roadmap.tasks.values() if t.deadline is not None}
    return schedule.finish > end or any(schedule[t].early_finish > deadline for t, deadline in deadlines.items())


def with_task(roadmap: Roadmap, task: Task) -> Roadmap:
    return replace(roadmap, tasks={**roadmap.tasks, task.id: task})


def waits(task: Task) -> bool:
    return bool(task.starts_on) or task.duration.unit in (Unit.PAY_PERIODS, Unit.TERMS)


def slipped(roadmap: Roadmap, schedule: Schedule, task: Task, minutes: int) -> Schedule | None:
    """Plan again with a task that starts so much later, in its own time."""
    start, calendar = schedule[task.id].early_start, roadmap.calendar_of(task.id)
    if task.duration.unit is Unit.ELAPSED:
        start += minutes
    elif minutes:
        start = calendar.add(start, minutes)
        # A point of work is two instants: work starts at the later one, a window and a milestone take the earlier one.
        start = start if waits(task) or task.is_milestone else calendar.next_working(start)
    held = Constraint(Bound.START_NO_EARLIER, start)
    return planned(with_task(roadmap, replace(task, constraints=(*task.constraints, held))))


def confirm_floats(seeds: range) -> int:
    """Plan each network again with each task later by its floats; return how many tasks that were."""
    tried = 0
    for roadmap, schedule in networks(seeds):
        for task in roadmap.tasks.values():
            total, free, end = schedule[task.id].total_float, schedule[task.id].free_float, schedule.finish
            assert 0 <= free <= total
            after = [link.successor for link in roadmap.links if link.predecessor == task.id]
            if (later := slipped(roadmap, schedule, task, total)) is not None:
                assert not is_later(roadmap, later, end), (roadmap, task.id)
                tried += 1
            if not waits(task) and (later := slipped(roadmap, schedule, task, total + 1)) is not None:
                # A task that waits for a window has float up to the last one that will do, by start and by finish.
                assert is_later(roadmap, later, end), (roadmap, task.id)
            if (later := slipped(roadmap, schedule, task, free)) is not None:
                assert all(later[t].early_start == schedule[t].early_start for t in after), (roadmap, task.id)
                assert all(later[t].early_finish == schedule[t].early_finish for t in after), (roadmap, task.id)
            shares = any(k.predecessor == task.id and k.lag.unit is Unit.PERCENT for k in roadmap.links)
            if task.duration.unit in (Unit.WORKING, Unit.ELAPSED) and not task.is_milestone and not shares:
                longer = replace(task, duration=replace(task.duration, amount=task.duration.amount + total))
                found = planned(with_task(roadmap, longer))
                assert found is None or not is_later(roadmap, found, end), (roadmap, task.id)
    return tried


@pytest.mark.slow
def test_floats_are_what_planning_again_confirms():
    assert confirm_floats(range(40)) > 100


@pytest.mark.thorough
@pytest.mark.slow
def test_floats_are_what_planning_again_confirms_on_many_networks():
    assert confirm_floats(range(100, 400)) > 850


def late_ends(seeds: range) -> int:
    tried = 0
    for roadmap, schedule in networks(seeds):
        r = random.Random(len(roadmap.links))
        late = {t.id: replace(t, as_late_as_possible=r.random() < 0.5) for t in roadmap.tasks.values()}
        found = planned(replace(roadmap, tasks=late))
        assert found is not None
        assert not is_later(roadmap, found, schedule.finish), roadmap
        tried += 1
    return tried


@pytest.mark.slow
def test_what_is_as_late_as_possible_never_moves_the_end():
    assert late_ends(range(200)) > 100


def test_work_that_begins_on_a_set_day_has_no_float_and_is_not_late():
    """Saturday 6 February is a day off: what must start then starts on Monday 8; on Friday 5 it starts at 9."""
    for day, starts in (("2027-02-06", "Mon 08 Feb 09:00"), ("2027-02-05", "Fri 05 Feb 09:00")):
        schedule = plan(a_task("A", 2, constraints=(bound(Bound.MUST_START, day),)), a_task("B", 60))
        assert (early(schedule, "A")[0], schedule["A"].total_float) == (starts, 0)
    # It may start on Monday 4 January, and on Friday 5 February at the latest: 24 days later.
    schedule = plan(a_task("A", 2, constraints=(bound(Bound.START_NO_LATER, "2027-02-05"),)), a_task("B", 60))
    assert (clock(schedule["A"].late_start), schedule["A"].total_float) == ("Fri 05 Feb 09:00", 24 * DAY)
