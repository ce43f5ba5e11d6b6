"""Published counts of groups, in frozen bands. Everything that is shown about scores is derived from these."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from changeflow.adkar.elements import NO_BARRIER, Element


@dataclass(frozen=True, slots=True)
class Band:
    """A published number of people: at least `low` and at most `high`, inclusive."""

    low: int
    high: int

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def text(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low} to {self.high}"


class Hidden(StrEnum):
    """Why a group is not published."""

    FEW = "few"
    """Fewer answers than the minimum group."""
    SMALL = "small"
    """So few answers that one band contains them all."""
    BEFORE = "before"
    """It was hidden before, and too few members have joined or left since."""
    LIMIT = "limit"
    """Some of its people are already counted in the greatest allowed number of published groups."""
    TOGETHER = "together"
    """Together with other published groups, it could identify a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One group's barriers, as published."""

    view: str
    """The view that the group belongs to: `programme`, `service`, `wave`, `group`, `hub`, `audience`, `hub-group`."""
    group: str
    round: str
    """The round of these answers; no answer is ever counted in two rounds."""
    on: date
    """The day of the latest of these answers."""
    confirmed: date
    """The day of the latest round in which too few people had changed to replace the counts."""
    answered: int | None = None
    held: tuple[Band, ...] | None = None
    """For each element, the people with a barrier at it or an earlier one; None if the group is hidden."""
    hidden: Hidden | None = None
    """Why it is hidden; None if it is shown, and in publications of 0.1.0."""

    @property
    def is_shown(self) -> bool:
        """Whether the counts say anything: at least one band must be narrower than the whole group."""
        return (
            self.held is not None
            and self.answered is not None
            and any(b.high - b.low < self.answered for b in self.held)
        )

    def held_by(self, element: Element) -> Band | None:
        """Return how many people have a barrier at an element or an earlier one."""
        return self.held[element.position] if self.held is not None else None

    def share_past(self, element: Element) -> tuple[float, float] | None:
        """Return the least and greatest possible share of people with no barrier at an element or an earlier one."""
        band = self.held_by(element)
        if band is None or not self.answered:
            return None
        return 1 - band.high / self.answered, 1 - band.low / self.answered

    @property
    def barrier_at(self) -> str | None:
        """The first element by which half the group has a barrier; the word `none` if there is none, or None if hidden.

        This is the median person's barrier, as far as the bands show it: a mean of scores would hide it.
        """
        if not self.is_shown or self.held is None or self.answered is None:
            return None
        half = self.answered / 2
        return next((e for e, band in zip(Element, self.held, strict=True) if band.middle >= half), NO_BARRIER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The publication of one round. It never changes."""

    round: str
    on: date
    """The day of its latest answer."""
    threshold: int
    minimum: int
    band: Annotated[int, Field(alias="step")]
    """The width of the narrowest band of a count. Stored data calls it `step`."""
    standings: tuple[Standing, ...]

    def of(self, view: str, group: str) -> Standing | None:
        return next((s for s in self.standings if s.view == view and s.group == group), None)

    def view(self, view: str) -> tuple[Standing, ...]:
        return tuple(s for s in self.standings if s.view == view)


def moved_back(earlier: Snapshot, later: Snapshot) -> tuple[tuple[Standing, Element], ...]:
    """Return the groups in which more people have a barrier than before, with the first such element.

    It compares only published bands, and names a group only if they leave no doubt.
    """
    found = []
    for now in later.standings:
        was = earlier.of(now.view, now.group)
        if was is None or was.round == now.round or not (was.is_shown and now.is_shown):
            continue
        for element in Element:
            before, after = was.share_past(element), now.share_past(element)
            if before is not None and after is not None and after[1] < before[0]:
                found.append((now, element))
                break
    return tuple(found)


OTHERS = "others"
"""The name of the combined groups of a view that are too small to be shown, so that their answers still count."""


@dataclass(frozen=True, slots=True)
class View:
    """A named group of a view and its members, whether they have answered or not."""

    view: str
    group: str
    members: frozenset[str]


def roll_up(views: Sequence[View], answered: Collection[str], *, minimum: int) -> list[View]:
    """Combine the groups of a view that are too small to be shown, so that none can be found by subtraction."""
    sizes = {v.group: len(v.members & frozenset(answered)) for v in views}
    hidden = suppressed(sizes, minimum=minimum)
    kept = [v for v in views if v.group not in hidden]
    joined = frozenset(p for v in views if v.group in hidden for p in v.members)
    return [*kept, *([View(views[0].view, OTHERS, joined)] if joined else [])]


def suppressed(sizes: Mapping[str, int], *, minimum: int) -> frozenset[str]:
    """Return which parts of a published total must be hidden, so that none can be found by subtraction.

    Parts below `minimum` are hidden, then the next smallest ones until at least two parts and `minimum` people are
    hidden.

    >>> sorted(suppressed({"a": 18, "b": 12, "c": 7, "d": 3}, minimum=10))
    ['c', 'd']
    >>> sorted(suppressed({"a": 18, "b": 12, "c": 10, "d": 3}, minimum=10))
    ['c', 'd']
    """
    order = sorted((size, part) for part, size in sizes.items() if size > 0)
    hidden = [(size, part) for size, part in order if size < minimum]
    rest = [item for item in order if item not in hidden]
    while hidden and rest and (len(hidden) < 2 or sum(size for size, _ in hidden) < minimum):
        hidden.append(rest.pop(0))
    return frozenset(part for _, part in hidden)
