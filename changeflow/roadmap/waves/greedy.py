"""A first plan in a moment: services one after the other, wave by wave, hub by hub.

It gives the search something to improve; where it finds no place for a school, the search begins without it. It takes
milliseconds, so several orders are tried: on one made-up trust of fifty schools the worst order of the services was a
quarter dearer than the best.
"""

from collections import Counter
from collections.abc import Callable
from itertools import islice, permutations

from changeflow.roadmap.waves.problem import Candidate, Pair, ServicePlan, WavePlan, WaveProblem

MOST_ORDERS = 24


def first_plan(problem: WaveProblem, worth: Callable[[WavePlan], float]) -> WavePlan | None:
    """Return the best of some quick plans, or None; the search tests every requirement again.

    Services take their turns in every order, of four and fewer. `worth` is about what a plan costs.
    """
    services = sorted(problem.services.values(), key=lambda s: (len(s.weeks), s.service))
    plans = [
        plan
        for order in islice(permutations(services), MOST_ORDERS)
        if (plan := _Filler(problem, _in_order(list(order))).fill()) is not None
    ]
    return min(plans, key=worth, default=None)


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
        willing = [p for p in left if schools[p[0]].pilot is not False]
        asked = [p for p in willing if schools[p[0]].pilot]
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
        """Fill one wave, whole hubs first, easy schools before hard ones."""
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
        if any(self.busy[pair[0], w] >= limit for w in range(found.first, found.last + 1)):
            return False
        for key in self.groups_of[pair[0]]:
            most = self.problem.groups[key].at_once
            if any(self.felt[key, w] >= most for w in range(found.first, found.last + 1)):
                return False
        for first, weeks in self.problem.services[pair[1]].after.items():
            before = self.chosen.get((pair[0], first))
            if (pair[0], first) in self.problem.candidates and (before is None or found.week < before.week + weeks):
                return False
        added = _work(found)
        return all(self.load[key] + n <= self.problem.capacity[key[0]][key[1]] for key, n in added.items())

    def _apart(self, pair: Pair, week: int) -> bool:
        others = [b if a == pair[0] else a for a, b in self.problem.apart if pair[0] in (a, b)]
        return any((o, pair[1]) in self.chosen and self.chosen[o, pair[1]].week == week for o in others)

    def _take(self, pair: Pair, found: Candidate) -> None:
        self.chosen[pair] = found
        self.load.update(_work(found))
        weeks = range(found.first, found.last + 1)
        self.busy.update((pair[0], w) for w in weeks)
        self.felt.update((key, w) for key in self.groups_of[pair[0]] for w in weeks)

    def _give_back(self, pair: Pair) -> None:
        found = self.chosen.pop(pair)
        self.load.subtract(_work(found))
        weeks = range(found.first, found.last + 1)
        self.busy.subtract((pair[0], w) for w in weeks)
        self.felt.subtract((key, w) for key in self.groups_of[pair[0]] for w in weeks)


def _work(found: Candidate) -> Counter[tuple[str, int]]:
    work: Counter[tuple[str, int]] = Counter()
    for placement in found.placements:
        if placement.team is not None:
            for week, tenths in zip(placement.weeks, placement.tenths, strict=True):
                work[placement.team, week] += tenths
    return work


def _in_order(services: list[ServicePlan]) -> list[ServicePlan]:
    """Keep the order, but let what goes first in each school come first."""
    out: list[ServicePlan] = []
    left = list(services)
    while left:
        ready = next((s for s in left if not any(o.service in s.after for o in left)), left[0])
        out.append(ready)
        left.remove(ready)
    return out
