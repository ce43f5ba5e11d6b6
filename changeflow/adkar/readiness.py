"""How far a group is from what comes next, by what was published of it, and what to do about its barrier. Pure.

By barrier, who acts and phase: nobody is trained who does not want it yet. The texts and the lead times are our own.
What is in it for the group and what is in it for the students is said with every one of them, because that is what
explains a change in schools.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

from changeflow.adkar.elements import Element, at_or_before
from changeflow.adkar.published import Standing
from changeflow.values.words import Phase

BEFORE = (Phase.PLAN, Phase.DESIGN, Phase.DEVELOP)
UNTIL_LIVE = (*BEFORE, Phase.DEPLOY)
AUDIENCES = ("sponsor", "manager", "lead", "champion", "trainer")
"""Who acts, in the order in which they are named."""


@dataclass(frozen=True, slots=True)
class GroupAction:
    """One thing to do about a barrier, and who does it."""

    name: str
    """Of the task that it becomes."""
    barrier: Element
    by: str
    """The audience that acts, one of `AUDIENCES`."""
    phases: tuple[Phase, ...]
    school_weeks: int
    """How long it takes until it has been done and has had time to work."""
    text: str

    @property
    def id(self) -> str:
        return self.name.replace(" ", "-")

    def message(self, *, group: str, gains: str) -> str:
        """Return what is said to whoever acts: what to do, and what is in it for the group.

        What is in it for the students stands in every message and on every page already.
        """
        mine = (
            f"What people of {group} gain: {gains.rstrip('.')}." if gains else f"Ask what people of {group} would gain."
        )
        return f"{self.text} {mine}"


A, D, K, AB, R = Element
DEPLOY, AFTER, SUSTAIN = (Phase.DEPLOY,), (Phase.DEPLOY, Phase.SUSTAIN), (Phase.SUSTAIN,)
CATALOGUE: tuple[GroupAction, ...] = tuple(
    GroupAction(*row)
    for row in (
        ("say why", A, "sponsor", UNTIL_LIVE, 3, "Say in person why the change comes now, and for whom."),
        ("walk through the week", A, "manager", BEFORE, 3, "Walk through what changes in the week, and what stays."),
        ("repeat the why", A, "manager", DEPLOY, 2, "Say again, before any training, what changes and why."),
        ("show the dates", A, "lead", UNTIL_LIVE, 2, "Show the dates, and the reason for each of them."),
        ("listen and answer", D, "sponsor", UNTIL_LIVE, 6, "Listen to what the group would lose; answer it."),
        ("talk one to one", D, "manager", UNTIL_LIVE, 6, "Talk one to one about gains and losses in the role."),
        ("bring a colleague", D, "champion", UNTIL_LIVE, 4, "Bring a colleague from a school that is live."),
        ("mend a grievance", D, "lead", BEFORE, 6, "Mend one thing that the group complains of: a quick win."),
        ("train on own cases", K, "trainer", UNTIL_LIVE, 3, "Train on the group's own cases, close to their need."),
        ("say who to call", K, "lead", UNTIL_LIVE, 1, "Publish who to call, and the three things that all ask."),
        ("try it out", K, "champion", DEPLOY, 2, "Open a system to try things out in, a colleague beside."),
        ("give time to practise", AB, "manager", AFTER, 2, "Take something else off the week, to practise."),
        ("sit beside", AB, "trainer", AFTER, 2, "Sit beside people while they do it the first times."),
        ("answer quickly", AB, "champion", SUSTAIN, 2, "Answer questions within the hour in the first weeks."),
        ("thank in public", R, "sponsor", SUSTAIN, 2, "Thank people for what works, and close the old way."),
        ("look at use", R, "manager", SUSTAIN, 2, "Look at how it is used; mend what drives people back."),
        ("keep asking", R, "lead", SUSTAIN, 1, "Ask what still goes wrong, and say what was done about it."),
    )
)
"""In the order of the elements. Who acts on what follows Prosci's public pages on sponsors and managers: awareness and
desire come from them, knowledge and ability from training and practice. Texts and lead times are our own."""


def actions_for(barrier: str | None, phase: Phase) -> tuple[GroupAction, ...]:
    """Return what to do about a barrier in a phase; nothing for a group that is not shown, or has none."""
    return tuple(a for a in CATALOGUE if a.barrier == barrier and phase in a.phases)


def way_to(until: Element, held: str | None, phase: Phase) -> Iterator[tuple[Element, tuple[GroupAction, ...]]]:
    """Yield, element by element, what lies between a group's barrier and what comes after `until`.

    Nothing is trained before it is wanted: each element's actions follow those of the one before.
    """
    if held is None or held not in tuple(Element):
        return
    for element in list(Element)[Element(held).position : until.position + 1]:
        yield element, actions_for(element, phase) or actions_for(element, Phase.DEPLOY)


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
    bands = zip(list(Element)[: until.position + 1], standing.held or (), strict=False)
    held = next((e for e, band in bands if band.low > 0 and not is_past(standing, e, share=share)), None)
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
