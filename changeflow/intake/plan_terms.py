"""Term dates as people paste them: a term on each line."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date

from changeflow.errors import InputError
from changeflow.intake.days import read_day
from changeflow.intake.named_lines import named_lines
from changeflow.programme.calendar_files import Term
from changeflow.values.moments import format_day


def terms_in_lines(lines: Iterable[str]) -> Iterator[Term]:
    """Yield the terms of a list: on each line a name, the first and last day, and those of half-term.

    They are separated by tabs, semicolons or commas. Raise `InputError` for a line that is no term.

    >>> [term] = terms_in_lines(["Autumn 2027, 2/9/2027, 17 December 2027, 25/10/2027, 29/10/2027"])
    >>> term.last_day.isoformat(), term.half_term[0].isoformat()
    ('2027-12-17', '2027-10-25')
    """
    for line in named_lines(lines, what="term", form="a term with two or four days", fits=_has_days):
        days = [_day(cell, line.number) for cell in line.cells if cell]
        for begins, ends in zip(days[::2], days[1::2], strict=True):
            if ends < begins:
                raise InputError(
                    f"Line {line.number}: {format_day(ends)} is before {format_day(begins)}. Correct one of them."
                )
        half_term = (days[2], days[3]) if len(days) == 4 else None
        yield Term(name=line.name, first_day=days[0], last_day=days[1], half_term=half_term)


def _has_days(cells: Sequence[str]) -> bool:
    return sum(1 for cell in cells if cell) in (2, 4)


def _day(text: str, number: int) -> date:
    with suppress(ValueError):
        return read_day(text)
    raise InputError(f"“{text[:40]}” on line {number} is not a date. Write it like 2/9/2027.")
