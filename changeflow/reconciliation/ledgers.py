"""One side of a parallel run, loaded into DuckDB: a line a contract, its amounts as exact millionths.

First each column is measured, then what is compared is chosen for both sides together, then it is loaded. A cell of a
compared column that is no amount is named with its line and column.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.amounts import CURRENCIES, DECIMALS, CellKind, fast, fast_with, seen
from changeflow.reconciliation.columns import PERIOD, Element, Headings, Measured, folded
from changeflow.reconciliation.marks import NAMES, Mark, mark_of, what_is_wrong
from changeflow.reconciliation.sources import SHOWN, Source, first_of
from changeflow.values.duration import counted
from changeflow.values.problem import Problem

if TYPE_CHECKING:
    import duckdb

_KEY_TRIMMED = " \t\u00a0\u202f\u2007\u200b\ufeff"
_ASK = "Say which with --decimal . or --decimal , (of a service: decimal under parallel_run)."


@dataclass(slots=True, kw_only=True)
class Ledger:
    """One file on its way into the table of its side, `old` or `new`: `line`, `key`, and `v1`, `v2` … by place."""

    db: "duckdb.DuckDBPyConnection"
    headings: Headings
    policy: ParallelRunPolicy
    problems: list[Problem]
    measured: dict[int, Measured] = field(default_factory=dict)
    unread: frozenset[int] = frozenset()
    """Places in which some cell is not written as programs write amounts."""
    closely: tuple[int, ...] = ()
    """Places whose cells were looked at one by one."""
    left_out: tuple[int, ...] = ()
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
        odd = " + ".join(seen(f"c{place}") for place in places) or "0"
        self._load({place: fast(f"c{place}") for place in places}, odd)
        nulls = [f"count(*) filter (where v{place} is null)" for place in places]
        lines, odds, *unread = self.row(f"select {', '.join(['count(*)', 'sum(odd)', *nulls])} from {self.table}")
        self.unread = frozenset(place for place, count in zip(places, unread, strict=True) if count)
        self.measured = {place: Measured({CellKind.WHOLE: lines}) for place in places}
        # Looking closely takes several times as long, so it is only done where it has to be.
        self.closely = tuple(places) if odds else tuple(sorted(self.unread))
        for place in self.closely:
            self.measured[place] = self._measured(place)
        return int(lines)

    def has_empty_lines(self) -> bool:
        """Tell whether some line has nothing in it but separators."""
        cells = ", ".join(f"c{place}" for place in range(1, self.source.width + 1))
        nameless = f"select line from {self.table} where key is null"
        if not self.row(f"select count(*) from ({nameless})")[0]:
            return False
        empty = f"select count(*) from {self.source.sql} where trim(concat({cells})) = '' and line in ({nameless})"
        return bool(self.row(empty)[0])

    def leave_out(self, lines: Sequence[int]) -> None:
        """Take lines out of the table, and out of what was measured."""
        self.left_out = tuple(lines)
        self.db.execute(f"delete from {self.table} where line in ({', '.join(map(str, lines))})")
        for place in self.closely:
            self.measured[place] = self._measured(place)

    def load(self, elements: Sequence[Element]) -> None:
        """Load what is compared; cells that are no amounts, or of another currency, are problems."""
        places = self.places(elements)
        mark = self._mark(places)
        if mark is None:
            return
        self.mark = mark
        if mark == ",":
            self.unread |= places.keys() - self.source.numbers
        values = {
            place: self._patient(place) if place in self.unread else fast_with(f"c{place}", self._mark_at(place))
            for place in places
        }
        if self.unread & places.keys():
            self._load(values, "0")

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
        places = self.places(elements)
        found, more = list[Problem](), 0
        for place in sorted(self.unread & places.keys()):
            count, cells = self._cells(place, f"select line from {self.table} where v{place} is null")
            more += count - len(cells)
            found += self._named(place, places[place], cells)
            if own := currencies.get(places[place]):
                others = [s for s in self.measured[place].currencies if s not in ("", own)]
                listed = ", ".join(f"'{s}'" for s in others)
                lines = f"select line from {self.source.sql} where currency(tidy(c{place})) in ({listed})"
                count, cells = self._cells(place, lines) if others else (0, [])
                more += count - len(cells)
                found += self._named(place, places[place], cells, own)
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

    def _load(self, values: Mapping[int, str], odd: str) -> None:
        """Make the table; a key of which some part is empty is null."""
        parts = [f"nullif(trim(c{place}, '{_KEY_TRIMMED}'), '')" for place in self.key_places()]
        parts = [f"case when {part}[1] = '''' then {part}[2:] else {part} end" for part in parts]
        key = " || '|' || ".join(parts)
        columns = ["line", f"{key} as key", f"{odd} as odd", *(f"{sql} as v{place}" for place, sql in values.items())]
        patient = [place for place in values if place in self.unread]
        self.db.execute(
            f"create or replace table {self.table} as select {', '.join(columns)} from {self._texts(patient)}"
        )

    def _texts(self, places: Collection[int], mark: Mark | None = None) -> str:
        """Return the source with, of some places, the text `t`, what is around the number `k`, and its digits `d`.

        Those are null where a cell is as programs write it.
        """
        if not places:
            return self.source.sql
        texts = ", ".join(f"{self._odd_text(place, mark)} as t{place}" for place in places)
        parts = ", ".join(f"around(t{place}) as k{place}, digits(t{place}) as d{place}" for place in places)
        return f"(select *, {parts} from (select *, {texts} from {self.source.sql}))"

    def _odd_text(self, place: int, mark: Mark | None) -> str:
        read = fast_with(f"c{place}", mark or self._mark_at(place))
        return f"case when {read} is null or substr(c{place}, -4, 1) = '.' then tidy(c{place}) end"

    def _patient(self, place: int) -> str:
        name = "point" if self._mark_at(place) == "." else "comma"
        read = fast_with(f"c{place}", self._mark_at(place))
        return f"case when t{place} is null then {read} else amount_{name}(t{place}, k{place}, d{place}) end"

    def _measured(self, place: int) -> Measured:
        cell, t = f"c{place}", f"t{place}"
        plain = f"case when {cell} is null or {cell} = '' then {CellKind.EMPTY} when contains({cell}, '.') "
        plain += f"then {CellKind.POINT} else {CellKind.WHOLE} end"
        kind = f"case when {t} is null then {plain} else kind_of({t}, k{place}, d{place}) end"
        number = f"coalesce(plain_point(d{place}), plain_comma(d{place}))"
        counts = [
            f"histogram({kind})",
            f"histogram(currency({t}))",
            f"count(*) filter (where regexp_full_match({cell}, '0[0-9]+'))",
            f"count(*) filter (where is_long({number}, k{place}) and is_float({number}))",
        ]
        query = f"select {', '.join(counts)} from {self._texts([place], '.')}{self._kept()}"
        kinds, currencies, padded, rounded = self.db.execute(query).fetchone() or ({}, {}, 0, 0)
        return Measured(dict(kinds or {}), dict(currencies or {}), padded, rounded)

    def _kept(self) -> str:
        return f" where line not in ({', '.join(map(str, self.left_out))})" if self.left_out else ""

    def _mark(self, places: Mapping[int, str]) -> Mark | None:
        """Return the mark of the decimals: the policy's, or what the amounts show; where neither says, ask."""
        given: dict[str, Mark] = dict(self.policy.decimal.items())
        if self.side in given:
            return given[self.side]
        doubtful = [place for place in places if place not in self.source.numbers]
        mark = mark_of([self.measured[place] for place in doubtful], separator=self.source.separator)
        if mark is None:
            unclear = (CellKind.POINT_OR_GROUP, CellKind.COMMA_OR_GROUP)
            place = next(p for p in sorted(doubtful) if self.measured[p].count(*unclear))
            number = f"kind_of(t{place}, k{place}, d{place}) in ({', '.join(str(int(k)) for k in unclear)})"
            query = f"select line, c{place} from {self._texts([place])} where {number} order by line limit 1"
            line, text = self.db.execute(query).fetchone() or (1, "")
            whole, part = re.sub(r"[.,]", "", text), text.replace(",", ".")
            what = f"{places[place]}: '{text}' may be {whole} or {part}: no other amount of the file shows which."
            self.add(line, place, what, _ASK)
        return mark

    def _mark_at(self, place: int) -> Mark:
        return "." if place in self.source.numbers else self.mark

    def _cells(self, place: int, lines: str) -> tuple[int, list[tuple[int, str]]]:
        """Return how many lines a query finds, and line and cell of the first of them."""
        count = self.row(f"select count(*) from ({lines})")[0]
        if not count:
            return 0, []
        first = self.db.execute(f"select line from ({lines}) order by line limit {SHOWN}").fetchall()
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
