"""Waves: the model against brute force on tiny problems, conflicts, and reasons against an earlier date.

The tiny problems have three or four schools, one or two services and a few dates, so that every plan can be looked at.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeflow.roadmap.model.requests import Weights
from changeflow.roadmap.waves.check import check_plan, why
from changeflow.roadmap.waves.explain import FREE, WaveConflict, explain, group_words, relaxations
from changeflow.roadmap.waves.plans import COMPROMISE, EARLIEST, FEWEST, offers, styles_for, weighted
from changeflow.roadmap.waves.problem import (
    Pair,
    WavePlan,
    WaveProblem,
    numbers_of,
)
from changeflow.roadmap.waves.rows import exactly, write_rows
from changeflow.roadmap.waves.solve import SearchLimits, _Bounder, _quick_plan, solve, solve_plan
from tests.quick import draws
from tests.roadmap.wave_problems import PROBLEMS, a_group, every_plan, problem, tiny, worth
from tests.waiting import PATIENCE

QUICK = SearchLimits(seconds=PATIENCE, effort=10)


@pytest.mark.slow
@settings(max_examples=draws(12), suppress_health_check=list(HealthCheck))
@given(PROBLEMS)
def test_the_best_plan_is_the_one_that_brute_force_finds(drawn: Mapping[str, Any]):
    tried = tiny(drawn)
    known = [worth(tried, p, tried.weights) for p in every_plan(tried)]
    rows = write_rows(tried, tried.weights)
    found = solve(rows, QUICK)
    if not known:
        assert found.is_infeasible
        return
    assert found.is_proved
    assert found.plan is not None
    assert check_plan(tried, found.plan) == ()
    assert worth(tried, found.plan, tried.weights) == min(known) == found.value / rows.scale
    assert found.bound <= found.value


@pytest.mark.slow
@settings(max_examples=draws(8), suppress_health_check=list(HealthCheck))
@given(PROBLEMS)
def test_no_plan_is_better_than_its_bound(drawn: Mapping[str, Any]):
    tried = tiny(drawn)
    rows = write_rows(tried, tried.weights)
    loose = solve(rows, SearchLimits(seconds=PATIENCE, effort=0.001))
    best = solve(rows, QUICK)
    if best.plan is not None and loose.plan is not None:
        assert loose.bound <= best.value <= loose.value


class TestConflicts:
    """Four schools are fixed to one date of a service that takes two schools in a wave."""

    def test_what_a_group_can_bear_is_part_of_it(self):
        """Two schools are fixed to one date, and their group bears one change at once."""
        tried = replace(self.crowded("ab"), groups={"north": a_group("abcd", 1)})
        found = explain(tried)
        assert found is not None
        assert "the trust can bear at most 1 change at once." in found.sentences
        assert "Let the trust have 2 changes at once." in list(relaxations(tried, found))

    def crowded(self, fixed: str = "abc", size: int = 2) -> WaveProblem:
        return problem("abcd", service={"wave_size": size}, fixed={(n, "pay"): 2 for n in fixed})

    def every_minimal(self, tried: WaveProblem) -> list[set[str]]:
        """Every minimal set of groups without a plan, by looking at all of them, the smallest first."""
        rows = write_rows(tried, FREE)
        groups = sorted({r.group for r in rows.rows if r.group})
        found: list[set[str]] = []
        for n in range(1, len(groups) + 1):
            for some in combinations(groups, n):
                if any(known <= set(some) for known in found):
                    continue
                left = set(groups) - set(some)
                if solve(rows, QUICK, without=left, with_bound=False).is_infeasible:
                    found.append(set(some))
        return found

    @pytest.mark.slow
    @pytest.mark.parametrize("fixed", ["abc", "abcd"])
    def test_what_is_told_is_one_of_the_minimal_conflicts(self, fixed: str):
        tried = self.crowded(fixed)
        conflict = explain(tried)
        assert conflict is not None
        assert conflict.is_minimal
        assert set(conflict.groups) in self.every_minimal(tried)

    def test_it_is_told_in_words_with_what_would_be_enough(self):
        tried = self.crowded()
        conflict = explain(tried)
        assert conflict is not None
        assert set(conflict.sentences) == {
            "A goes live with Pay on 18 Jan 2027.",
            "B goes live with Pay on 18 Jan 2027.",
            "C goes live with Pay on 18 Jan 2027.",
            "Pay has at most 2 schools in a wave.",
        }
        ways = list(relaxations(tried, conflict))
        assert "Allow 3 schools in a wave of Pay." in ways
        assert "Leave the date of A, Pay open." in ways

    def test_a_pair_that_is_kept_apart_and_fixed_together(self):
        tried = problem("ab", fixed={("a", "pay"): 4, ("b", "pay"): 4}, apart=(("a", "b"),))
        conflict = explain(tried)
        assert conflict is not None
        assert set(conflict.groups) == {"apart:a/b", "fixed:a/pay", "fixed:b/pay"}
        assert "Let A and B go live in the same week." in list(relaxations(tried, conflict))

    def test_a_team_that_cannot_carry_a_fixed_wave(self):
        tried = problem("ab", team="trainers", capacity=15, fixed={("a", "pay"): 2, ("b", "pay"): 2})
        conflict = explain(tried)
        assert conflict is not None
        assert "Trainers: no more days of work in a week than the team can give." in conflict.sentences
        # Twenty tenths are needed where fifteen are: forty percent more give twenty-one.
        assert "Give Trainers 40% more days." in list(relaxations(tried, conflict))

    def test_a_school_without_any_date_is_told_with_what_took_them(self):
        base = problem("ab")
        tried = replace(
            base,
            candidates={**base.candidates, ("a", "pay"): ()},
            dropped={**base.dropped, ("a", "pay"): {2: "exams", 4: "exams", 6: "the summer holiday"}},
        )
        conflict = explain(tried)
        assert conflict is not None
        assert conflict.sentences == (
            "A, Pay: no date is left. Exams (rules out 2 dates); the summer holiday (rules out 1 date).",
        )

    def test_schools_that_each_have_no_date_must_all_be_given_one(self):
        base = problem("ab")
        tried = replace(base, candidates={("a", "pay"): (), ("b", "pay"): ()})
        conflict = explain(tried)
        assert conflict is not None
        assert len(conflict.sentences) == 2
        assert not conflict.is_minimal

    def test_a_date_on_which_nothing_opens(self):
        conflict = explain(problem("ab", fixed={("a", "pay"): 3}))
        assert conflict is not None
        assert conflict.sentences == (
            "A, Pay is fixed to the week of 25 Jan 2027, which is impossible: its service has no date that week.",
        )

    def test_where_there_is_a_plan_there_is_no_conflict(self):
        assert explain(problem()) is None

    @pytest.mark.slow
    @settings(max_examples=draws(8), suppress_health_check=list(HealthCheck))
    @given(PROBLEMS, st.lists(st.sampled_from([2, 4, 6]), min_size=3, max_size=3))
    def test_whatever_conflicts_is_infeasible_and_nothing_of_it_can_be_left_out(
        self, drawn: Mapping[str, Any], weeks: list[int]
    ):
        fixed = {(n, "pay"): w for n, w in zip("abc", weeks, strict=True)}
        tried = replace(tiny(drawn), fixed=fixed)
        conflict: WaveConflict | None = explain(tried)
        if conflict is None:
            assert any(True for _ in every_plan(tried))
            return
        rows = write_rows(tried, FREE)
        groups = {r.group for r in rows.rows if r.group}

        def is_impossible(some: set[str]) -> bool:
            return solve(rows, QUICK, without=groups - some, with_bound=False).is_infeasible

        assert is_impossible(set(conflict.groups))
        for group in conflict.groups:
            assert not is_impossible(set(conflict.groups) - {group})
            assert group_words(tried, group)


class TestPlans:
    def test_a_seed_finds_the_same_plan_again(self):
        tried = tiny({**_some(), "two": True})
        first, second = (solve(write_rows(tried, tried.weights), QUICK) for _ in range(2))
        assert first.plan == second.plan
        assert first.is_repeatable

    @pytest.mark.slow
    def test_announced_dates_move_only_where_they_must(self):
        """A was announced for week 2, B and C for week 4; a wave takes one school. One of B and C must go."""
        tried = problem(service={"wave_size": 1}, announced={("a", "pay"): 2, ("b", "pay"): 4, ("c", "pay"): 4})
        assert styles_for(tried)[-1] is FEWEST
        answers = {style.key: found for style, found, _ in offers(tried, QUICK)}
        plan = answers["fewest-changes"].plan
        assert plan is not None
        assert answers["fewest-changes"].is_proved
        assert plan.week(("a", "pay")) == 2
        assert sorted(plan.week((n, "pay")) for n in "bc") == [4, 6]
        numbers = numbers_of(tried, plan)
        assert (numbers.announced_moved, numbers.announced_weeks) == (1, 2)

    def test_where_nothing_was_announced_the_third_is_a_compromise(self):
        assert styles_for(problem())[-1] is COMPROMISE

    @pytest.mark.slow
    def test_how_far_a_school_moves_is_priced_as_well(self):
        """B was announced for week 4, which is taken; week 6 and week 30 are free: it goes in week 6."""
        tried = problem(
            "ab", {"pay": (4, 6, 30)}, service={"wave_size": 1}, fixed={("a", "pay"): 4}, announced={("b", "pay"): 4}
        )
        *_, (_, found, _) = offers(tried, QUICK)
        assert found.plan is not None
        assert found.plan.week(("b", "pay")) == 6

    def test_hard_schools_come_after_easy_ones(self):
        tried = problem(service={"wave_size": 1}, school={"a": {"risk": 5}})
        found = solve(write_rows(tried, weighted(tried.weights, EARLIEST)), QUICK)
        assert found.plan is not None
        assert found.plan.week(("a", "pay")) == 6


def _some() -> dict[str, Any]:
    return {
        "sizes": 2, "between": 2, "pilot": True, "two": False, "capacity": 30, "risks": [1, 2, 3],
        "hubs": ["n", "n", "s"], "at_once": 2, "reluctant": True, "apart": False, "announced": False,
    }  # fmt: skip


class TestWeights:
    """Three schools of which two make a wave, in weeks 2, 4 and 6; hub n has a and b, hub s has c."""

    def solved(self, weights: Weights, **more: Any) -> WavePlan:
        hubs = {"a": {"hub": "n"}, "b": {"hub": "n"}, "c": {"hub": "s"}}
        tried = problem(school=hubs, service={"wave_size": 2}, weights=weights, **more)
        found = solve(write_rows(tried, weights), QUICK)
        assert found.plan is not None
        assert found.is_proved
        return found.plan

    @pytest.mark.parametrize("weight", [0.000001, 0.01, 0.5, 1])
    def test_however_small_fairness_decides_between_equal_plans(self, weight: float):
        """Two go in week 2, one in week 4. With c in week 4 the hubs are two weeks apart. With a or b in week 4 their
        mean is 3, and c's is 2: one week."""
        plan = self.solved(Weights(fairness=weight, hub=0, risk=0))
        assert plan.week(("c", "pay")) == 2

    @pytest.mark.parametrize("large", [1, 1000, 1_000_000])
    def test_a_small_weight_counts_beside_a_huge_one(self, large: float):
        """Dates within a hub hardly weigh: a and b go together all the same, as that costs nothing else."""
        plan = self.solved(Weights(finish=large, last=large, hub=0.000001, fairness=0, risk=0))
        assert plan.week(("a", "pay")) == plan.week(("b", "pay"))

    def test_weights_too_far_apart_for_a_float_still_count(self):
        rows = write_rows(problem(weights=Weights(finish=1e12, last=1e-9)), Weights(finish=1e12, last=1e-9))
        assert all(rows.objective.values())
        assert sum(abs(n) * rows.highs[v] for v, n in rows.objective.items()) < 2**54

    def test_a_weight_is_what_people_write(self):
        assert exactly(0.1 * 0.7) == Fraction(7, 100)


