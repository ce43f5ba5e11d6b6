"""Join problems that are alike: the same mistake on a thousand lines is reported once, not a thousand times."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from changeflow.phrases import listed, printable

MORE_LINES = 5
"""How many other lines with the same mistake to name."""
MOST_OF_A_KIND = 10
"""How many problems of one kind in a column of a table to list; the others are counted."""
MOST_LISTED = 1_000
"""How many problems to list. Once there are more, readers may stop looking for others."""


def grouped_lines(problems: Sequence[Any]) -> Iterator[str]:
    """Write problems for people: one line for problems with the same message, the first few of each kind, and how many
    more there are.

    The problems are `Problem`s, a class in a layer above this one.
    """
    groups, hidden = _of_each_kind(_alike(problems), is_part=len(problems) > MOST_LISTED)
    for alike in groups[:MOST_LISTED]:
        yield _listed(alike) + hidden.get(id(alike), "")
    if left := sum(map(len, groups[MOST_LISTED:])):
        yield f"… and {left} more."


def _alike(problems: Iterable[Any]) -> list[list[Any]]:
    """Group problems with the same message about lines of one file, in the order of each group's first problem."""
    groups: dict[object, list[Any]] = {}
    for problem in problems:
        same = (problem.file, getattr(problem, "heading", ""), problem.what, problem.remedy)
        groups.setdefault(same, []).append(problem)
    return list(groups.values())


def _of_each_kind(groups: list[list[Any]], *, is_part: bool) -> tuple[list[list[Any]], dict[int, str]]:
    """Shorten repetition: keep the first lines of each kind, and say after the last how many more there are."""
    kinds: dict[object, list[list[Any]]] = {}
    for alike in groups:
        kinds.setdefault(getattr(alike[0], "kind", None) or id(alike), []).append(alike)
    kept, said = set[int](), dict[int, str]()
    for same in kinds.values():
        kept |= {id(alike) for alike in same[:MOST_OF_A_KIND]}
        if left := sum(map(len, same[MOST_OF_A_KIND:])):
            first = same[0][0]
            count = f"at least {left}" if is_part else str(left)
            more = f"{printable(first.file)}: and {count} more like it"
            said[id(same[MOST_OF_A_KIND - 1])] = f"\n{more} in the column '{printable(first.heading)}'."
    return [alike for alike in groups if id(alike) in kept], said


def _listed(alike: Sequence[Any]) -> str:
    """Write a problem, with the other lines of its file that have the same one."""
    lines = [str(line) for line in dict.fromkeys(p.line for p in alike) if line != alike[0].line]
    if not lines:
        return str(alike[0])
    return f"{alike[0]} Also on line{'s' if len(lines) > 1 else ''} {listed(lines, most=MORE_LINES)}."
