"""Columns of numbers that were left out and are not the same on both sides: they may have been amounts."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from changeflow.pilots.runs import Coverage
from changeflow.reconciliation.columns import BY_CHOICE
from changeflow.reconciliation.ledgers import Side
from changeflow.values.duration import counted

if TYPE_CHECKING:
    import duckdb


def differing(db: "duckdb.DuckDBPyConnection", sides: Sequence[Side], coverage: Coverage) -> Iterator[str]:
    """Yield which columns left out, by no choice of people, have other numbers for the same contracts."""
    names = [entry.column for entry in coverage.left_out if entry.side == "both" and entry.reason not in BY_CHOICE]
    places = {s.side: [s.headings.place(name) for name in names] for s in sides}
    shared = [(n, at) for n, *at in zip(names, *places.values(), strict=True) if None not in at]
    if not shared:
        return
    tables = []
    for number, side in enumerate(sides):
        cells = ", ".join(f"{_number(f'source.c{at[number]}')} as n{i}" for i, (_, at) in enumerate(shared))
        tables.append(f"(select key, {cells} from {side.table} as own join {side.source.sql} as source using (line))")
    counts = ", ".join(f"count(*) filter (where a.n{i} <> b.n{i})" for i in range(len(shared)))
    row = db.execute(f"select {counts} from {tables[0]} as a join {tables[1]} as b using (key)").fetchone() or ()
    for (name, _), count in zip(shared, row, strict=True):
        if count:
            has = "has" if count == 1 else "have"
            yield (
                f"{name} was not compared, and {counted(count, 'contract')} {has} other numbers there: say with "
                "--tolerance which columns are compared (of a service: tolerances under parallel_run)."
            )


def _number(cell: str) -> str:
    """Return SQL of a cell as a number, as far as it is one; nothing is 0."""
    return (
        f"case when {cell} is null or trim({cell}) = '' then 0 "
        f"else try_cast(translate({cell}, ',£ ', '') as decimal(38, 6)) end"
    )