def test_schools_that_are_kept_apart_are_so_over_all_services():
    """Both services have weeks 2, 4 and 6 only, and each school takes one of them for each: without `apart` both go in
    weeks 2; with it, a's weeks and b's have none in common."""
    tried = problem(
        "ab", {"pay": (2, 4, 6), "hr": (2, 4, 6)}, school={n: {"at_once": 2} for n in "ab"}, apart=(("a", "b"),)
    )
    found = solve(write_rows(tried, tried.weights), QUICK)
    assert found.plan is not None
    weeks = {n: {found.plan.week((n, v)) for v in ("pay", "hr")} for n in "ab"}
    assert not weeks["a"] & weeks["b"]
    together = replace(found.plan, chosen={**found.plan.chosen, ("a", "hr"): found.plan.chosen["b", "pay"]})
    assert any(broken.rule == "apart" for broken in check_plan(tried, together))


class TestSearchesThatComeToNothing:
    def test_a_quick_plan_that_breaks_a_requirement_is_no_hint(self):
        """Schools a and b are set to one week of a service that takes one school: CP-SAT, given a hint where there is
        no plan, ends the process."""
        tried = problem("abc", service={"wave_size": 1}, fixed={("a", "pay"): 2, ("b", "pay"): 2})
        rows = write_rows(tried, tried.weights)
        assert _quick_plan(rows, QUICK) is None
        assert solve_plan(rows, QUICK, hint=None).is_infeasible

    def test_a_bound_that_takes_too_long_is_left_out(self, monkeypatch: pytest.MonkeyPatch):
        """GLOP may go round in circles for ever: without an end of its own, the command would have none."""
        tried = problem("abcd", service={"wave_size": 2})
        rows = write_rows(tried, tried.weights)
        monkeypatch.setattr("changeflow.roadmap.waves.solve.LEAST_BOUND", 1e-12)
        bounder = _Bounder(rows, rows.rows, SearchLimits(seconds=PATIENCE, effort=1e-12))
        bounder.run()
        assert bounder.bound == -math.inf


