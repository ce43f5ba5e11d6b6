"""What a search for waves says while it runs: the best plan so far, how much better one could be, and the time left."""

import pytest

from changeflow.roadmap.waves import progress
from changeflow.roadmap.waves.plans import offers
from changeflow.roadmap.waves.problem import WavePlan
from changeflow.roadmap.waves.progress import BestSoFar, SearchProgress, result_in_words
from changeflow.roadmap.waves.solve import SearchLimits
from tests.roadmap.wave_problems import problem

QUICK = SearchLimits(seconds=60, effort=0.2)
ANNOUNCED = {("a", "pay"): 2, ("b", "pay"): 4}


def a_search(**known: object) -> SearchProgress:
    return SearchProgress(problem(**known), "Earliest", 10, lambda _: None)  # type: ignore[arg-type]


def best(asked: SearchProgress, **known: float) -> BestSoFar:
    first = {pair: candidates[0] for pair, candidates in asked._problem.candidates.items()}
    values = {"value": 100.0, "bound": 90.0, "offset": 100.0, **known}
    return BestSoFar(plan=WavePlan(chosen=first, pilot=frozenset()), **values)


def test_the_best_plan_so_far_has_its_last_go_live_and_its_distance_from_the_best_possible():
    """The plan costs 200 in all; none costs less than 190, which is 5% less."""
    asked = a_search()
    assert asked.news == "no plan yet"
    asked.found(best(asked))
    last = max(candidates[0].day for candidates in asked._problem.candidates.values())
    assert asked.news == f"so far the last go-live is on {last.day} {last:%b %Y}, within 5.0% of the best possible"


def test_without_a_bound_there_is_no_distance():
    asked = a_search()
    asked.found(best(asked, bound=float("-inf")))
    assert "of the best" not in asked.news


def test_announced_dates_that_change_are_counted():
    asked = problem(announced=ANNOUNCED)
    first = {pair: candidates[0] for pair, candidates in asked.candidates.items()}
    moved = sum(first[pair].week != week for pair, week in ANNOUNCED.items())
    words = result_in_words(asked, WavePlan(chosen=first, pilot=frozenset()))
    assert words.endswith(f", {moved} announced date changes" if moved == 1 else f", {moved} announced dates change")


def test_the_time_left_follows_the_speed_of_the_search():
    """Ten seconds were asked for: 3 are left after 7. A quarter is done after 10, so the whole search takes 40."""
    asked = a_search()
    assert asked.time_left(7) == "about 3 seconds left"
    assert asked.time_left(9.5) == "about 1 second left"
    assert asked.time_left(11) == "this takes longer than expected"
    asked.found(best(asked, seconds=10, share=0.25))
    assert asked.time_left(16) == "about 24 seconds left"


@pytest.mark.slow
def test_each_search_says_what_it_looks_for_and_what_it_found(monkeypatch):
    """A slow machine says more in between."""
    monkeypatch.setattr(progress, "EVERY", 3600)
    said: list[str] = []
    list(offers(problem(), QUICK, say=said.append))
    assert [line.partition(":")[0] for line in said] == [
        "Earliest, 1 of 3", "Earliest", "Steadiest workload, 2 of 3", "Steadiest workload",
        "Compromise, 3 of 3", "Compromise",
    ]  # fmt: skip
    assert said[1].endswith("; proven to be the best plan for these priorities")


@pytest.mark.slow
def test_being_watched_does_not_change_the_answers(monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.01)
    asked, said = problem("abcdef", announced=ANNOUNCED), list[str]()
    alone = [(found.plan, found.value, found.bound) for _, found, _ in offers(asked, QUICK)]
    watched = [(found.plan, found.value, found.bound) for _, found, _ in offers(asked, QUICK, say=said.append)]
    assert alone == watched
