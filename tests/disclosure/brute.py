"""Brute force on tiny trusts: it tries every world, person by person, without any code of the attacker."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import numpy as np

from disclosure.events import Import, Line

ELEMENTS = range(5)
Place = tuple[tuple[int, bool], ...]


def place(scores: Sequence[int | None], threshold: int, live: bool) -> int | None:
    """Return the first barrier as docs/people.md defines it; 5 for none, None if it is unknown."""
    for element in range(5 if live else 4):
        if scores[element] is None:
            return None
        if scores[element] <= threshold:
            return element
    return 5


@cache
def all_worlds_of_one(lenses: Place) -> dict[tuple[int, ...], list[frozenset[int]]]:
    """Return a person's possible states: the place by each lens (threshold, live), with the possible scores."""
    found: dict[tuple[int, ...], list[set[int]]] = {}
    for scores in product(range(1, 6), repeat=5):
        seen = tuple(place(scores, t, live) for t, live in lenses)
        possible = found.setdefault(seen, [set() for _ in ELEMENTS])
        for element in ELEMENTS:
            possible[element].add(scores[element])
    return {seen: [frozenset(s) for s in possible] for seen, possible in found.items()}


@dataclass
class Brute:
    """All worlds of a few imports. Unknowns are found by comparing each answer with the one before."""

    events: Sequence[Import]
    lines: Sequence[tuple[int, Line]]
    """Each line with the import that it counts."""

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
        states = [np.array(list(choices)) for choices in self.choices]
        # World by unknown: the index of its state.
        self.chosen = chosen = np.indices([len(s) for s in states]).reshape(len(states), -1).T
        self.seen = [s[chosen[:, n]] for n, s in enumerate(states)]
        fits = np.ones(len(chosen), dtype=bool)
        for number, line in self.lines:
            places = self.places(number, line.people)
            for k, (low, high) in enumerate(line.held):
                held = (places <= k).sum(axis=1)
                fits &= (held >= low) & (held <= high)
        self.chosen, self.seen = chosen[fits], [s[fits] for s in self.seen]

    def places(self, event: int, people: Iterable[str]) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
        """Return the people's places in an import (worlds by people)."""
        live = {m.id: m.live for m in self.events[event].members}
        columns = []
        for person in people:
            unknown = self.of[event][person]
            columns.append(
                self.seen[unknown][:, self.lenses[unknown].index((self.events[event].threshold, live[person]))]
            )
        return np.array(columns).T if columns else np.zeros((len(self.chosen), 0), np.int64)

    def narrowed(self) -> set[tuple[str | None, int]]:
        """Return pairs of insider (None for none) and unknown for which a place is known, or a score to two values."""
        found = set()
        for insider in [None, *sorted({person for person, _ in self.unknowns})]:
            mine = [n for n, (person, _) in enumerate(self.unknowns) if person == insider]
            known = np.ones(len(self.chosen), dtype=bool)
            for n in mine:
                known &= (self.seen[n] == np.array(self.truth[n])).all(axis=1)
            for n, choices in enumerate(self.choices):
                if n in mine or not self.lenses[n]:
                    continue
                names = list(choices)
                possible = [names[i] for i in np.unique(self.chosen[known, n])]
                scores = [frozenset().union(*(choices[p][e] for p in possible)) for e in ELEMENTS]
                is_placed = any(len({p[lens] for p in possible}) == 1 for lens in range(len(self.lenses[n])))
                if is_placed or any(len(s) <= 2 for s in scores):
                    found.add((insider, n))
        return found

    def interval(self, event: int, members: frozenset[str], places: Sequence[int]) -> tuple[int, int]:
        here = [p for p in members if p in self.of[event]]
        counts = np.isin(self.places(event, here), places).sum(axis=1)
        return int(counts.min()), int(counts.max())


def all_groups(people: Sequence[str]) -> Mapping[tuple[str, str], frozenset[str]]:
    """Return every group of one, two, all but one, or all people."""
    sizes = sorted({1, 2, len(people) - 1, len(people)})
    return {("group", "+".join(some)): frozenset(some) for n in sizes if n for some in combinations(people, n)}
