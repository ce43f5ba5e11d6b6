"""By how much a date has moved, in words."""

from datetime import date

from changeflow.values.moments import format_day
from changeflow.values.sentences import Sentence, counted_sentence


def later_or_earlier(days: int) -> Sentence:
    """Write by how many days a date has moved.

    >>> later_or_earlier(62), later_or_earlier(-1)
    ('62 days later', '1 day earlier')
    """
    if days < 0:
        return counted_sentence("%(num)s day earlier", "%(num)s days earlier", -days)
    return counted_sentence("%(num)s day later", "%(num)s days later", days)


def moved_in_words(was: date, now: date) -> str:
    """Write that a date moves or has moved, to follow its subject.

    >>> moved_in_words(date(2027, 5, 4), date(2027, 6, 1)), moved_in_words(date(2027, 5, 4), date(2027, 5, 3))
    ('is 28 days later, on 1 Jun 2027 (was 4 May 2027)', 'is 1 day earlier, on 3 May 2027 (was 4 May 2027)')
    """
    return f"is {later_or_earlier((now - was).days)}, on {format_day(now)} (was {format_day(was)})"
