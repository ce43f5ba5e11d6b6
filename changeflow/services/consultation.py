"""Collective consultation: which establishments need it, for how long, and when the first role may end.

Proposals count per establishment within a window of days: a unit that people are assigned to, each school by itself.
The numbers come from a rulepack. Planning minimum, not legal advice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from changeflow.values.rulepack import RulepackEntry

Law = Callable[[str, date], RulepackEntry]
"""Gives an entry in force on a day, by its key."""


@dataclass(frozen=True, slots=True)
class RedundancyProposal:
    """Roles that are proposed to end by redundancy at one establishment; `effect` is their last day."""

    establishment: str
    posts: int
    effect: date


@dataclass(frozen=True, slots=True)
class Duty:
    """What the law asks for at one establishment."""

    establishment: str
    posts: int
    """In the window that holds the most."""
    first_effect: date
    """The first day in that window on which a role ends."""
    days: int
    """Calendar days from the start of consultation to the first role's end, at least."""


def minimum_days(posts: int, *, on: date, law: Law, tiers_in: str = "consultation_tiers") -> int:
    """Return the days of consultation for so many posts at one establishment; 0 where none is asked for.

    `tiers_in` names the entry that has the tiers of another duty, such as notifying the Secretary of State.
    """
    tiers = law(tiers_in, on).value
    return max((tier["days"] for tier in tiers if posts >= tier["posts"]), default=0)


def earliest_effect(start: date, days: int) -> date:
    """Return the first day on which a role may end when consultation starts on `start`.

    >>> earliest_effect(date(2027, 2, 22), 30)
    datetime.date(2027, 3, 24)
    """
    return start + timedelta(days=days)


def fullest_windows(proposals: Iterable[RedundancyProposal], *, law: Law) -> Iterator[Duty]:
    """Yield each establishment's window with the most posts, whether the law asks for consultation (`days`) or not."""
    by_place: dict[str, list[RedundancyProposal]] = {}
    for proposal in proposals:
        by_place.setdefault(proposal.establishment, []).append(proposal)
    for place, found in sorted(by_place.items()):
        in_order = sorted(found, key=lambda p: p.effect)
        best: tuple[int, date] | None = None
        for n, first in enumerate(in_order):
            window = timedelta(days=int(law("consultation_window_days", first.effect).value))
            posts = sum(p.posts for p in in_order[n:] if p.effect < first.effect + window)
            if best is None or posts > best[0]:
                best = posts, first.effect
        if best is not None:
            yield Duty(place, best[0], best[1], minimum_days(best[0], on=best[1], law=law))


def next_leaving_date(day: date, dates: Iterable[Mapping[str, int]]) -> date:
    """Return the first leaving date on or after a day; `dates` are months and days as a rulepack gives them.

    >>> next_leaving_date(date(2027, 3, 8), [{"month": 4, "day": 30}, {"month": 12, "day": 31}])
    datetime.date(2027, 4, 30)
    """
    found = [date(year, d["month"], d["day"]) for year in (day.year, day.year + 1) for d in dates]
    return min(d for d in found if d >= day)
