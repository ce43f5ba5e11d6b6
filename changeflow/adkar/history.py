"""What earlier publications decided about groups: shown with which bands, or hidden. A group is identified by its
members.

A group that differs from an earlier one by fewer people than the minimum group counts as that group, whatever its name
and wherever it is stored. So renaming, splitting or re-creating a group, or storing the programme under another id,
reveals nothing that was hidden. Nor does a missing answer: a member who does not answer has not left.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from changeflow.adkar.published import Hidden, Standing
from changeflow.adkar.worlds import Bools, Ints

GONE = -2
"""The place of an answer that is no longer stored, because its person was erased or its retention period ended."""
JOINED_OR_LEFT = 10
"""How many members must have joined or left before a hidden group may be shown: our own choice. A larger minimum group,
then or now, replaces it; a smaller one does not."""
_FOR_WANT_OF_ANSWERS = (Hidden.FEW, Hidden.SMALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """One publication's decision about a group."""

    programme: str
    people: tuple[str, ...]
    """The people counted."""
    places: tuple[int, ...]
    """The place of each person's barrier: 0 to 4, 5 for none, or `GONE`."""
    live: tuple[bool, ...]
    """Whether reinforcement applied to each person."""
    standing: Standing
    """The published standing, without bands if the group was hidden."""
    silent: tuple[str, ...] = ()
    """Members who were not counted."""
    minimum: int = 0
    """The minimum group of its publication."""
    is_older: bool = False
    """Whether its figures are from an earlier publication, which counted other people than these."""

    @property
    def is_shown(self) -> bool:
        return self.standing.held is not None and not self.is_older

    @property
    def members(self) -> frozenset[str]:
        return frozenset((*self.people, *self.silent))

    @property
    def waits_for_answers(self) -> bool:
        """Whether it was hidden because too few had answered: then further answers count like people who joined."""
        return not self.is_shown and self.standing.hidden in _FOR_WANT_OF_ANSWERS

    @property
    def label(self) -> tuple[str, str, str]:
        return self.programme, self.standing.view, self.standing.group


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A group's history before this publication."""

    shown: Considered | None
    """Its last publication, which stays until there is something new; None if there is none."""
    is_kept_hidden: bool = False
    """Whether it, or a similar group, was hidden and stays so, because too few have joined or left."""
    is_new: bool = True
    """Whether no earlier group with its name and about the same people is known."""


