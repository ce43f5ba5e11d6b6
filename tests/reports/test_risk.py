"""Shares of possible days: whole percentages that add up, and agree with the chance of each day."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from changeflow.planning.risk import whole_percent
from changeflow.reports.risk import percent_shares


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=12))
def test_shares_add_up_to_the_chance_of_each_day(counts: list[int]) -> None:
    shares = percent_shares(counts)
    assert sum(shares) == 100
    assert all(share >= 0 for share in shares)
    for many, meet in enumerate(accumulate(counts), start=1):
        assert sum(shares[:many]) == whole_percent(meet / sum(counts))


def test_a_rare_day_can_have_less_than_one_percent() -> None:
    assert percent_shares([1, 999]) == (1, 99)
    assert percent_shares([300, 1, 699]) == (30, 0, 70)
