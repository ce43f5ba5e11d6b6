"""Plans of waves beside those of an exact search: what is kept, what it costs, what is best and what cannot be."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from unittest.mock import patch

from changeflow.roadmap.waves.plans import Offer
from changeflow.roadmap.waves.problem import Candidate
from changeflow.usecases import waves
from tests.oracles.answers import Documents, planned_programme
from tests.oracles.random_waves import FEATURES, counted, random_rollout
from tests.oracles.waves import Option, Pair, Plan, Waves

MOST = 20_000
"""Choices that are looked at for one answer: what takes more is not settled."""
EFFORTS = (0.1, 0.1, 0.0003)
"""Enough to prove a plan, and too little: then there is a bound."""


@dataclass
class WaveTally:
    """What was compared, what is settled by looking at every plan, and what is wrong."""

    programmes: int = 0
    plans: int = 0
    proved: int = 0
    best: int = 0
    """Plans that every plan was compared with."""
    infeasible: int = 0
    bounds: int = 0
    """Bounds that were compared with the best of all plans, of plans that are not proved."""
    unsettled: int = 0
    features: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def add(self, other: "WaveTally") -> None:
        self.programmes += other.programmes
        self.plans += other.plans
        self.proved += other.proved
        self.best += other.best
        self.infeasible += other.infeasible
        self.bounds += other.bounds
        self.unsettled += other.unsettled
        self.features.update(other.features)
        self.differences += other.differences

    @property
    def rare(self) -> dict[str, int]:
        """Features that fewer than two hundred of five thousand rollouts ask for, each request counted."""
        return {f: self.features[f] for f in FEATURES if self.features[f] * 25 < self.programmes}

    @property
    def is_enough(self) -> bool:
        return not self.rare and (self.best + self.infeasible) * 2 > self.programmes

    def lines(self) -> Iterable[str]:
        yield f"{self.programmes} rollouts, {self.plans} plans, {self.proved} of them proved"
        yield f"{self.best} proved plans are the best of all, {self.infeasible} rollouts have no plan"
        yield f"{self.bounds} bounds of other plans hold, {self.unsettled} answers are too large to settle"
        yield f"{len(self.differences)} disagreements, {len(self.rare)} features too rare"
        for feature, number in sorted(self.features.items(), key=lambda x: x[1]):
            yield f"{number:6} {feature}"


class TooLargeError(Exception):
    """There are more choices than are looked at."""


class Search:
    """All plans of a rollout, one school after the other; what can no longer be the best is left out."""

    def __init__(self, waves: Waves, prices: Mapping[str, Fraction], most: int = MOST) -> None:
        self.waves, self.left = waves, most
        self.unit = lcm(*(p.denominator for p in prices.values()))
        self.prices = {name: int(price * self.unit) for name, price in prices.items()}
        """Whole numbers: they are quicker than fractions."""
        self.each = {
            pair: sorted(
                (self._own_cost(pair, option), n, option) for n, option in enumerate(waves.options[pair].values())
            )
            for pair in waves.pairs
        }
        self.rest = [0]
        for pair in reversed(waves.pairs):
            least = min((cost for cost, _, _ in self.each[pair]), default=0)
            self.rest.append(self.rest[-1] + least)
        self.rest.reverse()
        self.may = {p: waves.in_pilot(p) for p in waves.pairs}
        self.pilots = {s: early if has else set() for s, (_, has, _, early) in waves.asked_pilots.items()}
        self.limits = [(limit, set(pairs)) for limit, pairs in waves.limits()]
        self.apart: dict[str, set[str]] = defaultdict(set)
        for one, other in waves.rollout.get("apart", []):
            self.apart[one].add(other)
            self.apart[other].add(one)

    def _own_cost(self, pair: Pair, option: Option) -> int:
        prices = self.prices
        cost = option.week * (prices["finish"] - prices["risk"] * self.waves.risk(pair))
        announced = self.waves.announced.get(pair)
        if announced is not None and self.waves.week(announced) != option.week:
            moved = abs(option.week - self.waves.week(announced))
            cost += prices["announced"] + moved * prices["announced_week"]
        return cost

    def best(self, below: Fraction | None = None) -> Fraction | None:
        """Return the least cost of any plan, if it is below another cost."""
        self.least = None if below is None else below * self.unit
        self.loads: Counter[tuple[str, int]] = Counter()
        self.chosen: dict[Pair, Option] = {}
        self.marked: set[Pair] = set()
        self._go(0, 0)
        return None if self.least is None else self.least / self.unit

    def _go(self, n: int, cost: int) -> None:
        pairs = self.waves.pairs
        if n and (n == len(pairs) or pairs[n][1] != pairs[n - 1][1]):
            plan = Plan(dict(self.chosen), frozenset(self.marked))
            if next(self.waves.broken_waves(plan, pairs[n - 1][1]), None) is not None:
                return
        if self.least is not None and cost + self.rest[n] + self._shared() >= self.least:
            return
        if n == len(pairs):
            plan = Plan(dict(self.chosen), frozenset(self.marked))
            if next(self.waves.broken(plan), None) is None:
                whole = sum((self.prices[k] * v for k, v in self.waves.parts(plan).items()), start=Fraction(0))
                if self.least is None or whole < self.least:
                    self.least = whole
            return
        pair = pairs[n]
        for own, _, option in self.each[pair]:
            for is_pilot in self._may_be_pilot(pair, option) if self._fits(pair, option) else ():
                self.left -= 1
                if self.left < 0:
                    raise TooLargeError
                self._choose(pair, option, is_pilot=is_pilot)
                self._go(n + 1, cost + own)
                self._take_back(pair, option)

    def _may_be_pilot(self, pair: Pair, option: Option) -> Iterator[bool]:
        early = self.pilots[pair[1]]
        if option.week in early and self.may[pair] is not False:
            yield True
        if not early or not self.may[pair]:
            yield False

    def _fits(self, pair: Pair, option: Option) -> bool:
        if any(self.loads[key] + tenths > self.waves.capacity[key] for key, tenths in option.work):
            return False
        if any(o.week == option.week and p[0] in self.apart[pair[0]] for p, o in self.chosen.items()):
            return False
        for limit, pairs in self.limits:
            if pair in pairs:
                near = [o for p, o in self.chosen.items() if p in pairs]
                for week in {option.first, *(o.first for o in near if option.first <= o.first <= option.last)}:
                    if sum(o.first <= week <= o.last for o in near) >= limit:
                        return False
        return True

    def _shared(self) -> int:
        """What is shared by schools and only grows: last weeks, and peaks."""
        last: dict[str, int] = {}
        for (_, service), option in self.chosen.items():
            last[service] = max(last.get(service, 0), option.week)
        cost = self.prices["last"] * sum(last.values())
        if self.prices["peak"]:
            peaks: dict[str, int] = {}
            for (team, week), tenths in self.loads.items():
                percent = -(-100 * tenths // max(1, self.waves.capacity[team, week]))
                peaks[team] = max(peaks.get(team, 0), percent)
            cost += self.prices["peak"] * sum(peaks.values())
        return cost

    def _choose(self, pair: Pair, option: Option, *, is_pilot: bool) -> None:
        self.chosen[pair] = option
        self.loads.update(dict(option.work))
        if is_pilot:
            self.marked.add(pair)

    def _take_back(self, pair: Pair, option: Option) -> None:
        del self.chosen[pair]
        self.marked.discard(pair)
        self.loads.subtract(dict(option.work))


def compare_waves(seed: int, tally: WaveTally) -> None:
    """Ask for plans, look at each, and search for better ones."""
    documents = random_rollout(seed)
    tally.features.update(counted(seed))
    tally.programmes += 1
    waves = Waves(documents)
    try:
        answers = list(_answers(documents, seed))
    except Exception as error:  # noqa: BLE001  (whatever it is, it is no answer)
        tally.differences.append(f"{seed} has no answer: {type(error).__name__}: {error}")
        return
    found, solutions = answers[0]
    tally.features["opens on a day off"] += sum(waves.begins_off(s) for s in waves.services)
    tally.features["fixed to a day that cannot be"] += sum(not waves.options[pair] for pair in waves.fixed)
    tally.differences += [f"{seed} {text}" for text in _other_dates(waves, found.problem.candidates)]
    for offer, bound, total in solutions:
        tally.plans += 1
        for text in _wrong(waves, offer, bound, total, tally):
            tally.differences.append(f"{seed} {offer.style.key}: {text}")
    if not found.offers and not found.ran_out:
        try:
            best = Search(waves, waves.prices({}), 10 * MOST).best()
        except TooLargeError:
            tally.unsettled += 1
        else:
            tally.infeasible += 1
            if best is not None:
                tally.differences.append(f"{seed} has a plan, and is called infeasible: {found.conflict}")


def _answers(
    documents: Documents, seed: int
) -> Iterator[tuple[waves.Waves, list[tuple[Offer, Fraction | None, Fraction]]]]:
    """Plan waves as the command does, and listen to what the search says of its answers."""
    heard = []

    def listening(*asked: object, **named: object) -> Iterator[object]:
        for answer in offers(*asked, **named):  # type: ignore[arg-type]
            heard.append(answer)
            yield answer

    offers = waves.offers
    with patch.object(waves, "offers", listening), patch.object(waves, "_without_a_plan", _no_plan):
        found = waves.plan_waves(planned_programme(documents), seconds=60, seed=1, effort=EFFORTS[seed % len(EFFORTS)])
    solutions = []
    for offer, (_, answer, rows) in zip(found.offers, heard, strict=False):
        bound = None if answer.bound == float("-inf") else rows.in_weeks(answer.bound)
        solutions.append((offer, bound, rows.in_weeks(answer.value)))
    yield found, solutions


def _no_plan(programme: object, problem: object) -> waves.Waves:
    """That there is none is enough: which requests conflict is a matter of other tests."""
    return waves.Waves(programme=programme, problem=problem, conflict=("none",))  # type: ignore[arg-type]


def _option(candidate: Candidate) -> Option:
    work = tuple(sorted((key, tenths) for key, tenths in candidate.work.items() if tenths))
    return Option(candidate.week, candidate.day, work, candidate.first, candidate.last)


def _other_dates(waves: Waves, candidates: Mapping[Pair, Iterable[Candidate]]) -> Iterator[str]:
    for pair in waves.pairs:
        theirs = {c.day: _option(c) for c in candidates[pair]}
        ours = {o.day: o for o in waves.options[pair].values()}
        if waves.fixed.get(pair) is not None:  # Other dates of what is set are there to explain, and never taken.
            theirs = {day: option for day, option in theirs.items() if day == waves.fixed[pair]}
        for day in sorted(ours.keys() | theirs.keys()):
            if ours.get(day) != theirs.get(day):
                yield f"{pair} {day}: {ours.get(day)} right, {theirs.get(day)} planned"


def _wrong(waves: Waves, offer: Offer, bound: Fraction | None, total: Fraction, tally: WaveTally) -> Iterator[str]:
    plan = Plan({p: _option(c) for p, c in offer.plan.chosen.items()}, offer.plan.pilot)
    broken = list(waves.broken(plan))
    yield from broken
    if any("no date" in text for text in broken):
        return
    prices, parts = waves.prices(offer.style.factors), waves.parts(plan)
    yield from _other_numbers(waves, plan, parts, offer)
    cost = sum((prices[k] * v for k, v in parts.items()), start=Fraction(0))
    if not _is_near(cost, total):
        yield f"costs {float(cost):.9g}, not {float(total):.9g}"
    tally.proved += offer.is_proved
    if broken:
        return
    try:
        best = Search(waves, prices).best(below=cost)
    except TooLargeError:
        tally.unsettled += 1
        return
    assert best is not None
    if offer.is_proved:
        tally.best += 1
        if best < cost and not _is_near(best, cost):
            yield f"is called the best at {float(cost):.9g}, and another costs {float(best):.9g}"
    elif bound is not None:
        tally.bounds += 1
        if bound > best and not _is_near(best, bound):
            yield f"has the bound {float(bound):.9g}, and another plan costs {float(best):.9g}"


def _other_numbers(waves: Waves, plan: Plan, parts: Mapping[str, Fraction], offer: Offer) -> Iterator[str]:
    weeks = [o.week for o in plan.chosen.values()]
    numbers = offer.numbers
    pairs: tuple[tuple[str, Fraction | float, float], ...] = (
        ("mean week", Fraction(sum(weeks), len(weeks)), numbers.mean_week),
        ("last week", max(weeks), numbers.last_week),
        ("peaks", parts["peak"], sum(numbers.peaks.values())),
        ("dates of hubs", waves.hub_dates(plan), numbers.hub_dates),
        ("fairness", parts["fairness"], numbers.fairness),
        ("announced dates that move", parts["announced"], numbers.announced_moved),
        ("weeks that they move", parts["announced_week"], numbers.announced_weeks),
    )
    for name, ours, theirs in pairs:
        if abs(float(ours) - theirs) > 1e-9:
            yield f"{name}: {float(ours):g} right, {theirs:g} planned"


def _is_near(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= Fraction(1, 10**9) * max(1, abs(one), abs(other))


def compare_waves_of(seeds: Iterable[int]) -> WaveTally:
    tally = WaveTally()
    for seed in seeds:
        compare_waves(seed, tally)
    return tally
