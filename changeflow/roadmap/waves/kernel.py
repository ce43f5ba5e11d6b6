"""Annealing on the dates of schools, compiled: moves and swaps that meet every requirement.

Better moves are accepted, worse ones less and less often (Kirkpatrick, Gelatt and Vecchi, 1983).

Every limit on a date is a cell with limited room: a team in a week, a school in a week, a wave, or two schools that
must not share a date. Nothing here allocates memory.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from changeflow.roadmap.engine.compiling import below, compiled, draw
from changeflow.roadmap.levelling.kernel import Ints

NOWHERE = -1
REFUSED = 1 << 62
DRAWS = 2147483648.0
PILOT, WAVE = range(2)
COOLEST = 0.02
"""The last temperature, as a share of the first."""
WHOLE_WAVES = 32
"""One in this many proposals moves a whole wave, and one moves a pilot."""


class Places(NamedTuple):
    """A rollout in columns: pairs have options, and options use room in cells."""

    first_option: Ints
    """For each pair, and one more."""
    date: Ints
    """For each option: a date of its service, numbered over all services; the dates of their pilots follow."""
    week: Ints
    cost: Ints
    first_cell: Ints
    """For each option, and one more."""
    cell: Ints
    amount: Ints
    room: Ints
    """For each cell."""
    service: Ints
    """For each pair."""
    first_pilot: Ints
    """For each service, and one more: its pilot's dates; none without a pilot."""
    evaluation: Ints
    """For each service: weeks from its pilot to the first wave."""
    is_reluctant: Ints
    """For each pair."""
    reluctant_needed: Ints
    """For each service: the smallest number of reluctant schools in its pilot."""
    hub: Ints
    """For each pair: the hub of its service, numbered over all; NOWHERE if it does not have to stay with another
    school."""
    first_partner: Ints
    """For each pair, and one more."""
    partner: Ints
    ahead: Ints
    """For each partner: how many weeks it must go before the pair; negative for after."""
    is_before: Ints
    first_date: Ints
    """For each service, and one more."""
    date_week: Ints
    between: Ints
    """For each service: weeks from one wave to the next."""
    window: Ints
    """For each service: the weeks within which a whole hub must go live; 0 if there is no limit."""
    hub_weight: int
    last_weight: Ints
    """For each date: the cost if its service is not finished by the previous date."""


class Walk(NamedTuple):
    """The current place of every pair, and the best plan so far."""

    option: Ints
    """For each pair."""
    best: Ints
    left: Ints
    """Room left, by cell."""
    going: Ints
    """For each date: how many pairs go live."""
    tried: Ints
    """For each service: the week of its pilot, if it has schools."""
    pilots: Ints
    """For each service: how many schools are in its pilot."""
    reluctant: Ints
    """For each service: how many of those schools are reluctant."""
    hub_going: Ints
    """Hub by date."""
    hub_dates: Ints
    """For each hub: on how many dates it goes live; each beyond the first has a cost."""
    random: NDArray[np.uint64]
    who: Ints
    """Proposed: these pairs …"""
    to: Ints
    """… go to these options …"""
    was: Ints
    """… from these."""


@compiled
def _is_pilot(p: Places, date: int) -> bool:
    return date >= len(p.date_week)


@compiled
def _last_cost(p: Places, w: Walk, service: int) -> int:
    """Return the cost of a service's last wave."""
    total = 0
    top = p.first_date[service] - 1
    for d in range(p.first_date[service], p.first_date[service + 1]):
        if w.going[d] > 0:
            top = d
    for d in range(p.first_date[service], top + 1):
        total += p.last_weight[d]
    return total


@compiled
def _give(p: Places, w: Walk, i: int) -> int:
    """Take a pair off its date; return the saving."""
    o = w.option[i]
    w.option[i] = NOWHERE
    for j in range(p.first_cell[o], p.first_cell[o + 1]):
        w.left[p.cell[j]] += p.amount[j]
    saved = p.cost[o]
    d, h = p.date[o], p.hub[i]
    w.going[d] -= 1
    if _is_pilot(p, d):
        w.pilots[p.service[i]] -= 1
        w.reluctant[p.service[i]] -= p.is_reluctant[i]
    elif h != NOWHERE:
        w.hub_going[h, d] -= 1
        if w.hub_going[h, d] == 0:
            w.hub_dates[h] -= 1
            if w.hub_dates[h] > 0:
                saved += p.hub_weight
    return saved