class TestThePlansPilot:
    def test_it_is_kept_without_a_reluctant_school(self):
        """Only a is declared; c would rather wait, and is needed in a pilot whose schools are not chosen."""
        service = {"has_pilot": True, "pilot_size": 2}
        tried = problem(service=service, school={"c": {"reluctant": True}}, declared=frozenset({("a", "pay")}))
        found = solve(write_rows(tried, tried.weights), QUICK)
        assert found.plan is not None
        assert found.plan.pilot == {("a", "pay")}
        free = solve(write_rows(replace(tried, declared=frozenset()), tried.weights), QUICK)
        assert free.plan is not None
        assert ("c", "pay") in free.plan.pilot

    def test_one_that_cannot_be_is_a_conflict_with_a_way_out(self):
        """The pilot is declared with a, and a is set to the last week, which is no early one."""
        tried = problem(service={"has_pilot": True}, declared=frozenset({("a", "pay")}), fixed={("a", "pay"): 6})
        found = explain(tried)
        assert found is not None
        assert "A goes live with Pay on 15 Feb 2027." in found.sentences
        assert {g.partition(":")[0] for g in found.groups} <= {"fixed", "in the pilot", "pilot"}
        assert "Leave open which schools are in the pilot of Pay." in list(relaxations(tried, found))


