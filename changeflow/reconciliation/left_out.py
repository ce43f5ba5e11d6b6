"""Check columns that were left out: which cells were the reason, and which columns differ between the two sides and so
may be amounts.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from changeflow.pilots.runs import Coverage, LeftOut
from changeflow.reconciliation.amounts import CellKind
from changeflow.reconciliation.columns import BY_CHOICE, OF_A_SERVICE, TOO_FEW
from changeflow.reconciliation.ledgers import Side
from changeflow.values.duration import counted

if TYPE_CHECKING:
    import duckdb


def differing(
    db: "duckdb.DuckDBPyConnection", sides: Sequence[Side], coverage: Coverage, *, judged: Collection[str] = ()
) -> Iterator[str]:
    """Yield a note of columns that no one chose to leave out, but whose numbers differ for the same contracts.

    Those that are already `judged` are not checked.
    """
    left = [entry for entry in coverage.left_out if entry.side == "both" and entry.reason not in BY_CHOICE]
    names = [entry.column for entry in left if entry.column not in judged]
    places = {s.side: [s.headings.place(name) for name in names] for s in sides}
    shared = [(n, at) for n, *at in zip(names, *places.values(), strict=True) if None not in at]
    if not shared:
        return
    tables = []
    for number, side in enumerate(sides):
        cells = ", ".join(f"{_number(f'source.c{at[number]}')} as n{i}" for i, (_, at) in enumerate(shared))
        tables.append(f"(select key, {cells} from {side.table} as own join {side.source.sql} as source using (line))")
    # A word on one side also differs from a number other than 0 on the other.
    differ = "a.n{i} <> b.n{i} or ((a.n{i} is null) <> (b.n{i} is null) and coalesce(a.n{i}, b.n{i}) <> 0)"
    counts = ", ".join(f"count(*) filter (where {differ.format(i=i)})" for i in range(len(shared)))
    row = db.execute(f"select {counts} from {tables[0]} as a join {tables[1]} as b using (key)").fetchone() or ()
    for (name, _), count in zip(shared, row, strict=True):
        if count:
            has = "has" if count == 1 else "have"
            yield (
                f"{name} was not compared, and {counted(count, 'contract')} {has} other numbers there. Name "
                f"the columns to compare with --tolerance.{OF_A_SERVICE.format('tolerances')}"
            )


def with_places(coverage: Coverage, sides: Sequence[Side]) -> Coverage:
    """Add to each column with too few amounts the place of the first cell that is not an amount, but not the cell
    itself."""
    return replace(coverage, left_out=tuple(_with_place(one, sides) for one in coverage.left_out))


def _with_place(left_out: LeftOut, sides: Sequence[Side]) -> LeftOut:
    if not left_out.reason.startswith(TOO_FEW):
        return left_out
    for side in sides:
        place = side.headings.place(left_out.column)
        if place is not None and place in side.looked_at:
            query = f"select line from {side.table} where n{place} = {CellKind.TEXT}"
            _, cells = side.cells(place, query, most=1)
            for line, _ in cells:
                return replace(left_out, reason=f"{left_out.reason}: look at line {line} of {side.source.shown}")
    return left_out


_UNITS = (
    "h|hrs?|hours?|mins?|minutes?|d|days?|wks?|weeks?|months?|years?|terms?|sessions?|lessons?|shifts?|fte|wte|units?"
    "|miles?|km|p|pence|k|m|pa|pw|pcm|ph|phr?"
)
_BEFORE, _DIGITS = "[-+(£$€ ]*", "[0-9][0-9, ]*"
_SHORT = (
    f"^{_BEFORE}({_DIGITS}([.][0-9]+)?) *((/|per|a|an) *[a-z]+|{_UNITS})?[.)]?$"
    f"|^[-+( ]*[£$€] *({_DIGITS}([.][0-9]+)?)[^0-9]*$"
    f"|^[-+( ]*({_DIGITS}[.][0-9]+)[^0-9]*$"
)
"""A number with a unit, such as `37.5 hrs` or `12 per day`; if it has a currency or decimals, any words may follow."""
_CLOCK = "^[-+(]*[0-9]+[:h] *[0-9]+"
"""Hours and minutes that no convention reads, such as `37h 30m`."""


def _number(cell: str) -> str:
    """Return SQL that reads a cell as a number, with or without a unit; an empty cell is 0."""
    plain = f"lower(trim({cell}))"
    # Only one of the three patterns has found anything.
    found = " || ".join(f"regexp_extract({plain}, '{_SHORT}', {group})" for group in (1, 5, 7))
    number = f"translate({found}, ', ', '')"
    # Two times are compared as digits: it matters only whether they are the same.
    clock = f"regexp_replace({plain}, '[^0-9]+', '', 'g')"
    sign = f"case when {plain} ~ '^[-(]' then -1 else 1 end"
    return (
        f"case when {cell} is null or trim({cell}) = '' then 0 "
        # Most cells are words: they need no closer look.
        f"when {plain}[1] between 'a' and 'z' then null "
        f"when regexp_matches({plain}, '{_SHORT}') then {sign} * try_cast({number} as decimal(38, 6)) "
        f"when regexp_matches({plain}, '{_CLOCK}') then try_cast({clock} as decimal(38, 6)) end"
    )
