"""Compiled checks of which people's scores stay uncertain, given the states that a walk has reached."""

from typing import Any

from disclosure.kernel import compiled


@compiled
def is_open(masks: Any, places: Any, reached: Any, begin: int, states: int, distinct: int) -> bool:
    """Tell whether the reached states of one kind allow more than two scores for each element, and more than one place.

    `masks` is state by element, one bit for each score; `places` is state by threshold, with `distinct` thresholds.
    """
    for element in range(5):
        union = 0
        for state in range(states):
            if reached[begin + state]:
                union |= masks[state, element]
        scores = 0
        for bit in range(5):
            scores += (union >> bit) & 1
        if scores <= 2:
            return False
    for threshold in range(distinct):
        seen = -1
        several = False
        for state in range(states):
            if reached[begin + state]:
                several |= seen not in (-1, places[state, threshold])
                seen = places[state, threshold]
        if not several:
            return False
    return True


@compiled
def unproven(
    net: Any, reached: Any, targets: Any, masks: Any, places: Any, distinct: Any, wanted: Any, kinds: Any
) -> int:
    """Mark the kinds whose reached states narrow a score, and the states that would help; return the number of kinds.

    For each domain, `masks` is state by element and `places` state by threshold; `targets` are the kinds to check.
    """
    found = 0
    wanted[:] = 0
    kinds[:] = 0
    for kind in range(len(net.domain)):
        begin, domain = net.first[kind], net.domain[kind]
        states = net.first[kind + 1] - begin
        if not targets[kind]:
            continue
        if is_open(masks[domain], places[domain], reached, begin, states, distinct[domain]):
            continue
        found += 1
        kinds[kind] = 1
        for state in range(states):
            if not reached[begin + state]:
                reached[begin + state] = 1
                wanted[begin + state] = helps(masks[domain], places[domain], reached, begin, states, state,
                                              distinct[domain])  # fmt: skip
                reached[begin + state] = 0
    return found


@compiled
def helps(masks: Any, places: Any, reached: Any, begin: int, states: int, new: int, distinct: int) -> int:
    """Tell whether a state, marked as reached, adds a score or a place where there are otherwise too few."""
    for element in range(5):
        union = 0
        for state in range(states):
            if reached[begin + state] and state != new:
                union |= masks[state, element]
        scores = 0
        for bit in range(5):
            scores += (union >> bit) & 1
        if scores <= 2 and masks[new, element] & ~union:
            return 1
    for threshold in range(distinct):
        is_new = True
        several = False
        seen = -1
        for state in range(states):
            if reached[begin + state] and state != new:
                is_new &= places[state, threshold] != places[new, threshold]
                several |= seen not in (-1, places[state, threshold])
                seen = places[state, threshold]
        if is_new and not several:
            return 1
    return 0
