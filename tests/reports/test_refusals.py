"""What a no today moves, in words: beside what deciding later moves, and in the same form."""

from collections.abc import Mapping
from datetime import date

import pytest

from changeflow.planning.last_days import DecidedOn, LastDay, MovedDate
from changeflow.reports.last_days import refusal_text

DATES = {"go-live": date(2027, 6, 1), "done": date(2027, 9, 1), "early": date(2027, 5, 3)}
NAMES = {"go-live": "Payroll: go live", "done": "All is live", "early": "Ready"}


def moved(task: str, after: date) -> MovedDate:
    return MovedDate(task=task, name=NAMES[task], before=DATES[task], after=after)


def found(*later: MovedDate) -> LastDay:
    runs = (DecidedOn(first=date(2027, 5, 29), last=date(2027, 6, 28), moved=later),) if later else ()
    planned, day = date(2027, 5, 20), date(2027, 5, 28)
    return LastDay(task="gate", planned=planned, day=day, dates=DATES, names=NAMES, later=runs)


MONTH = (moved("go-live", date(2027, 7, 1)), moved("done", date(2027, 10, 1)))


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ({}, "Deciding today not to go ahead would delay no other date."),
        (DATES, "Deciding today not to go ahead would delay no other date."),
        (DATES | {"early": date(2027, 4, 1)}, "Deciding today not to go ahead would delay no other date."),
        (DATES | {m.task: m.after for m in MONTH}, "Deciding today not to go ahead would have the same effect."),
        (
            DATES | {"go-live": date(2027, 8, 2), "done": date(2027, 10, 1)},
            (
                "Deciding today not to go ahead would delay “Payroll: go live” by 62 days, to 2 Aug 2027, "
                "and 1 other date would move too."
            ),
        ),
        (
            DATES | {"done": date(2027, 9, 2)},
            "Deciding today not to go ahead would delay “All is live” by 1 day, to 2 Sep 2027.",
        ),
        (
            {task: date(2028, 1, 3) for task in DATES},
            (
                "Deciding today not to go ahead would delay “Payroll: go live” by 216 days, to 3 Jan 2028, "
                "and 2 other dates would move too."
            ),
        ),
    ],
)
def test_a_no_is_told_apart_from_a_later_decision(refused: Mapping[str, date], said: str):
    assert refusal_text(found(*MONTH), refused) == said


def test_where_waiting_costs_nothing_the_furthest_move_is_named():
    refused = DATES | {"done": date(2027, 9, 2), "early": date(2027, 6, 3)}
    said = (
        "Deciding today not to go ahead would delay “Ready” by 31 days, to 3 Jun 2027, and 1 other date would move too."
    )
    assert refusal_text(found(), refused) == said
