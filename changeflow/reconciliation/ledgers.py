"""Load one side of a parallel run into DuckDB: one line per contract, with amounts as exact millionths.

First each column is measured, then the columns to compare are chosen for both sides together, then they are loaded. A
cell of a compared column that is not an amount is reported with its line and column.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from changeflow.phrases import listed
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.amounts import (
    DECIMALS,
    CellKind,
    fast,
    fast_by_comma,
    needs_a_look,
    plain_kind,
)
from changeflow.reconciliation.columns import (
    OF_A_SERVICE,
    PERIOD,
    ComparedElement,
    Headings,
    Measured,
    folded,
    may_be_of_ids,
)
from changeflow.reconciliation.marks import NAMES, Mark, mark_of
from changeflow.reconciliation.sources import SHOWN, Source, first_of
from changeflow.reconciliation.wrong_cells import what_is_wrong
from changeflow.values.duration import counted
from changeflow.values.problem import Problem

if TYPE_CHECKING:
    import duckdb

_KEY_TRIMMED = " \t\u00a0\u202f\u2007\u200b\ufeff"
_NAMED = 5
"""How many line numbers of one kind to list in a note."""
_SAMPLE = 200
"""How many lines to try before all of them are read the fast way."""
_COUNTED = 8
"""How many columns to count in one query."""
_AT_ONCE = 48
"""How many columns one query examines closely: more would take too much memory."""
ASK_DECIMAL = f"Use `--decimal .` or `--decimal ,`.{OF_A_SERVICE.format('decimal')}"


@dataclass(slots=True, kw_only=True)
class Side:
    """One file while it is loaded into the table of its side, `old` or `new`, with the columns `line`, `key`, and `v1`,
    `v2` … by place."""

    db: "duckdb.DuckDBPyConnection"
    headings: Headings
    policy: ParallelRunPolicy
    problems: list[Problem]
    measured: dict[int, Measured] = field(default_factory=dict)
    looked_at: tuple[int, ...] = ()
    """Places whose cells were examined closely, because some are not written as programs write amounts."""
    mark: Mark = "."

    @property
    def side(self) -> str:
        return self.headings.side

    @property
    def source(self) -> Source:
        return self.headings.source

    @property
    def table(self) -> str:
        return f'"{self.side}"'

    def places(self, elements: Sequence[ComparedElement]) -> dict[int, str]:
        """Return the places of the compared columns, with the element's name."""
        return {e.places[self.side]: e.name for e in elements if self.side in e.places}

    def key_places(self) -> list[int]:
        return [place for key in self.policy.key if (place := self.headings.place(key)) is not None]

    def row(self, query: str, values: Sequence[object] = ()) -> tuple[int, ...]:
        return tuple(n or 0 for n in self.db.execute(query, list(values)).fetchone() or ())

    def add(self, line: int, place: int, what: str, remedy: str = "") -> None:
        self.problems.append(self.problem(line, place, what, remedy))

    def problem(self, line: int, place: int, what: str, remedy: str = "") -> Problem:
        return Problem(file=self.source.shown, line=line, column=place, what=what, remedy=remedy)

    def given(self) -> Mark | None:
        return dict[str, Mark](self.policy.decimal.items()).get(self.side)

    def mark_at(self, place: int) -> Mark:
        return "." if place in self.source.numbers else self.mark

    def cells(self, place: int, lines: str, *, most: int = SHOWN) -> tuple[int, list[tuple[int, str]]]:
        """Return how many lines a query finds, and the number and cell of each of the first ones."""
        count = self.row(f"select count(*) from ({lines})")[0]
        if not count:
            return 0, []
        first = self.db.execute(f"select line from ({lines}) order by line limit {most}").fetchall()
        listed = ", ".join(str(line) for (line,) in first)
        query = f"select line, c{place} from {self.source.sql} where line in ({listed}) order by line"
        return count, self.db.execute(query).fetchall()


def measure(ledger: Side) -> int:
    """Measure the columns that may be compared; return how many lines there are."""
    places = _candidates(ledger)
    # A closer look takes several times as long, so it is taken only if necessary, which the first lines usually show.
    sample = f"(select * from {ledger.source.sql} limit {_SAMPLE})"
    is_odd = ledger.given() == "," or _read_fast(ledger, places, sample)[1]
    if not is_odd:
        lines, is_odd = _read_fast(ledger, places, ledger.source.sql)
    if is_odd:
        ledger.looked_at = tuple(places)
        _look_closely_at(ledger, places)
        lines = ledger.row(f"select count(*) from {ledger.table}")[0]
    ledger.measured = {place: Measured({CellKind.WHOLE: lines}) for place in places} | _counts(ledger)
    for place in places if not ledger.looked_at else ():
        if may_be_of_ids(ledger.source.named(place)):
            pointed = ledger.row(f"select count(*) from {ledger.source.sql} where contains(c{place}, '.')")[0]
            ledger.measured[place] = Measured({CellKind.POINT: pointed, CellKind.WHOLE: lines - pointed})
    return int(lines)


