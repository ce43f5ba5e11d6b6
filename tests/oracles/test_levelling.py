"""Levelled plans, counted minute by minute, beside plain orders."""

import pytest

from tests.oracles.levelling import compare_levelling_of


def test_a_few_levelled_plans_keep_links_and_people():
    assert compare_levelling_of(range(2)).differences == []


@pytest.mark.slow
def test_levelled_plans_keep_links_and_people_and_end_on_no_later_day_than_plain_orders():
    tally = compare_levelling_of(range(300))
    assert tally.differences == []
    assert tally.is_enough
