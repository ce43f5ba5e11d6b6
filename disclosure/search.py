"""Search for alternative worlds: first a random walk, then directed walks, then a solver for what is left."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from disclosure.exact import Exact
from disclosure.kernel import (
    STATS,
    Flags,
    Groups,
    Insiders,
    Ints,
    Net,
    World,
    climb,
    note,
    seek,
    wander,
)
from disclosure.kernel_open import unproven
from disclosure.knowledge import Domain, Group, Knowledge

PHASES, STEPS, EVERY = 24, 400, 20
SEEK_STEPS, SEEK_ROUNDS = 600, 6
CLIMB_STEPS, CLIMB_ROUNDS = 2000, 2
WIDTH = 5
"""Every count must be uncertain by this much, or by the size of a smaller group."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A kind of people whose scores are too certain, with their possible states."""

    kind: int
    insider: tuple[tuple[int, int], ...]
    """The items of the insider who helps, and how often each occurs; empty without one."""
    states: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """A count that is too certain."""

    group: Group
    places: tuple[int, ...]
    low: int
    high: int


class Search:
    """The worlds found so far that fit all publications."""

    def __init__(self, knowledge: Knowledge, *, seed: int = 1) -> None:
        self.knowledge = knowledge
        self._build_net()
        self._build_insiders()
        self._build_groups()
        self._build_masks()
        items = int(self.net.first[-1])
        self.world = World(
            people=self._true_count.copy(),
            held=self._true_held.copy(),
            floor=np.zeros(items, np.int64),
            random=np.array([(seed * 2_654_435_761 + 88_172_645_463_325_252) % 2**64], np.uint64),
        )
        self._wanted, self._kinds = np.zeros(items, np.uint8), np.zeros(len(knowledge.kinds), np.uint8)
        self._exact: Exact | None = None
        if knowledge.kinds:
            wander(self.net, self.world, self.insiders, self.groups, PHASES, STEPS, EVERY)

    @property
    def exact(self) -> Exact:
        if self._exact is None:
            self._exact = Exact(self.net, self._sizes)
        return self._exact

    @property
    def asked(self) -> int:
        """The number of questions that went to the solver."""
        return self._exact.asked if self._exact else 0

    @property
    def insider_rows(self) -> int:
        return len(self.insiders.first) - 1

    def narrowed(self) -> Iterator[Narrowed]:
        """Yield the people whose score or place is too certain, without an insider and with each one."""
        for row in range(self.insider_rows):
            yield from self.narrowed_beside(row)

    def narrowed_beside(self, row: int) -> Iterator[Narrowed]:
        """Yield them with one insider, by row; the first row has no insider."""
        if not self._unproven(row):
            return
        insider = self._insider(row)
        for item, need in insider:
            self.world.floor[item] = need
        for _ in range(SEEK_ROUNDS):
            self._go_home()
            seek(self.net, self.world, self.insiders, row, self._wanted, SEEK_STEPS)
            if not self._unproven(row):
                break
        for kind in range(len(self.knowledge.kinds)):
            if self._is_narrowed_exactly(kind, row, insider):
                self._go_home()
                begin = int(self.net.first[kind])
                states = self.knowledge.kinds[kind].domain.states
                reached = tuple(s for n, s in enumerate(states) if self.insiders.reached[row, begin + n])
                yield Narrowed(kind, insider, reached)
        self.world.floor[:] = 0
        self._go_home()

    def _is_narrowed_exactly(self, kind: int, row: int, insider: tuple[tuple[int, int], ...]) -> bool:
        """Ask the solver for every state that would help a kind; tell whether it stays narrowed."""
        impossible: set[int] = set()
        while self._unproven(row) and self._kinds[kind]:
            items = range(int(self.net.first[kind]), int(self.net.first[kind + 1]))
            if not (left := [i for i in items if self._wanted[i] and i not in impossible]):
                return True
            needs = Counter(dict(insider)) + Counter({left[0]: 1})
            if (counts := self.exact.world(needs)) is None:
                impossible.add(left[0])
            else:
                self._go_to(counts)
                note(self.net, self.world, self.insiders, self.groups)
                seek(self.net, self.world, self.insiders, row, self._wanted, SEEK_STEPS)
        return False

    def closed(self) -> Iterator[Closed]:
        """Yield the groups' counts that are too certain."""
        self.world.floor[:] = 0
        self._go_home()
        for number, group in enumerate(self.knowledge.groups):
            for stat in range(STATS):
                if self._is_closed(number, stat) and self._is_closed_exactly(number, stat):
                    yield Closed(group, places_of(stat), *self._interval(number, stat))

    def interval(self, group: int, stat: int) -> tuple[int, int]:
        """Return the exact least and greatest value of a group's count."""
        for sign in (-1, 1):
            self._ask(group, stat, sign)
        return self._interval(group, stat)

    def _is_closed_exactly(self, group: int, stat: int) -> bool:
        weight = np.zeros(int(self.net.first[-1]))
        for n in range(self.groups.first[group], self.groups.first[group + 1]):
            begin = int(self.net.first[self.groups.kind[n]])
            for item in range(begin, int(self.net.first[self.groups.kind[n] + 1])):
                weight[item] = self.net.places[self.groups.map[n], item - begin] in places_of(stat)
        enough = self._enough(group, stat) - int(self._free[group, int(stat == 4)])
        steps = min(CLIMB_STEPS, 30 * len(weight))
        for sign in (1, -1) * CLIMB_ROUNDS:
            climb(self.net, self.world, self.groups, group, stat, enough, sign * weight, steps)
            if not self._is_closed(group, stat):
                self._go_home()
                return False
        for sign in (1, -1):
            low, high = int(self.groups.least[group, stat]), int(self.groups.most[group, stat])
            bound = low + enough if sign == 1 else high - enough
            counts = self.exact.reaching(self.groups, group, places_of(stat), sign, bound)
            if counts is not None:
                self._go_to(counts)
                note(self.net, self.world, self.insiders, self.groups)
                self._go_home()
                return False
        # No world is that far from the extremes seen, but the true extremes may be far enough apart.
        self.interval(group, stat)
        self._go_home()
        return self._is_closed(group, stat)

    def _ask(self, group: int, stat: int, sign: int) -> None:
        if self.groups.first[group] < self.groups.first[group + 1]:
            self._go_to(self.exact.extreme(self.groups, group, places_of(stat), sign))
            note(self.net, self.world, self.insiders, self.groups)

    def _interval(self, group: int, stat: int) -> tuple[int, int]:
        free = self._free[group, int(stat == 4)]
        return int(self.groups.least[group, stat]), int(self.groups.most[group, stat] + free)

    def _is_closed(self, group: int, stat: int) -> bool:
        low, high = self._interval(group, stat)
        return high - low < self._enough(group, stat)

    def _enough(self, group: int, stat: int) -> int:
        counted = self.knowledge.groups[group]
        return min(WIDTH, counted.live if stat == 4 else len(counted.counted))

    def _unproven(self, row: int) -> int:
        found = unproven(self.net, self.insiders.reached[row], self._targets[row], self._masks, self._places,
                         self._distinct, self._wanted, self._kinds)  # fmt: skip
        return int(found)

    def _insider(self, row: int) -> tuple[tuple[int, int], ...]:
        begin, end = self.insiders.first[row], self.insiders.first[row + 1]
        pairs = zip(self.insiders.item[begin:end].tolist(), self.insiders.need[begin:end].tolist(), strict=True)
        return tuple(pairs)

    def _go_home(self) -> None:
        self.world.people[:] = self._true_count
        self.world.held[:] = self._true_held

    def _go_to(self, counts: Ints) -> None:
        self.world.people[:] = counts
        self.world.held[:] = self._held(counts)

    def _held(self, counts: Ints) -> Ints:
        held = np.zeros((max(1, len(self.knowledge.rows)), 5), np.int64)
        net = self.net
        for kind in range(len(self.knowledge.kinds)):
            begin, end = net.first[kind], net.first[kind + 1]
            for a in range(net.seen[kind], net.seen[kind + 1]):
                for item in begin + np.flatnonzero(counts[begin:end]):
                    held[net.line[a], net.places[net.map[a], item - begin] :] += counts[item]
        return held

    def _build_net(self) -> None:
        kinds, rows = self.knowledge.kinds, self.knowledge.rows
        self._domains = list(dict.fromkeys(k.domain for k in kinds))
        width = max((len(d.states) for d in self._domains), default=1)
        maps: dict[tuple[int, int, bool], int] = {}
        self._maps = maps
        table: list[list[int]] = []

        def map_of(domain: Domain, threshold: int, live: bool) -> int:
            key = self._domains.index(domain), threshold, live
            if key not in maps:
                maps[key] = len(table)
                places = [domain.place(s, threshold, live=live) for s in domain.states]
                table.append(places + [0] * (width - len(places)))
            return maps[key]

        self._map_of = map_of
        seen, line, mapped = [0], [], []
        members: list[list[int]] = [[] for _ in rows]
        for number, kind in enumerate(kinds):
            for row, live in kind.rows:
                line.append(row)
                mapped.append(map_of(kind.domain, self.knowledge.thresholds[row], live))
                members[row].append(number)
            seen.append(len(line))
        # Groups may need maps that no line needs; create them first, so that the table is complete.
        self._group_entries = self._entries()
        bands = np.array([r.held for r in rows], np.int64).reshape(-1, 5, 2)
        self._sizes = _ints([len(k.unknowns) for k in kinds])
        self.net = Net(
            first=_ints(np.cumsum([0, *(len(k.domain.states) for k in kinds)])),
            domain=_ints([self._domains.index(k.domain) for k in kinds]),
            seen=_ints(seen),
            line=_ints(line),
            map=_ints(mapped),
            places=_ints(table).reshape(-1, width),
            part=_ints(np.cumsum([0, *map(len, members)])),
            member=_ints([k for mine in members for k in mine]),
            low=np.ascontiguousarray(bands[:, :, 0]),
            high=np.ascontiguousarray(bands[:, :, 1]),
        )
        self._true_count = np.zeros(int(self.net.first[-1]), np.int64)
        for number, kind in enumerate(kinds):
            for state in kind.states:
                self._true_count[self.net.first[number] + kind.domain.states.index(state)] += 1
        self._true_held = self._held(self._true_count)

    def _entries(self) -> list[list[tuple[int, int, int]]]:
        """Return, for each group, its kinds, with their maps and the number of each in the group."""
        knowledge = self.knowledge
        found = []
        for group in knowledge.groups:
            inside: dict[tuple[int, bool], int] = defaultdict(int)
            for unknown, live in group.counted:
                if (kind := knowledge.kind_of.get(unknown)) is not None:
                    inside[kind, live] += 1
            found.append(
                [
                    (kind, self._map_of(knowledge.kinds[kind].domain, group.threshold, live), number)
                    for (kind, live), number in sorted(inside.items())
                ]
            )
        return found

    def _build_groups(self) -> None:
        groups, entries = self.knowledge.groups, self._group_entries
        kind_of = self.knowledge.kind_of
        self._free = np.array(
            [
                [sum(u not in kind_of for u, _ in g.counted), sum(u not in kind_of and live for u, live in g.counted)]
                for g in groups
            ],
            np.int64,
        ).reshape(-1, 2)
        flat = [entry for mine in entries for entry in mine]
        self.groups = Groups(
            first=_ints(np.cumsum([0, *map(len, entries)])),
            kind=_ints([kind for kind, _, _ in flat]),
            map=_ints([seen for _, seen, _ in flat]),
            inside=_ints([number for _, _, number in flat]),
            size=self._sizes,
            least=np.full((len(groups), STATS), 0 if not flat else 1 << 30, np.int64),
            most=np.full((len(groups), STATS), 0 if not flat else -1, np.int64),
        )

    def _build_insiders(self) -> None:
        knowledge = self.knowledge
        items: dict[str, Counter[int]] = defaultdict(Counter)
        for number, kind in enumerate(knowledge.kinds):
            for unknown, state in zip(kind.unknowns, kind.states, strict=True):
                item = int(self.net.first[number]) + kind.domain.states.index(state)
                items[knowledge.unknowns[unknown].entity][item] += 1
        rows = list(dict.fromkeys([(), *(tuple(sorted(mine.items())) for mine in items.values())]))
        flat = [pair for row in rows for pair in row]
        self.insiders = Insiders(
            first=_ints(np.cumsum([0, *map(len, rows)])),
            item=_ints([item for item, _ in flat]),
            need=_ints([need for _, need in flat]),
            reached=np.zeros((len(rows), int(self.net.first[-1])), np.uint8),
        )
        self._targets: Flags = np.ones((len(rows), len(knowledge.kinds)), np.uint8)
        kind_of_item = np.repeat(np.arange(len(knowledge.kinds)), np.diff(self.net.first))
        for number, row in enumerate(rows):
            known: Counter[int] = Counter()
            for item, need in row:
                known[int(kind_of_item[item])] += need
            for kind_number, people in known.items():
                self._targets[number, kind_number] = self._sizes[kind_number] > people

    def _build_masks(self) -> None:
        width = max((len(d.states) for d in self._domains), default=1)
        most = max((len(d.thresholds) + len(d.not_live) for d in self._domains), default=1)
        self._masks = np.zeros((len(self._domains), width, 5), np.int64)
        self._places = np.zeros((len(self._domains), width, most), np.int64)
        for number, domain in enumerate(self._domains):
            for n, state in enumerate(domain.states):
                self._masks[number, n] = domain.scores(state)
                seen = [*state, *(domain.place(state, t, live=False) for t in domain.not_live)]
                self._places[number, n, : len(seen)] = seen
        self._distinct = _ints([len(d.thresholds) + len(d.not_live) for d in self._domains])


def places_of(stat: int) -> tuple[int, ...]:
    """Return the places that a statistic counts: one element, or all up to an element."""
    return (stat,) if stat < 5 else tuple(range(stat - 4))


def _ints(values: object) -> Ints:
    return np.ascontiguousarray(values, dtype=np.int64)
