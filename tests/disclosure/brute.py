"""Brute force on tiny trusts: every world is tried, person by person, and no code of the attacker is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

from disclosure.events import Import, Line

ELEMENTS = range(5)
Place = tuple[tuple[int, bool], ...]


def place(scores: Sequence[int | None], threshold: int, live: bool) -> int | None:
    """Return the first barrier by the words of docs/people.md; 5 where there is none, None where it is unknown."""
    for element in range(5 if live else 4):
        if scores[element] is None:
            return None
        if scores[element] <= threshold:
            return element
    return 5


@cache
def all_worlds_of_one(lenses: Place) -> dict[tuple[int, ...], list[frozenset[int]]]:
    """Return what one person may be: the place by each lens (threshold, live), and what their scores are then."""
    found: dict[tuple[int, ...], list[set[int]]] = {}
    for scores in product(range(1, 6), repeat=5):
        seen = tuple(place(scores, t, live) for t, live in lenses)
        possible = found.setdefault(seen, [set() for _ in ELEMENTS])
        for element in ELEMENTS:
            possible[element].add(scores[element])
    return {seen: [frozenset(s) for s in possible] for seen, possible in found.items()}


@dataclass
class Brute:
    """All worlds of a few imports: who is which unknown is found by comparing each answer with the one before."""

    events: Sequence[Import]
    lines: Sequence[tuple[int, Line]]
    """Each with the import that it counts."""

    def __post_init__(self) -> None:
        self.unknowns: list[tuple[str, tuple[int | None, ...]]] = []
        self.of: list[dict[str, int]] = []
        current: dict[tuple[str, str], int] = {}
        for event in self.events:
            here = {}
            for member in event.members:
                scores = event.scores.get(member.id)
                if scores is None:
                    continue
                mine = current.get((event.programme, member.id))
                others = [n for (p, who), n in current.items() if who == member.id and p != event.programme]
                same = [n for n in [mine, *others] if n is not None and self.unknowns[n][1] == scores]
                if not same:
                    same = [len(self.unknowns)]
                    self.unknowns.append((member.id, scores))
                current[event.programme, member.id] = same[0]
                if place(scores, event.threshold, member.live) is not None:
                    here[member.id] = same[0]
            self.of.append(here)
        self.lenses: list[list[tuple[int, bool]]] = [[] for _ in self.unknowns]
        for number, event in enumerate(self.events):
            for member in event.members:
                if member.id in self.of[number]:
                    lenses = self.lenses[self.of[number][member.id]]
                    if (event.threshold, member.live) not in lenses:
                        lenses.append((event.threshold, member.live))
        self.choices = [all_worlds_of_one(tuple(lenses)) for lenses in self.lenses]
        self.truth = [
            tuple(place(scores, t, live) for t, live in lenses)
            for (_, scores), lenses in zip(self.unknowns, self.lenses, strict=True)
        ]
        self.worlds = [w for w in product(*self.choices) if all(self.fits(w, n, line) for n, line in self.lines)]

    def seen(self, world: Sequence[tuple[int, ...]], event: int, person: str) -> int:
        """Return a person's place in a world, as an import sees it."""
        live = next(m.live for m in self.events[event].members if m.id == person)
        unknown = self.of[event][person]
        return world[unknown][self.lenses[unknown].index((self.events[event].threshold, live))]

    def fits(self, world: Sequence[tuple[int, ...]], event: int, line: Line) -> bool:
        places = [self.seen(world, event, p) for p in line.people]
        return all(low <= sum(p <= k for p in places) <= high for k, (low, high) in enumerate(line.held))

    def narrowed(self) -> set[tuple[str | None, int]]:
        """Return the insiders (None for none) and unknowns of whom a place is known, or a score to two values."""
        found = set()
        for insider in [None, *sorted({person for person, _ in self.unknowns})]:
            mine = [n for n, (person, _) in enumerate(self.unknowns) if person == insider]
            worlds = [w for w in self.worlds if all(w[n] == self.truth[n] for n in mine)]
            for n, choices in enumerate(self.choices):
                if n in mine or not self.lenses[n]:
                    continue
                possible = {w[n] for w in worlds}
                scores = [frozenset().union(*(choices[p][e] for p in possible)) for e in ELEMENTS]
                known = any(len({p[lens] for p in possible}) == 1 for lens in range(len(self.lenses[n])))
                if known or any(len(s) <= 2 for s in scores):
                    found.add((insider, n))
        return found

    def interval(self, event: int, members: frozenset[str], places: Sequence[int]) -> tuple[int, int]:
        here = [p for p in members if p in self.of[event]]
        counts = [sum(self.seen(w, event, p) in places for p in here) for w in self.worlds]
        return min(counts), max(counts)


def all_groups(people: Sequence[str]) -> Mapping[tuple[str, str], frozenset[str]]:
    """Return every group of one, two, or all but one, and all."""
    sizes = sorted({1, 2, len(people) - 1, len(people)})
    return {("group", "+".join(some)): frozenset(some) for n in sizes if n for some in combinations(people, n)}
