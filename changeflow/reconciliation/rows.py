"""Lines of a ledger that are no contract of this run: totals, which are left out and said, and those that are wrong."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from changeflow.intake.layout import clean
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.columns import PERIOD, ComparedElement, folded
from changeflow.reconciliation.ledgers import Side, leave_out
from changeflow.reconciliation.sources import SHOWN, first_of

_TOTAL = re.compile(r"(.*[ :-]|sub)?totals?([ :].*)?|sum|summe|gesamt", re.IGNORECASE)
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
_MOST = 1_000
"""Lines without a key that are looked at one by one: more are no totals."""


@dataclass(frozen=True, slots=True)
class _Line:
    line: int
    key: str | None
    label: str
    """What its texts say, where one says that it is a total."""


def leave_out_totals(ledger: Side, elements: Sequence[ComparedElement]) -> Iterator[str]:
    """Take totals out of a ledger's table, and yield what is to be said of them.

    A total says so in one of its cells; or it is the last of several lines, has no key, and its amounts are the sums of
    the others.
    """
    found = list(_candidates(ledger))
    totals = [c for c in found if c.label]
    lines_in_all, last = ledger.row(f"select count(*), max(line) from {ledger.table}")
    nameless = next((c for c in found if c.line == last and c.key is None and not c.label), None)
    places = list(ledger.places(elements))
    if nameless is not None and lines_in_all > 2 and _is_sum(ledger, places, nameless.line, []):
        totals.append(nameless)
    if not totals:
        return
    lines = [c.line for c in totals]
    listed = (
        f"Line {lines[0]}"
        if len(lines) == 1
        else f"{len(lines)} lines ({', '.join(map(str, lines[:5]))}{' …' if len(lines) > 5 else ''})"
    )
    yield f"{listed} left out: {'a total' if len(lines) == 1 else 'totals'}."
    if len(lines) == 1 and lines[0] == last and not _is_sum(ledger, places, last, lines):
        yield f"The total on line {last} is not the sum of the lines above it: lines may be missing."
    leave_out(ledger, lines)


def _candidates(ledger: Side) -> Iterator[_Line]:
    """Yield the lines without a key, and those whose key is a word for a total."""
    query = (
        f"select line, key from {ledger.table} where key is null or key ilike '%total%' or key ilike 'sum%' "
        f"or key ilike 'gesamt%' order by line limit {_MOST}"
    )
    keys = dict(ledger.db.execute(query).fetchall())
    if not keys:
        return
    cells = ", ".join(f"c{place}" for place in range(1, ledger.source.width + 1))
    lines = ", ".join(map(str, keys))
    for line, *texts in ledger.db.execute(
        f"select line, {cells} from {ledger.source.sql} where line in ({lines}) order by line"
    ).fetchall():
        words = [
            clean(text)
            for place, text in enumerate(texts, 1)
            if text and (not keys[line] or place in ledger.key_places())
        ]
        yield _Line(line, keys[line], next((w for w in words if _TOTAL.fullmatch(w)), ""))


def _is_sum(ledger: Side, places: Sequence[int], line: int, without: Sequence[int]) -> bool:
    """Tell whether every amount of a line, of which some is not nothing, is the sum of those on the other lines."""
    if not places:
        return False
    others = ", ".join(map(str, [line, *without]))
    sums = ", ".join(
        f"sum(v{p}) filter (where line not in ({others})), sum(v{p}) filter (where line = {line})" for p in places
    )
    row = ledger.row(f"select {sums} from {ledger.table}")
    pairs = [(total, said) for total, said in zip(row[::2], row[1::2], strict=True) if said]
    return bool(pairs) and all(total == said for total, said in pairs)


def check_lines(ledger: Side, elements: Sequence[ComparedElement], *, policy: ParallelRunPolicy, period: str) -> None:
    """Name lines without a key, of another period, and pay below nothing; a ledger without lines is a problem too."""
    if not ledger.row(f"select count(*) from {ledger.table}")[0]:
        ledger.add(ledger.source.header, 1, "The ledger has no lines.", "Add at least one below the header.")
    place = ledger.key_places()[0]
    name = ledger.source.named(place)
    empty = f"select line, '' from {ledger.table} where key is null"
    _add(ledger, empty, place, lambda _: f"The key '{name}' is empty.", "Every line needs it.", "lines without a key")
    listed = ", ".join(f"'{e}'" for e in _ERRORS)
    errors = f"select line, key from {ledger.table} where upper(key) in ({listed})"
    remedy = "Put it right in the spreadsheet, and save it again."
    _add(ledger, errors, place, lambda key: f"The key '{key}' is an error of the spreadsheet.", remedy, "such keys")
    for at, element in ledger.places(elements).items():
        if element == policy.pay and folded(element) not in map(folded, policy.flipped):
            wrong = f"select line, v{at} / 1000000 from {ledger.table} where v{at} < 0"
            remedy = "Ask who made the file; money that is owed back belongs in a column of its own."
            _add(ledger, wrong, at, lambda n: f"Pay of {n:.2f} is less than nothing.", remedy, "lines with such pay")
    of_period = ledger.headings.place(PERIOD)
    if period and of_period is not None and of_period not in ledger.key_places():
        cell = f"coalesce(trim(c{of_period}), '')"
        own = f"line in (select line from {ledger.table})"
        wrong = f"select line, {cell} from {ledger.source.sql} where {cell} <> ? and {own}"
        remedy = f"A run compares one period: take out what is not of {period}."
        what = "'{}' is another period than " + period + "."
        _add(ledger, wrong, of_period, what.format, remedy, "such lines", [period])


def _add(
    ledger: Side, query: str, place: int, what: Callable[[Any], str], remedy: str, kind: str,
    values: Sequence[object] = (),
) -> None:  # fmt: skip
    """Add the first lines that a query finds, with what is wrong with each, then how many more there are."""
    count = ledger.row(f"select count(*) from ({query})", values)[0]
    if not count:
        return
    first = ledger.db.execute(f"{query} order by line limit {SHOWN}", list(values)).fetchall()
    found = [ledger.problem(line, place, what(value), remedy) for line, value in first]
    ledger.problems += first_of(found, kind, count - len(found))
