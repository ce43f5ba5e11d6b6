"""Small files that would be large, made when a test needs them; and what reading one takes."""

import io
import resource
import sys
import zipfile
from pathlib import Path

import xlsxwriter

from changeflow.errors import ChangeflowError, ProblemsError
from changeflow.intake.formats import a_format
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.intake.tables import read_table
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.compare import reconcile
from changeflow.values.problem import Problem
from tests.apart import run_apart

SHEET = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
END = "</sheetData></worksheet>"
PROJECT = '<?xml version="1.0"?><Project xmlns="http://schemas.microsoft.com/project">'


def read_apart(kind: str, path: Path) -> tuple[int, str]:
    """Read a file in a separate process; return by how many MB its memory grew, and what was said."""
    code, written, errors = run_apart(_read, kind, path, folder=path.parent)
    assert code == 0, errors[-2000:]
    grown, _, said = written.partition("\n")
    return int(grown), said.strip()


def _read(kind: str, path: Path) -> None:
    before, said = _peak(), "read"
    try:
        {"table": _table, "ledger": _ledger, "project": read_mspdi}[kind](path)
    except ChangeflowError as error:
        if error.exit_code not in (4, 5):
            raise
        said = str(error)[:2000]
    sys.stdout.write(f"{_peak() - before}\n{said}")


def _table(path: Path) -> None:
    problems: list[Problem] = []
    list(read_table(path, path.name, problems, a_format("table", ("id",), None)))
    if problems:
        raise ProblemsError(problems)


def _ledger(path: Path) -> None:
    reconcile(path, path, ParallelRunPolicy(), period="2027-01")


def _peak() -> int:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def a_workbook(path: Path, sheet: str | bytes, *, texts: str | None = None, more: tuple[str, ...] = ()) -> Path:
    """Write an xlsx whose only sheet, and shared texts, are as given."""
    plain = io.BytesIO()
    with xlsxwriter.Workbook(plain, {"in_memory": True}) as book:
        book.add_worksheet().write(0, 0, "id")
    given = {"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": texts}
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name in old.namelist():
            new.writestr(name, given.get(name) or old.read(name))
        for name in more:
            new.writestr(name, b"")
    return path


def cells(rows: int, columns: str, cell: str) -> str:
    """Return a sheet; `cell` is what each holds, its place and type included."""
    lines = (
        f'<row r="{row}">{"".join(cell.format(place=f"{column}{row}") for column in columns)}</row>'
        for row in range(1, rows + 1)
    )
    return f"{SHEET}{''.join(lines)}{END}"


def with_lying_sizes(path: Path) -> Path:
    """Let every part of a zip say that it unfolds to ten bytes, in its own head and in the list at the end."""
    raw = bytearray(path.read_bytes())
    for head, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.find(head)
        while at >= 0:
            raw[at + offset : at + offset + 4] = (10).to_bytes(4, "little")
            at = raw.find(head, at + 4)
    path.write_bytes(raw)
    return path


def a_project(path: Path, *, tasks: str = "", head: str = "", more: str = "") -> Path:
    start = "<StartDate>2027-03-01T08:00:00</StartDate>"
    path.write_text(f"{PROJECT}{start}{head}<Tasks>{tasks}</Tasks>{more}</Project>")
    return path