class TestWhy:
    """Two schools have different reasons against earlier dates; A is fixed to week 2."""

    def lines(self, tried: WaveProblem, pair: Pair) -> list[str]:
        found = solve(write_rows(tried, tried.weights), QUICK)
        assert found.plan is not None
        return list(why(tried, found.plan, pair))

    def test_a_full_wave_and_a_full_team_are_named(self):
        small = problem("ab", service={"wave_size": 1}, fixed={("a", "pay"): 2})
        assert self.lines(small, ("b", "pay")) == [
            "B goes live with Pay on 1 Feb 2027, in wave 2.",
            "Not on 18 Jan 2027: 2 schools go live with Pay in the week of 18 Jan 2027 (limit 1).",
        ]
        full = problem("ab", team="trainers", capacity=15, fixed={("a", "pay"): 2})
        assert self.lines(full, ("b", "pay"))[1] == (
            "Not on 18 Jan 2027: Trainers have only 1.5 days available in the week of 11 Jan 2027; 2 are needed."
        )

    def test_a_date_that_fell_out_is_told_with_its_reason(self):
        base = problem("ab")
        tried = replace(
            base,
            candidates={**base.candidates, ("b", "pay"): base.candidates["b", "pay"][1:]},
            dropped={**base.dropped, ("b", "pay"): {2: "“Exams” keeps go-lives out of it"}},
        )
        assert self.lines(tried, ("b", "pay"))[1] == "Not on 18 Jan 2027: “Exams” keeps go-lives out of it."

    def test_what_is_fixed_says_so(self):
        tried = problem("ab", fixed={("a", "pay"): 6})
        assert self.lines(tried, ("a", "pay"))[-1] == "That date is fixed: it was set or has happened."
