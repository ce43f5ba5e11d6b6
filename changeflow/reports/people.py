"""People's barriers and readiness as lines and charts, from published figures only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from changeflow.adkar.elements import NO_BARRIER, Element, at_or_before
from changeflow.adkar.people import Impact
from changeflow.adkar.published import OTHERS, Band, Hidden, Snapshot, Standing, moved_back
from changeflow.adkar.readiness import actions_for
from changeflow.phrases import capitalised
from changeflow.programme.audiences import AUDIENCE, GROUP, HUB, HUB_GROUP, PROGRAMME, SERVICE, WAVE
from changeflow.programme.people import is_stale, phase_of
from changeflow.programme.programme import Programme
from changeflow.reports.people_flow import NOTHING, Flow, draw_flow, format_band
from changeflow.values.duration import counted
from changeflow.values.moments import format_day

SHADES = 5
DASH = "A dash means that nothing is known: the range runs from 0 to the whole group."
DIVISIONS: Mapping[str, str] = {
    PROGRAMME: "Whole programme",
    SERVICE: "By service",
    WAVE: "By wave",
    AUDIENCE: "By service and wave",
    GROUP: "By role",
    HUB_GROUP: "By hub and role",
    HUB: "By hub",
}
"""The ways to divide people into groups, in the order of reports."""
ASK = "Encourage more of the group to answer next time."
LARGER = "See the figures for the larger groups that these people belong to."


@dataclass(frozen=True, slots=True)
class WhyHidden:
    """Why a group is not shown."""

    reason: str
    remedy: str
    """What the project team can do, or read instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenLine:
    """The groups that share one reason for not being shown."""

    reason: str
    remedy: str
    divisions: tuple[tuple[str, tuple[str, ...]], ...]
    """A division, such as `By role`, and its groups."""


def why_hidden(standing: Standing, snapshot: Snapshot) -> WhyHidden | None:
    """Return why a group is not shown; None if it is shown."""
    if standing.is_shown:
        return None
    minimum = snapshot.minimum
    match standing.hidden:
        case Hidden.FEW:
            return WhyHidden(
                f"Fewer than {minimum} people answered.",
                f"{ASK} A group of fewer than {minimum} people is never shown, so see the larger groups instead.",
            )
        case Hidden.SMALL:
            return WhyHidden("Too few people answered for a range to tell you anything.", ASK)
        case Hidden.BEFORE:
            return WhyHidden(
                "These groups were hidden last time. Comparing new figures with earlier ones could identify someone.",
                f"Each group stays hidden until at least {minimum} people have joined or left it. {LARGER}",
            )
        case Hidden.LIMIT:
            # Imported here because it loads a solver that most reports do not need.
            from changeflow.adkar.publishing import GROUPS_OF_ONE

            return WhyHidden(
                f"Some of these people are already counted in {GROUPS_OF_ONE} other groups, the most allowed.",
                "See the groups that are shown. These people are counted there.",
            )
        case Hidden.TOGETHER:
            return WhyHidden(
                "Together with the groups that are shown, these figures could identify someone.",
                f"{ASK} {LARGER}",
            )
    if standing.held is not None:
        return WhyHidden(
            "Nothing is known, because every range runs from 0 to the whole group.",
            f"{ASK} {LARGER}",
        )
    return WhyHidden(
        "The reason was not recorded when these figures were published.", "The next assessment will give the reason."
    )


