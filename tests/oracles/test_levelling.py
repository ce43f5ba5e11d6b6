"""Levelled plans, counted minute by minute, beside plain orders."""

import pytest

from tests.oracles.levelling import compare_levelling_of
from tests.quick import many

SOONER = {
    809: "a wait without links begins when its own people come, and not with those who work at weekends",
    832: "the same",
    891: "a lag by the clock counts from the end of a wait, not from the last hour of work before it",
    1301: "a wait that may not start before a day off begins on it, and not when people come back",
    1726: "a whole period ends at midnight, so that a lag of periods after it does not miss the next one",
    3050: "what has to be placed before a task that starts sooner does not take its people",
    3073: "a lag that is a share of a pay period is a share of the one in which the task is",
    3405: "a lag of periods does not miss an opening while no one could have worked since",
    3939: "whole periods may start before the day on which a link lets them, if no one works between",
    4279: "a wait after work begins in the evening, and not on the next morning",
}
"""Programmes in which a plain order once ended sooner, and why."""


@pytest.mark.thorough
@pytest.mark.slow
def test_no_plain_order_ends_sooner_where_one_once_did():
    assert compare_levelling_of(SOONER).differences == []


@pytest.mark.slow
def test_levelled_plans_keep_links_and_people_and_end_on_no_later_day_than_plain_orders():
    tally = compare_levelling_of(range(many(20, thorough=300)), seconds=0.05)
    assert tally.differences == []
    assert tally.moved * many(3, thorough=2) > tally.programmes