def _read_fast(ledger: Side, places: Sequence[int], source: str) -> tuple[int, bool]:
    """Make the table from a source; return how many lines there are, and whether a cell needs a closer look."""
    if len(places) <= _AT_ONCE:
        odd = " + ".join(needs_a_look(f"c{place}") for place in places) or "0"
        _create(ledger, [f"{odd} as odd", *(f"{fast(f'c{place}')} as v{place}" for place in places)], source)
    else:
        # One expression serves all columns, because planning one for each takes longer than reading the cells.
        odd = f"list_sum(list_transform({_listed(places)}, lambda c: {needs_a_look('c')}))::integer"
        amounts = f"list_transform({_listed(places)}, lambda c: {fast('c')})"
        columns = ["odd", *(f"amounts[{n}] as v{place}" for n, place in enumerate(places, 1))]
        _create(ledger, columns, f"(select *, {odd} as odd, {amounts} as amounts from {source})")
    nulls = [f"count(*) filter (where v{place} is null)" for place in places]
    lines, *odds = ledger.row(f"select {', '.join(['count(*)', 'sum(odd)', *nulls])} from {ledger.table}")
    return lines, any(odds)


def load_keys(ledger: Side) -> int:
    """Make the table of lines and keys alone; return how many lines there are."""
    _create(ledger, [], ledger.source.sql)
    return ledger.row(f"select count(*) from {ledger.table}")[0]


def load(ledger: Side, elements: Sequence[ComparedElement]) -> None:
    """Keep the columns to compare, reading amounts with the decimal separator; add a `Problem` if nothing shows which
    it is."""
    places = ledger.places(elements)
    mark = _mark(ledger, places)
    if mark is None:
        return
    ledger.mark = mark
    if ledger.looked_at:
        ledger.looked_at = tuple(place for place in ledger.looked_at if place in places)
        kept = [f"{letter}{place}" for place in ledger.looked_at for letter in "nszr"]
        columns = ["line", "key", *(f"{_read(ledger, place)} as v{place}" for place in places), *kept]
        ledger.db.execute(f"create or replace table {ledger.table} as select {', '.join(columns)} from {ledger.table}")


def _read(ledger: Side, place: int) -> str:
    return f"v{place}" if ledger.mark_at(place) == "." else f"w{place}"


def _look_closely_at(ledger: Side, places: Sequence[int]) -> None:
    """Rebuild the table with a description of each cell, some columns at a time."""
    parts = [places[first : first + _AT_ONCE] for first in range(0, len(places), _AT_ONCE)] or [places]
    if len(parts) == 1:
        _look_closely(ledger, places, ledger.table, ledger.source.sql)
        return
    db, raw = ledger.db, f'"{ledger.side} as read"'
    db.execute(f"create or replace table {raw} as select * from {ledger.source.sql}")
    tables = [f'"{ledger.side} part {n}"' for n in range(len(parts))]
    for table, part in zip(tables, parts, strict=True):
        _look_closely(ledger, part, table, raw)
    db.execute(f"drop table {raw}")
    first, *others = tables
    # The parts are joined only once, because each copy of such a wide table takes long.
    joined = " ".join(f"join (select * exclude (key) from {table}) using (line)" for table in others)
    db.execute(f"create or replace table {ledger.table} as select * from {first} {joined}")
    for table in tables:
        db.execute(f"drop table {table}")


def _look_closely(ledger: Side, places: Sequence[int], table: str, source: str) -> None:
    """Make a table with a description of each cell, and its amount as read with a decimal point and with a comma.

    For a cell written as programs write amounts, the text `t` is null, because its kind and amount are known without
    it.
    """
    hours, is_plain = f"x.n = {CellKind.HOURS}", f"x.n <= {CellKind.WHOLE} or x.n = {CellKind.HOURS}"
    steps = {
        "f": fast("x.c"),
        "g": f"case when x.f is null then {fast_by_comma('x.c')} end",
        "m": plain_kind("x.c", "x.f", "x.g"),
        "t": "case when x.m is null then tidy(x.c) end",
        "d": "digits(x.t)",
        "k": "around(x.t, x.d)",
        "n": "coalesce(x.m, kind_of(x.t, x.k, x.d))",
        # The number is a separate step, because a macro repeats its arguments wherever they occur.
        "p": "case when x.t is not null then by_point(x.d) end",
        "v": f"case when x.t is null then x.f when {hours} then hours(x.t) else units_by_point(x.n, x.k, x.p) end",
    }
    found = {
        "v": "x.v",
        "w": f"case when x.n = {CellKind.POINT} then null when {is_plain} then x.v when x.t is null then x.g "
        "else units_by_comma(x.n, x.k, x.d) end",
        "n": "x.n::utinyint",
        "s": "case when x.t is not null then nullif(currency(x.t), '') end",
        "z": f"(x.n = {CellKind.WHOLE} and x.c[1] = '0' and length(x.c) > 1)",
        "r": "(x.t is not null and is_rounded(x.n, x.k, x.d))",
    }
    values = [f"cells[{n}].{name} as {name}{place}" for n, place in enumerate(places, 1) for name in found]
    keys = "".join(f"c{place}, " for place in ledger.key_places())
    cells = f"(select line, {keys}{_each_cell(places, steps, found)} as cells from {source})"
    _create(ledger, values, cells, table)


