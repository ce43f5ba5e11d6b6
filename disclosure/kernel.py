"""A compiled random walk over the worlds that fit all publications.

A world has the number of people of each kind in each state. An *item* is one kind in one state. The walk starts at the
truth, keeps to every published band at every step, and marks the items and counts that it has reached.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

compiled: Any = njit(cache=True, nogil=True)
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]
STATS = 10
"""Counts kept of each group: each element alone, then each element or an earlier one."""

LONGEST, MOST_MISSED, CANDIDATES = 12, 12, 8
"""The most moves in one chain, the most people by which it may miss bands, and the moves drawn to repair one."""


class Net(NamedTuple):
    """The fixed data: the kinds and the published lines."""

    first: Ints
    """By kind: its first item; one more at the end."""
    domain: Ints
    """By kind: kinds of one domain have the same states."""
    seen: Ints
    """By kind: its first place in `line` and `map`; one more at the end."""
    line: Ints
    map: Ints
    places: Ints
    """Map by state: the place that a line sees."""
    part: Ints
    """By line: its first place in `member`; one more at the end."""
    member: Ints
    """The kinds that a line counts."""
    low: Ints
    high: Ints
    """Line by element: the band."""


class World(NamedTuple):
    """The current world of the walk."""

    people: Ints
    """By item: people."""
    held: Ints
    """Line by element: people with a barrier there or earlier."""
    floor: Ints
    """By item: people who may not leave it, because an insider knows that they are there."""
    random: NDArray[np.uint64]


class Insiders(NamedTuple):
    """By row: an insider's items and how often each occurs (the first row has no insider), and the items reached."""

    first: Ints
    item: Ints
    need: Ints
    reached: Flags


class Groups(NamedTuple):
    """By group: its kinds, and the least and greatest values seen of its counts."""

    first: Ints
    kind: Ints
    map: Ints
    inside: Ints
    """How many of the kind are in the group."""
    size: Ints
    """By kind: how many there are in all."""
    least: Ints
    most: Ints
    """Group by statistic."""


@compiled
def below(random: Any, n: int) -> Any:
    """Return a random integer from 0 to n - 1 (xorshift64*, Vigna 2016)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)) % np.int64(n)


@compiled
def shift(net: Any, world: Any, kind: int, old: int, new: int) -> int:
    """Move one person of a kind to another state; return how many more people the bands are then missed by."""
    world.people[net.first[kind] + old] -= 1
    world.people[net.first[kind] + new] += 1
    missed = 0
    for a in range(net.seen[kind], net.seen[kind + 1]):
        line = net.line[a]
        was, now = net.places[net.map[a], old], net.places[net.map[a], new]
        for place in range(now, was):
            world.held[line, place] += 1
            if world.held[line, place] > net.high[line, place]:
                missed += 1
            elif world.held[line, place] <= net.low[line, place]:
                missed -= 1
        for place in range(was, now):
            world.held[line, place] -= 1
            if world.held[line, place] < net.low[line, place]:
                missed += 1
            elif world.held[line, place] >= net.high[line, place]:
                missed -= 1
    return missed


@compiled
def a_state(net: Any, world: Any, kind: int) -> int:
    """Return a random state that a person of a kind may leave, or -1."""
    begin = net.first[kind]
    states = net.first[kind + 1] - begin
    start = below(world.random, states)
    for n in range(states):
        state = (start + n) % states
        if world.people[begin + state] > world.floor[begin + state]:
            return state
    return -1


@compiled
def a_missed_band(net: Any, world: Any) -> Any:
    """Return a random line and place whose band is missed; there must be one."""
    cells = world.held.size
    start = below(world.random, cells)
    for n in range(cells):
        line, place = divmod((start + n) % cells, 5)
        held = world.held[line, place]
        if held < net.low[line, place] or held > net.high[line, place]:
            return line, place
    return -1, -1


@compiled
def repair(net: Any, world: Any, weight: Any) -> Any:
    """Draw a few moves that repair one missed band; return the best one (kind, from, to), or a kind of -1."""
    line, place = a_missed_band(net, world)
    is_low = world.held[line, place] < net.low[line, place]
    best, kind_of_best, from_best, to_best = 1e9, -1, 0, 0
    for _ in range(CANDIDATES):
        kind = net.member[net.part[line] + below(world.random, net.part[line + 1] - net.part[line])]
        old = a_state(net, world, kind)
        if old < 0:
            continue
        begin = net.first[kind]
        states = net.first[kind + 1] - begin
        mapped = 0
        for a in range(net.seen[kind], net.seen[kind + 1]):
            if net.line[a] == line:
                mapped = net.map[a]
        if (net.places[mapped, old] > place) != is_low:
            continue
        new = below(world.random, states)
        if (net.places[mapped, new] <= place) != is_low:
            continue
        missed = shift(net, world, kind, old, new)
        shift(net, world, kind, new, old)
        cost = missed - 0.5 * (weight[begin + new] - weight[begin + old])
        if cost < best:
            best, kind_of_best, from_best, to_best = cost, kind, old, new
    return kind_of_best, from_best, to_best


@compiled
def step(net: Any, world: Any, weight: Any, heat: float, focus: Any, focused: int) -> bool:
    """Move one person, then others until every band fits again; return whether this succeeded.

    Half of the moves begin with one of the first `focused` kinds in `focus`, if there are any.
    """
    if focused > 0 and below(world.random, 2) > 0:
        kind = focus[below(world.random, focused)]
    else:
        kind = below(world.random, len(net.domain))
    old = a_state(net, world, kind)
    if old < 0:
        return False
    new = below(world.random, net.first[kind + 1] - net.first[kind] - 1)
    if new >= old:
        new += 1
    chain = np.empty((LONGEST, 3), np.int64)
    missed, gain, length = 0, 0.0, 0
    while True:
        begin = net.first[kind]
        chain[length, 0], chain[length, 1], chain[length, 2] = kind, old, new
        length += 1
        missed += shift(net, world, kind, old, new)
        gain += weight[begin + new] - weight[begin + old]
        world.floor[begin + new] += 1  # A person who has moved stays there until the chain is complete.
        if missed == 0 or missed > MOST_MISSED or length == LONGEST:
            break
        kind, old, new = repair(net, world, weight)
        if kind < 0:
            break
    for n in range(length):
        world.floor[net.first[chain[n, 0]] + chain[n, 2]] -= 1
    if missed == 0 and (gain >= 0 or below(world.random, 1 << 30) < math.exp(gain * heat) * (1 << 30)):
        return True
    for n in range(length - 1, -1, -1):
        shift(net, world, chain[n, 0], chain[n, 2], chain[n, 1])
    return False


@compiled
def note_items(world: Any, insiders: Any, row: int) -> None:
    """Mark the items that this world shows to be possible for people other than the insider, who stays in place."""
    begin, end = insiders.first[row], insiders.first[row + 1]
    for n in range(begin, end):
        if world.people[insiders.item[n]] < insiders.need[n]:
            return
    reached = insiders.reached[row]
    for item in range(len(world.people)):
        if world.people[item] > 0 and not reached[item]:
            alone = False
            for n in range(begin, end):
                if insiders.item[n] == item and world.people[item] <= insiders.need[n]:
                    alone = True
            if not alone:
                reached[item] = 1


@compiled
def note_groups(net: Any, world: Any, groups: Any) -> None:
    """Widen the ranges of the groups' counts by this world. People of one kind are interchangeable within a group."""
    least = np.zeros(STATS, np.int64)
    most = np.zeros(STATS, np.int64)
    at = np.zeros(6, np.int64)
    for group in range(len(groups.first) - 1):
        least[:] = 0
        most[:] = 0
        for n in range(groups.first[group], groups.first[group + 1]):
            kind, inside = groups.kind[n], groups.inside[n]
            outside = groups.size[kind] - inside
            at[:] = 0
            begin = net.first[kind]
            for item in range(begin, net.first[kind + 1]):
                at[net.places[groups.map[n], item - begin]] += world.people[item]
            so_far = 0
            for place in range(5):
                so_far += at[place]
                least[place] += max(0, at[place] - outside)
                most[place] += min(at[place], inside)
                least[5 + place] += max(0, so_far - outside)
                most[5 + place] += min(so_far, inside)
        for stat in range(STATS):
            if least[stat] < groups.least[group, stat]:
                groups.least[group, stat] = least[stat]
            if most[stat] > groups.most[group, stat]:
                groups.most[group, stat] = most[stat]


