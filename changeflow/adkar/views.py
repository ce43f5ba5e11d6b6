"""Groups that are looked at, and how the parts of a division that are too small to be shown are joined."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

OTHERS = "others"
"""Into which the parts of a division that are too small to be shown are rolled up, so that their voice counts."""


@dataclass(frozen=True, slots=True)
class View:
    """A group to be looked at: its members, whether they have answered or not."""

    view: str
    group: str
    members: frozenset[str]


def roll_up(views: Sequence[View], answered: Collection[str], *, minimum: int) -> list[View]:
    """Join the parts of a division that are too small to be shown, so that none is found by subtraction."""
    sizes = {v.group: len(v.members & frozenset(answered)) for v in views}
    hidden = suppressed(sizes, minimum=minimum)
    kept = [v for v in views if v.group not in hidden]
    joined = frozenset(p for v in views if v.group in hidden for p in v.members)
    return [*kept, *([View(views[0].view, OTHERS, joined)] if joined else [])]


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