def _each_cell(places: Sequence[int], steps: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Return SQL for the findings about each cell `x.c` of some columns: a list of structs.

    A step may use the results of earlier steps, such as `x.f`. One expression serves all columns, because planning one
    for each takes longer than reading the cells.
    """
    made, known = f"list_transform({_listed(places)}, lambda x: {{c: x}})", ["c"]
    for name, sql in steps.items():
        kept = ", ".join(f"{k}: x.{k}" for k in known)
        made = f"list_transform({made}, lambda x: {{{kept}, {name}: {sql}}})"
        known.append(name)
    return f"list_transform({made}, lambda x: {{{', '.join(f'{name}: {sql}' for name, sql in found.items())}}})"


def _listed(places: Sequence[int]) -> str:
    return f"[{', '.join(f'c{place}' for place in places)}]"


def _counts(ledger: Side) -> dict[int, Measured]:
    """Count the cells of each form in each column that was examined closely."""
    found = {}
    for first in range(0, len(ledger.looked_at), _COUNTED):
        # A few columns at a time: many histograms at once take much memory, and a query for each takes long.
        places = ledger.looked_at[first : first + _COUNTED]
        each = "histogram(n{p}), histogram(s{p}), count(*) filter (where z{p}), count(*) filter (where r{p})"
        row = ledger.db.execute(f"select {', '.join(each.format(p=p) for p in places)} from {ledger.table}").fetchone()
        for n, place in enumerate(places):
            kinds, currencies, padded, rounded = row[4 * n : 4 * n + 4] if row else ({}, {}, 0, 0)
            found[place] = Measured(dict(kinds or {}), dict(currencies or {}), padded, rounded)
    return found


def has_other_lines(ledger: Side) -> bool:
    """Return whether any line has only separators, or repeats the headings."""
    names = "|".join(ledger.source.named(place) for place in ledger.key_places())
    if ledger.row(f"select count(*) from {ledger.table} where key = ?", [names])[0]:
        return True
    cells = ", ".join(f"c{place}" for place in range(1, ledger.source.width + 1))
    nameless = f"select line from {ledger.table} where key is null"
    if not ledger.row(f"select count(*) from ({nameless})")[0]:
        return False
    empty = f"select count(*) from {ledger.source.sql} where trim(concat({cells})) = '' and line in ({nameless})"
    return bool(ledger.row(empty)[0])


def leave_out(ledger: Side, lines: Sequence[int]) -> None:
    """Remove lines from the table and from the measurements."""
    ledger.db.execute(f"delete from {ledger.table} where line in ({', '.join(map(str, lines))})")
    ledger.measured |= _counts(ledger)


def check_cells(ledger: Side, elements: Sequence[ComparedElement], currencies: Mapping[str, str]) -> None:
    """Report the cells of compared columns that are not amounts; `currencies` gives the currency of each element."""
    found, more = list[Problem](), 0
    places = ledger.places(elements)
    odd = {(place, ""): f"v{place} is null" for place in ledger.looked_at}
    odd |= {(p, own): f"s{p} <> '{own}'" for p in ledger.looked_at if (own := currencies.get(places[p], ""))}
    counts = ", ".join(f"count(*) filter (where {condition})" for condition in odd.values())
    row = ledger.row(f"select {counts} from {ledger.table}") if odd else ()
    for ((place, currency), condition), count in zip(odd.items(), row, strict=True):
        if count:
            _, cells = ledger.cells(place, f"select line from {ledger.table} where {condition}")
            more += count - len(cells)
            found += _named(ledger, place, places[place], cells, currency)
    found.sort(key=lambda p: (p.line, p.column))
    ledger.problems += first_of(found, "cells that are not amounts", more)


def read_as(ledger: Side, elements: Sequence[ComparedElement]) -> Iterator[str]:
    """Yield notes on how amounts were read, if that is not obvious."""
    places = ledger.places(elements)
    own = [ledger.measured[place] for place in places]
    if ledger.mark != "." or any(m.count(CellKind.COMMA_OR_GROUP, CellKind.POINT_OR_GROUP) for m in own):
        yield f"{NAMES[ledger.mark].capitalize()}."
    empty, dashes = (sum(m.count(kind) for m in own) for kind in (CellKind.EMPTY, CellKind.DASH))
    zeros = [counted(empty, "empty cell")] if empty else []
    zeros += [f"{dashes} {'dash' if dashes == 1 else 'dashes'}"] if dashes else []
    if zeros:
        yield f"{' and '.join(zeros)} counted as 0.00."
    if places and empty and set(places) <= {*ledger.looked_at}:
        yield from _without_amounts(ledger, places)
    if hours := sum(m.count(CellKind.HOURS) for m in own):
        yield f"{counted(hours, 'cell')} of hours and minutes read as hours: 37:30 is 37.50."
    if rounded := sum(m.rounded for m in own):
        yield f"{counted(rounded, 'cell')} with the digits of a floating-point number, rounded to {DECIMALS} decimals."


def _without_amounts(ledger: Side, places: Iterable[int]) -> Iterator[str]:
    """Yield a note of lines that have a key but no amount: in some reports, these are titles of groups."""
    nothing = " and ".join(f"n{place} = {CellKind.EMPTY}" for place in places)
    query = f"select line from {ledger.table} where key is not null and {nothing}"
    if count := ledger.row(f"select count(*) from ({query})")[0]:
        lines = [line for (line,) in ledger.db.execute(f"{query} order by line limit {_NAMED}").fetchall()]
        numbers = listed([*map(str, lines), *[""] * (count - len(lines))], most=_NAMED)
        which = (
            f"line {numbers} has no amount: it counts" if count == 1 else f"lines {numbers} have no amounts: they count"
        )
        yield f"{which[0].upper()}{which[1:]} as 0.00."


def _candidates(ledger: Side) -> list[int]:
    """Return the places that may be compared, and also those without a heading, because their content is reported."""
    keys, wanted = ledger.key_places(), {folded(t.element) for t in ledger.policy.tolerances}
    named = {column.place: name for name, column in ledger.headings.places.items()}
    skipped = {c.place for c in ledger.headings.displaced} | set(keys)
    return [
        place
        for place in range(1, ledger.source.width + 1)
        if place not in skipped
        if (name := named.get(place, "")) != PERIOD and (not wanted or not name or name in wanted)
    ]


def _create(ledger: Side, columns: Sequence[str], source: str, table: str = "") -> None:
    """Make the side's table, or another one, from a source; a key with an empty part is null."""
    parts = [f"nullif(trim(c{place}, '{_KEY_TRIMMED}'), '')" for place in ledger.key_places()]
    parts = [f"case when {part}[1] = '''' then {part}[2:] else {part} end" for part in parts]
    key = " || '|' || ".join(parts)
    listed = ", ".join(["line", f"{key} as key", *columns])
    ledger.db.execute(f"create or replace table {table or ledger.table} as select {listed} from {source}")


def _mark(ledger: Side, places: Mapping[int, str]) -> Mark | None:
    """Return the decimal mark: the policy's, or the one that the amounts show; if neither is clear, add a `Problem`."""
    if (given := ledger.given()) is not None:
        return given
    doubtful = [place for place in places if place not in ledger.source.numbers]
    mark = mark_of([ledger.measured[place] for place in doubtful], separator=ledger.source.separator)
    if mark is None:
        unclear = (CellKind.POINT_OR_GROUP, CellKind.COMMA_OR_GROUP)
        place = next(p for p in sorted(doubtful) if ledger.measured[p].count(*unclear))
        query = f"select line from {ledger.table} where n{place} in ({', '.join(str(int(k)) for k in unclear)})"
        _, [(line, text)] = ledger.cells(place, query, most=1)
        whole, part = re.sub(r"[.,]", "", text), text.replace(",", ".")
        what = f"{places[place]}: '{text}' may be {whole} or {part}: too few other amounts in the file show which."
        ledger.add(line, place, what, ASK_DECIMAL)
    return mark


def _named(
    ledger: Side, place: int, element: str, cells: Sequence[tuple[int, str]], currency: str = ""
) -> Iterator[Problem]:
    for line, text in cells:
        what, remedy = what_is_wrong(text, ledger.mark_at(place), currency)
        yield ledger.problem(line, place, f"{element}: {what}", remedy)


def currencies_of(ledgers: Sequence[Side], elements: Sequence[ComparedElement]) -> dict[str, str]:
    """For each element in several currencies, return the main one: that of most of its cells on both sides."""
    found = {}
    for element in elements:
        counts = Counter[str]()
        for ledger in ledgers:
            place = element.places.get(ledger.side)
            if place is not None:
                counts.update(ledger.measured[place].currencies)
        if len(counts) > 1:
            found[element.name] = max(counts, key=lambda code: (counts[code], code))
    return found
