"""Subject access: until when somebody who asks for what is kept about them has to have it. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta


@dataclass(frozen=True, slots=True)
class Pause:
    """Days on which the clock stood still: the organisation had asked who it is, or what is meant."""

    first_day: date
    last_day: date
    """Inclusive: the answer came on the day after."""


def answer_by(received: date, *, months: int, works_on: Callable[[date], bool], pauses: Iterable[Pause] = ()) -> date:
    """Return the last day on which a request may be answered.

    It is the corresponding day, so many months later, or that month's last day where there is none; put off by the
    days of each pause; and where it is no working day, the next one. Source: ICO, "What should we consider when
    responding to a request?"; UK GDPR Art. 12(3) and, for pauses, the Data (Use and Access) Act 2025.

    >>> answer_by(date(2027, 1, 31), months=1, works_on=lambda day: day.weekday() < 5)
    datetime.date(2027, 3, 1)
    """
    day = received + relativedelta(months=months)
    day += timedelta(days=sum((p.last_day - p.first_day).days + 1 for p in pauses))
    while not works_on(day):
        day += timedelta(days=1)
    return day
