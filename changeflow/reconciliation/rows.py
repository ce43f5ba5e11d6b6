"""Handle lines of a ledger that are not contracts: totals and footers, which are left out, and lines that are wrong."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from changeflow.intake.endings import LIKE_A_REMARK, is_remark, is_total, may_be_total
from changeflow.intake.layout import NO_RESULT
from changeflow.intake.spreadsheet_errors import ERRORS, spreadsheet_error
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.columns import PERIOD, ComparedElement, folded
from changeflow.reconciliation.ledgers import Side, leave_out
from changeflow.reconciliation.sources import SHOWN, first_of
from changeflow.values.cells import clean

MAY_BE_A_TOTAL = "(key ilike '%total%' or key ilike '%sum%' or key ilike '%gesamt%')"
"""SQL that is true if a key may contain a word for a total."""
_MOST = 1_000
"""The most lines without a key to examine individually: if there are more, they are not totals."""


@dataclass(frozen=True, slots=True)
class _Line:
    line: int
    key: str | None
    is_total: bool
    """Whether one of its cells has only a word for a total."""
    may_be_total: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """Consecutive lines, with the sums of their amounts: a line that may be a total, or all lines up to it."""

    line: int
    lines: int
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """Notes of the lines that were left out of a ledger as totals, and why leaving them out may be wrong."""

    said: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def leave_out_totals(ledger: Side, elements: Sequence[ComparedElement]) -> Totals:
    """Remove totals from a ledger's table, and return what to report about them.

    A total has the word for one as its key, and its amounts are the sums of the other lines, or of those since the last
    total. If they are not, it is doubtful. A last line without a key whose amounts are such sums is also a total.
    """
    found = list(_candidates(ledger))
    if not found:
        return Totals()
    lines_in_all, last = ledger.row(f"select count(*), max(line) from {ledger.table}")
    places = list(ledger.places(elements))
    parts = _parts(ledger, places, [c.line for c in found])
    sure = {c.line for c in found if c.is_total}
    maybe = {c.line for c in found if c.may_be_total}
    totals, doubtful = list[int](), list[int]()
    for line in found:
        is_last = line.key is None and line.line == last and lines_in_all > 2
        if not (line.is_total or line.may_be_total or is_last):
            continue
        least = 1 if line.is_total or (line.key is None and line.may_be_total) else 2
        is_sum = any(
            _is_sum(parts, line.line, without, after, least=least)
            for after in {None, max(totals, default=0), max((n for n in maybe if n < line.line), default=0)}
            for without in (sure.union(totals), sure | maybe)
        )
        if is_sum or line.is_total:
            totals.append(line.line)
        if line.is_total and not is_sum:
            doubtful.append(line.line)
    if not totals:
        return Totals()
    leave_out(ledger, totals)
    said = f"{_numbered(totals)} left out: {'a total' if len(totals) == 1 else 'totals'}."
    doubts = [
        f"The total on line {line} is not the sum of the other lines: lines may be missing, or it is not a total."
        for line in doubtful[:SHOWN]
    ]
    more = len(doubtful) - len(doubts)
    return Totals((said,), (*doubts, *([f"And {more} more totals that are not sums."] if more else [])))


def _numbered(lines: Sequence[int]) -> str:
    if len(lines) == 1:
        return f"Line {lines[0]}"
    return f"{len(lines)} lines ({', '.join(map(str, lines[:5]))}{' …' if len(lines) > 5 else ''})"


def leave_out_footers(ledger: Side, elements: Sequence[ComparedElement]) -> Iterator[str]:
    """Remove text that a report prints below its table, such as `Page 1 of 1`, and yield a note of it."""
    amounts = f"[{', '.join(['0', *(f'v{place}' for place in ledger.places(elements))])}]"
    filled = f"len(list_filter({amounts}, lambda v: v <> 0))"
    query = f"select line from {ledger.table} where {filled} < 2 and (key is null or regexp_matches(key, ?))"
    lines = [n for (n,) in ledger.db.execute(f"{query} order by line desc limit {_MOST}", [LIKE_A_REMARK]).fetchall()]
    texts = dict(_texts(ledger, lines))
    footers = [line for line, cells in texts.items() if is_remark(cells)]
    if footers:
        leave_out(ledger, footers)
        yield f"{_numbered(footers)} left out: text below the report's table."
    places = [*ledger.places(elements), *ledger.key_places()]
    titles = [line for line, cells in texts.items() if line not in footers and not any(cells[p - 1] for p in places)]
    if titles:
        leave_out(ledger, titles)
        yield f"{_numbered(titles)} left out: no key and no amount."


def _texts(ledger: Side, lines: Iterable[int]) -> Iterator[tuple[int, list[str]]]:
    """Yield some lines of the file: the line number, and the cells without surrounding spaces."""
    if not (listed := ", ".join(map(str, lines))):
        return
    cells = ", ".join(f"c{place}" for place in range(1, ledger.source.width + 1))
    query = f"select line, {cells} from {ledger.source.sql} where line in ({listed}) order by line"
    for line, *texts in ledger.db.execute(query).fetchall():
        yield line, [clean(text or "") for text in texts]


def _candidates(ledger: Side) -> Iterator[_Line]:
    """Yield the lines without a key, and those whose key contains a word for a total."""
    query = f"select line, key from {ledger.table} where key is null or {MAY_BE_A_TOTAL} order by line limit {_MOST}"
    keys = dict(ledger.db.execute(query).fetchall())
    key_places = ledger.key_places()
    for line, texts in _texts(ledger, keys):
        has_key = keys[line] is not None
        words = [text for place, text in enumerate(texts, 1) if text and (not has_key or place in key_places)]
        is_word = any(is_total(w) for w in words)
        # A supplier may be called `Total`, so a key of several parts is certainly a total only if another part is
        # empty.
        is_sure = is_word and (not has_key or len(key_places) == 1)
        yield _Line(line, keys[line], is_sure, any(may_be_total(w) for w in words))


def _parts(ledger: Side, places: Sequence[int], lines: Sequence[int]) -> list[_Part]:
    """Return the amounts of some lines, and the sums of the lines between them, in order."""
    if not places:
        return []
    listed = ", ".join(map(str, lines))
    own, sums = (", ".join(each.format(p=p) for p in places) for each in ("v{p}", "sum(v{p})"))
    alone = f"select line, 1, {own} from {ledger.table} where line in ({listed})"
    between = (
        f"select max(line), count(*), {sums} from (select * from {ledger.table} where line not in ({listed})) "
        f"asof left join (select unnest([{listed}]) as before) on line > before group by before"
    )
    rows = [*ledger.db.execute(alone).fetchall(), *ledger.db.execute(between).fetchall()]
    return sorted(
        (_Part(line, lines, tuple(int(n or 0) for n in rest)) for line, lines, *rest in rows),
        key=lambda part: part.line,
    )


def _is_sum(parts: Sequence[_Part], line: int, without: set[int], after: int | None, *, least: int) -> bool:
    """Return whether the amounts of a line are the sums of the other lines, or of those after the line `after` if it is
    given.

    Cells that a total leaves empty are not checked.
    """
    own = next((part.amounts for part in parts if part.line == line), ())
    others = [
        part
        for part in parts
        if part.line != line and part.line not in without and (after is None or after < part.line < line)
    ]
    if sum(part.lines for part in others) < least:
        return False
    sums = [sum(column) for column in zip(*(part.amounts for part in others), strict=True)]
    pairs = [(said, total) for said, total in zip(own, sums, strict=False) if said]
    return all(said == total for said, total in pairs) and bool(pairs or (sums and not any(sums)))


def check_lines(ledger: Side, elements: Sequence[ComparedElement], *, policy: ParallelRunPolicy, period: str) -> None:
    """Report lines without a key, lines of another period, and negative pay; add a `Problem` for a ledger without
    lines."""
    if not ledger.row(f"select count(*) from {ledger.table}")[0]:
        add_no_lines(ledger)
    place = ledger.key_places()[0]
    name = ledger.source.named(place)
    empty = f"select line, '' from {ledger.table} where key is null"
    _add(
        ledger, empty, place, lambda _: f"The key '{name}' is empty.", "Every line needs a key.", "lines without a key"
    )
    _add_errors(ledger, place, name)
    for at, element in ledger.places(elements).items():
        if element == policy.pay and folded(element) not in map(folded, policy.flipped):
            wrong = f"select line, v{at} / 1000000 from {ledger.table} where v{at} < 0"
            remedy = "Ask who made the file; money that is owed back belongs in a column of its own."
            _add(ledger, wrong, at, lambda n: f"Pay of {n:.2f} is negative.", remedy, "lines with negative pay")
    of_period = ledger.headings.place(PERIOD)
    if period and of_period is not None and of_period not in ledger.key_places():
        cell = f"coalesce(trim(c{of_period}), '')"
        own = f"line in (select line from {ledger.table})"
        wrong = f"select line, {cell} from {ledger.source.sql} where {cell} <> ? and {own}"
        remedy = f"A run compares one period: remove everything that is not from {period}."
        what = "'{}' is not the period " + period + "."
        _add(ledger, wrong, of_period, what.format, remedy, "such lines", [period])


def add_no_lines(ledger: Side) -> None:
    """Add a `Problem` for a ledger that has only headings."""
    what, remedy = "The ledger has no lines below its header.", "Export it again, with the contracts of the period."
    ledger.add(ledger.source.header, 1, what, remedy)


def _add_errors(ledger: Side, place: int, name: str) -> None:
    """Report keys that are spreadsheet errors, or formulas without a result."""
    for is_without, kind in ((False, "such keys"), (True, "keys without a result")):
        listed = ", ".join(f"'{e}'" for e in sorted({NO_RESULT} if is_without else ERRORS))
        query = f"select line, key from {ledger.table} where upper(key) in ({listed})"
        remedy = (spreadsheet_error(NO_RESULT if is_without else "#N/A") or ("", ""))[1]
        _add(
            ledger,
            query,
            place,
            lambda key: f"The key '{name}': {(spreadsheet_error(key) or ('', ''))[0]}",
            remedy,
            kind,
        )


def _add(
    ledger: Side, query: str, place: int, what: Callable[[Any], str], remedy: str, kind: str,
    values: Sequence[object] = (),
) -> None:  # fmt: skip
    """Add a problem for each of the first lines that a query finds, then one that says how many more there are."""
    count = ledger.row(f"select count(*) from ({query})", values)[0]
    if not count:
        return
    first = ledger.db.execute(f"{query} order by line limit {SHOWN}", list(values)).fetchall()
    found = [ledger.problem(line, place, what(value), remedy) for line, value in first]
    ledger.problems += first_of(found, kind, count - len(found))