@compiled
def _take(p: Places, w: Walk, i: int, o: int) -> int:
    """Put a pair on a date, whether it fits or not; return the cost."""
    w.option[i] = o
    for j in range(p.first_cell[o], p.first_cell[o + 1]):
        w.left[p.cell[j]] -= p.amount[j]
    spent = p.cost[o]
    d, h = p.date[o], p.hub[i]
    w.going[d] += 1
    if _is_pilot(p, d):
        w.pilots[p.service[i]] += 1
        w.tried[p.service[i]] = p.week[o]
        w.reluctant[p.service[i]] += p.is_reluctant[i]
    elif h != NOWHERE:
        w.hub_going[h, d] += 1
        if w.hub_going[h, d] == 1:
            if w.hub_dates[h] > 0:
                spent += p.hub_weight
            w.hub_dates[h] += 1
    return spent


@compiled
def settle(p: Places, w: Walk) -> None:
    """Count the room that all pairs use at the start: `option` gives their places, and the rest is still empty."""
    for i in range(len(w.option)):
        _take(p, w, i, w.option[i])


@compiled
def _fits(p: Places, w: Walk, i: int, o: int) -> bool:
    """Return whether a date is possible for an unplaced pair, with the others where they are."""
    for j in range(p.first_cell[o], p.first_cell[o + 1]):
        if w.left[p.cell[j]] < p.amount[j]:
            return False
    for j in range(p.first_partner[i], p.first_partner[i + 1]):
        other = w.option[p.partner[j]]
        if other != NOWHERE:
            gap = p.week[o] - p.week[other] if p.is_before[j] else p.week[other] - p.week[o]
            if gap < p.ahead[j]:
                return False
    service, d = p.service[i], p.date[o]
    if _is_pilot(p, d):
        return _starts(p, w, service, p.week[o])
    if w.pilots[service] > 0 and p.week[o] < w.tried[service] + p.evaluation[service]:
        return False
    return _opens(p, w, d, service) and _keeps(p, w, i, d)


@compiled
def _starts(p: Places, w: Walk, service: int, week: int) -> bool:
    """Return whether the pilot may be in a week: it already is, or there is none yet and no wave is too early."""
    if w.pilots[service] > 0:
        return w.tried[service] == week
    for d in range(p.first_date[service], p.first_date[service + 1]):
        if w.going[d] > 0 and p.date_week[d] < week + p.evaluation[service]:
            return False
    return True


@compiled
def _opens(p: Places, w: Walk, d: int, service: int) -> bool:
    """Return whether a wave may be on a date: there is one already, or no other is too close."""
    if w.going[d] > 0:
        return True
    for other in range(p.first_date[service], p.first_date[service + 1]):
        if w.going[other] > 0 and abs(p.date_week[other] - p.date_week[d]) < p.between[service]:
            return False
    return True


@compiled
def _keeps(p: Places, w: Walk, i: int, d: int) -> bool:
    """Return whether a hub stays within its window."""
    window, h = p.window[p.service[i]], p.hub[i]
    if window == 0 or h == NOWHERE:
        return True
    for other in range(p.first_date[p.service[i]], p.first_date[p.service[i] + 1]):
        if w.hub_going[h, other] > 0 and abs(p.date_week[other] - p.date_week[d]) >= window:
            return False
    return True


@compiled
def _option_on(p: Places, i: int, date: int) -> int:
    """Return the option of a pair on a date, or NOWHERE."""
    for o in range(p.first_option[i], p.first_option[i + 1]):
        if p.date[o] == date:
            return o
    return NOWHERE


