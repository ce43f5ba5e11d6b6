"""An attacker: knows who is in which group, who answered, and all that is published; wants to know a person's score.

It is written against what is published alone, with a solver (CP-SAT, exact in whole numbers), and shares nothing with
the way in which the product hides. People who are in the same published groups are exchangeable, so the unknowns are
how many of each such kind stand at each place: awareness to reinforcement (0 to 4), or nowhere (5).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

PLACES = range(6)
REINFORCEMENT = 4
Kind = tuple[frozenset[int], bool]
"""The published lines that count a person, and whether a service of theirs is live."""
Model = tuple[cp_model.CpModel, dict[tuple[Kind, int], cp_model.IntVar]]


@dataclass(frozen=True)
class Told:
    """One published line: how many of these people are held back at each element or before, at least and at most."""

    people: frozenset[str]
    held: tuple[tuple[int, int], ...]


@dataclass
class Attack:
    """The published lines of the answers of one round, and what can be found out from them."""

    told: list[Told]
    answered: frozenset[str]
    live: frozenset[str] = frozenset()
    kinds: dict[Kind, list[str]] = field(default_factory=dict)
    worlds: list[Mapping[tuple[Kind, int], int]] = field(default_factory=list)
    """How many of each kind may stand at each place, all at once: what one answer of the solver shows, another need not
    ask it for."""

    def __post_init__(self) -> None:
        for person in sorted(self.answered):
            lines = frozenset(n for n, line in enumerate(self.told) if person in line.people)
            self.kinds.setdefault((lines, person in self.live), []).append(person)

    def _model(self) -> Model:
        model = cp_model.CpModel()
        count = {}
        for kind, people in self.kinds.items():
            for place in PLACES:
                possible = len(people) if kind[1] or place != REINFORCEMENT else 0
                count[kind, place] = model.new_int_var(0, possible, f"{place}")
            model.add(sum(count[kind, p] for p in PLACES) == len(people))
        for n, line in enumerate(self.told):
            kinds = [k for k in self.kinds if n in k[0]]
            for place, (low, high) in enumerate(line.held):
                held = sum(count[k, p] for k in kinds for p in range(place + 1))
                model.add_linear_constraint(held, low, high)
        return model, count

    def is_possible(self, person: str, place: int, insider: tuple[str, int] | None = None) -> bool:
        """Tell whether a person may stand at a place, for somebody who also knows where an insider stands."""
        wanted: dict[tuple[Kind, int], int] = {}
        for who, where in ((person, place), *([insider] if insider else [])):
            key = (self._kind(who), where)
            wanted[key] = wanted.get(key, 0) + 1
        if any(all(world[key] >= number for key, number in wanted.items()) for world in self.worlds):
            return True
        model, count = self._model()
        for key, number in wanted.items():
            model.add(count[key] >= number)
        return self._solved(model, count) is not None

    def can_differ_by(self, people: Iterable[str], places: Iterable[int], spread: int) -> bool:
        """Tell whether at least `spread` lies between the most of some people who can stand at some places and the
        fewest."""
        chosen, possible = frozenset(people) & self.answered, tuple(places)
        known = [self._inside(world, chosen, possible) for world in self.worlds]
        if known and max(high for _, high in known) - min(low for low, _ in known) >= spread:
            return True
        low, high = self.bounds(chosen, possible)
        return high - low >= spread

    def _inside(
        self, world: Mapping[tuple[Kind, int], int], chosen: frozenset[str], places: Iterable[int]
    ) -> tuple[int, int]:
        """Return how many of some people stand at some places in one world, at least and at most."""
        low = high = 0
        for kind, members in self.kinds.items():
            inside = len(chosen.intersection(members))
            there = sum(world[kind, place] for place in places)
            low += max(0, there - (len(members) - inside))
            high += min(inside, there)
        return low, high

    def bounds(self, people: Iterable[str], places: Iterable[int]) -> tuple[int, int]:
        """Return how many of some people can stand at some places, at least and at most."""
        chosen, low_high = frozenset(people) & self.answered, []
        for sign in (1, -1):
            model, count = self._model()
            parts = []
            for kind, members in self.kinds.items():
                inside = len(chosen.intersection(members))
                if not inside:
                    continue
                # Of each kind some are inside the group and the others outside.
                for place in places:
                    part = model.new_int_var(0, inside, "")
                    rest = model.new_int_var(0, len(members) - inside, "")
                    model.add(part + rest == count[kind, place])
                    parts.append((kind, part))
            for kind in {k for k, _ in parts}:
                inside = len(chosen.intersection(self.kinds[kind]))
                mine = [p for k, p in parts if k == kind]
                model.add(sum(mine) <= inside)
                # Those outside must find room for the others.
                model.add(sum(count[kind, p] for p in places) - sum(mine) <= len(self.kinds[kind]) - inside)
            total = sum(p for _, p in parts)
            model.minimize(sign * total)
            found = self._solved(model, count)
            assert found is not None, "what is published contradicts itself"
            low_high.append(sign * found)
        return low_high[0], low_high[1]

    def _kind(self, person: str) -> Kind:
        return next(k for k, people in self.kinds.items() if person in people)

    def _solved(self, model: cp_model.CpModel, count: Mapping[tuple[Kind, int], cp_model.IntVar]) -> int | None:
        """Solve a model, and note the world that solves it."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        status = solver.solve(model)
        assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
        if status == cp_model.INFEASIBLE:
            return None
        self.worlds.append({key: solver.value(variable) for key, variable in count.items()})
        return round(solver.objective_value) if model.has_objective() else 0


def possible_scores(places: Iterable[int], element: int, threshold: int) -> frozenset[int]:
    """Return the scores of an element that somebody may have who may stand at these places."""
    scores: set[int] = set()
    for place in places:
        if place < element:
            scores |= {1, 2, 3, 4, 5}
        elif place == element:
            scores |= set(range(1, threshold + 1))
        else:
            scores |= set(range(threshold + 1, 6))
    return frozenset(scores)


def narrowed(attack: Attack, truth: Mapping[str, int], *, threshold: int, insiders: bool = True) -> Iterator[str]:
    """Yield one person of each kind who has a score narrowed to two values or fewer, also by an insider."""
    one_of_each = {}
    for kind, people in attack.kinds.items():
        for person in people:
            one_of_each.setdefault((kind, truth[person]), []).append(person)
    for kind, people in attack.kinds.items():
        if not kind[0]:
            continue  # Nothing is published of them.
        target = people[0]
        helpers: list[tuple[str, int] | None] = [None]
        if insiders:
            helpers += [
                (next(p for p in who if p != target), place)
                for (_, place), who in one_of_each.items()
                if any(p != target for p in who)
            ]
        for helper in helpers:
            # Who may stand at awareness has any score of the later elements, and 1 to the threshold of the first.
            if threshold >= 3 and attack.is_possible(target, 0, helper):
                continue
            places = [p for p in PLACES if attack.is_possible(target, p, helper)]
            elements = range(5) if target in attack.live else range(4)
            if any(len(possible_scores(places, e, threshold)) <= 2 for e in elements):
                yield target
                break
