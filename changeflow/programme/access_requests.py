"""Until when a subject access request has to be answered."""

from datetime import date

from changeflow.adkar.people import answer_by
from changeflow.calendar.uk import public_holidays
from changeflow.errors import InputError
from changeflow.programme.programme import Programme


def answer_due(programme: Programme, received: date, today: date, *, is_complex: bool = False) -> date:
    """Return the last day to answer a request of a day, in the months of the rulepack `privacy`; no day to come."""
    if received > today:
        raise InputError(f"{received:%d %B %Y} is still to come. Give the day on which the request came.")
    key = "access_months_complex" if is_complex else "access_months"
    months = programme.rulepacks.number("privacy", key, on=received)
    nation = programme.definition.programme.nation
    free = {day for day, _ in public_holidays(nation, received.year, received.year + 2)}
    return answer_by(received, months=months, works_on=lambda d: d.weekday() < 5 and d not in free)
