"""An attacker who knows the groups, who answered and everything published, and wants to find out a person's score.

It uses only publications and an exact solver (CP-SAT), and shares no code with the product's protection. People in the
same published groups are interchangeable, so the unknowns are how many of each such kind have a barrier at each place:
awareness to reinforcement (0 to 4), or none (5).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

PLACES = range(6)
REINFORCEMENT = 4
Kind = tuple[frozenset[int], bool]
"""The published lines that count a person, and whether their service is live."""
Model = tuple[cp_model.CpModel, dict[tuple[Kind, int], cp_model.IntVar]]


@dataclass(frozen=True)
class Line:
    """One published line: the least and most people with a barrier at each element or an earlier one."""

    people: frozenset[str]
    held: tuple[tuple[int, int], ...]


@dataclass
class Attack:
    """The published lines of one round's answers, and what they reveal."""

    lines: list[Line]
    answered: frozenset[str]
    live: frozenset[str] = frozenset()
    kinds: dict[Kind, list[str]] = field(default_factory=dict)
    worlds: list[Mapping[tuple[Kind, int], int]] = field(default_factory=list)
    """Possible numbers of each kind at each place, reused so that the solver need not find them again."""

    def __post_init__(self) -> None:
        for person in sorted(self.answered):
            lines = frozenset(n for n, line in enumerate(self.lines) if person in line.people)
            self.kinds.setdefault((lines, person in self.live), []).append(person)

    def _model(self) -> Model:
        model = cp_model.CpModel()
        count = {}
        for kind, people in self.kinds.items():
            for place in PLACES:
                possible = len(people) if kind[1] or place != REINFORCEMENT else 0
                count[kind, place] = model.new_int_var(0, possible, f"{place}")
            model.add(sum(count[kind, p] for p in PLACES) == len(people))
        for n, line in enumerate(self.lines):
            kinds = [k for k in self.kinds if n in k[0]]
            for place, (low, high) in enumerate(line.held):
                held = sum(count[k, p] for k in kinds for p in range(place + 1))
                model.add_linear_constraint(held, low, high)
        return model, count

    def is_possible(self, person: str, place: int, insider: tuple[str, int] | None = None) -> bool:
        """Tell whether a person may have a barrier at a place, also for an attacker who knows an insider's place."""
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
        """Tell whether the number of some people at some places can differ by at least `spread`."""
        chosen, possible = frozenset(people) & self.answered, tuple(places)
        known = [self._inside(world, chosen, possible) for world in self.worlds]
        if known and max(high for _, high in known) - min(low for low, _ in known) >= spread:
            return True
        low, high = self.bounds(chosen, possible)
        return high - low >= spread

    def _inside(
        self, world: Mapping[tuple[Kind, int], int], chosen: frozenset[str], places: Iterable[int]
    ) -> tuple[int, int]:
        """Return the least and most of some people at some places in one world."""
        low = high = 0
        for kind, members in self.kinds.items():
            inside = len(chosen.intersection(members))
            there = sum(world[kind, place] for place in places)
            low += max(0, there - (len(members) - inside))
            high += min(inside, there)
        return low, high

    def bounds(self, people: Iterable[str], places: Iterable[int]) -> tuple[int, int]:
        """Return the least and most of some people at some places in any world."""
        chosen, low_high = frozenset(people) & self.answered, []
        for sign in (1, -1):
            model, count = self._model()
            parts = []
            for kind, members in self.kinds.items():
                inside = len(chosen.intersection(members))
                if not inside:
                    continue
                # Some of each kind are inside the group and the others outside.
                for place in places:
                    part = model.new_int_var(0, inside, "")
                    rest = model.new_int_var(0, len(members) - inside, "")
                    model.add(part + rest == count[kind, place])
                    parts.append((kind, part))
            for kind in {k for k, _ in parts}:
                inside = len(chosen.intersection(self.kinds[kind]))
                mine = [p for k, p in parts if k == kind]
                model.add(sum(mine) <= inside)
                # People outside must account for the rest.
                model.add(sum(count[kind, p] for p in places) - sum(mine) <= len(self.kinds[kind]) - inside)
            total = sum(p for _, p in parts)
            model.minimize(sign * total)
            found = self._solved(model, count)
            assert found is not None, "the publications contradict each other"
            low_high.append(sign * found)
        return low_high[0], low_high[1]

    def _kind(self, person: str) -> Kind:
        return next(k for k, people in self.kinds.items() if person in people)

    def _solved(self, model: cp_model.CpModel, count: Mapping[tuple[Kind, int], cp_model.IntVar]) -> int | None:
        """Solve a model, and remember the world that solves it."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        status = solver.solve(model)
        assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
        if status == cp_model.INFEASIBLE:
            return None
        self.worlds.append({key: solver.value(variable) for key, variable in count.items()})
        return round(solver.objective_value) if model.has_objective() else 0


def possible_scores(places: Iterable[int], element: int, threshold: int) -> frozenset[int]:
    """Return the possible scores of an element for a person whose barrier is at one of these places."""
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
    """Yield one person of each kind whose score is narrowed to two values or fewer, also with an insider."""
    one_of_each = {}
    for kind, people in attack.kinds.items():
        for person in people:
            one_of_each.setdefault((kind, truth[person]), []).append(person)
    for kind, people in attack.kinds.items():
        if not kind[0]:
            continue  # No publication counts them.
        target = people[0]
        helpers: list[tuple[str, int] | None] = [None]
        if insiders:
            helpers += [
                (next(p for p in who if p != target), place)
                for (_, place), who in one_of_each.items()
                if any(p != target for p in who)
            ]
        for helper in helpers:
            # A person who may be at awareness may have any later score, and 1 to the threshold for awareness.
            if threshold >= 3 and attack.is_possible(target, 0, helper):
                continue
            places = [p for p in PLACES if attack.is_possible(target, p, helper)]
            elements = range(5) if target in attack.live else range(4)
            if any(len(possible_scores(places, e, threshold)) <= 2 for e in elements):
                yield target
                break
