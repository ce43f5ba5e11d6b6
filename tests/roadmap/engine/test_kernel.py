"""The engine, compiled, gives the answer of its source as plain Python, field by field, on random networks.

That the answers are right is what `tests/oracles/` finds, and the tests beside this one.
"""

import random
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from changeflow.calendar.layers import Layer, compile_calendar
from changeflow.calendar.periods import Periods
from changeflow.calendar.working import WorkingCalendar
from changeflow.errors import CalendarExhaustedError, CyclicRoadmapError
from changeflow.roadmap.engine import jit
from changeflow.roadmap.engine.cpm import Schedule, time_roadmap
from changeflow.roadmap.model.profile import MSPROJECT, TEXTBOOK
from changeflow.roadmap.model.tasks import (
    Assignment,
    Bound,
    Constraint,
    Link,
    LinkType,
    ManualDates,
    Roadmap,
    Task,
    TaskProgress,
)
from changeflow.values.duration import Duration, Unit
from tests.builders import DAY, FIRST, HOURS, MONTHS, OFFICE, a_calendar, a_roadmap, a_task, at

TERM = a_calendar("term", ("2027-02-15", "2027-02-19", "half-term"), ("2027-03-29", "2027-04-09", "Easter"))
PART_TIME = a_calendar("part", ("2027-01-05", "2027-01-07", "off"), ("2027-01-19", "2027-01-21", "off"))
CALENDARS = {"office": OFFICE, "term": TERM, "part": PART_TIME}
DURATIONS = ["0d", "0d", "1d", "2d", "3d", "7d", "3h", "30m", "4ed", "10ed", "1pp", "2sw"]
LAGS = [
    Duration(0),
    Duration(0),
    Duration(0),
    Duration(DAY),
    Duration(-DAY),
    Duration(3 * 60),
    Duration(2880, Unit.ELAPSED),
    Duration(-1440, Unit.ELAPSED),
    Duration(50, Unit.PERCENT),
    Duration(-50, Unit.PERCENT),
    Duration(1, Unit.PAY_PERIODS),
    Duration(1, Unit.SCHOOL_WEEKS),
]

LEFT = [
    None,
    None,
    Duration(0),
    Duration(DAY),
    Duration(90),
    Duration(4320, Unit.ELAPSED),
    Duration(1, Unit.PAY_PERIODS),
    Duration(1, Unit.SCHOOL_WEEKS),
]
WAYS = "interpreted", "compiled"
EACH_WAY = "interpreted", pytest.param("compiled", marks=pytest.mark.slow)
"""Compiling is slow: after any edit of the engine it takes a minute."""


def a_random_task(r: random.Random, n: int) -> Task:
    constraints = ()
    if r.random() < 0.25:
        day = at(f"2027-0{r.randint(1, 3)}-1{r.randint(0, 9)}")
        constraints = (Constraint(r.choice(list(Bound)), day + r.choice([0, 540])),)
    return a_task(
        f"t{n}",
        r.choice(DURATIONS),
        calendar=r.choice(list(CALENDARS)),
        term_calendar="term",
        placed_on=r.choice([None, None, None, "part"]),
        starts_on=r.choice([*[None] * 6, "month"]),
        constraints=constraints,
        deadline=at(f"2027-03-1{r.randint(0, 9)}") if r.random() < 0.15 else None,
    )


def an_outline(r: random.Random, count: int) -> dict[str, str]:
    """Put some neighbours under summaries, and some of those under one more."""
    parents: dict[str, str] = {}
    for n in range(r.choice([0, 0, 1, 2, 3])):
        first = r.randrange(count)
        free = [f"t{k}" for k in range(first, min(count, first + r.randint(1, 4))) if f"t{k}" not in parents]
        parents |= dict.fromkeys(free, f"s{n}")
        if free and n and r.random() < 0.4 and f"s{n - 1}" in parents.values():
            parents[f"s{n}"] = f"s{n - 1}"
    return parents


def as_project_would(r: random.Random, task: Task) -> Task:
    """Give some tasks what only Microsoft Project's files have: dates by hand, several people, as late as possible."""
    chance = r.random()
    if chance < 0.1 and task.duration.unit in (Unit.WORKING, Unit.ELAPSED):
        start = at("2027-01-04T09:00") + r.randint(0, 20) * 1440
        return replace(
            task, starts_on=None, manual=ManualDates(start, start + r.randint(1, 6) * 1440 + r.choice([0, 240]))
        )
    if chance < 0.2 and task.duration.unit is Unit.WORKING and not task.is_milestone:
        return replace(task, assignments=(Assignment("term", 2 * DAY), Assignment("part", r.randint(1, 9) * 60)))
    return replace(task, as_late_as_possible=chance < 0.25)