@compiled
def _propose_one(p: Places, w: Walk, i: int) -> int:
    """Propose another date for a pair; half of the time a pair on that date moves the other way, or anywhere."""
    to = p.first_option[i] + below(w.random, p.first_option[i + 1] - p.first_option[i])
    w.who[0], w.to[0] = i, to
    if draw(w.random) & 1:
        return 1
    n = len(w.option)
    begin = below(w.random, n)
    for step in range(n):
        k = (begin + step) % n
        if k != i and p.date[w.option[k]] == p.date[to]:
            if draw(w.random) & 1:
                back = _option_on(p, k, p.date[w.option[i]])
            else:
                back = p.first_option[k] + below(w.random, p.first_option[k + 1] - p.first_option[k])
            w.who[1], w.to[1] = k, back
            return 0 if back == NOWHERE else 2
    return 1


@compiled
def _next_in_a_pilot(p: Places, w: Walk, i: int) -> int:
    """Return the next pair from here that is in a pilot; the pair itself if none is."""
    n = len(w.option)
    for step in range(n):
        k = (i + step) % n
        if _is_pilot(p, p.date[w.option[k]]):
            return k
    return i


@compiled
def _propose_wave(p: Places, w: Walk, i: int) -> int:
    """Propose another date for a pair's whole wave; for a pilot, for some of it, while others move anywhere."""
    here, service = p.date[w.option[i]], p.service[i]
    is_pilot = _is_pilot(p, here)
    first = p.first_pilot if is_pilot else p.first_date
    date = first[service] + below(w.random, first[service + 1] - first[service])
    count = 0
    for k in range(len(w.option)):
        if p.date[w.option[k]] == here:
            if is_pilot and k != i and draw(w.random) & 1:
                w.to[count] = p.first_option[k] + below(w.random, p.first_option[k + 1] - p.first_option[k])
            else:
                w.to[count] = _option_on(p, k, date)
            w.who[count] = k
            if w.to[count] == NOWHERE:
                return 0
            count += 1
    return count


@compiled
def _go(p: Places, w: Walk, count: int) -> int:
    """Apply the proposal if it fits; return its cost, or REFUSED with every pair where it was."""
    service = p.service[w.who[0]]
    change = -_last_cost(p, w, service)
    for m in range(count):
        w.was[m] = w.option[w.who[m]]
        change -= _give(p, w, w.who[m])
    for m in range(count):
        if not _fits(p, w, w.who[m], w.to[m]):
            _back(p, w, m, count)
            return REFUSED
        change += _take(p, w, w.who[m], w.to[m])
    if not _tries(p, w, service):
        _back(p, w, count, count)
        return REFUSED
    return change + _last_cost(p, w, service)


@compiled
def _back(p: Places, w: Walk, moved: int, count: int) -> None:
    """Put all pairs of a proposal back; some have moved and the others are unplaced."""
    for m in range(moved):
        _give(p, w, w.who[m])
    for m in range(count):
        _take(p, w, w.who[m], w.was[m])


@compiled
def _tries(p: Places, w: Walk, service: int) -> bool:
    """Return whether a service's pilot has a school in it, and a reluctant one if required."""
    if p.first_pilot[service] == p.first_pilot[service + 1]:
        return True
    return w.pilots[service] > 0 and w.reluctant[service] >= p.reluctant_needed[service]


@compiled
def anneal(p: Places, w: Walk, steps: int, heat: float) -> int:
    """Walk this many steps from the current places, and keep the best in `best`. Return the improvement."""
    n = len(w.option)
    now = better = 0
    cooling = COOLEST ** (1.0 / steps)
    for _ in range(steps):
        heat *= cooling
        i = below(w.random, n)
        kind = below(w.random, WHOLE_WAVES)
        if kind == PILOT:
            i = _next_in_a_pilot(p, w, i)
        if p.first_option[i + 1] - p.first_option[i] < 2:
            continue
        count = _propose_wave(p, w, i) if kind <= WAVE else _propose_one(p, w, i)
        change = _go(p, w, count) if count > 0 else REFUSED
        if change == REFUSED:
            continue
        if change > 0 and draw(w.random) >= np.exp(-change / heat) * DRAWS:
            _back(p, w, count, count)
            continue
        now += change
        if now < better:
            better = now
            for k in range(n):
                w.best[k] = w.option[k]
    return -better
