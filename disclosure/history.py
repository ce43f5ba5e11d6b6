"""Findings from the lines alone: their size, how many count one person, and what was hidden before."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from disclosure.events import GroupKey, Import, Line, place_of
from disclosure.knowledge import Identities

MINIMUM = 10
MOST_GROUPS = 3
FEW = 11
"""With fewer answers a band says nothing; then further answers count like people who joined."""
JOINED_OR_LEFT = 10

People = frozenset[str]
"""People by identity, whatever their id in a programme."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A set of people that was shown or hidden under some names."""

    programme: str
    names: frozenset[GroupKey]
    people: frozenset[str]
    """The people counted, by id, because identities may become known later."""
    members: frozenset[str] = frozenset()
    """All members of a hidden set, whether they answered or not."""


@dataclass(slots=True)
class History:
    """Every import so far, with what was visible and what was hidden after it."""

    identities: Identities
    visible: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    """The visible lines of each programme."""
    shown: list[Seen] = field(default_factory=list)
    hidden: list[Seen] = field(default_factory=list)
    _lines: set[Line] = field(default_factory=set)
    _latest: dict[str, Import] = field(default_factory=dict)
    _published: dict[str, Import] = field(default_factory=dict)
    """The last published import: corrections on the same day are not published until the next round."""

    def see(
        self, event: Import, lines: Sequence[Line], groups: Mapping[GroupKey, frozenset[str]]
    ) -> Iterator[tuple[str, str]]:
        """Record what is visible after an import; yield broken guarantees with their texts."""
        before = self.visible.get(event.programme, ())
        self._show(event, lines)
        yield from self._small(lines)
        yield from self._unchanged(event, before)
        yield from self._in_too_many(event, groups)
        yield from self._came_out(event, lines, groups)
        self._remember(event, lines, groups)

    def _show(self, event: Import, lines: Sequence[Line]) -> None:
        for programme in {event.programme, *(line.programme for line in lines)}:
            self.visible[programme] = tuple(line for line in lines if line.programme == programme)

    def _small(self, lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
        for line in lines:
            if len(self.identities.all_of(line.people)) < MINIMUM:
                yield "G4", f"{_name(line)} counts {len(line.people)} people."

    def _unchanged(self, event: Import, before: Sequence[Line]) -> Iterator[tuple[str, str]]:
        """Check that neither repeated answers nor a corrected file of the same day change what is visible."""
        latest = self._latest.get(event.programme)
        if latest is None:
            return
        now = self.visible[event.programme]
        if event.day == latest.day:
            if set(now) != set(before):
                yield "G6", f"Lines of {event.programme} changed with another file of the same day."
        elif _same_answers(event, self._published[event.programme]):
            as_seen = [{(line.view, line.group, line.people, line.held) for line in some} for some in (now, before)]
            if as_seen[0] != as_seen[1]:
                yield "G6", f"Lines of {event.programme} changed although all answers are the same as before."

    def _in_too_many(self, event: Import, groups: Mapping[GroupKey, frozenset[str]]) -> Iterator[tuple[str, str]]:
        mine = self.visible[event.programme]
        together = [line for lines in self.visible.values() for line in lines]
        for lines, where in ((mine, event.programme), (together, "all programmes together")):
            count: dict[str, int] = defaultdict(int)
            for people in self._distinct(lines, groups):
                for person in people:
                    count[person] += 1
            if count and (most := max(count.values())) > MOST_GROUPS:
                person = min(p for p, n in count.items() if n == most)
                yield "G5", f"A person ({person}) is counted in {most} groups of {where}."

    def _distinct(self, lines: Sequence[Line], groups: Mapping[GroupKey, frozenset[str]]) -> list[People]:
        """Return the people of each group shown, each group once, whatever its names."""
        found: list[tuple[list[Line], set[str]]] = []
        for line in lines:
            people = self.identities.all_of(line.people)
            alike = [
                (len(people ^ self.identities.all_of(other.people)), n)
                for n, (others, _) in enumerate(found)
                for other in others
                if self._is_same_group(line, people, other, groups)
            ]
            if alike:
                others, joined = found[min(alike)[1]]
                others.append(line)
                joined |= people
            else:
                found.append(([line], set(people)))
        return [frozenset(people) for _, people in found]

    def _is_same_group(
        self, line: Line, people: People, other: Line, groups: Mapping[GroupKey, frozenset[str]]
    ) -> bool:
        others = self.identities.all_of(other.people)
        if people == others:
            return True
        key, other_key = (line.view, line.group), (other.view, other.group)
        if line.programme == other.programme:
            return key == other_key or (key in groups and groups[key] == groups.get(other_key))
        if 2 * len(people & others) <= min(len(people), len(others)):
            return False
        return key == other_key or len(people ^ others) < JOINED_OR_LEFT

    def _came_out(
        self, event: Import, lines: Sequence[Line], groups: Mapping[GroupKey, frozenset[str]]
    ) -> Iterator[tuple[str, str]]:
        """Check that a hidden set is shown, under any name, only when ten people have joined or left."""
        again = {line.people for line in lines if self._was_visible(line, self.identities.all_of(line.people))}
        for line in lines:
            # A second name for a visible group reveals nothing more.
            if line in self._lines or line.people in again:
                continue
            people = self.identities.all_of(line.people)
            members = self._members(event, groups.get((line.view, line.group), line.people))
            hidden = min(self._since_hidden(people, self.identities.all_of(members)), default=None)
            if hidden is None or hidden[0] >= JOINED_OR_LEFT:
                continue
            shown = min(self._distances(people, self.shown), default=(1 << 30, 0))
            if hidden[0] < shown[0]:
                was = self.hidden[hidden[1]]
                yield (
                    "G6",
                    (
                        f"{_name(line)} was hidden as {was.programme} {'/'.join(min(was.names))}; "
                        f"{hidden[0]} people have joined or left since."
                    ),
                )

    def _was_visible(self, line: Line, people: People) -> bool:
        """Tell whether a group was shown before under its own name."""
        key = (line.view, line.group)
        return any(
            seen.programme == line.programme
            and key in seen.names
            and 2 * len(people & (others := self.identities.all_of(seen.people))) > min(len(people), len(others))
            for seen in self.shown
        )

    def _members(self, event: Import, group: frozenset[str]) -> frozenset[str]:
        """Return the ids in a group; if a person answers under another id, the groups of that id count."""
        of = self.identities.of
        at = {of(p): p for p in event.scores}
        return frozenset(p for p in group if at.get(of(p), p) == p)

    def _since_hidden(self, people: People, members: People) -> Iterator[tuple[int, int]]:
        """Yield how many people have joined or left each hidden set: a member who does not answer has not left."""
        yield from self._distances(people, self.hidden)
        for number, seen in enumerate(self.hidden):
            if len(seen.people) >= FEW:
                yield len(members ^ self.identities.all_of(seen.members)), number

    def _distances(self, people: People, sets: Sequence[Seen]) -> Iterator[tuple[int, int]]:
        for number, seen in enumerate(sets):
            yield len(people ^ self.identities.all_of(seen.people)), number

    def _remember(self, event: Import, lines: Sequence[Line], groups: Mapping[GroupKey, frozenset[str]]) -> None:
        counted = counted_in(event)
        labels = {(line.view, line.group) for line in self.visible[event.programme]}
        sets = {line.people for line in self.visible[event.programme]}
        self.shown += [
            Seen(line.programme, frozenset({(line.view, line.group)}), line.people)
            for line in lines
            if line not in self._lines
        ]
        self._lines.update(lines)
        latest = self._latest.get(event.programme)
        if latest is not None and latest.day == event.day:
            # Its day is already published: its groups are not decided until the next publication.
            self._latest[event.programme] = event
            return
        self._published[event.programme] = event
        names: dict[frozenset[str], list[GroupKey]] = defaultdict(list)
        for key, members in groups.items():
            names[members & counted].append(key)
        known = {seen.people for seen in self.hidden if seen.programme == event.programme}
        for people, keys in names.items():
            if not people or people in sets or people in known or not labels.isdisjoint(keys):
                continue
            # One that stays hidden, under any of its names, is compared with what it was when it was first hidden.
            members = self._members(event, frozenset[str]().union(*(groups[key] for key in keys)))
            since = self._since_hidden(self.identities.all_of(people), self.identities.all_of(members))
            stays = any(
                self.hidden[n].programme == event.programme
                and not self.hidden[n].names.isdisjoint(keys)
                and number < JOINED_OR_LEFT
                for number, n in since
            )
            if not stays:
                self.hidden.append(Seen(event.programme, frozenset(keys), people, members))
        self._latest[event.programme] = event


def counted_in(event: Import) -> frozenset[str]:
    """Return the people whose answers an import counts."""
    return frozenset(
        m.id
        for m in event.members
        if (scores := event.scores.get(m.id)) is not None
        and place_of(scores, threshold=event.threshold, live=m.live) is not None
    )


def _same_answers(event: Import, latest: Import) -> bool:
    return (set(event.members), dict(event.scores), event.threshold) == (
        set(latest.members), dict(latest.scores), latest.threshold,
    )  # fmt: skip


def _name(line: Line) -> str:
    return f"{line.programme} {line.view}/{line.group} of {line.day}"
