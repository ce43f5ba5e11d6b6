"""What an attacker knows: identities, whose answers stayed the same, and every line ever seen.

The unknown is the place of each person's barrier. It is one unknown while their scores stay the same, in all rounds and
programmes, and a new one when they change. People whose unknowns are counted in exactly the same lines are one *kind*:
nothing tells them apart.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations_with_replacement

from disclosure.events import ELEMENTS, NO_BARRIER, REINFORCEMENT, GroupKey, Import, Line, Scores, place_of

State = tuple[int, ...]
"""One person's place at each threshold, the lowest threshold first."""
ALL_SCORES = 0b11111


class Identities:
    """Identifies people: by id, by an email address that only one of an import has, or by their known first id."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def learn(self, event: Import) -> None:
        by_address = defaultdict(set)
        for member in event.members:
            self._parent.setdefault(f"id {member.id}", f"id {member.id}")
            if member.who:
                self._parent[self._root(f"id {member.who}")] = self._root(f"id {member.id}")
            if member.email:
                by_address[member.email.casefold()].add(member.id)
        for address, ids in by_address.items():
            if len(ids) == 1:
                self._parent.setdefault(f"@ {address}", f"@ {address}")
                self._parent[self._root(f"@ {address}")] = self._root(f"id {min(ids)}")

    def of(self, person: str) -> str:
        return self._root(f"id {person}")

    def all_of(self, people: Iterable[str]) -> frozenset[str]:
        return frozenset(map(self.of, people))

    def _root(self, node: str) -> str:
        self._parent.setdefault(node, node)
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node


@dataclass(slots=True)
class Late:
    """Answers that arrived, or were corrected, after their day was published. The next publication counts them.

    If the person answers again by then, only the new answers count.
    """

    identities: Identities
    _day: dict[str, date] = field(default_factory=dict)
    _known: dict[str, dict[str, Scores]] = field(default_factory=dict)
    """The answers of each programme's latest day, by id, because identities may become known later."""
    _waiting: dict[str, dict[str, Scores]] = field(default_factory=dict)

    def counted_with(self, event: Import) -> Import:
        """Return an import together with the earlier answers that its publication counts."""
        of = self.identities.of
        waiting = self._waiting.setdefault(event.programme, {})
        if self._day.get(event.programme) == event.day:
            known = {of(p): scores for p, scores in self._known[event.programme].items()}
            waiting |= {p: scores for p, scores in event.scores.items() if known.get(of(p)) != scores}
            self._known[event.programme] |= event.scores
            return event
        self._day[event.programme], self._known[event.programme] = event.day, dict(event.scores)
        self._waiting[event.programme] = {}
        given = {of(p) for p in event.scores}
        here = [m.id for m in event.members]
        at = {of(p): p for p in (*reversed(here), *(p for p in waiting if p in here))}
        late = {at[of(p)]: scores for p, scores in waiting.items() if of(p) not in given and of(p) in at}
        return replace(event, scores={**event.scores, **late})


@dataclass(slots=True)
class Cuts:
    """The threshold at which each person was last counted: people with another threshold are not counted."""

    identities: Identities
    _threshold: dict[str, int] = field(default_factory=dict)
    """By id, because identities may become known later."""
    _published: set[tuple[str, date]] = field(default_factory=set)

    def counted_in(self, event: Import) -> Import:
        """Return an import with only the answers that its publication counts."""
        of = self.identities.of
        latest = {of(p): t for p, t in self._threshold.items()}
        scores = {p: s for p, s in event.scores.items() if latest.get(of(p), event.threshold) == event.threshold}
        event = replace(event, scores=scores)
        if (event.programme, event.day) not in self._published:
            self._published.add((event.programme, event.day))
            for member in event.members:
                given = scores.get(member.id)
                if given and place_of(given, threshold=event.threshold, live=member.live) is not None:
                    self._threshold.pop(member.id, None)
                    self._threshold[member.id] = event.threshold
        return event


@dataclass(frozen=True, slots=True)
class Unknown:
    """One person's scores while they stay the same."""

    number: int
    entity: str
    person: str
    scores: Scores


@dataclass(frozen=True, slots=True)
class Counted:
    """An unknown that an import counts."""

    unknown: int
    live: bool
    place: int


