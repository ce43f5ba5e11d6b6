"""Show how a table would be read: encoding, header, columns, the first lines, and unused content."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from textwrap import wrap
from warnings import catch_warnings, simplefilter

from changeflow.adkar.elements import Element
from changeflow.errors import ChangeflowError, InputError, ProblemsError
from changeflow.intake.columns import ColumnMatch, Way
from changeflow.intake.fact_formats import ANNOUNCEMENTS, PROGRESS
from changeflow.intake.folder import read_folder
from changeflow.intake.folder_formats import ASSESSMENTS, PEOPLE, SCHOOLS
from changeflow.intake.formats import Format
from changeflow.intake.layout import SEPARATORS
from changeflow.intake.opening import is_there
from changeflow.intake.people import ids_by_name
from changeflow.intake.plan_formats import PLANNER
from changeflow.intake.table_checks import check_rows
from changeflow.intake.table_rows import Table, TableRow
from changeflow.intake.table_schemas import FORMATS, LEDGER
from changeflow.intake.tables import open_table
from changeflow.intake.yaml import read_yaml
from changeflow.usecases.ledger_check import LedgerCheck, check_ledger, looks_like_a_ledger
from changeflow.usecases.ledger_head import head_of
from changeflow.values.duration import counted
from changeflow.values.problem import Problem, check_known

_SHOWN = 5
_NARROWEST, _WIDEST = 8, 24
"""The fewest and most characters shown of a cell."""
_KINDS = {
    "schools": "a list of schools",
    "people": "a list of people",
    "identities": "a list of changed ids",
    "planner": "a plan from Planner",
    "ledger": "a ledger",
}
"""Kinds of table whose name does not follow “read as”."""


@dataclass(frozen=True, slots=True)
class TableCheck:
    """How a file would be read."""

    table: Table | None
    kind: Format
    is_guessed: bool
    problems: list[Problem] = field(default_factory=list)
    ledger: LedgerCheck | None = None


def check_table(path: Path, kind: str | None, *, on: date, key: str | None = None) -> TableCheck:
    """Read a file as a kind of table, by default the kind that its columns fit, using the folder's `columns:`.

    `on` is the day of the check: tables of what happened may not name a later one. `key` names the columns that
    identify a ledger's contracts, separated by commas.
    """
    folder = _Folder.of(path)
    if kind is not None:
        check_known("table type", kind, FORMATS)
        return _checked(_read(path, FORMATS[kind], folder, is_guessed=False), path, folder, on, key)
    if not path.is_file():
        raise InputError(f"There is no file '{path}'. Check the name.")
    checks = [_read(path, one, folder, is_guessed=True) for one in FORMATS.values() if one is not LEDGER]
    best = max(checks, key=lambda check: _fit(check, path))
    is_known = key is None and _fit(best, path)[:2] > (0, 0) and not _is_of_pay(best)
    return _checked(best if is_known else _read(path, LEDGER, folder, is_guessed=key is None), path, folder, on, key)


def _is_of_pay(check: TableCheck) -> bool:
    """Whether a list of people has columns of pay, so that it is a ledger."""
    return (
        check.kind is PEOPLE
        and check.table is not None
        and looks_like_a_ledger([column.name for column in check.table.columns.unused])
    )


def _checked(check: TableCheck, path: Path, folder: "_Folder", on: date, key: str | None) -> TableCheck:
    """Add the mistakes that the command which imports the table would find."""
    if check.table is None:
        return check
    if check.kind is LEDGER:
        if check.problems:
            return check
        ledger = check_ledger(path, check.table, key, shown=_SHOWN)
        check.problems.extend(ledger.problems)
        return replace(check, ledger=ledger)
    check_rows(check.table, check.kind, check.problems, on=on, schools=folder.school_ids, people=folder.people(path))
    known = {(p.line, p.column, p.what) for p in check.problems}
    check.problems.extend(p for p in folder.problems_of(path) if (p.line, p.column, p.what) not in known)
    return check


def _fit(check: TableCheck, path: Path) -> tuple[int, int, int, int]:
    """Return how well a file fits a kind: by required columns, known columns, and its name."""
    if check.table is None:
        return (0, 0, 0, 0)
    found = {m.field.name for m in check.table.columns.matches if m.way is not Way.OTHER}
    named = path.stem.lower().startswith(check.kind.name) or (check.kind is ASSESSMENTS and path.parent.name == "adkar")
    required, marks = check.kind.required, check.kind.marks
    has = sum(name in found for name in marks or required) + (check.kind is PROGRESS and "status" in found)
    has += len(found & {*Element}) if check.kind is ASSESSMENTS else 0
    is_whole = found.issuperset(required) and (has > 1 or not marks)
    if check.kind is PLANNER and not found & {"bucket", "after", "duration"}:
        # Any list may have names and days; only Planner has buckets, and only plans have durations and links.
        return (0, 0, 0, 0)
    if check.kind is ASSESSMENTS and not found & {*Element, "evidence"}:
        # Any work list has people and days; only a round has scores.
        return (0, 0, 0, 0)
    return (int(is_whole), has if has > 1 else 0, int(named), len(found))


def _read(path: Path, kind: Format, folder: "_Folder", *, is_guessed: bool) -> TableCheck:
    problems: list[Problem] = []
    names = {"school": folder.schools} if kind in (PEOPLE, ANNOUNCEMENTS) and folder.schools else {}
    with head_of(path) if kind is LEDGER else nullcontext((path, "")) as (shown, note):
        table = open_table(shown, path.name, problems, kind, mapping=folder.mapping(kind), names=names)
    if table is not None and note:
        table.notes.append(note)
    return TableCheck(table, kind, is_guessed, problems)


@dataclass(frozen=True)
class _Folder:
    """The programme folder that a file is in, if any."""

    place: Path | None

    @classmethod
    def of(cls, file: Path) -> "_Folder":
        above = (file.absolute().parent, file.absolute().parent.parent)
        return cls(next((f for f in above if is_there(f / "programme.yaml")), None))

    @cached_property
    def _columns(self) -> Mapping[str, object]:
        if self.place is None:
            return {}
        document = read_yaml(self.place / "programme.yaml", "programme.yaml", [], inside=self.place)
        columns = document.data.get("columns") if document and isinstance(document.data, dict) else None
        return columns if isinstance(columns, dict) else {}

    def mapping(self, kind: Format) -> Mapping[str, str]:
        """Return the programme's own column names for a kind of table."""
        theirs = self._columns.get(kind.name)
        return {str(k): str(v) for k, v in theirs.items()} if isinstance(theirs, dict) else {}

    @cached_property
    def _schools(self) -> Sequence[Mapping[str, str]]:
        """Return the lines of the folder's schools."""
        return self._rows(SCHOOLS)

    def _rows(self, kind: Format) -> Sequence[Mapping[str, str]]:
        paths = [self.place / f"{kind.name}{end}" for end in (".xlsx", ".csv")] if self.place is not None else []
        path = next((path for path in paths if is_there(path)), None)
        if path is None:
            return []
        table = open_table(path, path.name, [], kind, mapping=self.mapping(kind), inside=self.place)
        return [row.cells for row in table.rows] if table is not None else []

    @cached_property
    def schools(self) -> Mapping[str, str]:
        """Return school ids by their other names."""
        return ids_by_name((c["id"], c["name"], c.get("urn", "")) for c in self._schools)

    @property
    def school_ids(self) -> Collection[str] | None:
        """Return the ids of the folder's schools; None without a folder."""
        return {cells["id"] for cells in self._schools} if self._schools else None

    def people(self, path: Path) -> Collection[str] | None:
        """Return the ids of the folder's people; None without a folder, or where the file itself is their list."""
        if self.place is None or path.stem == PEOPLE.name:
            return None
        return {cells["id"] for cells in self._rows(PEOPLE)} or None

    def problems_of(self, path: Path) -> Iterator[Problem]:
        """Yield the problems that `validate` finds in a file of the folder, such as a school without a wave."""
        if self.place is None:
            return
        shown = path.absolute().relative_to(self.place).as_posix()
        with catch_warnings():
            simplefilter("ignore")
            try:
                read_folder(self.place)
            except ProblemsError as error:
                yield from (p for p in error.problems if p.file.partition("[")[0] == shown)
            except ChangeflowError:
                return


