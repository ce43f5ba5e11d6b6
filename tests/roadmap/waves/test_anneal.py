"""Annealing: from any plan of a tiny problem to one that keeps every promise and costs no more."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from changeflow.roadmap.model.requests import Weights
from changeflow.roadmap.waves.check import check_plan
from changeflow.roadmap.waves.first_plan import annealed
from changeflow.roadmap.waves.problem import WavePlan, WaveProblem
from changeflow.roadmap.waves.rows import write_rows
from changeflow.roadmap.waves.solve import SearchLimits, solve
from changeflow.roadmap.waves.solve import worth as worth_of
from tests.quick import draws
from tests.roadmap.wave_problems import PROBLEMS, a_group, every_plan, problem, tiny, worth
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

STEPS = 4_000


def cost(tried: WaveProblem, plan: WavePlan, weights: Weights) -> Fraction:
    """What annealing counts: dates, last weeks and hubs' dates; no peaks and no fairness."""
    return worth(tried, plan, weights.model_copy(update={"fairness": 0, "peak": 0}))


@settings(max_examples=draws(8), suppress_health_check=list(HealthCheck))
@given(PROBLEMS)
def test_it_keeps_every_promise_and_never_costs_more(drawn: Mapping[str, Any]):
    tried = tiny(drawn)
    weights = tried.weights
    rows = write_rows(tried, weights)
    for seed, start in enumerate(islice(every_plan(tried), 0, 60, 20)):
        found = annealed(rows, start, seed, STEPS)
        assert check_plan(tried, found) == ()
        assert all(found.week(p) in tried.services[p[1]].pilot_weeks for p in found.pilot)
        assert cost(tried, found, weights) <= cost(tried, start, weights)
        assert annealed(rows, start, seed, STEPS) == found


@pytest.mark.parametrize("together", [None, 3])
def test_it_finds_the_best_of_a_tiny_problem(together: int | None):
    """Four schools, waves of two, four weeks between: the best that brute force knows, from the worst that it knows."""
    tried = problem(
        "abcd",
        {"pay": (2, 4, 6, 8, 10)},
        school={"a": {"hub": "n"}, "b": {"hub": "n"}, "c": {"hub": "s", "reluctant": True}, "d": {"hub": "s"}},
        service={"wave_size": 2, "weeks_between": 4, "has_pilot": True},
        apart=(("b", "d"),),
        groups={"all": a_group("abcd", together)} if together else {},
        weights=Weights(fairness=0, peak=0, hub=1.0),
    )
    plans = sorted(every_plan(tried), key=lambda plan: cost(tried, plan, tried.weights))
    assert len(plans) > 10
    rows, least = write_rows(tried, tried.weights), cost(tried, plans[0], tried.weights)
    found = annealed(rows, plans[-1], 1, 20_000)
    assert cost(tried, found, tried.weights) == least < cost(tried, plans[-1], tried.weights)
    # A short walk ends while it is still hot, often at a worse plan than it passed: it must return the best it passed.
    for seed in range(40):
        assert cost(tried, annealed(rows, plans[0], seed, 25), tried.weights) == least


def test_hubs_stay_within_their_weeks_and_apart_where_asked():
    for more in ({"hub_weeks": 3}, {"hub_one_date": True}, {"hubs_apart": True}):
        tried = problem("abc", {"pay": (2, 4, 6, 9, 11)}, school={n: {"hub": "n"} for n in "ab"}, **more)
        plans = list(every_plan(tried))
        found = annealed(write_rows(tried, tried.weights), plans[-1], 3, STEPS)
        assert check_plan(tried, found) == ()


def test_what_a_plan_is_worth_is_what_the_model_says():
    """The model counts weeks of the last go-live from the service's first date, week 2: two weeks at one each are left
    out, and belong to the whole."""
    tried = problem("abc", team="trainers", school={n: {"hub": "n"} for n in "ab"}, announced={("a", "pay"): 6})
    rows = write_rows(tried, tried.weights)
    found = solve(rows, SearchLimits(seconds=PATIENCE, effort=5))
    assert found.is_proved
    assert found.plan is not None
    assert worth_of(rows, found.plan) == found.value
    assert rows.offset == 2
    assert rows.in_weeks(found.value) == worth(tried, found.plan, tried.weights) + 2
