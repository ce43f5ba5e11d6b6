"""How far a group is from what comes next, by what was published of it. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

from changeflow.adkar.actions import CATALOGUE, GroupAction, way_to
from changeflow.adkar.elements import Element, at_or_before
from changeflow.adkar.published import Standing
from changeflow.values.words import Phase

WEEKS = {e: max(a.school_weeks for a in CATALOGUE if a.barrier is e) for e in Element}
"""School weeks until an element's actions have been done and have worked, side by side: our own planning figures."""
PACE_LIMITS = (0.5, 3.0)
"""What earlier waves teach is never drawn out further than that: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What lies between a group and what needs it to be past an element."""

    standing: Standing
    until: Element
    held_at: Element | None
    """The first element that too few are past; None for a group that is ready."""
    way: tuple[tuple[Element, tuple[GroupAction, ...]], ...]
    """What to do, element by element, each after the one before."""

    @property
    def is_ready(self) -> bool:
        return self.held_at is None

    @property
    def weeks(self) -> int:
        """School weeks of all of it, as planned."""
        return sum(WEEKS[e] for e, _ in self.way)

    @property
    def because(self) -> str:
        """Say why it is not ready, as a clause."""
        if self.held_at is None or (band := self.standing.held_by(self.held_at)) is None:
            return ""
        return (
            f"{band.text} of {self.standing.answered} who answered have their barrier at {at_or_before(self.held_at)}"
        )


def is_past(standing: Standing, element: Element, *, share: float) -> bool | None:
    """Tell whether at least a share of a group is past an element; None where the bands leave it open, or hide it."""
    past = standing.share_past(element)
    if past is None:
        return None
    return True if past[0] >= share else False if past[1] < share else None


def readiness(standing: Standing, *, until: Element, share: float, phase: Phase) -> Readiness | None:
    """Say what a group needs until so many are past an element; None where it is not shown.

    Where the lowest band is all that is known of those with a barrier, the group counts as ready for a forecast: a
    gate says that it is not known.
    """
    if not standing.is_shown:
        return None
    elements = list(Element)[: until.position + 1]
    held = next(
        (
            e
            for e in elements
            if (band := standing.held_by(e)) is not None and band.low > 0 and not is_past(standing, e, share=share)
        ),
        None,
    )
    return Readiness(standing=standing, until=until, held_at=held, way=tuple(way_to(until, held, phase)))


def learnt_pace(
    histories: Iterable[Sequence[Standing]],
    *,
    until: Element,
    share: float,
    weeks_between: Callable[[date, date], float],
) -> float | None:
    """Return how much longer than planned earlier waves took for what they passed; None where none has moved yet.

    A history is what was published of one wave, the earliest first. Only moves forward teach: the time between two
    publications, against the planned weeks of the elements that were passed between them. The middle one counts.
    """
    found = []
    for history in histories:
        seen = [
            (s.on, r) for s in history if (r := readiness(s, until=until, share=share, phase=Phase.DEVELOP)) is not None
        ]
        for (then, was), (now, after) in pairwise(seen):
            passed = was.weeks - after.weeks
            if passed > 0 and now > then:
                found.append(weeks_between(then, now) / passed)
    if not found:
        return None
    return min(max(median(found), PACE_LIMITS[0]), PACE_LIMITS[1])
