"""How ready a group is, from its published counts, and the actions for its barrier. Pure functions.

Actions depend on the barrier, the audience that acts and the phase; no one is trained before desire. The texts and lead
times are our own. Each action says what the group and the students gain, because these are the reasons that matter in
schools.
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
"""The audiences that act, in the order in which they are listed."""


TITLES = {
    "say why": "brief staff on why the change is needed",
    "walk through the week": "talk to staff about what will change",
    "repeat the why": "brief staff again on what will change",
    "show the dates": "brief staff on the dates",
    "listen and answer": "hold a listening session",
    "talk one to one": "hold one-to-one conversations",
    "bring a colleague": "arrange a visit from a school that is already live",
    "mend a grievance": "fix one complaint as a quick win",
    "train on own cases": "train staff with examples from their own work",
    "say who to call": "publish contact details for help",
    "try it out": "let staff try out a practice system",
    "give time to practise": "give staff time to practise",
    "sit beside": "sit with staff the first few times",
    "answer quickly": "answer questions quickly",
    "thank in public": "thank staff in public for what works",
    "look at use": "check how staff use the service day to day",
    "keep asking": "ask what still goes wrong",
}
"""Each action as worded in the names of tasks."""


@dataclass(frozen=True, slots=True)
class GroupAction:
    """One action for a barrier, and who does it."""

    name: str
    """The words from which the id of its task is made."""
    barrier: Element
    by: str
    """The audience that acts, one of `AUDIENCES`."""
    phases: tuple[Phase, ...]
    school_weeks: int
    """How long it takes, including the time to have an effect."""
    text: str

    @property
    def id(self) -> str:
        return self.name.replace(" ", "-")

    @property
    def title(self) -> str:
        """The action as worded in the name of its task."""
        return TITLES[self.name]

    def message(self, *, group: str, gains: Sequence[str]) -> str:
        """Return the text for the person who acts: what to do, and what the group gains.

        Every message and page already says what students gain.
        """
        own = [_within_a_sentence(gain.rstrip(".")) for gain in gains]
        mine = f"What people in {group} gain: {'; '.join(own)}." if gains else f"Ask what people in {group} would gain."
        return f"{self.text} {mine}"


def _within_a_sentence(gain: str) -> str:
    """Begin with a small letter, unless the first word is an abbreviation such as `HR`."""
    return f"{gain[:1].lower()}{gain[1:]}" if gain[1:2].islower() or gain.startswith("A ") else gain


A, D, K, AB, R = Element
DEPLOY, AFTER, SUSTAIN = (Phase.DEPLOY,), (Phase.DEPLOY, Phase.SUSTAIN), (Phase.SUSTAIN,)
CATALOGUE: tuple[GroupAction, ...] = tuple(
    GroupAction(*row)
    for row in (
        ("say why", A, "sponsor", UNTIL_LIVE, 3, "Explain in person why the change is needed now and who benefits."),
        (
            "walk through the week",
            A,
            "manager",
            BEFORE,
            3,
            "Talk through what will change in people's week and what will not.",
        ),
        ("repeat the why", A, "manager", DEPLOY, 2, "Before any training, explain again what will change and why."),
        ("show the dates", A, "lead", UNTIL_LIVE, 2, "Share the dates and explain each one."),
        (
            "listen and answer",
            D,
            "sponsor",
            UNTIL_LIVE,
            6,
            "Listen to what the group is worried about losing, and respond.",
        ),
        ("talk one to one", D, "manager", UNTIL_LIVE, 6, "Talk to each person about what they will gain and lose."),
        (
            "bring a colleague",
            D,
            "champion",
            UNTIL_LIVE,
            4,
            "Invite a colleague from a school that is already live to talk to the group.",
        ),
        ("mend a grievance", D, "lead", BEFORE, 6, "As a quick win, fix one thing that the group complains about."),
        (
            "train on own cases",
            K,
            "trainer",
            UNTIL_LIVE,
            3,
            "Train people with examples from their own work, shortly before they need it.",
        ),
        (
            "say who to call",
            K,
            "lead",
            UNTIL_LIVE,
            1,
            "Publish contact details for questions, and answers to the three most common ones.",
        ),
        ("try it out", K, "champion", DEPLOY, 2, "Let people try out a practice system with a colleague."),
        ("give time to practise", AB, "manager", AFTER, 2, "Free up time in the week for people to practise."),
        ("sit beside", AB, "trainer", AFTER, 2, "Sit with people the first few times they work in the new way."),
        ("answer quickly", AB, "champion", SUSTAIN, 2, "In the first weeks, answer questions within an hour."),
        ("thank in public", R, "sponsor", SUSTAIN, 2, "Thank people for what works, and end the old arrangements."),
        (
            "look at use",
            R,
            "manager",
            SUSTAIN,
            2,
            "Check how people use the new service, and fix whatever makes them go back.",
        ),
        (
            "keep asking",
            R,
            "lead",
            SUSTAIN,
            1,
            "Ask what still goes wrong, and report back on what you have done about it.",
        ),
    )
)
"""All actions, in the order of the elements. Task ids are made from the names, so only titles may change. The choice of
who acts follows Prosci's public pages on sponsors and managers: awareness and desire come from them, knowledge and
ability from training and practice. Texts and lead times are our own."""


def actions_for(barrier: str | None, phase: Phase) -> tuple[GroupAction, ...]:
    """Return the actions for a barrier in a phase; none for a group that is hidden or has no barrier."""
    return tuple(a for a in CATALOGUE if a.barrier == barrier and phase in a.phases)


def way_to(until: Element, held: str | None, phase: Phase) -> Iterator[tuple[Element, tuple[GroupAction, ...]]]:
    """Yield the actions from a group's barrier up to the element `until`, element by element.

    Each element's actions follow those of the one before, so there is no training before desire.
    """
    if held is None or held not in tuple(Element):
        return
    for element in list(Element)[Element(held).position : until.position + 1]:
        yield element, actions_for(element, phase) or actions_for(element, Phase.DEPLOY)


WEEKS = {e: max(a.school_weeks for a in CATALOGUE if a.barrier is e) for e in Element}
"""School weeks for each element's actions, done in parallel, including the time to have an effect: our planning
figures."""
PACE_LIMITS = (0.5, 3.0)
"""The limits of the pace learnt from earlier waves: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What a group still needs in order to be past an element."""

    standing: Standing
    until: Element
    held_at: Element | None
    """The first element that too few people are past; None if the group is ready."""
    way: tuple[tuple[Element, tuple[GroupAction, ...]], ...]
    """The actions for each element, each after the one before."""

    @property
    def is_ready(self) -> bool:
        return self.held_at is None

    @property
    def weeks(self) -> int:
        """The planned school weeks of all actions."""
        return sum(WEEKS[e] for e, _ in self.way)

    @property
    def because(self) -> str:
        """Why it is not ready, as a clause."""
        if self.held_at is None or (band := self.standing.held_by(self.held_at)) is None:
            return ""
        return (
            f"{band.text} of the {self.standing.answered} people who answered have a barrier at "
            f"{at_or_before(self.held_at)}"
        )


def is_past(standing: Standing, element: Element, *, share: float) -> bool | None:
    """Return whether at least a share of a group is past an element; None if the bands leave it open."""
    past = standing.share_past(element)
    if past is None:
        return None
    return True if past[0] >= share else False if past[1] < share else None


def readiness(standing: Standing, *, until: Element, share: float, phase: Phase) -> Readiness | None:
    """Return what a group needs until a share of it is past an element; None if the group is hidden.

    If the count of people with a barrier is in the lowest band, the forecast treats the group as ready; a gate says
    that it is not known.
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
    """Return the time that earlier waves took relative to plan; None if none has moved yet.

    A history is one wave's publications, earliest first. Each move forward gives one ratio: the time between two
    publications against the planned weeks of the elements passed between them. The result is their median.
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
