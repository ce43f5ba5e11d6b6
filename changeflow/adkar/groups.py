"""Barriers of groups, safe to show: small groups are rolled up or hidden, and no total gives a hidden one away."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from changeflow.adkar.assessment import Assessment, Element, barrier_point, latest_of_each
from changeflow.adkar.people import Person

NO_BARRIER = "none"
BARRIERS: tuple[str, ...] = (*Element, NO_BARRIER)
OTHERS = "others"
"""The group into which those too small to show are rolled up, so that their voice counts."""


@dataclass(frozen=True, slots=True)
class GroupBarriers:
    """How many people of a group stand at each barrier. `counts` is None where the group must not be shown."""

    group: str
    counts: Mapping[str, int] | None
    answered: int | None

    @property
    def is_shown(self) -> bool:
        return self.counts is not None

    @property
    def commonest(self) -> str | None:
        """The barrier of most people; of ties the earlier element. None when hidden or when most have none."""
        if self.counts is None:
            return None
        best = max(BARRIERS, key=lambda b: (self.counts or {}).get(b, 0))
        return None if best == NO_BARRIER else best


def barriers(assessments: Iterable[Assessment], *, threshold: int, live: Mapping[str, bool]) -> dict[str, str]:
    """Return each assessed person's barrier, or `none`. `live` says for whom reinforcement applies already."""
    return {
        person: barrier_point(a.scores, threshold=threshold, live=live.get(person, False)) or NO_BARRIER
        for person, a in latest_of_each(assessments).items()
    }


def by_group(
    people: Sequence[Person], found: Mapping[str, str], *, minimum: int, groups: Iterable[str] | None = None
) -> tuple[GroupBarriers, ...]:
    """Count barriers by group, each group alone: groups may overlap, so no total is given. Nobody is in two cells.

    A group with fewer than `minimum` answers is hidden. As groups overlap, a hidden group whose members all lie in
    a shown one stays hidden only as long as the shown one has at least `minimum` others; else that is hidden too.
    """
    members: dict[str, set[str]] = {}
    for person in people:
        for group in person.groups:
            if person.id in found:
                members.setdefault(group, set()).add(person.id)
    wanted = sorted(groups) if groups is not None else sorted({g for p in people for g in p.groups})
    shown = {g for g in wanted if len(members.get(g, ())) >= minimum}
    for big in sorted(shown):
        for small in members:
            inside = members[small] & members[big]
            if small not in shown and inside and 0 < len(members[big] - inside) < minimum:
                shown.discard(big)
    out = []
    for group in wanted:
        if group in shown:
            counts = Counter(found[p] for p in members[group])
            out.append(GroupBarriers(group, {b: counts.get(b, 0) for b in BARRIERS}, len(members[group])))
        else:
            out.append(GroupBarriers(group, None, None))
    return tuple(out)


def suppressed(sizes: Mapping[str, int], *, minimum: int) -> frozenset[str]:
    """Return which parts of a published total must be hidden, so that none can be found by subtraction.

    Parts below `minimum` are hidden; if that hides one part, or parts that together are still below `minimum`, the
    next smallest is hidden as well, until what is hidden is at least two parts and `minimum` people.

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


def by_part(
    people: Sequence[Person], found: Mapping[str, str], *, minimum: int, part: str
) -> tuple[GroupBarriers, ...]:
    """Count barriers by a division of everybody, such as `hub`: parts that must be hidden are rolled up to `others`.

    Where even all of them together are fewer than `minimum`, `others` is hidden too.
    """
    members: dict[str, list[str]] = {}
    for person in people:
        name = getattr(person, part)
        if name is not None and person.id in found:
            members.setdefault(name, []).append(person.id)
    hidden = suppressed({g: len(m) for g, m in members.items()}, minimum=minimum)
    joined = {g: m for g, m in members.items() if g not in hidden}
    if hidden:
        joined[OTHERS] = [p for g in sorted(hidden) for p in members[g]]
    out = []
    for group, those in sorted(joined.items(), key=lambda item: (item[0] == OTHERS, item[0])):
        if len(those) < minimum:
            out.append(GroupBarriers(group, None, None))
            continue
        counts = Counter(found[p] for p in those)
        out.append(GroupBarriers(group, {b: counts.get(b, 0) for b in BARRIERS}, len(those)))
    return tuple(out)
