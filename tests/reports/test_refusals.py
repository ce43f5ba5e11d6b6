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
        ({}, "A no today moves no date."),
        (DATES, "A no today moves no date."),
        (DATES | {"early": date(2027, 4, 1)}, "A no today moves no date."),
        (DATES | {m.task: m.after for m in MONTH}, "A no today moves the same dates."),
        (
            DATES | {"go-live": date(2027, 8, 2), "done": date(2027, 10, 1)},
            "With a no today, “Payroll: go live” moves 62 days, to 2 Aug 2027; 1 more date moves.",
        ),
        (DATES | {"done": date(2027, 9, 2)}, "With a no today, “All is live” moves 1 day, to 2 Sep 2027."),
        (
            {task: date(2028, 1, 3) for task in DATES},
            "With a no today, “Payroll: go live” moves 216 days, to 3 Jan 2028; 2 more dates move.",
        ),
    ],
)
def test_a_no_is_told_apart_from_a_later_decision(refused: Mapping[str, date], said: str):
    assert refusal_text(found(*MONTH), refused) == said


def test_where_waiting_costs_nothing_the_furthest_move_is_named():
    refused = DATES | {"done": date(2027, 9, 2), "early": date(2027, 6, 3)}
    said = "With a no today, “Ready” moves 31 days, to 3 Jun 2027; 1 more date moves."
    assert refusal_text(found(), refused) == said
