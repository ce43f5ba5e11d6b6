"""The plan of waves in force as a board: schools by waves, the workload of each team, and the limits it exceeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from changeflow.phrases import capitalised
from changeflow.planning.wave_use import PlanEffect
from changeflow.reports.wave_pictures import Key, Load, draw_board, draw_loads
from changeflow.reports.waves import DeadlineLine, LoadLine, WaveLine, waves_report
from changeflow.roadmap.waves.plans import IN_FORCE
from changeflow.roadmap.waves.problem import WavePlan, WaveProblem, loads, percent_of, wave_names
from changeflow.values.moments import format_day, format_days

FULL = 100
"""Percent of a team's capacity."""


@dataclass(frozen=True, slots=True)
class BoardLive:
    """A go-live on the board."""

    service: Key
    """Its service, with its mark."""
    day: str
    is_pilot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardWave:
    """A column of the board."""

    name: str
    days: str
    """Its first and last go-live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """A school and its go-lives in each wave."""

    school: str
    name: str
    hub: str
    """Empty if it has none."""
    cells: tuple[tuple[BoardLive, ...], ...]


@dataclass(frozen=True, slots=True)
class BoardLoad:
    """A team's busiest week while it works on a wave, in percent of its capacity then; None if it does no work on
    it."""

    percent: int | None
    week: str

    @property
    def is_over(self) -> bool:
        return self.percent is not None and self.percent > FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTeam:
    """A team and its workload in each wave."""

    name: str
    peak: int
    cells: tuple[BoardLoad, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveBoard:
    """Everything that the page of waves shows."""

    services: tuple[Key, ...]
    waves: tuple[BoardWave, ...]
    rows: tuple[BoardRow, ...]
    teams: tuple[BoardTeam, ...]
    clashes: tuple[str, ...]
    """The limits that the plan exceeds, as sentences."""
    deadlines: tuple[DeadlineLine, ...]
    last_day: str
    lines: tuple[WaveLine, ...]
    loads: tuple[LoadLine, ...]
    pictures: tuple[Load, ...]
    """The workload of each team by week, to draw; in the order of `loads`."""


def wave_board(name: str, problem: WaveProblem, plan: WavePlan, effect: PlanEffect) -> WaveBoard:
    """Lay out the plan in force. `plan` must have at least one go-live."""
    report = waves_report(name, problem, (), in_force=plan, effects={IN_FORCE.key: effect})
    own = report.shown[0]
    names, keys = wave_names(problem, plan), draw_board(problem, plan).key
    marks = dict(zip(problem.services, keys, strict=True))
    days: dict[str, list[date]] = {}
    for pair, candidate in plan.chosen.items():
        days.setdefault(names[pair], []).append(candidate.day)
    waves = sorted(days, key=lambda wave: (min(days[wave]), wave))
    return WaveBoard(
        services=keys,
        waves=tuple(BoardWave(name=w, days=format_days(min(days[w]), max(days[w]))) for w in waves),
        rows=tuple(_rows(problem, plan, waves, marks)),
        teams=tuple(_teams(problem, plan, waves)),
        clashes=tuple(f"{capitalised(what)}." for what in own.limits),
        deadlines=own.deadlines,
        last_day=own.last_day,
        lines=own.waves,
        loads=own.loads,
        pictures=draw_loads(problem, plan),
    )


def _rows(problem: WaveProblem, plan: WavePlan, waves: list[str], marks: dict[str, Key]) -> Iterator[BoardRow]:
    names = wave_names(problem, plan)
    cells: dict[tuple[str, str], list[tuple[date, BoardLive]]] = {}
    for pair, candidate in sorted(plan.chosen.items()):
        live = BoardLive(marks[pair[1]], format_day(candidate.day), pair in plan.pilot)
        cells.setdefault((pair[0], names[pair]), []).append((candidate.day, live))
    for school in sorted(problem.schools.values(), key=lambda s: (s.hub, s.name)):
        own = (sorted(cells.get((school.school, w), ()), key=lambda c: (c[0], c[1].service.number)) for w in waves)
        yield BoardRow(
            school=school.school,
            name=school.name,
            hub=school.hub.replace("-", " "),
            cells=tuple(tuple(live for _, live in cell) for cell in own),
        )


def _teams(problem: WaveProblem, plan: WavePlan, waves: list[str]) -> Iterator[BoardTeam]:
    """Yield each team's busiest week in each wave, with all its work in that week."""
    names, weeks = wave_names(problem, plan), dict[tuple[str, str], set[int]]()
    for pair, candidate in plan.chosen.items():
        for team, week in candidate.work:
            if 0 <= week < problem.weeks:
                weeks.setdefault((team, names[pair]), set()).add(week)
    for team, tenths in loads(problem, plan).items():
        percents = {w: percent_of(n, problem.capacity[team][w]) for w, n in enumerate(tenths) if n}
        if percents:
            cells = tuple(_busiest(problem, percents, weeks.get((team, wave), set())) for wave in waves)
            yield BoardTeam(name=problem.team_names[team], peak=max(percents.values()), cells=cells)


def _busiest(problem: WaveProblem, percents: dict[int, int], weeks: set[int]) -> BoardLoad:
    known = [w for w in sorted(weeks) if w in percents]
    if not known:
        return BoardLoad(None, "")
    week = max(known, key=lambda w: percents[w])
    return BoardLoad(percents[week], format_day(problem.monday(week)))