class History:
    """Every group that was considered before, in all programmes, oldest first."""

    def __init__(self, considered: Sequence[Considered], *, minimum: int) -> None:
        self.minimum = minimum
        self.latest = {one.label: one for one in considered}
        decided, undecided = _split(considered, minimum)
        self.considered = decided
        """The groups that each publication newly showed or hid."""
        self.undecided = undecided
        """Groups whose earlier figures stayed, or that stayed hidden: their counts then must also stay unknown."""
        self.index: dict[str, int] = {}
        for one in self.considered:
            for person in (*one.people, *one.silent):
                self.index.setdefault(person, len(self.index))
        self.counted = self._inside([one.people for one in self.considered])
        self.members = self._inside([one.members for one in self.considered])
        self.is_shown = [c.is_shown for c in self.considered]
        self.needed = np.array([needed_of(c, minimum) for c in self.considered], dtype=np.int64)
        """The number of people by which a group must differ from each of them to count as a different group."""
        self.is_by_answers = np.array([c.is_shown or c.waits_for_answers for c in self.considered], dtype=np.bool_)
        self.named: dict[tuple[str, str, str], list[int]] = {}
        for n, one in enumerate(self.considered):
            self.named.setdefault(one.label, []).append(n)
        figures: dict[object, list[int]] = {}
        for n, one in enumerate(self.considered):
            if one.is_shown:
                figures.setdefault((one.programme, one.standing.round, one.standing.held), []).append(n)
        self.carried: dict[tuple[str, str, str], set[int]] = {}
        """By name, the earlier figures that most recently stayed in place."""
        for one in undecided:
            known = figures.get((one.programme, one.standing.round, one.standing.held), [])
            of_it = [n for n in known if self.considered[n].label == one.label]
            self.carried[one.label] = set(of_it or known)

    def shown_elsewhere(self, programme: str) -> frozenset[frozenset[str]]:
        """Return the people counted in each group that other programmes show, whether with its latest figures or
        earlier ones."""
        theirs = {c.label: n for n, c in enumerate(self.considered) if c.is_shown and c.programme != programme}
        stayed = {n for label, found in self.carried.items() if label[0] != programme for n in found}
        return frozenset(frozenset(self.considered[n].people) for n in {*theirs.values(), *stayed})

    def _inside(self, groups: Sequence[Collection[str]]) -> Bools:
        inside = np.zeros((len(groups), len(self.index)), dtype=np.bool_)
        for row, people in enumerate(groups):
            inside[row, [self.index[p] for p in people if p in self.index]] = True
        return inside

    def match(
        self,
        groups: Sequence[frozenset[str]],
        members: Sequence[frozenset[str]],
        labels: Sequence[Sequence[tuple[str, str, str]]],
    ) -> list[Match]:
        """Return each group's history, found by its counted people, by its members, then by its labels."""
        apart, common = self._apart(groups, self.counted)
        of_members, shared = self._apart(members, self.members)
        is_near = (apart < self.needed) & (common > 0)
        is_near |= (of_members < self.needed) & (shared > 0) & ~self.is_by_answers
        labelled = {label: row for row, names in enumerate(labels) for label in names}
        # Earlier groups that still exist under their own name: no other group is one of them renamed.
        kept = {
            n
            for n, one in enumerate(self.considered)
            if (at := labelled.get(one.label)) is not None and apart[at, n] < self.minimum
        }
        return [
            self._match(names, apart[row], common[row], np.flatnonzero(is_near[row]).tolist(), len(groups[row]), kept)
            for row, names in enumerate(labels)
        ]

    def _apart(self, groups: Sequence[Collection[str]], earlier: Bools) -> tuple[Ints, Ints]:
        """Return by how many people each group differs from each earlier one, and how many they have in common."""
        common = (self._inside(groups).astype(np.float32) @ earlier.astype(np.float32).T).astype(np.int64)
        sizes = np.array([len(g) for g in groups], dtype=np.int64)
        return sizes[:, None] + earlier.sum(axis=1)[None, :] - 2 * common, common

    def _match(
        self,
        names: Sequence[tuple[str, str, str]],
        apart: Ints,
        common: Ints,
        near: Sequence[int],
        size: int,
        kept: Collection[int],
    ) -> Match:
        named = sorted({n for name in names for n in self.named.get(name, ())})
        # With the same name and most of its people, the group keeps its publication.
        sizes = {n: len(self.considered[n].people) for n in named}
        own = [n for n in named if self.is_shown[n] and (n in near or 2 * common[n] >= min(size, sizes[n]))]
        last = max(own, key=lambda n: (n in near, n), default=None)
        if last is None:
            stayed = [n for name in names for n in self.carried.get(name, ()) if n in near]
            last = min(stayed, key=lambda n: (int(apart[n]), -n), default=None)
        is_hidden = any(not self.is_shown[n] for n in near)
        if is_hidden and last not in near:
            shown = None if last is None else self.considered[last]
            return Match(shown=shown, is_kept_hidden=True, is_new=not any(n in near for n in named))
        if last is None:
            renamed = [n for n in near if self.is_shown[n] and n not in kept]
            last = min(renamed, key=lambda n: (int(apart[n]), -n), default=None)
        return Match(shown=None if last is None else self.considered[last])


def _split(considered: Sequence[Considered], minimum: int) -> tuple[tuple[Considered, ...], tuple[Considered, ...]]:
    """Separate decisions about groups from repetitions of earlier decisions."""
    decided, repeats = list[Considered](), list[Considered]()
    known: dict[tuple[str, str, str], list[Considered]] = {}
    for one in considered:
        earlier = known.setdefault(one.label, [])
        if one.is_older or any(_is_repeat(one, before, minimum) for before in earlier):
            repeats.append(one)
        else:
            earlier.append(one)
            decided.append(one)
    return tuple(decided), tuple(repeats)


def needed_of(one: Considered, minimum: int) -> int:
    """Return the number of people by which a group must differ from an earlier one to count as a different group."""
    return minimum if one.is_shown else max(JOINED_OR_LEFT, minimum, one.minimum)


def _is_repeat(one: Considered, before: Considered, minimum: int) -> bool:
    """Return whether a hidden group was hidden before under the same name."""
    if one.is_shown or before.is_shown:
        return False
    needed = needed_of(before, minimum)
    is_as_then = len({*one.people} ^ {*before.people}) < needed
    return is_as_then or (not before.waits_for_answers and len(one.members ^ before.members) < needed)


def changed_since(earlier: Considered, places: Mapping[str, int]) -> int:
    """Count the people who have joined or left a group, or whose barrier has moved; `places` is for those counted
    now."""
    then = dict(zip(earlier.people, earlier.places, strict=True))
    moved = sum(then.get(p) != place for p, place in places.items())
    return moved + len(then.keys() - places.keys())
