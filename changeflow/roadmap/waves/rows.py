"""The model as plain rows: 0/1 columns, step variables and linear rows in named groups. See docs/waves.md for each row.

CP-SAT uses the rows to find plans, and GLOP uses them as a linear programme to bound plans. Waves have no numbers here:
a wave is a date that a service uses, so there is no symmetry to break.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import gcd, lcm

from changeflow.roadmap.model.requests import Weights
from changeflow.roadmap.waves.problem import Candidate, Pair, WavePlan, WaveProblem

LARGEST = 2**53
"""The largest sum of the objective's numbers, so that a float is exact for every value."""
DIGITS = 12
"""Significant digits of a weight."""
FINEST = 10_000
"""The finest fraction of a week for the means of hubs."""
INFINITY = 10**9


@dataclass(frozen=True, slots=True)
class Row:
    """low <= sum of coefficient * variable <= high, required by a group."""

    terms: tuple[tuple[int, int], ...]
    """(variable, coefficient)."""
    low: int
    high: int
    group: str
    """The group that requires it; empty if it only defines a variable."""


@dataclass
class WaveRows:
    """A model under construction."""

    problem: WaveProblem
    weights: Weights
    highs: list[int] = field(default_factory=list)
    """The upper bound of each variable; the lower bound is 0."""
    rows: list[Row] = field(default_factory=list)
    offset: Fraction = Fraction(0)
    """The constant cost of every plan, in weeks of one school, which the objective leaves out."""
    wanted: dict[int, Fraction] = field(default_factory=dict)
    """The exact cost of one unit of each variable by the weights, in weeks of one school."""
    column: dict[tuple[Pair, int], int] = field(default_factory=dict)
    """The variable of each pair and week."""
    pilot: dict[tuple[Pair, int], int] = field(default_factory=dict)
    step: dict[tuple[Pair, int], int] = field(default_factory=dict)
    """The variable "this pair is live by the end of this week", for each week of its service."""

    def variable(self, high: int = 1) -> int:
        self.highs.append(high)
        return len(self.highs) - 1

    def add(self, terms: Iterable[tuple[int, int]], low: int, high: int, group: str = "") -> None:
        self.rows.append(Row(tuple(terms), low, high, group))

    def at_most(self, terms: Iterable[tuple[int, int]], high: int, group: str = "") -> None:
        self.add(terms, -INFINITY, high, group)

    def weigh(self, terms: Iterable[tuple[int, int]], each: float, *, unit: int = 1) -> None:
        """Add terms to the objective; `each` units have the weight."""
        weight = exactly(each) / unit
        for variable, count in terms:
            if count and weight:
                self.wanted[variable] = self.wanted.get(variable, Fraction(0)) + count * weight

    @cached_property
    def scale(self) -> Fraction:
        """The factor that turns weights into whole numbers, reduced if those would be too large."""
        whole = [abs(w) * self.highs[v] for v, w in self.wanted.items()]
        exact = Fraction(lcm(*(w.denominator for w in self.wanted.values())))
        common = gcd(*(w.numerator * int(exact) // w.denominator for w in self.wanted.values())) or 1
        return min(exact / common, Fraction(LARGEST) / sum(whole, start=Fraction(0))) if whole else Fraction(1)

    @cached_property
    def objective(self) -> dict[int, int]:
        """The weights as whole numbers. Even the smallest is at least 1."""
        return {v: round(w * self.scale) or (1 if w > 0 else -1) for v, w in self.wanted.items() if w}

    def in_weeks(self, value: float) -> Fraction:
        """Return a value of the objective in weeks of one school, from the programme's start."""
        return Fraction(value) / self.scale + self.offset

    def live_terms(self, pair: Pair, week: int) -> list[tuple[int, int]]:
        """Subtract the step of a pair's last date up to a week, if there is one."""
        weeks = [w for w in self.problem.services[pair[1]].weeks if w <= week]
        return [(self.step[pair, weeks[-1]], -1)] if weeks else []

    def pilot_terms(self, pair: Pair, week: int) -> list[tuple[int, int]]:
        """Subtract the mark of a pair's pilot in a week, if it may have one."""
        return [(self.pilot[pair, week], -1)] if (pair, week) in self.pilot else []

    def hint_of(self, plan: WavePlan) -> dict[int, int]:
        """Express a plan in columns and pilot marks, which determine the rest."""
        columns = {v: int(pair in plan.chosen and plan.week(pair) == week) for (pair, week), v in self.column.items()}
        marks = {v: int(pair in plan.pilot and plan.week(pair) == week) for (pair, week), v in self.pilot.items()}
        return columns | marks

    def plan_of(self, values: Mapping[int, int] | list[int]) -> WavePlan:
        """Read a plan off a solution."""
        chosen: dict[Pair, Candidate] = {}
        pilot: set[Pair] = set()
        for pair, candidates in self.problem.candidates.items():
            for candidate in candidates:
                if values[self.column[pair, candidate.week]]:
                    chosen[pair] = candidate
                    marked = self.pilot.get((pair, candidate.week))
                    if marked is not None and values[marked]:
                        pilot.add(pair)
        return WavePlan(chosen=chosen, pilot=frozenset(pilot))


def exactly(weight: float) -> Fraction:
    """Return a weight as written: 0.3 is three tenths."""
    return Fraction(f"{weight:.{DIGITS}g}")


def write_rows(problem: WaveProblem, weights: Weights) -> WaveRows:
    """Build the whole model, in a fixed order."""
    out = WaveRows(problem, weights)
    _columns(out)
    for service in problem.services:
        _waves(out, service)
        _last(out, service)
    _capacity(out)
    _at_once(out)
    _order(out)
    _hubs(out)
    _apart(out)
    _fixed(out)
    _wishes(out)
    return out


def _columns(out: WaveRows) -> None:
    """Add one date for each pair, which determines its steps."""
    for pair, candidates in out.problem.candidates.items():
        for candidate in candidates:
            out.column[pair, candidate.week] = out.variable()
        out.add([(out.column[pair, c.week], 1) for c in candidates], 1, 1)
        before: list[tuple[int, int]] = []
        for week in out.problem.services[pair[1]].weeks:
            step = out.step[pair, week] = out.variable()
            column = out.column.get((pair, week))
            out.add([(step, 1), *before, *([(column, -1)] if column is not None else [])], 0, 0)
            before = [(step, -1)]


def _waves(out: WaveRows, service: str) -> None:
    """Add waves: the pilot is first, small and has a reluctant school; the others keep their distance."""
    plan = out.problem.services[service]
    pairs = [p for p in out.problem.pairs if p[1] == service]
    opened = {week: out.variable() for week in plan.weeks}
    tried = _pilot(out, service, pairs) if plan.has_pilot else {}
    size = f"wave size:{service}"
    for week in plan.weeks:
        going = [(p, out.column[p, week]) for p in pairs if (p, week) in out.column]
        marks = [term for p, _ in going for term in out.pilot_terms(p, week)]
        for pair, column in going:
            out.at_most([(column, 1), (opened[week], -1), *out.pilot_terms(pair, week)], 0)
        out.at_most([*((c, 1) for _, c in going), *marks, (opened[week], -plan.wave_size)], 0, size)
        if week in tried:
            out.at_most([(opened[week], 1), (tried[week], 1)], 1)
        if plan.has_pilot:
            early = [(z, -1) for w, z in tried.items() if w <= week - plan.evaluation_weeks]
            out.at_most([(opened[week], 1), *early], 0, f"pilot first:{service}")
    for n, week in enumerate(plan.weeks):
        near = [opened[w] for w in plan.weeks[n:] if w < week + plan.weeks_between]
        if len(near) > 1:
            out.at_most([(y, 1) for y in near], 1, f"weeks between:{service}")


def _pilot(out: WaveRows, service: str, pairs: list[Pair]) -> dict[int, int]:
    """Put the pilot on one of the early dates; return the variable of each."""
    plan, schools, problem = out.problem.services[service], out.problem.schools, out.problem
    tried = {week: out.variable() for week in plan.pilot_weeks}
    out.add([(z, 1) for z in tried.values()], 1, 1, f"pilot:{service}")
    willing = [p for p in pairs if problem.in_pilot(p) is not False]
    reluctant = [p for p in willing if schools[p[0]].reluctant] if problem.needs_reluctant(service) else []
    for week, z in tried.items():
        for pair in willing:
            if (column := out.column.get((pair, week))) is not None:
                mark = out.pilot[pair, week] = out.variable()
                out.at_most([(mark, 1), (column, -1)], 0)
                out.at_most([(mark, 1), (z, -1)], 0)
        marks = [(out.pilot[p, week], 1) for p in willing if (p, week) in out.pilot]
        out.at_most([*marks, (z, -plan.pilot_size)], 0, f"pilot size:{service}")
        out.at_most([(z, 1), *((m, -1) for m, _ in marks)], 0)
        if reluctant:
            some = [term for p in reluctant for term in out.pilot_terms(p, week)]
            out.at_most([(z, 1), *some], 0, f"pilot mix:{service}")
    for pair in pairs:
        if problem.in_pilot(pair):
            marks = [(out.pilot[pair, w], 1) for w in tried if (pair, w) in out.pilot]
            out.add(marks, 1, 1, f"in the pilot:{pair[0]}/{service}")
    return tried


def _last(out: WaveRows, service: str) -> None:
    """Add the last date of a service, counted in the objective from its first possible date."""
    weeks = out.problem.services[service].weeks
    out.offset += exactly(out.weights.last) * (weeks[0] if weeks else 0)
    pairs = [p for p in out.problem.pairs if p[1] == service]
    terms = []
    for week, following in pairwise(weeks):
        open_yet = out.variable()  # a school is not live by this week
        for pair in pairs:
            out.at_most([(open_yet, -1), (out.step[pair, week], -1)], -1)
        terms.append((open_yet, following - week))
    out.weigh(terms, out.weights.last)


def _capacity(out: WaveRows) -> None:
    """Limit each week's work by the share of capacity in the team's fullest week."""
    load: dict[tuple[str, int], dict[int, int]] = {}
    for pair, candidates in out.problem.candidates.items():
        for candidate in candidates:
            column = out.column[pair, candidate.week]
            for key, tenths in candidate.work.items():
                if tenths:
                    load.setdefault(key, {})[column] = tenths
    for team in out.problem.capacity:
        peak = out.variable(100)
        for (name, week), terms in sorted(load.items()):
            if name == team:
                capacity = out.problem.capacity[team][week]
                rows = [(v, 100 * t) for v, t in sorted(terms.items())]
                out.at_most([*rows, (peak, -capacity)], 0, f"capacity:{team}")
                # Work comes in whole portions: room for eight and a half schools of two days is room for eight.
                portion = gcd(*terms.values())
                whole = [(v, t // portion) for v, t in sorted(terms.items())]
                if sum(t for _, t in whole) > capacity // portion:
                    out.at_most(whole, capacity // portion, f"capacity:{team}")
        out.weigh([(peak, 1)], out.weights.peak)


def _at_once(out: WaveRows) -> None:
    """Limit the changes at once at each school and group of schools."""
    problem = out.problem
    asked: list[tuple[list[Pair], int, str]] = []
    for school, plan in problem.schools.items():
        pairs = [p for s in problem.services if (p := (school, s)) in problem.candidates]
        if len(pairs) > plan.at_once:
            asked.append((pairs, plan.at_once, f"at once:{school}"))
    for name, group in problem.groups.items():
        asked.append(([p for p in problem.pairs if p[0] in group.schools], group.at_once, f"group:{name}"))
    spans = {pair: [(c.first, c.last) for c in dates] for pair, dates in problem.candidates.items()}
    for pairs, most, name in asked:
        seen: set[tuple[tuple[int, int], ...]] = set()
        for week in range(problem.weeks):
            terms = [term for pair in pairs for term in _active(out, pair, week, spans[pair])]
            key = tuple(sorted(terms))
            if key and key not in seen:
                seen.add(key)
                out.at_most(terms, most, name)


def _active(out: WaveRows, pair: Pair, week: int, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Express whether a pair changes in a week by two steps, or by columns if its spans are not in order.

    `spans` are the first and last busy week of each date.
    """
    candidates = out.problem.candidates[pair]
    busy = [n for n, (first, last) in enumerate(spans) if first <= week <= last]
    if not busy:
        return []
    if busy[-1] - busy[0] + 1 != len(busy):
        return [(out.column[pair, candidates[n].week], 1) for n in busy]
    terms = [(out.step[pair, candidates[busy[-1]].week], 1)]
    if busy[0] > 0:
        terms.append((out.step[pair, candidates[busy[0] - 1].week], -1))
    return terms


def _order(out: WaveRows) -> None:
    """Put some services before others at each school."""
    for school in out.problem.schools:
        for service, plan in out.problem.services.items():
            for first, weeks in plan.after.items():
                later, earlier = (school, service), (school, first)
                if later not in out.problem.candidates or earlier not in out.problem.candidates:
                    continue
                for week in plan.weeks:
                    terms = [(out.step[later, week], 1), *out.live_terms(earlier, week - weeks)]
                    out.at_most(terms, 0, f"order:{school}/{first} before {service}")


def _hubs(out: WaveRows) -> None:
    """Keep the schools of a hub together by cost, within weeks or on one date, or keep them apart."""
    problem = out.problem
    hubs = sorted({s.hub for s in problem.schools.values() if s.hub})
    for service, plan in problem.services.items():
        for hub in hubs:
            pairs = [p for p in problem.pairs if p[1] == service and problem.schools[p[0]].hub == hub]
            if len(pairs) < 2:
                continue
            used = []
            for week in plan.weeks:
                here = [p for p in pairs if (p, week) in out.column]
                if not here:
                    continue
                date = out.variable()
                used.append((date, 1))
                for pair in here:
                    out.at_most([(out.column[pair, week], 1), (date, -1), *out.pilot_terms(pair, week)], 0)
                if problem.hubs_apart:
                    out.at_most([(out.column[p, week], 1) for p in here], 1, f"hub apart:{hub}/{service}")
            if problem.hub_one_date:
                out.at_most(used, 1, f"hub together:{hub}/{service}")
            elif problem.hub_weeks is not None:
                _within(out, service, pairs, problem.hub_weeks, f"hub together:{hub}/{service}")
            if not problem.hubs_apart:
                more = out.variable(len(used))
                out.at_most([*used, (more, -1)], 1)
                out.weigh([(more, 1)], out.weights.hub)
    _fair(out, hubs)


def _within(out: WaveRows, service: str, pairs: list[Pair], window: int, group: str) -> None:
    """Require a hub that has begun with a service to finish within the window; pilots do not count as a beginning."""
    weeks = out.problem.services[service].weeks
    for week in weeks:
        begun = out.variable()
        for pair in pairs:
            marks = [term for w in weeks for term in out.pilot_terms(pair, w)]
            out.at_most([(out.step[pair, week], 1), (begun, -1), *marks], 0)
        for pair in pairs:
            out.at_most([(begun, 1), *out.live_terms(pair, week + window - 1)], 0, group)


def _fair(out: WaveRows, hubs: list[str]) -> None:
    """Keep the means of hubs close together, in a fraction of a week that is exact for all of them if possible."""
    problem = out.problem
    members = {hub: [p for p in problem.pairs if problem.schools[p[0]].hub == hub] for hub in hubs}
    if len(hubs) < 2 or not out.weights.fairness:
        return
    unit = min(FINEST, lcm(*(len(pairs) for pairs in members.values())))
    ceiling = unit * problem.weeks
    latest, earliest = out.variable(ceiling), out.variable(ceiling)
    for pairs in members.values():
        total = [(out.column[p, c.week], unit * c.week) for p in pairs for c in problem.candidates[p]]
        out.at_most([*total, (latest, -len(pairs))], 0)
        out.at_most([(earliest, len(pairs)), *((v, -n) for v, n in total)], 0)
    out.weigh([(latest, 1), (earliest, -1)], out.weights.fairness, unit=unit)


def _apart(out: WaveRows) -> None:
    """Keep two schools from going live in the same week with any service."""
    problem = out.problem
    for one, other in problem.apart:
        for first, plan in problem.services.items():
            for second in problem.services:
                for week in plan.weeks:
                    columns = (out.column.get(((one, first), week)), out.column.get(((other, second), week)))
                    both = [(v, 1) for v in columns if v is not None]
                    if len(both) == 2:
                        out.at_most(both, 1, f"apart:{one}/{other}")


def _fixed(out: WaveRows) -> None:
    for pair, week in out.problem.fixed.items():
        if (pair, week) in out.column:
            out.add([(out.column[pair, week], 1)], 1, 1, f"fixed:{pair[0]}/{pair[1]}")


def _wishes(out: WaveRows) -> None:
    """Weigh earliness, hard schools after easy ones, and announced dates."""
    weights = out.weights
    for pair, candidates in out.problem.candidates.items():
        risk = out.problem.schools[pair[0]].risk
        for candidate in candidates:
            column = out.column[pair, candidate.week]
            out.weigh([(column, candidate.week)], weights.finish)
            out.weigh([(column, -risk * candidate.week)], weights.risk)
            announced = out.problem.announced.get(pair)
            if announced is not None and candidate.week != announced:
                out.weigh([(column, 1)], weights.announced)
                out.weigh([(column, abs(candidate.week - announced))], weights.announced_week)
