"""Ranges, events and lags in every unit: a certain event is a task of its length behind the one that it strikes."""

from dataclasses import replace

import numpy as np
import pytest

from changeflow.calendar.periods import Period, Periods
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.tasks import Roadmap, Task
from changeflow.roadmap.risk.model import Happening, Range, RiskModel, Simulation
from changeflow.roadmap.risk.simulate import simulate
from changeflow.values.duration import Unit, parse_range
from changeflow.values.moments import day_of
from tests.builders import DAY, MONTHS, a_calendar, a_roadmap, a_task, at, date

pytestmark = pytest.mark.slow
TERM = a_calendar("term", ("2027-02-15", "2027-02-19", "half-term"), ("2027-03-29", "2027-04-09", "Easter"))
TERMS = Periods(
    "terms",
    [
        Period("Summer 2026", date(2026, 4, 13), date(2026, 7, 17)),
        Period("Autumn 2026", date(2026, 9, 1), date(2026, 12, 18)),
        Period("Spring", date(2027, 1, 4), date(2027, 3, 26)),
        Period("Summer", date(2027, 4, 12), date(2027, 7, 23)),
        Period("Autumn", date(2027, 9, 1), date(2027, 12, 17)),
        Period("Spring 2028", date(2028, 1, 4), date(2028, 3, 24)),
    ],
)
KINDS = ["4d", "20h", "9ed", "2sw", "1pp", "1t"]


def roadmap(*tasks: Task, links: tuple[str, ...] = ()) -> Roadmap:
    calendars = {"office": a_calendar(), "term": TERM}
    periods = {"month": MONTHS, "pay_period": MONTHS, "term": TERMS}
    return a_roadmap(*tasks, links=links, calendars=calendars, periods=periods)


def task(name: str, duration: str, **more: object) -> Task:
    return a_task(name, duration, term_calendar="term", **more)


def event(effect: str, *tasks: str, probability: float = 1.0) -> Happening:
    points, unit = parse_range([effect] * 3, minutes_per_day=DAY)
    return Happening(name="e", probability=probability, effect=points, unit=unit, tasks=tasks)


def play(given: Roadmap, target: str, *ranges: Range, events: tuple[Happening, ...] = ()) -> Simulation:
    return simulate(given, RiskModel(ranges=ranges, events=events), [target], iterations=200, threads=1)


@pytest.mark.parametrize("effect", KINDS)
@pytest.mark.parametrize("duration", [*KINDS, "0d"])
def test_a_certain_event_is_a_task_behind_the_one_it_strikes(duration: str, effect: str):
    links = ("first -> struck", "struck -> after")
    first, after = task("first", "3d"), task("after", "2d")
    found = play(
        roadmap(first, task("struck", duration), after, links=links), "after", events=(event(effect, "struck"),)
    )
    behind = time_roadmap(
        roadmap(
            first,
            task("struck", duration),
            task("more", effect),
            after,
            links=(*links, "struck -> more", "more -> after"),
        )
    )
    assert set(found.finishes["after"].tolist()) == {behind["after"].early_finish}
    planned = time_roadmap(roadmap(first, task("struck", duration), after, links=links))["after"].early_finish
    assert found.event_cost["e"] == behind["after"].early_finish - planned > 0


def test_what_an_event_adds_in_a_weekend_ends_no_earlier_than_a_link_to_the_finish():
    """`a` ends on Tuesday 19 January at 17, and `b` no earlier. Three days of the clock before that is a Saturday. Had
    the time of `b` itself ended on Friday at 17, the event would end on Monday. So it ends in Monday's first minute,
    and the event on Thursday."""
    given = roadmap(task("a", "12d"), task("b", "5d"), links=("a -> b FF",))
    found = play(given, "b", events=(event("3ed", "b"),))
    assert set(found.finishes["b"].tolist()) == {at("2027-01-21T09:01")}


@pytest.mark.parametrize("effect", KINDS)
@pytest.mark.parametrize("duration", KINDS)
def test_with_an_event_a_task_ends_no_earlier_than_its_link_to_the_finish_allows(duration: str, effect: str):
    """Friday and Monday are one moment for work and whole periods, and two for what passes by the clock."""
    given = roadmap(task("a", "33d"), task("b", duration), links=("a -> b FF",))
    found = play(given, "b", events=(event(effect, "b"),))
    bound = time_roadmap(given)["a"].early_finish
    [finish] = set(found.finishes["b"].tolist())
    unit = effect.lstrip("0123456789")
    if unit != "ed":
        finish = given.calendars["term" if unit == "sw" else "office"].next_working(finish)
    assert finish >= bound