def track(events: Sequence[Import], identities: Identities) -> tuple[list[Unknown], list[dict[str, Counted]]]:
    """Return all unknowns and, for each import, the people counted with their unknowns."""
    unknowns: list[Unknown] = []
    latest: dict[tuple[str, str], int] = {}
    elsewhere: dict[str, dict[str, int]] = defaultdict(dict)
    counted: list[dict[str, Counted]] = []
    for event in events:
        here: dict[str, Counted] = {}
        of_others = {e: [n for p, n in known.items() if p != event.programme] for e, known in elsewhere.items()}
        for member in event.members:
            scores = event.scores.get(member.id)
            if scores is None or all(s is None for s in scores):
                continue
            entity, key = identities.of(member.id), (event.programme, member.id)
            candidates = [latest[key]] if key in latest else []
            candidates += of_others.get(entity, [])
            number = next((n for n in candidates if unknowns[n].scores == scores), None)
            if number is None:
                number = len(unknowns)
                unknowns.append(Unknown(number, entity, member.id, scores))
            latest[key] = elsewhere[entity][event.programme] = number
            place = place_of(scores, threshold=event.threshold, live=member.live)
            if place is not None:
                here[member.id] = Counted(number, member.live, place)
        counted.append(here)
    return unknowns, counted


@dataclass(slots=True)
class Row:
    """A published line as an equation: the unknowns that it counts, and its bands."""

    event: int
    """The import whose answers it counts."""
    counted: frozenset[tuple[int, bool]]
    """Unknowns, and whether reinforcement counts for each."""
    held: tuple[tuple[int, int], ...]

    @property
    def says_nothing(self) -> bool:
        return all(low <= 0 and high >= len(self.counted) for low, high in self.held)


def row_of(
    line: Line, events: Sequence[Import], counted: Sequence[Mapping[str, Counted]], identities: Identities
) -> Row | None:
    """Find the import that a line counts, in order within its day; None if the line is true of none.

    Files that correct a day come too late for its line. A late answer may count under an id that its person no longer
    has: a line is about people, whatever their ids.
    """
    people = identities.all_of(line.people)
    for number, event in enumerate(events):
        if event.programme != line.programme or event.day != line.day:
            continue
        here = {identities.of(person): one for person, one in counted[number].items()}
        if not people <= here.keys():
            continue
        places = [here[person].place for person in people]
        if all(low <= sum(p <= k for p in places) <= high for k, (low, high) in enumerate(line.held)):
            mine = frozenset((here[p].unknown, here[p].live) for p in people)
            return Row(number, mine, line.held) if len(mine) == len(line.people) else None
    return None


@dataclass(frozen=True, slots=True)
class Domain:
    """The possible states of a kind of people, and what each state says about their scores."""

    thresholds: tuple[int, ...]
    live: bool
    """Whether reinforcement ever counted for them."""
    states: tuple[State, ...]
    not_live: tuple[int, ...] = ()
    """Thresholds at which they were also seen without it: there, a barrier at reinforcement counts as none."""

    def place(self, state: State, threshold: int, *, live: bool) -> int:
        place = state[self.thresholds.index(threshold)]
        return NO_BARRIER if place == REINFORCEMENT and not live else place

    def scores(self, state: State) -> tuple[int, ...]:
        """Return the possible scores of each element, one bit for each score."""
        found = []
        for element in range(ELEMENTS):
            possible = ALL_SCORES
            for threshold, place in zip(self.thresholds, state, strict=True):
                low = (1 << threshold) - 1
                if element < place and (element != REINFORCEMENT or self.live):
                    possible &= ALL_SCORES & ~low
                elif element == place:
                    possible &= low
            found.append(possible)
        return tuple(found)


def domain_of(thresholds: tuple[int, ...], *, live: bool, not_live: tuple[int, ...] = ()) -> Domain:
    """Return every state; at a higher threshold a barrier comes earlier or at the same place.

    >>> [len(domain_of((3,), live=live).states) for live in (True, False)], len(domain_of((2, 3), live=True).states)
    ([6, 5], 21)
    """
    places = [p for p in range(NO_BARRIER + 1) if live or p != REINFORCEMENT]
    rising = combinations_with_replacement(places, len(thresholds))
    return Domain(thresholds, live, tuple(tuple(reversed(places)) for places in rising), not_live if live else ())


@dataclass(slots=True)
class Kind:
    """People that no publication tells apart."""

    domain: Domain
    rows: tuple[tuple[int, bool], ...]
    """The lines that count them, and whether reinforcement counts there."""
    unknowns: list[int] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    """The true state of each."""


@dataclass(slots=True)
class Group:
    """A named group's answers in one import: its counts must stay uncertain, whether it is shown or not."""

    event: int
    key: GroupKey
    counted: frozenset[tuple[int, bool]]
    threshold: int

    @property
    def live(self) -> int:
        return sum(live for _, live in self.counted)


