"""Recognise the same person under different ids: by id, by address, and by repeated answers under new ids."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from networkx.utils import UnionFind

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.elements import Element

LEAST_ALIKE = 10
"""The smallest number of a publication's answers that must reappear under new ids before the ids count as the same
people: our own choice."""
SHARE_ALIKE = 0.9
"""The share of that publication's answers, and of the new ones, that must also be the same: our own choice."""
LIKELY = "="
"""The prefix of an artificial address, which joins two ids with the same answers."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One person's answers, and their groups at that time."""

    scores: tuple[int | None, ...]
    groups: frozenset[tuple[str, str]]


def scores_of(answer: Assessment) -> tuple[int | None, ...]:
    return tuple(answer.scores.get(e) for e in Element)


def join_ids(
    everybody: Iterable[tuple[str, str, str]], *, together: Iterable[Collection[str]]
) -> dict[tuple[str, str], str]:
    """Return a key for each programme and person, which is the same for the same id or address.

    `together` has sets of ids that one publication counts or counted: each id in a set is a different person. An
    address shared within a set joins no one, and two ids of a set are never joined. Two ids that are only in the same
    programme may be joined: treating two people as one is safe. Real addresses take precedence over artificial ones
    (`LIKELY`).
    """
    people = {(where, person) for where, person, _ in everybody}
    by_address: dict[str, set[str]] = {}
    for _, person, address in everybody:
        if address:
            by_address.setdefault(address, set()).add(person)
    counted: dict[str, set[int]] = defaultdict(set)
    for number, ids in enumerate(together):
        for person in ids:
            counted[person].add(number)
    same = UnionFind(person for _, person in people)
    for address in sorted(by_address, key=lambda a: (a.startswith(LIKELY), a)):
        first, *others = sorted(by_address[address])
        if sum(len(counted[p]) for p in (first, *others)) > len(set().union(*(counted[p] for p in (first, *others)))):
            continue
        for other in others:
            one, two = same[first], same[other]
            if one != two and counted[one].isdisjoint(counted[two]):
                both = counted[one] | counted[two]
                same.union(one, two)
                counted[same[one]] = both
    return {(where, person): same[person] for where, person in people}


def each_once(known_as: Mapping[str, str], answered: Collection[str], here: Collection[str]) -> dict[str, str]:
    """Return the key of everyone who is here, each person once, under the id that answered if there is one.

    A person may have answered under an id that is no longer here.

    >>> each_once({"a": "x", "b": "x", "c": "c", "d": "c"}, ["b", "d"], ["a", "b", "c"])
    {'b': 'x', 'd': 'c', 'c': 'c'}
    """
    found = {p: known_as.get(p, p) for p in sorted(answered)}
    taken = {key for person, key in found.items() if person in here}
    for person in sorted(set(here) - found.keys()):
        if (key := known_as.get(person, person)) not in taken:
            found[person] = key
            taken.add(key)
    return found


def renamed(
    new: Mapping[str, Answered], gone: Mapping[str, Answered], earlier: Sequence[Mapping[str, Answered]]
) -> dict[str, str]:
    """Return the new people who are probably people counted before, with their earlier keys.

    `gone` are people who have left the programme: a new person with the same answers may be one of them. `earlier` has
    the people of each publication who are not counted now. They may all still be here, so they are matched with new
    people only if nearly all have the same answers. A wrong match does no harm: less is published.
    """
    found = _pairs(new, gone)
    for publication in reversed(earlier):
        rest = {p: a for p, a in new.items() if p not in found}
        free = {p: a for p, a in publication.items() if p not in found.values()}
        pairs = _pairs(rest, free)
        if len(pairs) >= max(LEAST_ALIKE, SHARE_ALIKE * len(rest), SHARE_ALIKE * len(free)):
            found |= pairs
    return found


def _pairs(new: Mapping[str, Answered], old: Mapping[str, Answered]) -> dict[str, str]:
    """Pair people with the same answers, those with the most groups in common first."""
    by_scores: dict[tuple[int | None, ...], list[str]] = defaultdict(list)
    for person in sorted(old):
        by_scores[old[person].scores].append(person)
    people = sorted(new)
    likely = [
        (-len(new[person].groups & old[other].groups), n, m)
        for n, person in enumerate(people)
        for m, other in enumerate(by_scores.get(new[person].scores, ()))
    ]
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _, n, m in sorted(likely):
        other = by_scores[new[people[n]].scores][m]
        if people[n] not in found and other not in taken:
            found[people[n]] = other
            taken.add(other)
    return found
