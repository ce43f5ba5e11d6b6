"""Choose the most useful groups to publish, with a limit on how many may count the same person."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

WEIGHTS: Mapping[str, int] = {"wave": 6, "group": 5, "service": 3, "audience": 3, "hub": 3, "hub-group": 2}
"""How useful a group of each view is to the project team; waves weigh most because dates depend on them. Our own
choice."""
FIRST = ("programme", "service")
"""Views that come before smaller groups, in this order, where all their groups can be published."""
AT_MOST_BANDS = 4
"""The most bands to count as useful, because more add little: our own choice."""
EFFORT = 2.0
"""Deterministic seconds of search, so that two runs choose the same groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A group that could be published: one set of people, with all its names."""

    people: frozenset[str]
    key: Hashable
    """The key under which it is counted: a group that replaces its own earlier publication has the key of that
    publication."""
    views: tuple[str, ...]
    bands: int
    """The number of bands that a count can be in; with only one, the count says nothing."""

    @property
    def weight(self) -> int:
        return sum(WEIGHTS.get(v, 0) for v in self.views) * min(AT_MOST_BANDS, self.bands)


def choose(options: Sequence[Option], counted: Mapping[str, Collection[Hashable]], *, limit: int) -> list[int]:
    """Return the indices of the options to publish, so that no one is counted in more than `limit` groups.

    `counted` has, for each person, the keys of groups that already count them. The programme and its services come
    first. If the services overlap so much that the limit excludes one, they compete with all other groups, and the
    groups with the greatest total weight are chosen.
    """
    used = {p: set(keys) for p, keys in counted.items()}
    chosen = list[int]()
    for view in FIRST:
        division = [n for n, option in enumerate(options) if n not in chosen and view in option.views]
        with_all = {p: set(keys) for p, keys in used.items()}
        for n in division:
            for person in options[n].people:
                with_all.setdefault(person, set()).add(options[n].key)
        if all(len(keys) <= limit for keys in with_all.values()):
            chosen, used = [*chosen, *division], with_all
    rest = [n for n, option in enumerate(options) if n not in chosen and option.weight and _fits(option, used, limit)]
    return sorted([*chosen, *_heaviest(options, rest, used, limit)])


def _fits(option: Option, used: Mapping[str, set[Hashable]], limit: int) -> bool:
    return all(len(used.get(p, set()) | {option.key}) <= limit for p in option.people)


def _heaviest(options: Sequence[Option], rest: list[int], used: Mapping[str, set[Hashable]], limit: int) -> list[int]:
    # Imported only when needed, because most commands publish nothing.
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    take = {n: model.new_bool_var(f"{n}") for n in rest}
    members: dict[tuple[tuple[int, ...], int], None] = {}
    of: dict[str, list[int]] = {}
    for n in rest:
        for person in options[n].people:
            if options[n].key not in used.get(person, set()):
                of.setdefault(person, []).append(n)
    for person, groups in of.items():
        members[tuple(groups), limit - len(used.get(person, set()))] = None
    binding = [(groups, room) for groups, room in members if len(groups) > room]
    if not binding:
        return rest
    for few, room in binding:
        model.add(sum(take[n] for n in few) <= room)
    # Between equally good choices, prefer earlier groups.
    model.maximize(sum((options[n].weight * 1000 + len(options) - n) * take[n] for n in rest))
    solver = cp_model.CpSolver()
    # Ctrl+C must end the whole command, not only this search.
    solver.parameters.catch_sigint_signal = False
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = EFFORT
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return []
    return [n for n in rest if solver.value(take[n])]
