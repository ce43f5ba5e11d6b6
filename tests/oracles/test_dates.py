"""The engine's dates beside those of a scheduler that shares nothing with it."""

from statistics import median

import pytest

from tests.oracles.comparing import LEAST_TASKS, Tally, compare_seeds
from tests.quick import many

PROGRAMMES = many(20, thorough=300)
PROVED = many(12, thorough=200)
"""The reports of this many are checked too."""


@pytest.mark.slow
def test_a_few_random_programmes_have_the_dates_of_a_naive_scheduler():
    tally = compare_seeds(range(3))
    assert tally.differences == []


@pytest.fixture(scope="module")
def tally() -> Tally:
    found = compare_seeds(range(PROVED), with_proof=True)
    found.add(compare_seeds(range(PROVED, PROGRAMMES)))
    return found


@pytest.mark.slow
def test_random_programmes_have_the_dates_of_a_naive_scheduler(tally: Tally):
    assert tally.differences == []


@pytest.mark.slow
def test_the_reports_of_random_programmes_hold_for_the_checker(tally: Tally):
    assert tally.unproved == []
    assert tally.proved == PROVED


@pytest.mark.slow
@pytest.mark.thorough
def test_random_programmes_are_large_and_have_everything(tally: Tally):
    """Each feature is in at least 200 of 300 programmes."""
    assert median(tally.tasks) >= LEAST_TASKS
    assert tally.rare == {}
    assert tally.pushed > 15 * PROGRAMMES
