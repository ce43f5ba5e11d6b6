"""Plans of waves beside an exact search by hand."""

from collections import Counter

import pytest

from changeflow.planning.wave_use import plan_in_force, rollouts_in_force
from changeflow.planning.waves import wave_problem
from tests.oracles.answers import planned_programme
from tests.oracles.random_waves import FEATURES, counted, random_rollout
from tests.oracles.wave_search import WaveTally, compare_waves_of
from tests.quick import many

ROLLOUTS = many(20, thorough=300)


@pytest.fixture(scope="module")
def tally() -> WaveTally:
    return compare_waves_of(range(ROLLOUTS))


@pytest.mark.slow
def test_plans_of_waves_keep_everything_cost_what_they_say_and_are_the_best_where_they_are_called_so(tally: WaveTally):
    assert tally.differences == []
    assert tally.best * 3 > ROLLOUTS


@pytest.mark.slow
@pytest.mark.thorough
def test_random_rollouts_ask_for_everything(tally: WaveTally):
    assert (tally.best, tally.infeasible) > (300, 100)
    assert tally.bounds > 20
    assert tally.rare == {}


@pytest.mark.thorough
@pytest.mark.slow
def test_the_weeks_of_rollouts_are_those_of_the_whole_plan_in_force():
    """The fast way against the whole problem, which has every other date as well."""
    compared = 0
    for seed in range(40):
        programme = planned_programme(random_rollout(seed))
        problem = wave_problem(programme)
        chosen = plan_in_force(programme, problem).chosen
        known = {pair: (problem.monday(c.first), problem.monday(c.last)) for pair, c in chosen.items()}
        assert rollouts_in_force(programme) == known, seed
        compared += len(known)
    assert compared > 100


@pytest.mark.slow
@pytest.mark.thorough
def test_each_feature_occurs_two_hundred_times_in_all_rollouts_of_make_oracles():
    """But for those that the comparison itself counts."""
    features: Counter[str] = Counter()
    for seed in range(5000):
        features.update(counted(seed))
    compared = {"opens on a day off", "fixed to a day that cannot be"}
    assert {f: features[f] for f in FEATURES if features[f] < 200 and f not in compared} == {}
