"""The fast way of plain roadmaps: the same dates as the schedule, the same statistics as theory and as the slow way."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeflow.roadmap.arrays import to_arrays
from changeflow.roadmap.cpm import time_roadmap
from changeflow.roadmap.risk.finishes import _plain, finishes
from changeflow.roadmap.risk.model import Happening, Range, RiskModel, Shared
from changeflow.roadmap.risk.simulate import simulate
from changeflow.roadmap.tasks import Roadmap
from tests.builders import DAY, OFFICE, a_roadmap, a_task, at

MANY = 200_000
NOTHING = RiskModel(ranges=())


def days_after(moment: int) -> float:
    return OFFICE.between(at("2027-01-04"), moment) / DAY


def waves(count: int) -> tuple[Roadmap, RiskModel]:
    names = [f"w{n}" for n in range(count)]
    roadmap = a_roadmap(*(a_task(n, 58) for n in names), a_task("end", 0), links=tuple(f"{n} -> end" for n in names))
    return roadmap, RiskModel(ranges=tuple(Range(task=n, low=50 * DAY, likely=58 * DAY, high=80 * DAY) for n in names))


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 7), min_size=2, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14),
)
def test_without_any_range_it_is_the_schedule(days: list[int], pairs: list[tuple[int, int]]):
    names = [f"t{n}" for n in range(len(days))]
    links = tuple(dict.fromkeys(f"t{i} -> t{k}" for i, k in pairs if i < k < len(days)))
    roadmap = a_roadmap(*(a_task(n, d) for n, d in zip(names, days, strict=True)), links=links)
    assert _plain(to_arrays(roadmap), NOTHING) is not None
    found = finishes(roadmap, NOTHING, names, iterations=3)
    schedule = time_roadmap(roadmap)
    for name in names:
        # The evening of a day and the next morning are one point of work.
        ours = {OFFICE.next_working(int(m)) for m in found[name]}
        assert ours == {OFFICE.next_working(schedule[name].early_finish)}


@pytest.mark.parametrize(("count", "odds"), [(1, 1 - 400 / 660), (3, (1 - 400 / 660) ** 3), (6, (1 - 400 / 660) ** 6)])
def test_where_waves_join_the_odds_multiply(count: int, odds: float):
    roadmap, model = waves(count)
    found = finishes(roadmap, model, ["end"], iterations=MANY)["end"]
    by = time_roadmap(a_roadmap(a_task("a", 60)))["a"].early_finish
    assert float(np.mean(found <= by)) == pytest.approx(odds, abs=4 * math.sqrt(odds * (1 - odds) / MANY) + 0.0005)


def test_percentiles_are_within_a_tenth_of_a_percent_of_numpys():
    roadmap, model = waves(1)
    found = finishes(roadmap, model, ["end"], iterations=MANY)["end"]
    plain = np.random.default_rng(1).triangular(50, 58, 80, MANY)
    for percent in (10, 25, 50, 75, 80, 90, 95):
        ours = days_after(int(np.percentile(found, percent, method="lower")))
        assert ours == pytest.approx(float(np.percentile(plain, percent)), rel=0.001), percent


def test_draws_of_tasks_and_of_iterations_do_not_hang_together():
    roadmap = a_roadmap(a_task("a", 50), a_task("b", 50))
    model = RiskModel(ranges=tuple(Range(task=n, low=DAY, likely=50 * DAY, high=99 * DAY) for n in "ab"))
    found = finishes(roadmap, model, ["a", "b"], iterations=MANY)
    assert abs(np.corrcoef(found["a"], found["b"])[0, 1]) < 0.01
    assert abs(np.corrcoef(found["a"][1:], found["a"][:-1])[0, 1]) < 0.01
    assert abs(np.corrcoef(found["a"][128:], found["a"][:-128])[0, 1]) < 0.01


def test_both_ways_agree():
    """A chain of five with a side branch and an event: means and spreads of the two generators are the same."""
    names = "abcde"
    roadmap = a_roadmap(
        *(a_task(n, 10) for n in names), a_task("side", 20), links=("a -> b", "b -> c", "c -> d", "d -> e", "side -> e")
    )
    ranges = tuple(Range(task=n, low=8 * DAY, likely=10 * DAY, high=18 * DAY) for n in (*names, "side"))
    event = Happening(name="x", probability=0.3, effect=(2 * DAY, 5 * DAY, 9 * DAY), tasks=("b", "side"))
    model = RiskModel(ranges=ranges, events=(event,))
    fast = finishes(roadmap, model, ["e"], iterations=40_000)["e"]
    slow = simulate(roadmap, model, ["e"], iterations=40_000).finishes["e"]
    ours, theirs = (np.array([days_after(int(m)) for m in some[:8_000]]) for some in (fast, slow))
    error = math.sqrt(ours.var() / 8_000 + theirs.var() / 8_000)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=4 * error)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.05)


def test_any_number_of_threads_gives_the_same():
    roadmap, model = waves(3)
    one, two, five = (finishes(roadmap, model, ["end"], iterations=5_001, threads=n)["end"] for n in (1, 2, 5))
    assert (one == two).all()
    assert (one == five).all()
    assert len(one) == 5_001


def test_what_is_not_plain_goes_the_long_way():
    lagged = a_roadmap(a_task("a", 5), a_task("b", 5), links=("a -> b FS+2d",))
    assert _plain(to_arrays(lagged), NOTHING) is None
    roadmap, model = waves(2)
    shared = RiskModel(ranges=model.ranges, causes=(Shared(name="s", correlation=0.5, tasks=("w0", "w1")),))
    fast, slow = finishes(roadmap, shared, ["end"], iterations=500), simulate(roadmap, shared, ["end"], iterations=500)
    assert (fast["end"] == slow.finishes["end"]).all()
