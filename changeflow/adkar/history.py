"""What earlier publications decided about groups: shown with which bands, or hidden. A group is its members.

Whatever a group is called and wherever it is stored: if it differs from an earlier group by fewer members than the
minimum group has, it is that group. So renaming, splitting or re-creating a group, or storing the programme under
another id, shows nothing that was hidden.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from changeflow.adkar.published import Standing

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

GONE = -2
"""The place of an answer that is not kept any more, because its person was erased or its time was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A group as one publication decided about it."""

    programme: str
    people: tuple[str, ...]
    """Who was counted."""
    places: tuple[int, ...]
    """Where each barrier was: 0 to 4, 5 for none, `GONE`."""
    live: tuple[bool, ...]
    """To whom reinforcement applied."""
    standing: Standing
    """As it was published; without bands where the group was hidden."""
    is_older: bool = False
    """Its figures are those of an earlier publication, which counted others than these."""

    @property
    def is_shown(self) -> bool:
        return self.standing.held is not None and not self.is_older

    @property
    def label(self) -> tuple[str, str, str]:
        return self.programme, self.standing.view, self.standing.group


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a group was before this publication."""

    shown: Considered | None
    """What was published of it last, and stays until there is something new to say; None where nothing was."""
    is_kept_hidden: bool = False
    """It was hidden, or another like it was, and stays so: too few have joined or left."""
    is_new: bool = True
    """Nothing is known of it under its name with about these people."""


class History:
    """Every group that was considered before, in all programmes, the oldest first."""

    def __init__(self, considered: Sequence[Considered], *, minimum: int) -> None:
        self.minimum = minimum
        self.latest = {one.label: one for one in considered}
        decided, undecided = _split(considered, minimum)
        self.considered = decided
        """What each publication newly showed or hid."""
        self.undecided = undecided
        """Groups whose earlier figures stayed, or that stayed hidden: their counts of that time stay unknown too."""
        self.index: dict[str, int] = {}
        for one in self.considered:
            for person in one.people:
                self.index.setdefault(person, len(self.index))
        self.members = np.zeros((len(self.considered), len(self.index)), dtype=np.bool_)
        for row, one in enumerate(self.considered):
            self.members[row, [self.index[p] for p in one.people]] = True
        self.sizes = self.members.sum(axis=1)
        self.is_shown = [c.is_shown for c in self.considered]
        self.named: dict[tuple[str, str, str], list[int]] = {}
        for n, one in enumerate(self.considered):
            self.named.setdefault(one.label, []).append(n)

    def match(self, groups: Sequence[frozenset[str]], labels: Sequence[Sequence[tuple[str, str, str]]]) -> list[Match]:
        """Return what each group was before: by who is counted in it, then by one of its labels."""
        minimum = self.minimum
        inside = np.zeros((len(groups), len(self.index)), dtype=np.bool_)
        for row, people in enumerate(groups):
            inside[row, [self.index[p] for p in people if p in self.index]] = True
        common = inside.astype(np.float32) @ self.members.astype(np.float32).T
        sizes = np.array([len(g) for g in groups], dtype=np.int64)
        apart = sizes[:, None] + self.sizes[None, :] - 2 * common.astype(np.int64)
        labelled = {label: row for row, names in enumerate(labels) for label in names}
        # Earlier groups that are still there under their own name: no other group is one of those renamed.
        kept = {
            n
            for n, one in enumerate(self.considered)
            if (at := labelled.get(one.label)) is not None and apart[at, n] < minimum
        }
        return [
            self._match(names, apart[row], common[row], int(sizes[row]), kept, minimum=minimum)
            for row, names in enumerate(labels)
        ]

    def _match(
        self,
        names: Sequence[tuple[str, str, str]],
        apart: Ints,
        common: NDArray[np.float32],
        size: int,
        kept: Collection[int],
        *,
        minimum: int,
    ) -> Match:
        near = [n for n in np.flatnonzero(apart < minimum).tolist() if common[n]]
        named = sorted({n for name in names for n in self.named.get(name, ())})
        # Under its name, and with most of its people: what was published of it is never taken back.
        own = [n for n in named if self.is_shown[n] and (n in near or 2 * common[n] >= min(size, int(self.sizes[n])))]
        last = max(own, key=lambda n: (n in near, n), default=None)
        is_hidden = any(not self.is_shown[n] for n in near)
        if is_hidden and last not in near:
            shown = None if last is None else self.considered[last]
            return Match(shown=shown, is_kept_hidden=True, is_new=not any(n in near for n in named))
        if last is None:
            renamed = [n for n in near if self.is_shown[n] and n not in kept]
            last = min(renamed, key=lambda n: (int(apart[n]), -n), default=None)
        return Match(shown=None if last is None else self.considered[last])


def _split(considered: Sequence[Considered], minimum: int) -> tuple[tuple[Considered, ...], tuple[Considered, ...]]:
    """Tell what a publication decided of a group from what only repeats an earlier decision."""
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


def _is_repeat(one: Considered, before: Considered, minimum: int) -> bool:
    """Tell whether a hidden group is one that was hidden before under its name."""
    is_hidden = not one.is_shown and not before.is_shown
    return is_hidden and len({*one.people} ^ {*before.people}) < minimum


def changed_since(earlier: Considered, places: Mapping[str, int]) -> int:
    """Count who has joined or left a group since, or stands elsewhere; `places` are those of who is counted now."""
    then = dict(zip(earlier.people, earlier.places, strict=True))
    moved = sum(then.get(p) != place for p, place in places.items())
    return moved + len(then.keys() - places.keys())