@pytest.mark.parametrize("probability", [0.0, 0.4, 1.0])
def test_what_an_event_costs_does_not_depend_on_how_likely_it_is(probability: float):
    """A consultation of 30 days from Monday 4 January ends on Wednesday 3 February at 9; ten working days more make it
    Tuesday 16 February at 17: thirteen days and eight hours."""
    found = play(roadmap(task("a", "30ed")), "a", events=(event("10d", "a", probability=probability),))
    assert found.event_cost["e"] == 13 * 1440 + 8 * 60
    assert found.odds("a", found.planned["a"]) == pytest.approx(1 - probability, abs=0.12)


def test_several_events_in_several_units_add_up():
    """Four days end on Thursday 7 January; two working days more on Monday 11th at 17:00, three days of the clock on
    Thursday 14th at 17:00."""
    both = (event("2d", "a"), replace(event("3ed", "a"), name="f"))
    found = play(roadmap(task("a", "4d")), "a", events=both)
    assert day_of(int(found.finishes["a"][0])).isoformat() == "2027-01-14"


def test_events_pass_one_behind_the_other_in_the_order_of_the_file():
    """January was missed; February ends as March opens. Two working days more end on Tuesday 2 March: March is missed,
    and a pay period behind them is April. A pay period first is March, and two days behind it end on Friday 2 April."""
    days, period = event("2d", "a"), replace(event("1pp", "a"), name="f")
    given = roadmap(task("a", "1pp"))
    ends = [play(given, "a", events=both).finishes["a"][0] for both in ((days, period), (period, days))]
    assert ends == [at("2027-05-01"), at("2027-04-02T17:00")]


def test_a_pay_period_that_an_event_adds_is_not_missed_before_work_could_begin():
    """118 days from Monday 4 January end on Sunday 2 May at 9:00. May opened on Saturday, and work begins on Monday: so
    May is the whole pay period that the event adds, and not June."""
    found = play(roadmap(task("a", "118ed")), "a", events=(event("1pp", "a"),))
    assert set(found.finishes["a"].tolist()) == {at("2027-06-01")}


def test_a_pay_period_that_an_event_adds_ends_no_earlier_than_links_let_it():
    """`b` takes twelve weeks, until Friday 26 March. `a` ends no earlier: its day is the last before March, which the
    event adds, and which ends on 1 April."""
    given = roadmap(task("a", "1d"), task("b", "60d"), links=("b -> a FF",))
    found = play(given, "a", events=(event("1pp", "a"),))
    assert set(found.finishes["a"].tolist()) == {at("2027-04-01")}


def test_an_event_makes_a_task_end_no_later_where_it_waits_for_another_end():
    """`a` takes one day of the clock and ends with `b`, on Friday 15 January: with three working days more it starts
    earlier, and still ends then."""
    given = roadmap(task("a", "1ed"), task("b", "10d"), links=("b -> a FF",))
    found = play(given, "a", events=(event("3d", "a"),))
    assert set(found.finishes["a"].tolist()) == {found.planned["a"]}


@pytest.mark.parametrize(
    ("duration", "low", "high"),
    [("30ed", 20 * 1440, 45 * 1440), ("2pp", 1, 4), ("6sw", 4, 9), ("2t", 1, 3)],
)
def test_a_range_draws_in_the_unit_of_its_task(duration: str, low: int, high: int):
    """The earliest and the latest finish are those of the shortest and the longest task."""
    given = roadmap(task("a", duration))
    likely = given.tasks["a"].duration.amount
    found = play(given, "a", Range(task="a", low=low, likely=likely, high=high))
    ends = [
        time_roadmap(roadmap(replace(given.tasks["a"], duration=replace(given.tasks["a"].duration, amount=n))))["a"]
        for n in (low, high)
    ]
    finishes = found.finishes["a"]
    assert ends[0].early_finish <= finishes.min() < found.planned["a"] < finishes.max() <= ends[1].early_finish
    if given.tasks["a"].duration.unit in (Unit.PAY_PERIODS, Unit.TERMS):
        assert set(finishes.tolist()) <= {*MONTHS.laid_out.closings, *TERMS.laid_out.closings}