def _why(check: TableCheck) -> str:
    """Return why a file is read as a kind of table, to end the sentence."""
    if not check.is_guessed:
        return "."
    columns = check.table.layout.columns if check.table is not None else ()
    fits = check.kind is not LEDGER or looks_like_a_ledger([column.name for column in columns])
    reason = "its columns fit" if fits else "no other kind of table fits"
    return f", because {reason}. To read it as something else, use --as."


def check_lines(check: TableCheck, *, width: int) -> Iterator[str]:
    """Yield a check as lines of at most `width` characters."""
    table = check.table
    if table is None:
        return
    layout, matches = table.layout, table.columns.matches
    yield from _wrapped(
        f"{table.file} is read as {_KINDS.get(check.kind.name, check.kind.name)}{_why(check)}", width, ""
    )
    yield ""
    yield f"  Encoding   {table.encoding}"
    if layout.separator:
        yield f"  Separator  {SEPARATORS.get(layout.separator, repr(layout.separator))}"
    yield f"  Header     line {layout.header_line}; the data begins on line {layout.data_line}"
    lines = counted(len(table.rows), "line")
    used = {c.place for m in matches for c in m.columns}
    yield f"  Data       {lines}, {len(used)} of {counted(len(layout.columns), 'column')} used"
    if check.ledger is not None:
        yield from _wrapped(check.ledger.said, width, " " * 13, "  Cells      ")
    if matches:
        yield ""
        yield from _columns(check, table, width)
    if not check.kind.takes_all and (
        not_there := [f.name for f in check.kind.fields if f.name not in {m.field.name for m in matches}]
    ):
        yield ""
        yield from _wrapped(f"Not in the file: {', '.join(not_there)}", width, "  ")
    if unused := [c.name for c in table.columns.unused]:
        yield ""
        yield from _wrapped(f"Not used: {', '.join(unused)}", width, "  ")
    remarks = [r for r in _remarks(check, table) if r.what != table.unused_columns]
    if (notes := _notes(check, table)) or remarks:
        yield ""
        yield "Notes"
        for note in notes:
            yield from _wrapped(f"- {note}", width, "    ", "  ")
        for remark in remarks:
            yield from _wrapped(
                f"- Line {remark.line}: {remark.what}" if remark.line > layout.header_line else f"- {remark.what}",
                width,
                "    ",
                "  ",
            )


