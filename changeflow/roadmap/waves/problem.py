"""One rollout as numbers: pairs of a school and a service, the possible dates of each, and the work of each date."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from changeflow.roadmap.model.requests import Weights
from changeflow.values.moments import format_day
from changeflow.values.words import Kind

Pair = tuple[str, str]
"""A school and a service."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The weeks of one activity for one candidate, counted from the programme's start, with tenths of a day in each."""

    kind: Kind
    team: str | None
    weeks: tuple[int, ...]
    tenths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible go-live date of a pair, with its work."""

    week: int
    day: date
    placements: tuple[Placement, ...]

    @property
    def first(self) -> int:
        """The first week in which the school is busy with it, at the latest the go-live week."""
        return min([self.week, *(w for p in self.placements for w in p.weeks)])

    @property
    def last(self) -> int:
        """The last week in which the school is busy with it, at the earliest the go-live week."""
        return max([self.week, *(w for p in self.placements for w in p.weeks)])

    @property
    def busy(self) -> range:
        """The weeks from its first to its last."""
        return range(self.first, self.last + 1)

    @property
    def work(self) -> Counter[tuple[str, int]]:
        """The tenths of a day of each team in each week."""
        work: Counter[tuple[str, int]] = Counter()
        for placement in self.placements:
            if placement.team is not None:
                for week, tenths in zip(placement.weeks, placement.tenths, strict=True):
                    work[placement.team, week] += tenths
        return work


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """The limits of one service's waves."""

    service: str
    name: str
    days: Mapping[int, date]
    """The weeks in which any school may go live, in order, with the day of each."""
    wave_size: int
    weeks_between: int
    has_pilot: bool
    pilot_size: int
    evaluation_weeks: int
    after: Mapping[str, int]
    pilot_by: int | None = None
    """The week of a fixed pilot; pilots may be this late."""
    pilot_name: str = "pilot"
    wave_names: tuple[str, ...] = ()
    """The plan's names for the other waves, in order."""
    begins: str = ""
    """Why there is no earlier date than the first."""

    @property
    def weeks(self) -> tuple[int, ...]:
        """The weeks in which any school may go live, in order."""
        return tuple(self.days)

    @property
    def pilot_weeks(self) -> tuple[int, ...]:
        """The first third of them, at least one: a late pilot teaches nothing. Our own choice."""
        weeks = self.weeks
        early = weeks[: max(1, (len(weeks) + 2) // 3)]
        by = max(early[-1], self.pilot_by or 0) if early else 0
        return tuple(w for w in weeks if w <= by)

    def wave_name(self, number: int) -> str:
        """Return the plan's name for a wave; waves are numbered from 1 by date, without the pilot."""
        if number <= len(self.wave_names):
            return self.wave_names[number - 1]
        counted = number + (self.pilot_name != "pilot")
        while f"wave {counted}" in self.wave_names:
            counted += 1
        return f"wave {counted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolPlan:
    """The limits of one school."""

    school: str
    name: str
    hub: str
    risk: int
    reluctant: bool
    pilot: bool | None
    at_once: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """The limit of changes at several schools together; each school and service is one change."""

    name: str
    schools: frozenset[str]
    at_once: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveProblem:
    """All requirements of a plan of waves. Iteration orders are fixed, so equal problems give equal models."""

    start: date
    """Monday of week 0."""
    weeks: int
    services: Mapping[str, ServicePlan]
    schools: Mapping[str, SchoolPlan]
    candidates: Mapping[Pair, tuple[Candidate, ...]]
    """For each pair, in order of date."""
    dropped: Mapping[Pair, Mapping[int, str]]
    """Why a pair cannot go live in a week in which its service could."""
    capacity: Mapping[str, tuple[int, ...]]
    """Tenths of a day that each team has in each week."""
    team_names: Mapping[str, str]
    fixed: Mapping[Pair, int] = field(default_factory=dict)
    """Pairs with a fixed week: requested, or already live."""
    fixed_days: Mapping[Pair, date] = field(default_factory=dict)
    """The fixed day as written, if known."""
    declared: frozenset[Pair] = frozenset()
    """The plan's own pilot, which does not change."""
    notes: tuple[str, ...] = ()
    """Requests that could not be met."""
    announced: Mapping[Pair, int] = field(default_factory=dict)
    announced_days: Mapping[Pair, date] = field(default_factory=dict)
    """The announced day, if known."""
    hub_weeks: int | None = None
    """The limit in weeks for a hub's go-lives of a service; None if only a weight applies."""
    hub_one_date: bool = False
    hubs_apart: bool = False
    apart: tuple[tuple[str, str], ...] = ()
    groups: Mapping[str, GroupPlan] = field(default_factory=dict)
    weights: Weights = field(default_factory=Weights)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return tuple(self.candidates)

    def monday(self, week: int) -> date:
        return self.start + timedelta(weeks=week)

    def week_words(self, week: int) -> str:
        """Write a week for people."""
        return f"the week of {format_day(self.monday(week))}"

    def fixed_words(self, pair: Pair) -> str:
        """Write a pair's fixed date."""
        day = self.fixed_days.get(pair) or self.services[pair[1]].days.get(self.fixed[pair])
        return format_day(day) if day else self.week_words(self.fixed[pair])

    def announced_words(self, pair: Pair) -> str:
        """Write a pair's announced date."""
        day = self.announced_days.get(pair)
        return format_day(day) if day else self.week_words(self.announced[pair])

    def in_pilot(self, pair: Pair) -> bool | None:
        """Return whether a pair must be in its service's pilot, must not be, or may be (None)."""
        asked = self.schools[pair[0]].pilot
        if asked is not None or not self.declares_pilot(pair[1]):
            return asked
        return pair in self.declared

    def declares_pilot(self, service: str) -> bool:
        return any(name == service for _, name in self.declared)

    def needs_reluctant(self, service: str) -> bool:
        """Return whether a pilot must include a reluctant school: one exists, and the schools are not chosen yet."""
        willing = (self.schools[p[0]] for p in self.pairs if p[1] == service and self.in_pilot(p) is not False)
        return not self.declares_pilot(service) and any(s.reluctant for s in willing)

    def pair_name(self, pair: Pair) -> str:
        return f"{self.schools[pair[0]].name}, {self.services[pair[1]].name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WavePlan:
    """A plan: a date for every pair, and the pilot's pairs."""

    chosen: Mapping[Pair, Candidate]
    pilot: frozenset[Pair]

    def week(self, pair: Pair) -> int:
        return self.chosen[pair].week


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The total of a plan for each criterion."""

    mean_week: float
    last_week: int
    peaks: Mapping[str, int]
    """The fullest week of each team, in percent of its capacity then."""
    hub_dates: int
    """Dates of hubs beyond the first for each hub and service, without pilots."""
    fairness: float
    """Weeks between the means of the earliest and latest hub."""
    announced_moved: int
    """Pairs whose announced date changes."""
    announced_weeks: int
    waves: int


def numbers_of(problem: WaveProblem, plan: WavePlan) -> Numbers:
    """Compute the totals of a plan."""
    weeks = [c.week for c in plan.chosen.values()]
    dates = {(pair[1], c.week) for pair, c in plan.chosen.items()}
    moved = [abs(plan.week(p) - w) for p, w in problem.announced.items() if p in plan.chosen and plan.week(p) != w]
    return Numbers(
        mean_week=sum(weeks) / len(weeks),
        last_week=max(weeks),
        peaks=peaks(problem, plan),
        hub_dates=hub_dates(problem, plan),
        fairness=float(fairness(problem, plan)),
        announced_moved=len(moved),
        announced_weeks=sum(moved),
        waves=len(dates),
    )


def wave_names(problem: WaveProblem, plan: WavePlan) -> dict[Pair, str]:
    """Return the name of each pair's wave: the plan's own, in order of date."""
    names: dict[Pair, str] = {}
    for service, asked in problem.services.items():
        own = [p for p in plan.chosen if p[1] == service]
        weeks = sorted({plan.week(p) for p in own if p not in plan.pilot})
        for pair in own:
            is_pilot = pair in plan.pilot
            names[pair] = asked.pilot_name if is_pilot else asked.wave_name(weeks.index(plan.week(pair)) + 1)
    return names


def loads(problem: WaveProblem, plan: WavePlan) -> dict[str, list[int]]:
    """Return each team's tenths of a day in each week."""
    found = {team: [0] * problem.weeks for team in problem.capacity}
    for candidate in plan.chosen.values():
        for (team, week), tenths in candidate.work.items():
            if 0 <= week < problem.weeks:  # The current plan may continue after the last requested date.
                found[team][week] += tenths
    return found


def percent_of(tenths: int, capacity: int) -> int:
    """Return work as a percentage of a team's capacity, rounded up; if the team has no capacity, of a tenth."""
    return -(-100 * tenths // max(1, capacity))


def peaks(problem: WaveProblem, plan: WavePlan) -> dict[str, int]:
    """Return the fullest week of each team, in percent of its capacity in that week."""
    return {
        team: max((percent_of(n, problem.capacity[team][w]) for w, n in enumerate(load) if n), default=0)
        for team, load in loads(problem, plan).items()
    }


def hub_dates(problem: WaveProblem, plan: WavePlan) -> int:
    dates: dict[tuple[str, str], set[int]] = {}
    for pair, candidate in plan.chosen.items():
        if pair not in plan.pilot and (hub := problem.schools[pair[0]].hub):
            dates.setdefault((hub, pair[1]), set()).add(candidate.week)
    return sum(len(found) - 1 for found in dates.values())


def fairness(problem: WaveProblem, plan: WavePlan) -> Fraction:
    """Return the weeks between the means of the earliest and latest hub."""
    weeks: dict[str, list[int]] = {}
    for pair, candidate in plan.chosen.items():
        if hub := problem.schools[pair[0]].hub:
            weeks.setdefault(hub, []).append(candidate.week)
    means = [Fraction(sum(found), len(found)) for found in weeks.values()]
    return max(means) - min(means) if means else Fraction(0)
