"""Toy doors. One is safe; each of the others leaks by one mistake that products make."""

from collections.abc import Callable, Mapping

from disclosure.events import GroupKey, Import, Line, place_of

MINIMUM, WIDTH = 10, 6


def named(event: Import) -> dict[GroupKey, frozenset[str]]:
    """Return the whole programme, the waves and the roles."""
    found: dict[GroupKey, set[str]] = {("all", "all"): {m.id for m in event.members}}
    for member in event.members:
        for view, groups in (("wave", [member.wave] if member.wave else []), ("role", member.roles)):
            for group in groups:
                found.setdefault((view, group), set()).add(member.id)
    return {key: frozenset(people) for key, people in found.items()}


def band(count: int, size: int, width: int = WIDTH) -> tuple[int, int]:
    """Return the band of a count; the last one ends at the size, and none is narrower than the width.

    >>> band(5, 11), band(11, 11), band(3, 10), band(3, 10, width=1)
    ((0, 5), (6, 11), (0, 10), (3, 3))
    """
    last = max(0, (size + 1) // width - 1) * width
    low = min(count // width * width, last)
    return low, size if low == last else low + width - 1


class ToyDoor:
    """Shows the groups that `choose` picks after each import, and earlier lines until they are replaced."""

    def __init__(self, choose: Callable[[int, GroupKey], bool], *, width: int = WIDTH) -> None:
        self.choose, self.width = choose, width
        self.number = 0
        self.shown: dict[tuple[str, GroupKey], Line] = {}

    def named_groups(self, event: Import) -> Mapping[GroupKey, frozenset[str]]:
        return named(event)

    def play(self, event: Import) -> tuple[Line, ...]:
        places = {
            m.id: place
            for m in event.members
            if (scores := event.scores.get(m.id)) is not None
            and (place := place_of(scores, threshold=event.threshold, live=m.live)) is not None
        }
        for key, members in named(event).items():
            people = frozenset(members & places.keys())
            if len(people) >= MINIMUM and self.choose(self.number, key):
                counts = [sum(places[p] <= k for p in people) for k in range(5)]
                held = tuple(band(count, len(people), self.width) for count in counts)
                self.shown[event.programme, key] = Line(event.programme, *key, event.day, people, held)
        self.number += 1
        return tuple(line for (programme, _), line in self.shown.items() if programme == event.programme)


def whole_once() -> ToyDoor:
    """Show the whole programme after the first import, and nothing else.

    It says little, and leaks nothing unless reinforcement counts for some of the people.
    """
    return ToyDoor(lambda number, key: number == 0 and key == ("all", "all"))


def exact_counts() -> ToyDoor:
    """Show every group of ten or more in exact numbers."""
    return ToyDoor(lambda number, _: number == 0, width=1)


def bands_alone() -> ToyDoor:
    """Show every group of ten or more in bands, without a joint test."""
    return ToyDoor(lambda number, _: number == 0)


def whole_each_round() -> ToyDoor:
    """Show the whole programme after each import, even if people have joined."""
    return ToyDoor(lambda _, key: key == ("all", "all"))


def forgetful() -> ToyDoor:
    """Show the waves first. After any further import, show the roles, which were hidden."""
    return ToyDoor(lambda number, key: key[0] == ("role" if number else "wave"))


def forgetful_of_names(hidden: str) -> ToyDoor:
    """Hide one role for ever, but only by its name."""
    return ToyDoor(lambda _, key: key == ("all", "all") or (key[0] == "role" and key[1] != hidden))
