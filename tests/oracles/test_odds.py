"""The odds of a simulation beside those of durations drawn and placed by hand."""

import pytest

from tests.oracles.simulating import compare_odds_of
from tests.quick import many


@pytest.mark.slow
def test_odds_lie_within_a_band_of_draws_by_hand():
    """Of 1 000 odds that agree one is outside the band by chance: whatever is outside is drawn ten times as often."""
    tally = compare_odds_of(range(many(20, thorough=300)))
    assert tally.differences == []
    assert tally.is_enough
