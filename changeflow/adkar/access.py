"""Subject access: the last day on which a person's request for their data may be answered. Pure."""

from collections.abc import Callable
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta


def answer_by(received: date, *, months: int, works_on: Callable[[date], bool]) -> date:
    """Return the last day on which a request may be answered.

    It is the corresponding day, that many months later, or that month's last day where there is none; where it is not a
    working day, the next one. Source: ICO, "What should we consider when responding to a request?"; UK GDPR Art. 12(3).

    >>> answer_by(date(2027, 1, 31), months=1, works_on=lambda day: day.weekday() < 5)
    datetime.date(2027, 3, 1)
    """
    day = received + relativedelta(months=months)
    while not works_on(day):
        day += timedelta(days=1)
    return day