@dataclass(slots=True)
class Knowledge:
    """Everything that an attacker can use."""

    unknowns: list[Unknown]
    kinds: list[Kind]
    """Only kinds that a publication counts."""
    rows: list[Row]
    groups: list[Group]
    kind_of: dict[int, int]
    """The kind of each unknown, except unknowns that no publication counts."""
    thresholds: list[int]
    """The threshold of each row."""


def know(
    events: Sequence[Import],
    lines: Sequence[Line],
    named: Sequence[Mapping[GroupKey, frozenset[str]]],
    identities: Identities,
) -> tuple[Knowledge, list[Line]]:
    """Combine what is known after some imports; also return the lines that are not true of any import."""
    unknowns, counted = track(events, identities)
    untrue: list[Line] = []
    telling: set[int] = set()
    """Imports that showed something new."""
    equations: dict[tuple[frozenset[tuple[int, bool]], int], Row] = {}
    for line in dict.fromkeys(lines):
        row = row_of(line, events, counted, identities)
        if row is not None:
            telling.add(row.event)
        if row is None:
            untrue.append(line)
        elif not row.says_nothing:
            key = row.counted, events[row.event].threshold
            if (known := equations.get(key)) is not None:
                pairs = zip(known.held, row.held, strict=True)
                known.held = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in pairs)
            else:
                equations[key] = row
    rows = list(equations.values())
    kinds, kind_of = _kinds(events, unknowns, counted, rows)
    knowledge = Knowledge(
        unknowns=unknowns,
        kinds=kinds,
        rows=rows,
        groups=list(_groups(events, counted, named, telling).values()),
        kind_of=kind_of,
        thresholds=[events[row.event].threshold for row in rows],
    )
    return knowledge, untrue


def _kinds(
    events: Sequence[Import],
    unknowns: Sequence[Unknown],
    counted: Sequence[Mapping[str, Counted]],
    rows: Sequence[Row],
) -> tuple[list[Kind], dict[int, int]]:
    thresholds: dict[int, set[int]] = defaultdict(set)
    not_live: dict[int, set[int]] = defaultdict(set)
    live: dict[int, dict[int, bool]] = defaultdict(dict)
    for number, (event, here) in enumerate(zip(events, counted, strict=True)):
        for one in here.values():
            thresholds[one.unknown].add(event.threshold)
            if not one.live:
                not_live[one.unknown].add(event.threshold)
            live[one.unknown][number] = one.live
    lines_of: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for n, row in enumerate(rows):
        for unknown, is_live in row.counted:
            lines_of[unknown].append((n, is_live))
    kinds: dict[object, Kind] = {}
    kind_of: dict[int, int] = {}
    order: dict[object, int] = {}
    for unknown, seen in sorted(lines_of.items()):
        flags = live[unknown]
        # People whose service went live between two imports are a separate kind: imports may see them in two ways.
        changing = tuple(sorted(flags.items())) if len(set(flags.values())) > 1 else ()
        domain = domain_of(
            tuple(sorted(thresholds[unknown])), live=any(flags.values()), not_live=tuple(sorted(not_live[unknown]))
        )
        signature = (domain.thresholds, domain.live, domain.not_live, tuple(seen), changing)
        kind = kinds.setdefault(signature, Kind(domain, tuple(seen)))
        order.setdefault(signature, len(order))
        kind.unknowns.append(unknown)
        kind.states.append(_true_state(unknowns[unknown].scores, domain))
        kind_of[unknown] = order[signature]
    return list(kinds.values()), kind_of


def _true_state(scores: Scores, domain: Domain) -> State:
    places = (place_of(scores, threshold=t, live=domain.live) for t in domain.thresholds)
    return tuple(NO_BARRIER if p is None else p for p in places)


def _groups(
    events: Sequence[Import],
    counted: Sequence[Mapping[str, Counted]],
    named: Sequence[Mapping[GroupKey, frozenset[str]]],
    telling: Collection[int],
) -> dict[tuple[frozenset[tuple[int, bool]], int], Group]:
    """Return the groups' answers, each set once, whatever its names and however often it was imported.

    Counts are promised to stay uncertain whenever something new is shown. Earlier figures about people who form a group
    later cannot be taken back.
    """
    found: dict[tuple[frozenset[tuple[int, bool]], int], Group] = {}
    published: set[tuple[str, date]] = set()
    for number, (event, here, groups) in enumerate(zip(events, counted, named, strict=True)):
        # A corrected file is not a round: no publication counts it as it is.
        if (event.programme, event.day) in published:
            continue
        published.add((event.programme, event.day))
        if number not in telling:
            continue
        for key, members in groups.items():
            answers = frozenset((here[p].unknown, here[p].live) for p in members if p in here)
            if answers:
                found.setdefault((answers, event.threshold), Group(number, key, answers, event.threshold))
    return found
