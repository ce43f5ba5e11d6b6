"""Where people stand, as lines and as pictures: made of what was published, and of nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from changeflow.adkar.actions import actions_for
from changeflow.adkar.elements import NO_BARRIER, Element, at_or_before
from changeflow.adkar.published import Snapshot, Standing, moved_back
from changeflow.programme.audiences import AUDIENCE, GROUP, HUB, HUB_GROUP, WAVE
from changeflow.programme.programme import Programme
from changeflow.programme.standings import is_stale, phase_of
from changeflow.reports.people_flow import Flow, draw_flow
from changeflow.values.moments import spoken_day

SHADES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How many are held back at an element or before it."""

    people: str
    """In steps: `6 to 11`."""
    shade: int
    """0 for nobody to `SHADES` for everybody, for the heat map alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingLine:
    group: str
    answered: int | None
    cells: tuple[Cell, ...] | None
    """By element; None where the group is not shown."""
    stands: str
    """In words where half of it stands."""
    counted: str
    """When, and whether that is too long ago."""
    stale: bool
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactLine:
    """What the change means for a group, in the files' own words."""

    group: str
    service: str
    touched: str
    """Aspects with their degree, the most changed first."""
    gains: tuple[str, ...]
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleLines:
    """The part of a report about people."""

    round: str
    """Empty where nothing has been published."""
    threshold: int
    minimum: int
    step: int
    elements: tuple[str, ...]
    tables: tuple[tuple[str, tuple[StandingLine, ...]], ...] = ()
    """A caption and its lines."""
    back: tuple[str, ...] = ()
    """Who is held back more than before."""
    flow: Flow | None = None
    impacts: tuple[ImpactLine, ...] = ()
    speed: tuple[str, ...] = ()
    """How fast groups got past an element, where two rounds tell."""

    @property
    def any_stale(self) -> bool:
        return any(line.stale and line.cells for _, lines in self.tables for line in lines)


def people_lines(programme: Programme, *, today: date) -> PeopleLines:
    """Say where people stand, from the latest publication."""
    snapshot = programme.facts.snapshot
    elements = tuple(e.value for e in Element)
    if snapshot is None:
        return PeopleLines(
            round="",
            threshold=programme.policy.barrier_threshold,
            minimum=programme.minimum_group,
            step=programme.step,
            elements=elements,
            impacts=tuple(_impacts(programme)),
        )
    captions = (
        (WAVE, "People held back, by wave"),
        (AUDIENCE, "People held back, by service and wave"),
        (GROUP, "People held back, by role"),
        (HUB_GROUP, "People held back, by hub and role"),
        (HUB, "People held back, by hub; hubs too small to show are joined as others"),
    )
    # Before the first go-live the last two columns would be the same.
    is_live = any(s.held[-1] != s.held[-2] for s in snapshot.standings if s.held is not None)
    elements = elements if is_live else elements[:-1]
    tables = [(caption, tuple(_lines(programme, snapshot, view, today, len(elements)))) for view, caption in captions]
    return PeopleLines(
        round=f"{snapshot.round}, {spoken_day(snapshot.on)}",
        threshold=snapshot.threshold,
        minimum=snapshot.minimum,
        step=snapshot.step,
        elements=elements,
        tables=tuple((c, lines) for c, lines in tables if any(line.cells for line in lines) or c.endswith("by role")),
        back=tuple(_back(programme)),
        flow=draw_flow(programme.facts.snapshots, WAVE, {w.id: w.name for w in programme.definition.programme.waves}),
        speed=tuple(_speed(programme)),
        impacts=tuple(_impacts(programme)),
    )


def _lines(programme: Programme, snapshot: Snapshot, view: str, today: date, columns: int) -> Iterator[StandingLine]:
    for standing in snapshot.view(view):
        if standing.held is None and view in (AUDIENCE, HUB_GROUP):
            # Where hardly anything can be shown, the larger groups say it.
            continue
        stale = is_stale(programme, standing, today)
        cells = None
        if standing.is_shown and standing.held is not None and standing.answered:
            shades = [round(b.middle / standing.answered * SHADES) for b in standing.held[:columns]]
            cells = tuple(Cell(people=b.spoken, shade=s) for b, s in zip(standing.held[:columns], shades, strict=True))
        at = standing.stands_at if cells else None
        yield StandingLine(
            group=group_name(programme, standing),
            answered=standing.answered if cells else None,
            cells=cells,
            stands=_stands(at),
            counted=f"{spoken_day(standing.confirmed)}{', too long ago' if stale else ''}" if cells else "",
            stale=stale,
            actions=tuple(f"{a.by.capitalize()}: {a.text}" for a in actions_for(at, phase_of(programme, standing))),
        )


def _stands(at: str | None) -> str:
    if at is None:
        return ""
    return "fewer than half are held back" if at == NO_BARRIER else f"half or more held back at {at_or_before(at)}"


def group_name(programme: Programme, standing: Standing) -> str:
    """Return a group's name as people say it."""
    waves = {w.id: w.name for w in programme.definition.programme.waves}
    parts = standing.group.split("/")
    if standing.view == WAVE:
        return waves.get(standing.group, standing.group)
    if standing.view == AUDIENCE:
        return f"{programme.service(parts[0]).name}, {waves.get(parts[1], parts[1])}"
    return ", ".join(p.replace("-", " ") for p in reversed(parts))


def _impacts(programme: Programme) -> Iterator[ImpactLine]:
    for impact in programme.definition.change.impacts:
        yield ImpactLine(
            group=impact.group.replace("-", " "),
            service=programme.service(impact.service).name if impact.service else "all",
            touched=", ".join(f"{aspect} ({degree})" for aspect, degree in impact.touched),
            gains=impact.gains,
            losses=impact.losses,
        )


def _speed(programme: Programme) -> Iterator[str]:
    """Say of each wave, and each role, how long it took from one publication to a later one to get past an element."""
    for view in (WAVE, GROUP):
        for group in dict.fromkeys(s.group for one in programme.facts.snapshots for s in one.view(view)):
            history = {s.round: s for one in programme.facts.snapshots if (s := one.of(view, group)) and s.is_shown}
            for was, now in pairwise(history.values()):
                then, here = was.stands_at, now.stands_at
                if then in (here, NO_BARRIER) or then is None or here is None:
                    continue
                weeks = round((now.on - was.on).days / 7)
                name = group_name(programme, now).capitalize()
                if here == NO_BARRIER or Element(here).position > Element(then).position:
                    to = "no barrier" if here == NO_BARRIER else here
                    yield f"{name}: half of it went from {then} to {to} in {weeks} weeks."


def _back(programme: Programme) -> Iterator[str]:
    """Say which groups have gone back since the publication before."""
    known = programme.facts.snapshots
    if len(known) < 2:
        return
    for standing, element in moved_back(known[-2], known[-1]):
        name = group_name(programme, standing).capitalize()
        yield f"{name}: more are held back at {at_or_before(element)} than before."
