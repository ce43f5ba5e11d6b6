"""Outputs of a parallel run in: CSV, Parquet or xlsx, one line a contract, into DuckDB as exact amounts.

What is not an amount is told with its line and column; a float of a Parquet file is refused, for it is not exact.
"""

import csv
import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from changeflow.intake.opening import open_input
from changeflow.intake.sheets import read_sheet
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.values.problem import Problem, did_you_mean

if TYPE_CHECKING:
    import duckdb

MOST_BYTES = 500_000_000
"""Of one side: a million contracts with twelve elements have a fifth of it."""
MOST_COLUMNS = 500
MOST_OF_A_LINE = 1_000_000
"""Bytes: more is a quotation mark that is never closed, or no table."""
SHOWN = 50
"""Problems of one kind that are told one by one."""
DECIMALS = 6
PERIOD = "period"
"""A column that says which period a line is of."""
SPOKEN = r"[+]?-?\(?-?£?-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?\)?-?|-?\(?-?£?-?([0-9]+\.?[0-9]*|\.[0-9]+)\)?-?"
"""Also `1,234.56`, `£1,234.56`, `(12.00)` and `12.00-`; commas only where thousands are."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side, loaded: a table of `line`, `key` and a column of millionths for each element."""

    name: str
    elements: tuple[str, ...]


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def load_side(
    db: "duckdb.DuckDBPyConnection",
    name: str,
    path: Path,
    policy: ParallelRunPolicy,
    problems: list[Problem],
    *,
    scratch: Path,
    period: str = "",
) -> Side:
    """Load one side. Without tolerances, every column whose cells are all amounts is an element.

    Where it has a column `period`, every line of it must be of the period that is reconciled.
    """
    import duckdb

    shown, start = path.name, len(problems)
    try:
        source, columns = _source(db, name, path, problems, scratch)
        if len(problems) > start:
            return Side(name, ())
        names = {k: v for side, named in policy.columns.items() if side == name for k, v in named.items()}
        theirs = {ours: names.get(ours, ours) for ours in (*policy.key, *(t.element for t in policy.tolerances))}
        for wanted in theirs.values():
            if wanted not in columns:
                remedy = did_you_mean(wanted, columns)
                problems.append(Problem(file=shown, line=1, what=f"The column '{wanted}' is missing.", remedy=remedy))
        if len(problems) > start:
            return Side(name, ())
        return _Loading(db, name, shown, source, columns, problems).run(policy, theirs, period)
    except duckdb.Error as error:
        problems.append(_unreadable(shown, error))
        return Side(name, ())


LINE = "row_number() over () + 1 as line"
"""The header is line 1. DuckDB keeps the order of a file, also where it reads it in parts."""


