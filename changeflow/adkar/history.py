"""What earlier publications decided about groups: shown with which bands, or hidden. A group is its members.

Whatever a group is called and wherever it is stored: if it differs from an earlier group by fewer members than the
minimum group has, it is that group. So renaming, splitting or re-creating a group, or storing the programme under
another id, shows nothing that was hidden.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
    lineage: int
    """The same number for one group through all its publications, whatever it is called."""
    people: tuple[str, ...]
    """Who was counted."""
    places: tuple[int, ...]
    """Where each barrier was: 0 to 4, 5 for none, `GONE`."""
    live: tuple[bool, ...]
    """To whom reinforcement applied."""
    standing: Standing
    """As it was published; without bands where the group was hidden."""

    @property
    def is_shown(self) -> bool:
        return self.standing.held is not None

    @property
    def label(self) -> tuple[str, str, str]:
        return self.programme, self.standing.view, self.standing.group


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a group was before this publication."""

    shown: Considered | None
    """What was published of it last, and stays until there is something new to say; None where nothing was."""
    is_kept_hidden: bool
    """It was hidden, and stays so: too few have joined or left."""
    lineage: int


class History:
    """Every group that was considered before, in all programmes, the oldest first."""

    def __init__(self, considered: Sequence[Considered]) -> None:
        self.considered = tuple(considered)
        self.index: dict[str, int] = {}
        for one in self.considered:
            for person in one.people:
                self.index.setdefault(person, len(self.index))
        self.members = np.zeros((len(self.considered), len(self.index)), dtype=np.bool_)
        for row, one in enumerate(self.considered):
            self.members[row, [self.index[p] for p in one.people]] = True
        self.sizes = self.members.sum(axis=1)
        self.is_shown = [c.is_shown for c in self.considered]
        self.next_lineage = max((c.lineage for c in self.considered), default=0) + 1
        self.named: dict[tuple[str, str, str], list[int]] = {}
        for n, one in enumerate(self.considered):
            self.named.setdefault(one.label, []).append(n)

    def match(
        self, groups: Sequence[frozenset[str]], labels: Sequence[Sequence[tuple[str, str, str]]], *, minimum: int
    ) -> list[Match]:
        """Return what each group was before: by who is counted in it, then by one of its labels."""
        inside = np.zeros((len(groups), len(self.index)), dtype=np.bool_)
        for row, people in enumerate(groups):
            inside[row, [self.index[p] for p in people if p in self.index]] = True
        common = inside.astype(np.float32) @ self.members.astype(np.float32).T
        sizes = np.array([len(g) for g in groups], dtype=np.int64)
        apart = sizes[:, None] + self.sizes[None, :] - 2 * common.astype(np.int64)
        found, new, taken = [], self.next_lineage, set[int]()
        for row, names in enumerate(labels):
            match = self._match(names, apart[row], common[row], int(sizes[row]), minimum)
            if match is None:
                match = Match(shown=None, is_kept_hidden=False, lineage=new)
            elif match.lineage in taken:
                # Two groups are like one that was there before: from now on they are two.
                match = replace(match, lineage=new)
            taken.add(match.lineage)
            new = max(new, match.lineage + 1)
            found.append(match)
        return found

    def _match(
        self, names: Sequence[tuple[str, str, str]], apart: Ints, common: NDArray[np.float32], size: int, minimum: int
    ) -> Match | None:
        near = [n for n in np.flatnonzero(apart < minimum).tolist() if common[n]]
        named = sorted({n for name in names for n in self.named.get(name, ())})
        # Under its name, and with most of its people: what was published of it is never taken back.
        own = [n for n in named if self.is_shown[n] and (n in near or 2 * common[n] >= min(size, int(self.sizes[n])))]
        last = next((n for n in reversed(own) if n in near), own[-1] if own else None)
        hidden = [n for n in near if not self.is_shown[n]]
        nearest = min(hidden, key=lambda n: (apart[n], n), default=None)
        if last is not None and last in near and (nearest is None or apart[last] <= apart[nearest]):
            return self._as_before(last)
        if nearest is not None:
            shown = None if last is None else self.considered[last]
            return Match(shown=shown, is_kept_hidden=True, lineage=self.considered[nearest].lineage)
        if last is None and near:
            last = min(near, key=lambda n: (apart[n], -n))
        return None if last is None else self._as_before(last)

    def _as_before(self, row: int) -> Match:
        one = self.considered[row]
        return Match(shown=one, is_kept_hidden=False, lineage=one.lineage)


def changed_since(earlier: Considered, places: Mapping[str, int]) -> int:
    """Count who has joined or left a group since, or stands elsewhere; `places` are those of who is counted now."""
    then = dict(zip(earlier.people, earlier.places, strict=True))
    moved = sum(then.get(p) != place for p, place in places.items())
    return moved + len(then.keys() - places.keys())
