"""The only route by which people's scores reach anything that is shown, exported, sent or computed.

The result is a `Snapshot`: bands for how many people in a group have which barrier, as fine as is safe together with
everything ever published about the same people (`safety`, `history`). It is frozen. A group's bands are replaced only
when enough members have joined, left or changed that the difference says nothing about any one of them. A hidden group
stays hidden until as many have joined or left.
"""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.choosing import FIRST, WEIGHTS, Option, choose
from changeflow.adkar.counted import rows_of
from changeflow.adkar.elements import Element
from changeflow.adkar.history import Considered, History, Match, changed_since
from changeflow.adkar.published import Band, Hidden, Snapshot, Standing, View
from changeflow.adkar.safety import bands, protect

GROUPS_OF_ONE = 3
"""The most published groups that may count one person: our own choice. With more, fewer bands would be safe."""
UNKNOWN = -1
"""The place of a person whose answers end before a barrier is found. They are not counted."""


@dataclass(frozen=True, slots=True)
class Protection:
    """How fine publications may be. `together=False` skips the joint test of groups, to show why it is needed."""

    minimum: int
    """The fewest answers for which a group is published."""
    band: int
    """The width of the narrowest band of a count."""
    together: bool = True


@dataclass(frozen=True, slots=True)
class Answers:
    """One round's answers as arrays: people and the places of their barriers (`UNKNOWN`, 0 to 4, 5 for none)."""

    round: str
    on: date
    people: tuple[str, ...]
    places: NDArray[np.int64]
    live: NDArray[np.bool_]


def read_answers(assessments: Sequence[Assessment], *, threshold: int, live: Collection[str]) -> Answers:
    """Return each person's barrier in one round; reinforcement counts for the people in `live`."""
    elements = tuple(Element)
    flat = (a.scores.get(e, 0) for a in assessments for e in elements)
    scores = np.fromiter(flat, dtype=np.int64, count=len(assessments) * len(elements)).reshape(-1, len(elements))
    is_live = np.array([a.person in live for a in assessments], dtype=np.bool_)
    people = tuple(a.person for a in assessments)
    on = max((a.on for a in assessments), default=date.min)
    return Answers(assessments[0].round if assessments else "", on, people, places(scores, is_live, threshold), is_live)


def places(scores: NDArray[np.int64], live: NDArray[np.bool_], threshold: int) -> NDArray[np.int64]:
    """Return the place of each person's barrier from rows of five scores; a score of 0 means not assessed.

    It is the first element scored at or below the threshold. An element that was not assessed ends the search, because
    nothing is known beyond it. Source of the method: Prosci, "Individual barriers to change", a public page; it also
    says "less than 3", so the threshold is a setting.
    """
    found = np.full(len(scores), len(Element), dtype=np.int64)
    for k in reversed(range(len(Element))):
        score = scores[:, k]
        here = np.where(score == 0, UNKNOWN, np.where(score <= threshold, k, found))
        found = np.where(live, here, found) if k == Element.REINFORCEMENT.position else here
    return found


@dataclass(frozen=True, slots=True)
class Publication:
    """A round's publication, and what later publications need to know about it."""

    snapshot: Snapshot
    considered: tuple[Considered, ...]
    """The groups that were newly shown or hidden. No one may see who was counted in them."""


@dataclass(slots=True)
class _Group:
    """One set of counted people, with all its names."""

    people: frozenset[str]
    members: frozenset[str]
    views: list[View]
    match: Match
    hidden: Hidden | None = None
    held: tuple[Band, ...] | None = None
    is_as_before: bool = False
    """Whether no one has joined, left or changed since it was last published."""
    is_beyond_limit: bool = False
    """Whether its published figures count a person in too many groups."""


def publish(
    answers: Answers,
    views: Sequence[View],
    *,
    threshold: int,
    protection: Protection,
    history: Sequence[Considered] = (),
    programme: str = "",
) -> Publication:
    """Publish a round of answers for the groups in `views`, the more important ones first.

    `history` is everything considered before, in every programme with people in common, oldest first. Groups with
    the same people are one group with several names. The programme and its services come before smaller groups.
    """
    door = _Door(answers, protection, History(history, minimum=protection.minimum), programme)
    door.decide(views)
    standings = tuple(door.standings(views))
    snapshot = Snapshot(
        round=answers.round,
        on=answers.on,
        threshold=threshold,
        minimum=protection.minimum,
        band=protection.band,
        standings=standings,
    )
    return Publication(snapshot, tuple(door.considered()))


