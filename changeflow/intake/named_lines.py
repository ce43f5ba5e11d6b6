"""Lists as people paste them: on each line a name, then other cells, separated by tabs, semicolons or commas."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from changeflow.errors import InputError

SHOWN_LINE = 60


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A line of a list."""

    number: int
    name: str
    cells: tuple[str, ...]
    """What follows the name; some may be empty."""


def named_lines(
    lines: Iterable[str], *, what: str, form: str, fits: Callable[[Sequence[str]], bool]
) -> Iterator[NamedLine]:
    """Yield the lines that are not empty, numbered from 1.

    Raise `InputError` for a line without a name or whose other cells do not fit, and for a name that appears twice.
    `what` and `form` are for the message, such as "school" and "a name and a phase".

    >>> given = ["Ash  Primary, primary", "", "Beech; secondary"]
    >>> [(one.number, one.name, *one.cells) for one in named_lines(given, what="school", form="a school", fits=bool)]
    [(1, 'Ash Primary', 'primary'), (2, 'Beech', 'secondary')]
    """
    seen: dict[str, int] = {}
    for number, line in enumerate((line for line in lines if line.strip()), 1):
        mark = next((m for m in "\t;," if m in line), ",")
        name, *cells = (" ".join(cell.split()) for cell in line.split(mark))
        if not name or not fits(cells):
            raise InputError(f"Line {number} is not {form}: “{line.strip()[:SHOWN_LINE]}”.")
        if (first := seen.setdefault(name.casefold(), number)) != number:
            raise InputError(f"Duplicate {what} “{name}” on line {number} (first on line {first}).")
        yield NamedLine(number, name, tuple(cells))
