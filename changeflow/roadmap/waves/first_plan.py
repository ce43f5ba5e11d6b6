"""A first plan for the search to improve: quick plans, service by service, and the best of them annealed.

If no quick plan has a place for every school, the search begins without one. A quick plan takes milliseconds, so
several orders of services are tried: on one made-up trust of fifty schools the worst order cost a quarter more than the
best. Annealing takes a second or two.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from fractions import Fraction
from itertools import accumulate, chain, islice, pairwise, permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.waves.kernel import NOWHERE, Places, Walk, anneal, settle
from changeflow.roadmap.waves.problem import Candidate, Pair, ServicePlan, WavePlan, WaveProblem
from changeflow.roadmap.waves.rows import WaveRows, exactly

MOST_ORDERS = 24


def first_plan(problem: WaveProblem, worth: Callable[[WavePlan], Fraction]) -> WavePlan | None:
    """Return the best of some quick plans, or None; the search tests every requirement again.

    All orders are tried for up to four services. `worth` gives a plan's cost.
    """
    services = sorted(problem.services.values(), key=lambda s: (len(s.weeks), s.service))
    plans = (_Filler(problem, _in_order(list(o))).fill() for o in islice(permutations(services), MOST_ORDERS))
    return min((p for p in plans if p is not None), key=worth, default=None)


class _Filler:
    def __init__(self, problem: WaveProblem, services: list[ServicePlan]) -> None:
        self.problem = problem
        self.services = services
        self.load: Counter[tuple[str, int]] = Counter()
        self.busy: Counter[tuple[str, int]] = Counter()
        self.felt: Counter[tuple[str, int]] = Counter()
        """Changes at once, by group and week."""
        self.groups_of = {s: [k for k, g in problem.groups.items() if s in g.schools] for s in problem.schools}
        self.chosen: dict[Pair, Candidate] = {}
        self.pilot: set[Pair] = set()

    def fill(self) -> WavePlan | None:
        for pair, week in self.problem.fixed.items():
            if (found := self._at(pair, week)) is not None:
                self._take(pair, found)
        for service in self.services:
            if not self._fill(service):
                return None
        return WavePlan(chosen=self.chosen, pilot=frozenset(self.pilot))

    def _fill(self, service: ServicePlan) -> bool:
        left = [p for p in self.problem.pairs if p[1] == service.service and p not in self.chosen]
        first = self._pilot(service, left) if service.has_pilot else None
        if service.has_pilot and first is None:
            return False
        last: int | None = None
        for week in service.weeks:
            if first is not None and week < first + service.evaluation_weeks:
                continue
            if last is not None and week < last + service.weeks_between:
                continue
            taken = self._wave(service, week, left)
            last = week if taken else last
            if not left:
                return True
        return not left

    def _pilot(self, service: ServicePlan, left: list[Pair]) -> int | None:
        schools = self.problem.schools
        willing = [p for p in left if self.problem.in_pilot(p) is not False]
        asked = [p for p in willing if self.problem.in_pilot(p)]
        reluctant = [p for p in willing if schools[p[0]].reluctant]
        for week in service.pilot_weeks:
            order = [*asked, *reluctant[:1], *sorted(willing, key=lambda p: (schools[p[0]].risk, p))]
            taken: list[Pair] = []
            for pair in dict.fromkeys(order):
                if (
                    len(taken) < service.pilot_size
                    and (found := self._at(pair, week)) is not None
                    and self._fits(found, pair)
                ):
                    self._take(pair, found)
                    taken.append(pair)
            if taken and (not reluctant or any(schools[p[0]].reluctant for p in taken)):
                self.pilot.update(taken)
                left[:] = [p for p in left if p not in self.pilot]
                return week
            for pair in taken:
                self._give_back(pair)
        return None

    def _wave(self, service: ServicePlan, week: int, left: list[Pair]) -> int:
        """Fill one wave, with whole hubs first and easy schools before hard ones."""
        schools = self.problem.schools
        sizes = Counter(schools[p[0]].hub for p in left)
        order = sorted(left, key=lambda p: (-sizes[schools[p[0]].hub], schools[p[0]].hub, schools[p[0]].risk, p))
        taken = 0
        for pair in order:
            found = self._at(pair, week)
            if (
                taken < service.wave_size
                and found is not None
                and self._fits(found, pair)
                and not self._apart(pair, week)
            ):
                self._take(pair, found)
                left.remove(pair)
                taken += 1
        return taken

    def _at(self, pair: Pair, week: int) -> Candidate | None:
        return next((c for c in self.problem.candidates[pair] if c.week == week), None)

    def _fits(self, found: Candidate, pair: Pair) -> bool:
        limit = self.problem.schools[pair[0]].at_once
        if any(self.busy[pair[0], w] >= limit for w in found.busy):
            return False
        for key in self.groups_of[pair[0]]:
            most = self.problem.groups[key].at_once
            if any(self.felt[key, w] >= most for w in found.busy):
                return False
        for first, weeks in self.problem.services[pair[1]].after.items():
            before = self.chosen.get((pair[0], first))
            if (pair[0], first) in self.problem.candidates and (before is None or found.week < before.week + weeks):
                return False
        capacity = self.problem.capacity
        return all(self.load[team, w] + n <= capacity[team][w] for (team, w), n in found.work.items())

    def _apart(self, pair: Pair, week: int) -> bool:
        others = [b if a == pair[0] else a for a, b in self.problem.apart if pair[0] in (a, b)]
        return any(p[0] in others and found.week == week for p, found in self.chosen.items())

    def _take(self, pair: Pair, found: Candidate) -> None:
        self.chosen[pair] = found
        self._book(pair, found, Counter.update)

    def _give_back(self, pair: Pair) -> None:
        self._book(pair, self.chosen.pop(pair), Counter.subtract)

    def _book(self, pair: Pair, found: Candidate, change: Callable[..., None]) -> None:
        change(self.load, found.work)
        change(self.busy, ((pair[0], w) for w in found.busy))
        change(self.felt, ((key, w) for key in self.groups_of[pair[0]] for w in found.busy))


def _in_order(services: list[ServicePlan]) -> list[ServicePlan]:
    """Keep the order, except that services that go before others at each school come first."""
    out: list[ServicePlan] = []
    left = list(services)
    while left:
        ready = next((s for s in left if not any(o.service in s.after for o in left)), left[0])
        out.append(ready)
        left.remove(ready)
    return out


class WaveOption(NamedTuple):
    """A possible date of a pair, in the pilot or in a wave."""

    candidate: Candidate
    is_pilot: bool


Numbers = NDArray[np.int64]
Cell = tuple[str, str, int]
"""Something with limited room: its kind, its owner and its week."""
HEAT = 5.0
"""The first temperature, in steps from a pair's date to its next, at their mean weight."""