@dataclass(slots=True)
class _Door:
    answers: Answers
    protection: Protection
    history: History
    programme: str
    groups: list[_Group] = field(default_factory=list)
    now: dict[str, tuple[int, bool]] = field(init=False)
    """The place of each counted person's barrier, and whether reinforcement applies to them."""
    elsewhere: frozenset[frozenset[str]] = field(init=False)
    """The people counted in each group that other programmes show."""

    def __post_init__(self) -> None:
        known = zip(self.answers.people, self.answers.places.tolist(), self.answers.live.tolist(), strict=True)
        self.now = {person: (place, live) for person, place, live in known if place != UNKNOWN}
        self.elsewhere = self.history.shown_elsewhere(self.programme)

    def decide(self, views: Sequence[View]) -> None:
        """Decide for each group whether it is shown, and with which bands."""
        by_people: dict[frozenset[str], list[View]] = {}
        answered = frozenset(self.now)
        for view in views:
            by_people.setdefault(view.members & answered, []).append(view)
        people, named = list(by_people), list(by_people.values())
        members = [frozenset[str]().union(*(v.members for v in each)) for each in named]
        labels = [[(self.programme, v.view, v.group) for v in each] for each in named]
        matches = self.history.match(people, members, labels)
        self.groups = [
            _Group(p, a, v, m, is_as_before=m.shown is not None and self._changed_since(m.shown, p) == 0)
            for p, a, v, m in zip(people, members, named, matches, strict=True)
        ]
        self._leave_out_beyond_limit()
        offered = [g for g in self.groups if self._is_offered(g)]
        if self.protection.together:
            self._publish_together(offered)
        else:
            self._keep(offered, np.zeros((len(offered), len(Element)), dtype=np.int64))

    def _is_offered(self, group: _Group) -> bool:
        """Return whether a group may get new figures; otherwise note why not."""
        size, minimum, shown = len(group.people), self.protection.minimum, group.match.shown
        if size < minimum:
            group.hidden = Hidden.FEW
        elif self._bands(size) < 2:
            group.hidden = Hidden.SMALL
        elif group.match.is_kept_hidden:
            group.hidden = Hidden.BEFORE
        elif shown is not None:
            # Identical answers are not considered again, whatever has changed in other groups.
            is_other = self._changed_since(shown, group.people) >= minimum and not self._is_known(group)
            if not is_other and self._carried(group) is None:
                group.hidden = Hidden.LIMIT if group.is_beyond_limit else Hidden.BEFORE
            return is_other
        return group.hidden is None

    def _changed_since(self, earlier: Considered, people: frozenset[str]) -> int:
        return changed_since(earlier, {p: self.now[p][0] for p in people})

    def _leave_out_beyond_limit(self) -> None:
        """Drop old figures that count a person in too many groups; the newest stay.

        A group may have been too small in one round, while others with its people were published.
        """
        found = self._counted_elsewhere()
        carried = [(one, g) for g in self.groups if (one := self._carried(g)) is not None]
        for before, group in sorted(
            carried, key=lambda item: (self._rank(item[1]) > 0, -item[0].standing.on.toordinal())
        ):
            people = frozenset(before.people)
            if self._rank(group) > 0 and any(len(found.get(p, set()) | {people}) > GROUPS_OF_ONE for p in people):
                group.is_beyond_limit = True
                continue
            for person in people:
                found.setdefault(person, set()).add(people)

    def _bands(self, size: int) -> int:
        """Return the number of bands that a count of this many people can be in."""
        return max(1, (size + 1) // self.protection.band)

    def _publish_together(self, offered: list[_Group]) -> None:
        """Choose the most useful groups, widen their bands until all is safe, and add groups that now fit the limit."""
        rest, chosen = list(offered), list[_Group]()
        while True:
            counted = self._counted(chosen)
            options = [self._option(g) for g in rest]
            more = [rest[n] for n in choose(options, counted, limit=GROUPS_OF_ONE)]
            if not more:
                break
            wanted = sorted([*chosen, *more], key=lambda g: (self._rank(g), offered.index(g)))
            self._widen(wanted)
            chosen = [g for g in wanted if g.held is not None]
            rest = [g for g in rest if g not in more]
            silent = [g for g in wanted if g.held is None]
            for group in silent:
                group.hidden = Hidden.TOGETHER
            if not silent:
                break
        for group in rest:
            group.hidden = Hidden.LIMIT

    def _rank(self, group: _Group) -> int:
        """Return a group's rank: the programme first, then services, then views by weight."""
        order = list(dict.fromkeys((*FIRST, *sorted(WEIGHTS, key=lambda v: -WEIGHTS[v]))))
        return min((order.index(v.view) for v in group.views if v.view in order), default=len(order))

    def _option(self, group: _Group) -> Option:
        views = tuple(v.view for v in group.views)
        bands = self._bands(len(group.people))
        return Option(people=group.people, key=self._key(group), views=views, bands=bands)

    def _counted(self, chosen: Sequence[_Group]) -> dict[str, set[Hashable]]:
        """Return the groups that count each person: the chosen ones, and those shown before that are still shown."""
        found = self._counted_elsewhere()
        ours = [frozenset(one.people) for g in self.groups if g not in chosen and (one := self._carried(g))]
        for people, key in [*((people, people) for people in ours), *((g.people, self._key(g)) for g in chosen)]:
            for person in people:
                found.setdefault(person, set()).add(key)
        return found

    def _counted_elsewhere(self) -> dict[str, set[Hashable]]:
        """Return the groups of other programmes that count each person."""
        found: dict[str, set[Hashable]] = {}
        for people in self.elsewhere:
            for person in people:
                found.setdefault(person, set()).add(people)
        return found

    def _key(self, group: _Group) -> Hashable:
        """Return what a group counts as when published: the earlier group that only it replaces, or else its people."""
        before = self._carried(group)
        if before is None:
            return group.people
        people = frozenset(before.people)
        alike = [g for g in self.groups if (one := self._carried(g)) and frozenset(one.people) == people]
        return people if len(alike) == 1 and people not in self.elsewhere else group.people

    def _widen(self, wanted: list[_Group]) -> None:
        inside = [g.people for g in wanted]
        others = [g.people for g in self.groups if g.people and g not in wanted]
        columns, rows, targets = rows_of(inside, others, self.history, self.now)
        levels = protect(columns, rows, targets, band=self.protection.band)
        self._keep(wanted, levels[~rows.fixed])

    def _keep(self, groups: Sequence[_Group], levels: NDArray[np.int64]) -> None:
        """Set each group's bands. Hide a group whose bands all run from 0 to its size, because they show nothing."""
        sizes = np.array([len(g.people) for g in groups], dtype=np.int64)
        held = np.array([self._held(g.people) for g in groups], dtype=np.int64).reshape(-1, len(Element))
        low, high = bands(held, sizes, levels, band=self.protection.band)
        # Counts never fall from one element to the next, so a lower limit also applies to later elements and an upper
        # limit to earlier ones.
        low, high = np.maximum.accumulate(low, axis=1), np.minimum.accumulate(high[:, ::-1], axis=1)[:, ::-1]
        for group, lows, highs in zip(groups, low.tolist(), high.tolist(), strict=True):
            published = tuple(Band(a, b) for a, b in zip(lows, highs, strict=True))
            group.held = published if any(b.high - b.low < len(group.people) for b in published) else None

    def _held(self, people: frozenset[str]) -> list[int]:
        at = [self.now[p][0] for p in people]
        return [sum(place <= k for place in at) for k in range(len(Element))]

    def standings(self, views: Sequence[View]) -> Iterator[Standing]:
        """Yield each group's standing, under each of its names."""
        of = {(v.view, v.group): group for group in self.groups for v in group.views}
        for view in views:
            group = of[view.view, view.group]
            before = self._carried(group)
            if group.held is None and before is not None:
                # Earlier figures stay, with their day, and become stale in time.
                is_enough = len(group.people) >= self.protection.minimum
                confirmed = self.answers.on if is_enough else before.standing.confirmed
                known = replace(before.standing, view=view.view, group=view.group, confirmed=confirmed, hidden=None)
                own = before.programme == self.programme
                yield known if own else replace(known, round=self.answers.round, on=self.answers.on)
            else:
                yield self._standing(view, group)

    def _carried(self, group: _Group) -> Considered | None:
        """Return the earlier publication of a group that stays visible.

        Another programme's figures do not stay, unless every answer is the same: then it is this programme under
        another id.
        """
        before = None if group.is_beyond_limit else group.match.shown
        is_own = before is not None and before.programme == self.programme
        return before if is_own or group.is_as_before else None

    def considered(self) -> Iterator[Considered]:
        """Yield what later publications need to know: who was counted in each group, and their barriers.

        A group whose earlier figures stay, or that stays hidden, is included only the first time and when an answer has
        changed.
        """
        views = [v for group in self.groups for v in group.views]
        standings = {(s.view, s.group): s for s in self.standings(views)}
        for group in self.groups:
            before = self._carried(group)
            is_theirs = before is not None and before.programme != self.programme
            is_older = group.held is None and before is not None and not is_theirs
            stays = is_older or (group.match.is_kept_hidden and not group.match.is_new)
            if not group.people or (stays and self._is_known(group)):
                continue
            people = tuple(sorted(group.people))
            for view in group.views:
                yield Considered(
                    programme=self.programme,
                    people=people,
                    silent=tuple(sorted(view.members - group.people)),
                    minimum=self.protection.minimum,
                    places=tuple(self.now[p][0] for p in people),
                    live=tuple(self.now[p][1] for p in people),
                    standing=standings[view.view, view.group],
                    is_older=is_older,
                )

    def _is_known(self, group: _Group) -> bool:
        """Return whether the same answers were last considered for a group under one of its names."""
        for view in group.views:
            last = self.history.latest.get((self.programme, view.view, view.group))
            if last is not None and changed_since(last, {p: self.now[p][0] for p in group.people}) == 0:
                return True
        return False

    def _standing(self, view: View, group: _Group) -> Standing:
        return Standing(
            view=view.view,
            group=view.group,
            round=self.answers.round,
            on=self.answers.on,
            confirmed=self.answers.on,
            answered=len(group.people) if group.held is not None else None,
            held=group.held,
            hidden=None if group.held is not None else group.hidden,
        )