@compiled
def note(net: Any, world: Any, insiders: Any, groups: Any) -> None:
    for row in range(len(insiders.first) - 1):
        note_items(world, insiders, row)
    note_groups(net, world, groups)


@compiled
def wander(net: Any, world: Any, insiders: Any, groups: Any, phases: int, steps: int, every: int) -> None:
    """Walk in phases with different weights or none, and record what is reached after every `every` steps."""
    weight = np.zeros(len(world.people))
    note(net, world, insiders, groups)
    for phase in range(phases):
        weight[:] = 0
        if phase % 3:
            # Prefer one state of each kind, drawn for each kind or the same for all.
            same = below(world.random, 1 << 20)
            for kind in range(len(net.domain)):
                begin = net.first[kind]
                states = net.first[kind + 1] - begin
                pick = same if phase % 3 == 1 else below(world.random, states)
                weight[begin + pick % states] = 1
        moved = False
        for n in range(steps):
            moved |= step(net, world, weight, 1.5, net.domain, 0)
            if n % every == every - 1 and moved:
                note(net, world, insiders, groups)
                moved = False


@compiled
def aim(net: Any, insiders: Any, row: int, wanted: Any, weight: Any, focus: Any) -> int:
    """Weight the items that are wanted and not reached; list the kinds with one in `focus`, and return their number."""
    focused = 0
    for kind in range(len(net.domain)):
        has = False
        for item in range(net.first[kind], net.first[kind + 1]):
            weight[item] = wanted[item] and not insiders.reached[row, item]
            has |= weight[item] > 0
        if has:
            focus[focused] = kind
            focused += 1
    return focused


@compiled
def seek(net: Any, world: Any, insiders: Any, row: int, wanted: Any, steps: int) -> None:
    """Walk, with one insider fixed, towards items that are wanted and not reached; record all items met."""
    weight = np.zeros(len(world.people))
    focus = np.zeros(len(net.domain), np.int64)
    focused = aim(net, insiders, row, wanted, weight, focus)
    for _ in range(steps):
        if focused == 0:
            return
        if step(net, world, weight, 2.0, focus, focused):
            note_items(world, insiders, row)
            focused = aim(net, insiders, row, wanted, weight, focus)


@compiled
def climb(net: Any, world: Any, groups: Any, group: int, stat: int, enough: int, weight: Any, steps: int) -> None:
    """Walk towards weighted items until a group's count has been seen to vary enough."""
    focus = np.zeros(len(net.domain), np.int64)
    focused = 0
    for n in range(groups.first[group], groups.first[group + 1]):
        focus[focused] = groups.kind[n]
        focused += 1
    moved = False
    for n in range(steps):
        moved |= step(net, world, weight, 8.0, focus, focused)
        if moved and n % 25 == 24:
            note_groups(net, world, groups)
            moved = False
            if groups.most[group, stat] - groups.least[group, stat] >= enough:
                return
    note_groups(net, world, groups)