def hidden_lines(hidden: Iterable[tuple[str, str, WhyHidden]]) -> Iterator[HiddenLine]:
    """Yield a line for each reason, from (division, group, why)."""
    by_why: dict[WhyHidden, dict[str, list[str]]] = {}
    for division, group, why in hidden:
        by_why.setdefault(why, {}).setdefault(division, []).append(group)
    for why, divisions in by_why.items():
        named = tuple((division, tuple(groups)) for division, groups in divisions.items())
        yield HiddenLine(reason=why.reason, remedy=why.remedy, divisions=named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How many people have a barrier at an element or an earlier one."""

    people: str
    """A band, such as `6 to 11`; a dash if it runs from 0 to the whole group."""
    shade: int
    """The shade in the heat map: 0 for no one to `SHADES` for everyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingLine:
    group: str
    answered: int | None = None
    cells: tuple[Cell, ...] | None = None
    """By element; None if the group is not shown."""
    stands: str = ""
    """The element by which at least half of the group has a barrier, in words: `desire or earlier`."""
    counted: str = ""
    """When its people answered, and whether that is too long ago."""
    stale: bool = False
    actions: tuple[str, ...] = ()
    why_hidden: str = ""
    """Why the group is not shown; empty if it is."""
    remedy: str = ""
    """What the project team can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactLine:
    """What the change means for a group, as written in the programme's files."""

    group: str
    service: str
    touched: str
    """Aspects with their degree, most changed first."""
    gains: tuple[str, ...]
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleLines:
    """The part of a report about people."""

    round: str
    """`Assessment of 26 Apr 2027`; empty if nothing has been published."""
    threshold: int
    minimum: int
    step: int
    elements: tuple[str, ...]
    tables: tuple[tuple[str, tuple[StandingLine, ...]], ...] = ()
    """Captions with their lines, including groups that are not shown."""
    hidden: tuple[HiddenLine, ...] = ()
    """Why groups are not shown, the reason of the largest groups first."""
    threshold_note: str = ""
    """How this round's threshold differs from today's policy; empty if it does not."""
    back: tuple[str, ...] = ()
    """Groups with a larger share of barriers than before."""
    flow: Flow | None = None
    impacts: tuple[ImpactLine, ...] = ()
    speed: tuple[str, ...] = ()
    """How fast groups got past an element, if two rounds show it."""

    @property
    def any_stale(self) -> bool:
        return any(line.stale and line.cells for _, lines in self.tables for line in lines)

    @property
    def dash_note(self) -> str:
        """What a dash means; empty if no cell has one."""
        cells = (c for _, lines in self.tables for line in lines for c in line.cells or ())
        return DASH if any(c.people == NOTHING for c in cells) else ""


def people_lines(programme: Programme, *, today: date) -> PeopleLines:
    """Describe people's barriers from the latest publication."""
    snapshot = programme.facts.snapshot
    elements = tuple(e.value for e in Element)
    if snapshot is None:
        return PeopleLines(
            round="",
            threshold=programme.policy.barrier_threshold,
            minimum=programme.minimum_group,
            step=programme.band,
            elements=elements,
            impacts=tuple(impact_lines(programme, programme.definition.change.impacts)),
        )
    # Before the first go-live, the last two columns are equal.
    is_live = any(s.held[-1] != s.held[-2] for s in snapshot.standings if s.held is not None)
    elements = elements if is_live else elements[:-1]
    tables = [
        (division, tuple(_lines(programme, snapshot, view, today, len(elements))))
        for view, division in DIVISIONS.items()
    ]
    # Counts at different thresholds cannot be compared.
    comparable = [s for s in programme.facts.snapshots if s.threshold == snapshot.threshold]
    return PeopleLines(
        round=f"Assessment of {format_day(snapshot.on)}",
        threshold=snapshot.threshold,
        minimum=snapshot.minimum,
        step=snapshot.band,
        elements=elements,
        tables=tuple((caption, lines) for caption, lines in tables if lines),
        hidden=tuple(hidden_lines(_hidden(programme, snapshot))),
        threshold_note=_threshold_note(programme, snapshot),
        back=tuple(_back(programme, comparable)),
        flow=_flow(programme, comparable),
        speed=tuple(_speed(programme, comparable)),
        impacts=tuple(impact_lines(programme, programme.definition.change.impacts)),
    )


def _lines(programme: Programme, snapshot: Snapshot, view: str, today: date, columns: int) -> Iterator[StandingLine]:
    for standing in snapshot.view(view):
        if (why := why_hidden(standing, snapshot)) is not None:
            yield StandingLine(group=group_name(programme, standing), why_hidden=why.reason, remedy=why.remedy)
        else:
            yield _shown(programme, snapshot, standing, today, columns)


def _shown(programme: Programme, snapshot: Snapshot, standing: Standing, today: date, columns: int) -> StandingLine:
    stale, at = is_stale(programme, standing, today), _barrier_of(standing)
    answered, held = standing.answered or 0, standing.held or ()
    when = [format_day(standing.confirmed)]
    # A group that has not answered since keeps figures counted at the threshold of that time.
    rounds = {s.round: s.threshold for s in programme.facts.snapshots}
    if (then := rounds.get(standing.round, snapshot.threshold)) != snapshot.threshold:
        when.append(f"counted at {then} or less")
    return StandingLine(
        group=group_name(programme, standing),
        answered=answered,
        cells=tuple(_cell(band, answered) for band in held[:columns]),
        stands=_stands(at),
        counted=", ".join([*when, *(["too long ago"] if stale else [])]),
        stale=stale,
        actions=tuple(f"{a.by.capitalize()}: {a.text}" for a in actions_for(at, phase_of(programme, standing))),
    )


def _cell(band: Band, answered: int) -> Cell:
    text = format_band(band, answered)
    return Cell(people=text, shade=0 if text == NOTHING else round(band.middle / answered * SHADES))


def _barrier_of(standing: Standing) -> str | None:
    """Return the element by which half of a group has a barrier; None if its band there shows nothing."""
    at = standing.barrier_at
    if at is None or standing.held is None or not standing.answered:
        return None
    band = standing.held[-1] if at == NO_BARRIER else standing.held[Element(at).position]
    return None if format_band(band, standing.answered) == NOTHING else at


def _stands(at: str | None) -> str:
    if at is None:
        return "not known: the ranges are too wide"
    return "none: fewer than half have a barrier" if at == NO_BARRIER else at_or_before(at)


def _hidden(programme: Programme, snapshot: Snapshot) -> Iterator[tuple[str, str, WhyHidden]]:
    for view, division in DIVISIONS.items():
        for standing in snapshot.view(view):
            if (why := why_hidden(standing, snapshot)) is not None:
                yield division, group_name(programme, standing), why


def _threshold_note(programme: Programme, snapshot: Snapshot) -> str:
    today = programme.policy.barrier_threshold
    if snapshot.threshold == today:
        return ""
    return (
        f"Your policy now counts scores of {today} or less as a barrier. These figures still count "
        f"{snapshot.threshold} or less, because figures at two thresholds could together reveal a person's score."
    )


def _flow(programme: Programme, comparable: Sequence[Snapshot]) -> Flow | None:
    """Draw the largest group with figures in two rounds: the programme, a service or a wave."""
    for view in (PROGRAMME, SERVICE, WAVE):
        for group in dict.fromkeys(s.group for one in comparable for s in one.view(view)):
            history = [s for one in comparable if (s := one.of(view, group)) is not None]
            if (flow := draw_flow(history, group_name(programme, history[-1]))) is not None:
                return flow
    return None


def group_name(programme: Programme, standing: Standing) -> str:
    """Return a group's name for readers."""
    waves = {w.id: w.name for w in programme.definition.programme.waves}
    # A round may have counted a service or wave that the programme no longer has.
    services = {s.service: s.name for s in programme.services}
    parts = standing.group.split("/")
    if standing.view == PROGRAMME:
        return "everyone"
    if standing.view == SERVICE:
        return services.get(standing.group, standing.group)
    if standing.view == WAVE:
        return waves.get(standing.group, standing.group)
    if standing.view == AUDIENCE:
        return f"{services.get(parts[0], parts[0])}, {waves.get(parts[1], parts[1])}"
    if standing.view == HUB and standing.group == OTHERS:
        return "other hubs, counted together"
    if standing.view == HUB:
        return f"{capitalised(standing.group.replace('-', ' '))} hub"
    hub, group = (p.replace("-", " ") for p in parts) if standing.view == HUB_GROUP else ("", "")
    return f"{group}, {capitalised(hub)} hub" if hub else standing.group.replace("-", " ")


def impact_lines(programme: Programme, impacts: Iterable[Impact]) -> Iterator[ImpactLine]:
    """Describe what the change means for groups."""
    # A programme joined without a folder's checks may name a service that it does not have.
    services = {s.service: s.name for s in programme.services}
    for impact in impacts:
        yield ImpactLine(
            group=impact.group.replace("-", " "),
            service=services.get(impact.service, impact.service) if impact.service else "all",
            touched=", ".join(
                f"{'outlook on their work' if aspect == 'outlook' else aspect} ({degree})"
                for aspect, degree in impact.touched
            ),
            gains=impact.gains,
            losses=impact.losses,
        )


def _speed(programme: Programme, comparable: Sequence[Snapshot]) -> Iterator[str]:
    """Yield how long each wave and role took to get past an element, between two publications."""
    for view in (WAVE, GROUP):
        for group in dict.fromkeys(s.group for one in comparable for s in one.view(view)):
            history = {s.round: s for one in comparable if (s := one.of(view, group)) and s.is_shown}
            for was, now in pairwise(history.values()):
                then, here = _barrier_of(was), _barrier_of(now)
                if then in (here, NO_BARRIER) or then is None or here is None:
                    continue
                weeks = round((now.on - was.on).days / 7)
                name = capitalised(group_name(programme, now))
                if here == NO_BARRIER or Element(here).position > Element(then).position:
                    left = "fewer than half had any barrier" if here == NO_BARRIER else "more than half had got past it"
                    yield (
                        f"{name}: at least half the group had not got past {then}. "
                        f"{counted(weeks, 'week')} later, {left}."
                    )


def _back(programme: Programme, comparable: Sequence[Snapshot]) -> Iterator[str]:
    """Yield the groups that have gone back since the previous publication."""
    if len(comparable) < 2:
        return
    for standing, element in moved_back(comparable[-2], comparable[-1]):
        name = capitalised(group_name(programme, standing))
        yield f"{name}: more people have a barrier at {at_or_before(element)} than last time."
