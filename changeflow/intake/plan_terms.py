"""Term dates as people paste them: a term on each line."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from changeflow.errors import InputError
from changeflow.intake.days import read_day
from changeflow.values.moments import format_day

SHOWN_LINE = 60


@dataclass(frozen=True, slots=True)
class ListedTerm:
    """A term: its first and last day, and those of its half-term holiday, if it has one. Days are inclusive."""

    name: str
    first_day: date
    last_day: date
    half_term: tuple[date, date] | None = None


def terms_in_lines(lines: Iterable[str]) -> Iterator[ListedTerm]:
    """Yield the terms of a list: on each line a name, the first and last day, and those of half-term.

    They are separated by tabs, semicolons or commas. Raise `InputError` for a line that is no term.

    >>> [term] = terms_in_lines(["Autumn 2027, 2/9/2027, 17 December 2027, 25/10/2027, 29/10/2027"])
    >>> term.last_day.isoformat(), term.half_term[0].isoformat()
    ('2027-12-17', '2027-10-25')
    """
    seen: dict[str, int] = {}
    for number, line in enumerate((line for line in lines if line.strip()), 1):
        mark = next((m for m in "\t;," if m in line), ",")
        name, *cells = (" ".join(cell.split()) for cell in line.split(mark))
        days = [_day(cell, number) for cell in cells if cell]
        if not name or len(days) not in (2, 4):
            raise InputError(f"Line {number} is not a term with two or four days: “{line.strip()[:SHOWN_LINE]}”.")
        if (first := seen.setdefault(name.casefold(), number)) != number:
            raise InputError(f"Duplicate term “{name}” on line {number} (first on line {first}).")
        for begins, ends in zip(days[::2], days[1::2], strict=True):
            if ends < begins:
                raise InputError(
                    f"Line {number}: {format_day(ends)} is before {format_day(begins)}. Correct one of them."
                )
        yield ListedTerm(name, days[0], days[1], (days[2], days[3]) if len(days) == 4 else None)


def _day(text: str, number: int) -> date:
    with suppress(ValueError):
        return read_day(text)
    raise InputError(f"“{text[:40]}” on line {number} is not a date. Write it like 2/9/2027.")