def annealed(rows: WaveRows, plan: WavePlan, seed: int, steps: int) -> WavePlan:
    """Return a plan that is at least as good by its dates, its hubs' dates and its services' last weeks.

    Both plans meet every requirement. Peaks and fairness are left to the search, because they depend on the whole plan
    and would have to be recomputed at each of millions of steps.
    """
    return _Columns(rows, plan).walk(seed, steps)


class _Columns:
    """The problem as arrays, with every pair at one plan's date."""

    def __init__(self, rows: WaveRows, plan: WavePlan) -> None:
        self.rows, self.plan, self.problem = rows, plan, rows.problem
        self.pairs = self.problem.pairs
        self.row_of = {pair: k for k, pair in enumerate(self.pairs)}
        self.options = [tuple(self._options(pair)) for pair in self.pairs]
        plans = self.problem.services.values()
        self.waves = [[(s.service, w, False) for w in s.weeks] for s in plans]
        self.tries = [[(s.service, w, True) for w in s.pilot_weeks if s.has_pilot] for s in plans]
        self.dates = {date: n for n, date in enumerate(chain(*self.waves, *self.tries))}
        self.cells: dict[Cell, int] = {}
        self.room: list[int] = []
        """The capacity of each cell."""

    def walk(self, seed: int, steps: int) -> WavePlan:
        places, now = self._places(), self._now()
        walk = Walk(
            option=now,
            best=now.copy(),
            left=places.room.copy(),
            going=np.zeros(len(self.dates), np.int64),
            tried=np.zeros(len(self.waves), np.int64),
            pilots=np.zeros(len(self.waves), np.int64),
            reluctant=np.zeros(len(self.waves), np.int64),
            hub_going=np.zeros((1 + int(places.hub.max(initial=NOWHERE)), len(self.dates)), np.int64),
            hub_dates=np.zeros(1 + int(places.hub.max(initial=NOWHERE)), np.int64),
            random=np.array([0x9E3779B97F4A7C15 + seed], np.uint64),
            who=np.zeros_like(now),
            to=np.zeros_like(now),
            was=np.zeros_like(now),
        )
        settle(places, walk)
        steps_between = np.abs(np.diff(places.cost))[np.diff(places.week) > 0]
        heat = HEAT * float(steps_between.mean()) if len(steps_between) else 1.0
        anneal(places, walk, steps, max(1.0, heat))
        flat = [option for options in self.options for option in options]
        best = {pair: flat[o] for pair, o in zip(self.pairs, walk.best, strict=True)}
        pilot = frozenset(pair for pair, option in best.items() if option.is_pilot)
        return WavePlan(chosen={pair: option.candidate for pair, option in best.items()}, pilot=pilot)

    def _options(self, pair: Pair) -> Iterator[WaveOption]:
        """Yield a pair's possible places: its fixed one, or else in the pilot or in a wave."""
        now = WaveOption(self.plan.chosen[pair], pair in self.plan.pilot)
        if pair in self.problem.fixed:
            yield now
            return
        service, asked = self.problem.services[pair[1]], self.problem.in_pilot(pair)
        for candidate in self.problem.candidates[pair]:
            if service.has_pilot and candidate.week in service.pilot_weeks and asked is not False:
                yield WaveOption(candidate, is_pilot=True)
            if not (service.has_pilot and asked):
                yield WaveOption(candidate, is_pilot=False)

    def _now(self) -> Numbers:
        begin, plan = _offsets(self.options), self.plan
        now = [WaveOption(plan.chosen[pair], pair in plan.pilot) for pair in self.pairs]
        return _numbers(begin[k] + self.options[k].index(option) for k, option in enumerate(now))

    def _places(self) -> Places:
        problem, weights, scale = self.problem, self.rows.weights, self.rows.scale
        each = [(pair, option) for pair, options in zip(self.pairs, self.options, strict=True) for option in options]
        cells = [dict(self._cells(pair, option)) for pair, option in each]
        partners = [list(self._partners(pair)) for pair in self.pairs]
        services = list(problem.services)
        window = 1 if problem.hub_one_date else problem.hub_weeks or 0
        weeks = [problem.services[s].weeks for s in services]
        return Places(
            first_option=_numbers(_offsets(self.options)),
            date=_numbers(self.dates[p[1], o.candidate.week, o.is_pilot] for p, o in each),
            week=_numbers(o.candidate.week for _, o in each),
            cost=_numbers(self.rows.objective.get(self.rows.column[p, o.candidate.week], 0) for p, o in each),
            first_cell=_numbers(_offsets(cells)),
            cell=_numbers(self.cells[key] for found in cells for key in found),
            amount=_numbers(n for found in cells for n in found.values()),
            room=_numbers(self.room),
            service=_numbers(services.index(s) for _, s in self.pairs),
            first_pilot=_numbers(n + sum(map(len, self.waves)) for n in _offsets(self.tries)),
            evaluation=_numbers(problem.services[s].evaluation_weeks for s in services),
            is_reluctant=_numbers(problem.schools[school].reluctant for school, _ in self.pairs),
            reluctant_needed=_numbers(problem.needs_reluctant(s) for s in services),
            hub=_numbers(self._hubs()),
            first_partner=_numbers(_offsets(partners)),
            partner=_numbers(self.row_of[p] for found in partners for p, _, _ in found),
            ahead=_numbers(n for found in partners for _, n, _ in found),
            is_before=_numbers(b for found in partners for _, _, b in found),
            first_date=_numbers(_offsets(self.waves)),
            date_week=_numbers(w for found in weeks for w in found),
            between=_numbers(problem.services[s].weeks_between for s in services),
            window=_numbers(window for _ in services),
            hub_weight=0 if problem.hubs_apart else round(exactly(weights.hub) * scale),
            last_weight=_numbers(
                round(gap * exactly(weights.last) * scale)
                for found in weeks
                for gap in (0, *(b - a for a, b in pairwise(found)))
            ),
        )

    def _cells(self, pair: Pair, option: WaveOption) -> Iterator[tuple[Cell, int]]:
        """Yield the cells that a date uses, and how much."""
        problem, (school, service), found = self.problem, pair, option.candidate
        plan = problem.services[service]
        for (team, week), tenths in found.work.items():
            if tenths:
                yield self._cell(("team", team, week), problem.capacity[team][week]), tenths
        for week in found.busy:
            yield self._cell(("school", school, week), problem.schools[school].at_once), 1
            for key, group in problem.groups.items():
                if school in group.schools:
                    yield self._cell(("group", key, week), group.at_once), 1
        if option.is_pilot:
            yield self._cell(("pilot", service, found.week), plan.pilot_size), 1
        else:
            yield self._cell(("wave", service, found.week), plan.wave_size), 1
        if problem.hubs_apart and (hub := problem.schools[school].hub):
            yield self._cell(("hub", f"{hub}/{service}", found.week), 1), 1
        for one, other in problem.apart:
            for elsewhere in problem.services:
                if school == one:
                    yield self._cell(("apart", f"{one}/{other}/{service}/{elsewhere}", found.week), 1), 1
                if school == other:
                    yield self._cell(("apart", f"{one}/{other}/{elsewhere}/{service}", found.week), 1), 1

    def _cell(self, key: Cell, room: int) -> Cell:
        if key not in self.cells:
            self.cells[key] = len(self.room)
            self.room.append(room)
        return key

    def _hubs(self) -> Iterator[int]:
        """Yield each pair's hub and service, if that has more than one school."""
        sizes = Counter((self.problem.schools[s].hub, v) for s, v in self.pairs)
        numbers: dict[tuple[str, str], int] = {}
        for school, service in self.pairs:
            hub = self.problem.schools[school].hub
            is_alone = not hub or sizes[hub, service] < 2
            yield NOWHERE if is_alone else numbers.setdefault((hub, service), len(numbers))

    def _partners(self, pair: Pair) -> Iterator[tuple[Pair, int, bool]]:
        """Yield the pairs that go before or after a pair at its school, and by how many weeks."""
        school, service = pair
        for other, plan in self.problem.services.items():
            if (school, other) in self.row_of:
                if other in self.problem.services[service].after:
                    yield (school, other), self.problem.services[service].after[other], True
                if service in plan.after:
                    yield (school, other), plan.after[service], False


def _offsets(rows: Sequence[Sized]) -> list[int]:
    """Return where each row begins if all are laid end to end, and where the last one ends."""
    return [0, *accumulate(len(row) for row in rows)]


def _numbers(values: Iterable[int]) -> Numbers:
    return np.array(list(values), np.int64)