@dataclass(frozen=True, slots=True)
class _Loading:
    """One file on its way into a table of its side."""

    db: "duckdb.DuckDBPyConnection"
    name: str
    shown: str
    source: str
    columns: Sequence[str]
    problems: list[Problem]

    def run(self, policy: ParallelRunPolicy, theirs: dict[str, str], period: str) -> Side:
        """Load the elements of a policy; `theirs` gives the file's columns for its keys and elements."""
        keys = [theirs[k] for k in policy.key]
        named = [t.element for t in policy.tolerances]
        elements = named or self._amounts([c for c in self.columns if c not in (*keys, PERIOD)])
        columns = {e: theirs.get(e, e) for e in elements}
        # Reading patiently takes four times as long, so it is only done where it has to be.
        if unread := self._load(keys, columns, patient=()):
            self._load(keys, columns, patient=unread)
        count = self.db.execute(f'select count(*) from "{self.name}"').fetchone()
        if not count or not count[0]:
            self._add(1, 1, "The ledger has no lines.", "Add at least one below the header.")
        empty = f"select line from \"{self.name}\" where key is null or key in ('', '|') order by line limit {SHOWN}"
        for (line,) in self.db.execute(empty).fetchall():
            self._add(line, self._place(keys[0]), "The key is empty.", "Every line needs it.")
        cells = [cell for element, column in columns.items() for cell in self._no_amounts(element, column)]
        for line, place, text in sorted(cells):
            remedy = f"Write 1234.56, with at most {DECIMALS} decimals."
            self._add(line, place, f"'{text}' is not an amount.", remedy)
        if policy.pay in columns and policy.pay not in policy.flipped:
            self._check_pay(policy.pay, columns[policy.pay])
        if period and PERIOD in self.columns and PERIOD not in keys:
            self._check_period(period)
        return Side(self.name, tuple(elements))

    def _check_pay(self, element: str, column: str) -> None:
        """Nobody is paid less than nothing: such a line is a mistake of the file, or owes what was overpaid."""
        wrong = (
            f'select line, {quoted(element)} from "{self.name}" where {quoted(element)} < 0 order by 1 limit {SHOWN}'
        )
        remedy = "Ask who made the file; money that is owed back belongs into a column of its own."
        for line, amount in self.db.execute(wrong).fetchall():
            self._add(line, self._place(column), f"Pay of {amount / 1_000_000:.2f} is less than nothing.", remedy)

    def _check_period(self, period: str) -> None:
        cells = f"select {LINE}, trim({quoted(PERIOD)}) as cell from {self.source}"
        wrong = f"select line, cell from ({cells}) where coalesce(cell, '') <> ? order by line limit {SHOWN}"
        remedy = f"A run compares one period: take out what is not of {period}."
        for line, text in self.db.execute(wrong, [period]).fetchall():
            self._add(line, self._place(PERIOD), f"'{text or ''}' is another period than {period}.", remedy)

    def _load(self, keys: Sequence[str], columns: Mapping[str, str], *, patient: Collection[str]) -> list[str]:
        """Make the table, reading some elements patiently; return those in which something could not be read."""
        key = " || '|' || ".join(f"trim({quoted(k)})" for k in keys)
        read = [f"{(_patient if e in patient else _fast)(c)} as {quoted(e)}" for e, c in columns.items()]
        what = ", ".join([LINE, f"{key} as key", *read])
        self.db.execute(f'create or replace table "{self.name}" as select {what} from {self.source}')
        if not columns:
            return []
        nulls = ", ".join(f"count(*) filter (where {quoted(e)} is null)" for e in columns)
        counts = self.db.execute(f'select {nulls} from "{self.name}"').fetchone() or ()
        return [e for e, count in zip(columns, counts, strict=True) if count]

    def _amounts(self, columns: Sequence[str]) -> list[str]:
        """Return the columns of which some cell is an amount, and none is anything else."""
        if not columns:
            return []
        counts = [f"count(*) filter (where {_patient(c)} is null), count({quoted(c)})" for c in columns]
        row = self.db.execute(f"select {', '.join(counts)} from {self.source}").fetchone() or ()
        return [c for c, wrong, filled in zip(columns, row[::2], row[1::2], strict=True) if wrong == 0 and filled > 0]

    def _no_amounts(self, element: str, column: str) -> list[tuple[int, int, str]]:
        """Return line, column and text of the first cells of an element that are no amounts, as the file has them."""
        wrong = f'select line from "{self.name}" where {quoted(element)} is null order by line limit {SHOWN}'
        lines = ", ".join(str(line) for (line,) in self.db.execute(wrong).fetchall())
        if not lines:
            return []
        cells = f"select {LINE}, {quoted(column)} as cell from {self.source}"
        found = self.db.execute(f"select line, cell from ({cells}) where line in ({lines})").fetchall()
        return [(line, self._place(column), text) for line, text in found]

    def _place(self, column: str) -> int:
        return self.columns.index(column) + 1

    def _add(self, line: int, column: int, what: str, remedy: str) -> None:
        self.problems.append(Problem(file=self.shown, line=line, column=column, what=what, remedy=remedy))


def _fast(column: str) -> str:
    """Return SQL that reads amounts as programs write them, into millionths; null where it is anything else."""
    cell = quoted(column)
    odd = " or ".join(f"contains({cell}, '{c}')" for c in "eE_")
    amount = f"try_cast({cell} as decimal(18,{DECIMALS}))"
    # Wide decimals are exact for every amount, and slow; narrow ones hold the millionths of less than a million.
    return (
        f"case when {cell} is null or {cell} = '' then 0::bigint "
        f"when contains({cell}, '.') and length({cell}) - instr({cell}, '.') > {DECIMALS} or {odd} then null "
        f"when {amount} between -999999 and 999999 then ({amount} * 1000000)::bigint "
        f"else ({amount}::decimal(38,{DECIMALS}) * 1000000)::bigint end"
    )


def _patient(column: str) -> str:
    """Return SQL that also reads amounts as people write them; null where it is none."""
    text = f"trim({quoted(column)})"
    digits = f"regexp_replace({text}, '[^0-9.]', '', 'g')"
    negative = f"contains({text}, '-') or contains({text}, '(')"
    return (
        f"case when {quoted(column)} is null or {text} = '' then 0::bigint "
        f"when not regexp_full_match({text}, '{SPOKEN}') then null "
        f"when contains({digits}, '.') and length({digits}) - instr({digits}, '.') > {DECIMALS} then null "
        f"else (try_cast({digits} as decimal(18,{DECIMALS}))::decimal(38,{DECIMALS}) * 1000000)::bigint "
        f"* case when {negative} then -1 else 1 end end"
    )


