"""One side of a parallel run, loaded into DuckDB: a line a contract, its amounts as exact millionths.

First each column is measured, then what is compared is chosen for both sides together, then it is loaded. A cell of a
compared column that is no amount is named with its line and column.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.amounts import (
    CURRENCIES,
    DECIMALS,
    CellKind,
    fast,
    fast_by_comma,
    needs_a_look,
    plain_kind,
)
from changeflow.reconciliation.columns import PERIOD, Element, Headings, Measured, folded, may_be_of_ids
from changeflow.reconciliation.marks import NAMES, Mark, mark_of, what_is_wrong
from changeflow.reconciliation.sources import SHOWN, Source, first_of
from changeflow.values.duration import counted
from changeflow.values.problem import Problem

if TYPE_CHECKING:
    import duckdb

_KEY_TRIMMED = " \t\u00a0\u202f\u2007\u200b\ufeff"
_AT_ONCE = 12
"""Columns that are looked at closely in one query: more of them take much memory to plan."""
_ASK = "Say which with --decimal . or --decimal , (of a service: decimal under parallel_run)."


@dataclass(slots=True, kw_only=True)
class Ledger:
    """One file on its way into the table of its side, `old` or `new`: `line`, `key`, and `v1`, `v2` … by place."""

    db: "duckdb.DuckDBPyConnection"
    headings: Headings
    policy: ParallelRunPolicy
    problems: list[Problem]
    measured: dict[int, Measured] = field(default_factory=dict)
    looked_at: tuple[int, ...] = ()
    """Places whose cells were looked at one by one: some were not as programs write amounts."""
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

    def measure(self) -> int:
        """Measure the columns that may be compared; return how many lines there are."""
        places = self._candidates()
        odd = " + ".join(needs_a_look(f"c{place}") for place in places) or "0"
        columns = [f"{odd} as odd", *(f"{fast(f'c{place}')} as v{place}" for place in places)]
        self._create(columns, self.source.sql)
        nulls = [f"count(*) filter (where v{place} is null)" for place in places]
        lines, *odds = self.row(f"select {', '.join(['count(*)', 'sum(odd)', *nulls])} from {self.table}")
        # Looking closely takes several times as long, so it is only done where it has to be.
        if any(odds) or self._given() == ",":
            self.looked_at = tuple(places)
            for first in range(0, len(places), _AT_ONCE):
                self._look_closely(places[first : first + _AT_ONCE], is_first=first == 0)
        self.measured = {place: Measured({CellKind.WHOLE: lines}) for place in places} | self._counts()
        for place in places if not self.looked_at else ():
            if may_be_of_ids(self.source.named(place)):
                pointed = self.row(f"select count(*) from {self.source.sql} where contains(c{place}, '.')")[0]
                self.measured[place] = Measured({CellKind.POINT: pointed, CellKind.WHOLE: lines - pointed})
        return int(lines)

    def load(self, elements: Sequence[Element]) -> None:
        """Keep what is compared, read by the mark of the decimals; where nothing shows it, that is a problem."""
        places = self.places(elements)
        mark = self._mark(places)
        if mark is None:
            return
        self.mark = mark
        if self.looked_at:
            self.looked_at = tuple(place for place in self.looked_at if place in places)
            kept = [f"{letter}{place}" for place in self.looked_at for letter in "nszr"]
            columns = ["line", "key", *(f"{self._read(place)} as v{place}" for place in places), *kept]
            self.db.execute(f"create or replace table {self.table} as select {', '.join(columns)} from {self.table}")

    def _read(self, place: int) -> str:
        return f"v{place}" if self._mark_at(place) == "." else f"w{place}"

    def _look_closely(self, places: Sequence[int], *, is_first: bool) -> None:
        """Make the table again, or widen it, with what each cell looks like, and its amount by point and by comma.

        Of a cell as programs write it, its text `t` is null: its kind and amount are known without it.
        """
        read, texts, parts, kinds, values = (list[str]() for _ in range(5))
        for place in places:
            c, f, g, t, d, k, n, v = (f"{letter}{place}" for letter in "cfgtdknv")
            read.append(f"{fast(c)} as {f}, case when {f} is null then {fast_by_comma(c)} end as {g}")
            texts.append(f"{plain_kind(c, f, g)} as m{place}, case when m{place} is null then tidy({c}) end as {t}")
            parts.append(f"digits({t}) as {d}, around({t}, {d}) as {k}")
            kinds.append(f"coalesce(m{place}, kind_of({t}, {k}, {d})) as {n}")
            by_comma = f"when {t} is null then {g} else units_by_comma({n}, {k}, {d}) end"
            is_point, is_plain = f"{n} = {CellKind.POINT}", f"{n} <= {CellKind.WHOLE}"
            values += [
                f"case when {t} is null then {f} else units_by_point({n}, {k}, {d}) end as {v}",
                f"case when {is_point} then null when {is_plain} then {v} {by_comma} as w{place}",
                f"{n}::utinyint as {n}",
                f"case when {t} is null then null else nullif(currency({t}), '') end as s{place}",
                f"({n} = {CellKind.WHOLE} and {c}[1] = '0' and length({c}) > 1) as z{place}",
                f"({t} is not null and is_rounded({n}, {k}, {d})) as r{place}",
            ]
        source = self.source.sql
        for level in (read, texts, parts, kinds):
            source = f"(select *, {', '.join(level)} from {source})"
        if is_first:
            self._create(values, source)
            return
        self.db.execute(f"create or replace table more as select line, {', '.join(values)} from {source}")
        both = f"select * from {self.table} join more using (line)"
        self.db.execute(f"create or replace table {self.table} as {both}")
        self.db.execute("drop table more")

    def _counts(self) -> dict[int, Measured]:
        """Count what the cells of each column look like that were looked at closely."""
        found = {}
        for p in self.looked_at:
            # One by one: many histograms at once take much memory.
            counts = f"histogram(n{p}), histogram(s{p}), count(*) filter (where z{p}), count(*) filter (where r{p})"
            row = self.db.execute(f"select {counts} from {self.table}").fetchone() or ({}, {}, 0, 0)
            kinds, currencies, padded, rounded = row
            found[p] = Measured(dict(kinds or {}), dict(currencies or {}), padded, rounded)
        return found

    def has_other_lines(self) -> bool:
        """Tell whether some line has nothing in it but separators, or repeats the headings."""
        names = "|".join(self.source.named(place) for place in self.key_places())
        if self.row(f"select count(*) from {self.table} where key = ?", [names])[0]:
            return True
        cells = ", ".join(f"c{place}" for place in range(1, self.source.width + 1))
        nameless = f"select line from {self.table} where key is null"
        if not self.row(f"select count(*) from ({nameless})")[0]:
            return False
        empty = f"select count(*) from {self.source.sql} where trim(concat({cells})) = '' and line in ({nameless})"
        return bool(self.row(empty)[0])

    def leave_out(self, lines: Sequence[int]) -> None:
        """Take lines out of the table, and out of what was measured."""
        self.db.execute(f"delete from {self.table} where line in ({', '.join(map(str, lines))})")
        self.measured |= self._counts()

    def places(self, elements: Sequence[Element]) -> dict[int, str]:
        """Return the places of what is compared, with the element's name."""
        return {e.places[self.side]: e.name for e in elements if self.side in e.places}

    def key_places(self) -> list[int]:
        return [place for key in self.policy.key if (place := self.headings.place(key)) is not None]

    def row(self, query: str, values: Sequence[object] = ()) -> tuple[int, ...]:
        return tuple(n or 0 for n in self.db.execute(query, list(values)).fetchone() or ())

    def add(self, line: int, place: int, what: str, remedy: str = "") -> None:
        self.problems.append(self.problem(line, place, what, remedy))

    def problem(self, line: int, place: int, what: str, remedy: str = "") -> Problem:
        return Problem(file=self.source.shown, line=line, column=place, what=what, remedy=remedy)

    def check_cells(self, elements: Sequence[Element], currencies: Mapping[str, str]) -> None:
        """Name the cells of compared columns that are no amounts; `currencies` gives each element its own."""
        found, more = list[Problem](), 0
        places = self.places(elements)
        for place in self.looked_at:
            own = currencies.get(places[place], "")
            for currency, condition in (("", f"v{place} is null"), (own, f"s{place} <> '{own}'")):
                if currency or condition.startswith("v"):
                    count, cells = self._cells(place, f"select line from {self.table} where {condition}")
                    more += count - len(cells)
                    found += self._named(place, places[place], cells, currency)
        found.sort(key=lambda p: (p.line, p.column))
        self.problems += first_of(found, "cells that are no amounts", more)

    def read_as(self, elements: Sequence[Element]) -> Iterator[str]:
        """Yield how amounts were read, where that does not go without saying."""
        places = self.places(elements)
        own = [self.measured[place] for place in places]
        if self.mark != "." or any(m.count(CellKind.COMMA_OR_GROUP, CellKind.POINT_OR_GROUP) for m in own):
            yield f"{NAMES[self.mark].capitalize()}."
        empty, dashes = (sum(m.count(kind) for m in own) for kind in (CellKind.EMPTY, CellKind.DASH))
        zeros = [counted(empty, "empty cell")] if empty else []
        zeros += [f"{dashes} {'dash' if dashes == 1 else 'dashes'}"] if dashes else []
        if zeros:
            yield f"{' and '.join(zeros)} counted as 0.00."
        if rounded := sum(m.rounded for m in own):
            yield f"{counted(rounded, 'cell')} with the many digits of a float, rounded to {DECIMALS} decimals."

    def _candidates(self) -> list[int]:
        """Return the places that may be compared, and those without a heading: what is in them is said."""
        keys, wanted = self.key_places(), {folded(t.element) for t in self.policy.tolerances}
        named = {column.place: name for name, column in self.headings.places.items()}
        skipped = {c.place for c in self.headings.displaced} | set(keys)
        return [
            place
            for place in range(1, self.source.width + 1)
            if place not in skipped
            if (name := named.get(place, "")) != PERIOD and (not wanted or not name or name in wanted)
        ]

    def _create(self, columns: Sequence[str], source: str) -> None:
        """Make the table from a source; a key of which some part is empty is null."""
        parts = [f"nullif(trim(c{place}, '{_KEY_TRIMMED}'), '')" for place in self.key_places()]
        parts = [f"case when {part}[1] = '''' then {part}[2:] else {part} end" for part in parts]
        key = " || '|' || ".join(parts)
        listed = ", ".join(["line", f"{key} as key", *columns])
        self.db.execute(f"create or replace table {self.table} as select {listed} from {source}")

    def _mark(self, places: Mapping[int, str]) -> Mark | None:
        """Return the mark of the decimals: the policy's, or what the amounts show; where neither says, ask."""
        if (given := self._given()) is not None:
            return given
        doubtful = [place for place in places if place not in self.source.numbers]
        mark = mark_of([self.measured[place] for place in doubtful], separator=self.source.separator)
        if mark is None:
            unclear = (CellKind.POINT_OR_GROUP, CellKind.COMMA_OR_GROUP)
            place = next(p for p in sorted(doubtful) if self.measured[p].count(*unclear))
            query = f"select line from {self.table} where n{place} in ({', '.join(str(int(k)) for k in unclear)})"
            _, [(line, text)] = self._cells(place, query, most=1)
            whole, part = re.sub(r"[.,]", "", text), text.replace(",", ".")
            what = f"{places[place]}: '{text}' may be {whole} or {part}: no other amount of the file shows which."
            self.add(line, place, what, _ASK)
        return mark

    def _given(self) -> Mark | None:
        return dict[str, Mark](self.policy.decimal.items()).get(self.side)

    def _mark_at(self, place: int) -> Mark:
        return "." if place in self.source.numbers else self.mark

    def _cells(self, place: int, lines: str, *, most: int = SHOWN) -> tuple[int, list[tuple[int, str]]]:
        """Return how many lines a query finds, and line and cell of the first of them."""
        count = self.row(f"select count(*) from ({lines})")[0]
        if not count:
            return 0, []
        first = self.db.execute(f"select line from ({lines}) order by line limit {most}").fetchall()
        listed = ", ".join(str(line) for (line,) in first)
        query = f"select line, c{place} from {self.source.sql} where line in ({listed}) order by line"
        return count, self.db.execute(query).fetchall()

    def _named(
        self, place: int, element: str, cells: Sequence[tuple[int, str]], currency: str = ""
    ) -> Iterator[Problem]:
        for line, text in cells:
            what, remedy = what_is_wrong(text, self._mark_at(place), currency)
            yield self.problem(line, place, f"{element}: {what}", remedy)


def currencies_of(ledgers: Sequence[Ledger], elements: Sequence[Element]) -> dict[str, str]:
    """Return the currency of each element in which there are several: the one of most of its cells on both sides."""
    found = {}
    for element in elements:
        counts = dict.fromkeys(CURRENCIES, 0)
        for ledger in ledgers:
            place = element.places.get(ledger.side)
            if place is not None:
                for sign in CURRENCIES:
                    counts[sign] += ledger.measured[place].currencies.get(sign, 0)
        used = [sign for sign, count in counts.items() if count]
        if len(used) > 1:
            found[element.name] = max(used, key=lambda sign: counts[sign])
    return found
