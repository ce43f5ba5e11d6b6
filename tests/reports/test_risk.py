"""Shares of possible days: whole percentages that add up."""

from hypothesis import given
from hypothesis import strategies as st

from changeflow.reports.risk import percent_shares


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=12).filter(any))
def test_shares_add_up_and_stay_within_one_of_the_exact_ones(counts: list[int]) -> None:
    shares = percent_shares(counts)
    small = sum(0 < 100 * n < sum(counts) for n in counts)
    assert sum(shares) == 100
    assert all((share > 0) == (n > 0) for share, n in zip(shares, counts, strict=True))
    assert all(abs(share - 100 * n / sum(counts)) < 1 + small for share, n in zip(shares, counts, strict=True))


def test_a_rare_day_takes_its_percent_from_the_commonest() -> None:
    assert percent_shares([1, 999]) == (1, 99)
    assert percent_shares([1, 1, 1]) == (34, 33, 33)