def _notes(check: TableCheck, table: Table) -> list[str]:
    """Return notes on how a file was read, each once."""
    more = check.ledger.notes if check.ledger is not None else []
    return list(dict.fromkeys([*table.notes, *more]))


def _remarks(check: TableCheck, table: Table) -> list[Problem]:
    """Return remarks on unused content; a ledger's own check reports its unused lines."""
    skipped = (
        {line.line for line in table.skipped} if check.ledger is not None and check.ledger.coverage else set[int]()
    )
    noted = {*_notes(check, table)}
    return [remark for remark in table.remarks if remark.line not in skipped and remark.what not in noted]


def _how(check: TableCheck, match: ColumnMatch) -> str:
    """Say how a column was recognised, or for a ledger how it is used."""
    return (check.ledger.use_of(match.heading) if check.ledger is not None else "") or match.way.value


def _columns(check: TableCheck, table: Table, width: int) -> Iterator[str]:
    """Yield a line for each column used: heading, how it was recognised, and first cells as read."""
    head = ("", "In the file", "Read as", "How")
    places = [" + ".join(str(c.place) for c in m.columns) for m in table.columns.matches]
    rows = [(at, m.heading, m.field.name, _how(check, m)) for at, m in zip(places, table.columns.matches, strict=True)]
    wide = [max(len(row[n]) for row in (head, *rows)) for n in range(4)]
    wide[1] = min(wide[1], max(16, width // 4))
    left = width - sum(wide) - 2 * 4
    shown = _shown(table.rows, left)
    yield _line([*head, *(f"Line {row.line}" for row, _ in shown)], [*wide, *(n for _, n in shown)])
    for row in rows:
        cells = [_cell(check, one, row[2]).replace("\n", " / ") for one, _ in shown]
        yield _line([*row, *cells], [*wide, *(n for _, n in shown)])


def _cell(check: TableCheck, row: TableRow, name: str) -> str:
    """Return a cell as it is read."""
    amounts = check.ledger.amounts if check.ledger is not None else {}
    return amounts.get((row.line, row.columns.get(name, 0)), row.cells.get(name, ""))


def _shown(rows: Sequence[TableRow], left: int) -> list[tuple[TableRow, int]]:
    """Return the first rows that fit, each with the width of its cells."""
    shown = list[tuple[TableRow, int]]()
    for row in rows[:_SHOWN]:
        longest = max([len(f"Line {row.line}"), *(len(c) for c in row.cells.values())])
        wide = min(max(longest, _NARROWEST), _WIDEST)
        if not shown:
            wide = max(min(wide, left - 2), _NARROWEST)
        if shown and left < wide + 2:
            break
        shown.append((row, wide))
        left -= wide + 2
    return shown


def _line(cells: Sequence[str], wide: Sequence[int]) -> str:
    cut = (c if len(c) <= n else f"{c[: n - 1]}…" for c, n in zip(cells, wide, strict=True))
    return "  ".join(f"{c:<{n}}" for c, n in zip(cut, wide, strict=True)).rstrip()


def _wrapped(text: str, width: int, later: str, first: str = "") -> Iterator[str]:
    yield from wrap(text, width, initial_indent=first, subsequent_indent=later, break_long_words=False)


def check_json(check: TableCheck) -> dict[str, object]:
    """Return a check as data."""
    table = check.table
    if table is None:
        return {"kind": check.kind.name, "problems": [str(p) for p in check.problems]}
    return {
        "file": table.file,
        "kind": check.kind.name,
        "encoding": table.encoding,
        "separator": table.layout.separator,
        "header_line": table.layout.header_line,
        "data_line": table.layout.data_line,
        "columns": [
            {"place": m.place, "heading": m.heading, "read_as": m.field.name, "how": m.way.value}
            for m in table.columns.matches
        ],
        "unused": [c.name for c in table.columns.unused],
        "rows": len(table.rows),
        "first": [{name: _cell(check, row, name) for name in row.cells} for row in table.rows[:_SHOWN]],
        "notes": [
            *([f"Cells are {check.ledger.said}."] if check.ledger is not None else []),
            *_notes(check, table),
            *(str(u) for u in _remarks(check, table)),
        ],
        "problems": [str(p) for p in check.problems],
    }