def test_a_lag_that_is_a_share_is_a_share_of_what_is_drawn():
    """`a` takes 10, 20 or 30 days for certain; `b` starts half of that after `a` has begun, and takes a day."""
    given = roadmap(task("a", "20d"), task("b", "1d"), links=("a -> b SS+50%",))
    for days in (10, 30):
        found = play(given, "b", Range(task="a", low=days * DAY, likely=days * DAY, high=days * DAY))
        plan = time_roadmap(roadmap(task("a", f"{days}d"), task("b", "1d"), links=("a -> b SS+50%",)))
        assert set(found.finishes["b"].tolist()) == {plan["b"].early_finish}


@pytest.mark.parametrize("duration", ["20d", "9ed", "2sw", "2pp"])
def test_a_lag_that_is_a_share_is_no_share_of_what_an_event_adds(duration: str):
    """`b` begins when half of `a` has passed; what an event adds passes behind it, whatever its unit."""
    given = roadmap(task("a", duration), task("b", "1d"), links=("a -> b SS+50%",))
    planned = time_roadmap(given)["b"].early_finish
    for effect in KINDS:
        found = play(given, "b", events=(event(effect, "a"),))
        assert set(found.finishes["b"].tolist()) == {planned}, effect


def test_what_is_not_drawn_is_named_with_its_share_of_the_path():
    """Ten working days have a range, twelve days of the calendar: from Monday 4 January 9:00 to Friday 15th 17:00 are
    11⅓ days. Five days without a range, 18 to 22 January, are 4⅓ days: 4⅓ of 15⅔ are 28 percent."""
    given = roadmap(task("drawn", "10d"), task("plain", "5d"), links=("drawn -> plain",))
    found = play(given, "plain", Range(task="drawn", low=9 * DAY, likely=10 * DAY, high=10 * DAY))
    assert list(found.certain["plain"]) == ["plain"]
    assert found.certain_share["plain"] == pytest.approx(13 / 47)
    assert found.sure_odds("plain", found.planned["plain"]) is None
    assert found.sure_odds("plain", found.planned["plain"] - 1440) is not None


def test_where_everything_is_drawn_a_hundred_of_a_hundred_is_said():
    found = play(roadmap(task("a", "10d")), "a", Range(task="a", low=9 * DAY, likely=10 * DAY, high=10 * DAY))
    assert found.sure_odds("a", found.planned["a"]) == 1
    assert found.certain_share["a"] == 0


def test_swing_and_cruciality_are_those_of_the_range_without_the_event():
    """The event strikes with even odds and costs far more than the range: the range's own swing stays what it is alone,
    nine tenths against one tenth of 1 to 5 days, and not that of the event."""
    given = roadmap(task("a", "10d"))
    drawn = Range(task="a", low=8 * DAY, likely=10 * DAY, high=12 * DAY)
    found = simulate(
        given, RiskModel(ranges=(drawn,), events=(event("40d", "a", probability=0.5),)), ["a"], iterations=4000
    )
    assert abs(found.swing["a"]) < 20 * 1440
    assert np.std(found.finishes["a"]) > 20 * 1440


@pytest.mark.parametrize(("distribution", "days"), [("triangular", 5 + 7.422), ("pert", 5 + 5.202)])
def test_the_effect_of_an_event_has_the_distribution_that_it_is_given(distribution: str, days: float):
    """What strikes five days of the clock costs three to eleven of them, likely three.

    80 in 100 are below 3 + 8 (1 - 0.2 ** (1/2)) in a triangle, and in a PERT, a beta of 1 and 5, below
    3 + 8 (1 - 0.2 ** (1/5)).
    """
    points, unit = parse_range(["3ed", "3ed", "11ed"], minutes_per_day=DAY)
    late = Happening(name="e", probability=1, effect=points, unit=unit, tasks=("a",), distribution=distribution)
    given = roadmap(task("a", "5ed"))
    found = simulate(given, RiskModel(ranges=(), events=(late,)), ["a"], iterations=4000, threads=1)
    assert 5 + (found.percentile("a", 80) - found.planned["a"]) / 1440 == pytest.approx(days, abs=0.15)