def _source(
    db: "duckdb.DuckDBPyConnection", name: str, path: Path, problems: list[Problem], scratch: Path
) -> tuple[str, list[str]]:
    """Return what to select from, with every column as text, and the columns in their order."""
    suffix, shown, start = path.suffix.lower(), path.name, len(problems)
    if suffix == ".xlsx":
        lines = read_sheet(path, shown, problems)
        source = scratch / f"{name}.csv"
        with source.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(cells for _, cells in lines)
    elif suffix == ".parquet":
        with open_input(path, shown, problems, most=MOST_BYTES) as opened:
            return _parquet(db, _plain_name(path, scratch / f"{name}.parquet"), shown, problems) if opened else ("", [])
    else:
        source = _as_utf8(path, scratch / f"{name}.csv", problems)
    if len(problems) > start:
        return "", []
    with source.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
    separator = max((",", ";", "\t"), key=first.count)
    if first.count(separator) >= MOST_COLUMNS:
        what = f"The ledger has more than {MOST_COLUMNS} columns."
        problems.append(Problem(file=shown, what=what, remedy="Keep the key and the elements that are compared."))
        return "", []
    columns = [c.strip() for c in next(csv.reader([first], delimiter=separator), [])]
    if not any(columns):
        problems.append(Problem(file=shown, what="The file is empty.", remedy="Its first line names the columns."))
        return "", []
    twice = sorted({c for c in columns if columns.count(c) > 1})
    if twice:
        what = f"The column '{twice[0]}' is there twice."
        problems.append(Problem(file=shown, line=1, what=what, remedy="Give one of them another name."))
        return "", []
    names = ", ".join(f"'{c.replace(chr(39), chr(39) * 2)}': 'varchar'" for c in columns)
    where = str(source).replace("'", "''")
    return (
        f"read_csv('{where}', columns={{{names}}}, header=true, delim='{separator}', quote='\"', escape='\"', "
        "null_padding=false, strict_mode=true, parallel=true, auto_detect=false)"
    ), columns


def _plain_name(path: Path, link: Path) -> Path:
    """Return a name for a file that DuckDB takes as it is: in others, a star or a bracket stands for more files."""
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    return link


def _parquet(db: "duckdb.DuckDBPyConnection", path: Path, shown: str, problems: list[Problem]) -> tuple[str, list[str]]:
    where = str(path).replace("'", "''")
    described = db.execute(f"describe select * from read_parquet('{where}')").fetchall()
    for column, kind, *_ in described:
        if kind in ("DOUBLE", "FLOAT"):
            what = f"The column '{column}' holds floats, which are not exact."
            problems.append(Problem(file=shown, what=what, remedy="Write it as decimals or as text."))
    columns = [c for c, *_ in described]
    if len(columns) > MOST_COLUMNS:
        problems.append(Problem(file=shown, what=f"The ledger has more than {MOST_COLUMNS} columns."))
    casts = ", ".join(f"cast({quoted(c)} as varchar) as {quoted(c)}" for c in columns)
    return f"(select {casts} from read_parquet('{where}'))", columns


def _as_utf8(path: Path, target: Path, problems: list[Problem]) -> Path:
    """Return a file in UTF-8: the one given, or a copy of one that an older program wrote; both in one is refused."""
    good, bad, at = False, False, 0
    with open_input(path, path.name, problems, most=MOST_BYTES) as file:
        if file is None:
            return path
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return _copy(file, target, "utf-16", path.name, 1, problems)
        file.seek(0)
        for number, line in enumerate(iter(lambda: file.readline(MOST_OF_A_LINE), b""), 1):
            if len(line) == MOST_OF_A_LINE or b"\0" in line:
                what = "The file is not text." if b"\0" in line else "The line has more than a million characters."
                remedy = "Save it as CSV (UTF-8), and look for a quotation mark that is never closed."
                problems.append(Problem(file=path.name, line=number, what=what, remedy=remedy))
                return path
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good = good or number > 1 or not line.startswith(b"\xef\xbb\xbf")
            except UnicodeDecodeError:
                bad, at = True, at or number
        if bad and good:
            what = "Some lines are UTF-8 and some are not."
            problems.append(Problem(file=path.name, line=at, what=what, remedy="Save the whole file as CSV (UTF-8)."))
        elif bad:
            return _copy(file, target, "cp1252", path.name, at, problems)
    return _plain_name(path, target)


def _copy(file: BinaryIO, target: Path, encoding: str, shown: str, at: int, problems: list[Problem]) -> Path:
    """Write a file again in UTF-8; `at` is the line to name where it is no text."""
    file.seek(0)
    old = io.TextIOWrapper(file, encoding, newline="")
    try:
        with target.open("w", encoding="utf-8", newline="") as new:
            while text := old.read(MOST_OF_A_LINE):
                new.write(text)
    except UnicodeError:
        remedy = "Save it as CSV (UTF-8)."
        problems.append(Problem(file=shown, line=at, what="The file is not text.", remedy=remedy))
    finally:
        # The file belongs to whoever opened it.
        old.detach()
    return target


def _unreadable(shown: str, error: Exception) -> Problem:
    """Turn what the database says of a broken file into a problem, with its line where it says one."""
    text = str(error)
    head = next((part for part in text.splitlines() if part.strip()), text)
    numbers = re.findall(r"(?i)\bline:?\s+(\d+)", text)
    return Problem(
        file=shown,
        line=int(numbers[0]) if numbers else 1,
        what=f"The line cannot be read: {head.removeprefix('Invalid Input Error: ')[:160]}",
        remedy="Every line needs as many cells as the header; put text with separators in quotation marks.",
    )