def a_random_roadmap(seed: int) -> Roadmap:
    r = random.Random(seed)
    count = r.randint(1, 14)
    tasks = [as_project_would(r, a_random_task(r, n)) for n in range(count)]
    parents = an_outline(r, count) if r.random() < 0.6 else {}
    names = [t.id for t in tasks]
    for summary in sorted(set(parents.values())):
        tasks.append(a_task(summary, "0d", calendar=r.choice(list(CALENDARS))))
        # A summary is placed with its first task, so that links seldom make a loop.
        names.insert(names.index(min(t for t in names if parents.get(t) == summary or t in parents)), summary)
    links = []
    for after in range(1, len(names)):
        for _ in range(r.choice([0, 1, 1, 2, 3])):
            before = r.randrange(after)
            links.append(Link(names[before], names[after], r.choice(list(LinkType)), r.choice(LAGS)))
    progress = {}
    for task in tasks[:count]:
        if r.random() < 0.15:
            start = at("2027-01-04T09:00") + r.randint(0, 10) * 1440
            finish = start + r.randint(0, 5) * 1440 if r.random() < 0.5 else None
            left = r.choice(LEFT) if finish is None else None
            resume = start + 1440 if finish is None and r.random() < 0.5 else None
            parts = (("term", start + 1440, 60), ("part", start + 2880, 90)) if r.random() < 0.2 else ()
            progress[task.id] = TaskProgress(start, finish, left, resume, parts if finish is None else ())
    roadmap = a_roadmap(
        *tasks,
        calendars=CALENDARS,
        periods={"month": MONTHS, "pay_period": MONTHS, "term": MONTHS},
        progress=progress,
        profile=replace(r.choice([TEXTBOOK, MSPROJECT]), retains_logic=r.random() < 0.7),
        parents=parents,
        several_paths=r.random() < 0.1,
        finish=at("2027-03-26T17:00") if r.random() < 0.15 else None,
        data_date=at("2027-01-11") if r.random() < 0.3 else None,
        holds_set_dates=r.random() < 0.8,
        slack_limit=r.choice([0, 0, DAY]),
    )
    return replace(roadmap, links=tuple(dict.fromkeys(links)))


def run_in(way: str, patch: pytest.MonkeyPatch) -> None:
    """Run the engine in one of its two ways, whatever the size."""
    least = 0 if way == "compiled" else 1_000_000
    patch.setattr(jit, "CACHED_FROM", least)
    patch.setattr(jit, "COMPILED_FROM", least)


def timed_in(way: str, roadmap: Roadmap, patch: pytest.MonkeyPatch) -> Schedule | str:
    """Time a roadmap in one of the two ways; return what is wrong with it where it has no dates."""
    run_in(way, patch)
    try:
        return time_roadmap(roadmap)
    except (CyclicRoadmapError, CalendarExhaustedError) as error:
        return str(error)


def compare(seeds: range, patch: pytest.MonkeyPatch) -> int:
    """Return how many networks were timed, in both ways; the first that differs fails with its seed."""
    timed = 0
    for seed in seeds:
        roadmap = a_random_roadmap(seed)
        wanted, found = (timed_in(way, roadmap, patch) for way in WAYS)
        if isinstance(wanted, str) or isinstance(found, str):
            assert found == wanted, f"seed {seed}"
            continue
        for task in roadmap.tasks:
            assert found[task] == wanted[task], f"seed {seed}"
        assert (found.finish, found.below) == (wanted.finish, wanted.below)
        timed += 1
    return timed


@pytest.mark.slow
def test_compiled_code_gives_what_interpreted_code_gives(monkeypatch: pytest.MonkeyPatch):
    assert compare(range(150), monkeypatch) > 100


@pytest.mark.thorough
@pytest.mark.slow
def test_compiled_code_gives_what_interpreted_code_gives_on_a_thousand_networks(monkeypatch: pytest.MonkeyPatch):
    assert compare(range(1_000, 2_000), monkeypatch) > 700


@pytest.mark.parametrize("way", EACH_WAY)
@pytest.mark.parametrize(
    ("duration", "runs_out"),
    [
        ("900d", "Calendar 'office' has no more working time after 13 Mar 2028."),
        ("40pp", "Calendar 'months' has no more working time after 31 Dec 2028."),
        ("900sw", "Calendar 'office' has no more working time after 13 Mar 2028."),
    ],
)
def test_what_runs_out_is_named(duration: str, runs_out: str, way: str, monkeypatch: pytest.MonkeyPatch):
    """The first 400 days of work, and the months to the end of 2028; no calendar has 900 days or 40 pay periods."""
    # Other tests may have laid out more of these, before their first days too.
    days = [interval for interval in OFFICE.intervals if interval[0] >= at(f"{FIRST}")]
    office = WorkingCalendar("office", days[:400])
    months = Periods("months", [p for p in MONTHS.periods if p.first >= FIRST][:28])
    roadmap = a_roadmap(
        a_task("A", duration), calendars={"office": office, "term": office}, periods={"pay_period": months}
    )
    assert str(timed_in(way, roadmap, monkeypatch)).startswith(runs_out)


@pytest.mark.thorough
@pytest.mark.slow
def test_a_chain_of_a_hundred_thousand_tasks_needs_no_recursion():
    count = 100_000
    tasks = {f"t{n:06d}": a_task(f"t{n:06d}", "30m") for n in range(count)}
    ids = list(tasks)
    links = tuple(Link(a, b) for a, b in pairwise(ids))
    calendar = a_calendar_to(date(2060, 1, 1))
    roadmap = replace(a_roadmap(), tasks=tasks, links=links, calendars={"office": calendar})
    schedule = time_roadmap(roadmap)
    # 100 000 half hours are 6 250 days of eight hours, 1 250 weeks.
    assert calendar.between(roadmap.start, schedule.finish) == count * 30
    assert schedule[ids[-1]].driving
    assert schedule[ids[0]].driving
    assert count > jit.COMPILED_FROM


def a_calendar_to(last: date) -> WorkingCalendar:
    return compile_calendar("office", [Layer("week", dict.fromkeys(range(5), HOURS))], first=FIRST, last=last)
