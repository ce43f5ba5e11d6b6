"""Small files that would be large, made when a test needs them; and a child that says what reading takes."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import xlsxwriter

SHEET = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
END = "</sheetData></worksheet>"
PROJECT = '<?xml version="1.0"?><Project xmlns="http://schemas.microsoft.com/project">'

READ = """
import sys
from pathlib import Path

def peak():
    try:
        return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) // 1024
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

from changeflow.errors import ChangeflowError, ProblemsError
from changeflow.intake.folder import read_folder
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.reconciliation.compare import reconcile
from changeflow.intake.tables import read_table
from changeflow.pilots.criteria import ParallelRunPolicy
import duckdb, lxml.etree, python_calamine

def table(path):
    problems = []
    read_table(path, path.name, problems, required=("id",), optional=None)
    if problems:
        raise ProblemsError(problems)

def ledger(path):
    reconcile(path, path, ParallelRunPolicy(), period="2027-01")

def project(path):
    read_mspdi(path)

path, before, said = Path(sys.argv[2]), peak(), "read"
try:
    {"table": table, "ledger": ledger, "project": project, "folder": read_folder}[sys.argv[1]](path)
except ChangeflowError as error:
    assert error.exit_code in (4, 5), error.exit_code
    said = str(error)[:2000]
print(peak() - before)
print(said)
"""


def read_in_a_child(kind: str, path: Path) -> tuple[int, str]:
    """Read a file in a process of its own; return by how many MB its memory grew, and what was said."""
    done = subprocess.run([sys.executable, "-c", READ, kind, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    grown, _, said = done.stdout.partition("\n")
    return int(grown), said.strip()


def a_workbook(path: Path, sheet: str | bytes, *, texts: str | None = None, more: tuple[str, ...] = ()) -> Path:
    """Write an xlsx whose only sheet, and shared texts, are as given."""
    plain = io.BytesIO()
    with xlsxwriter.Workbook(plain, {"in_memory": True}) as book:
        book.add_worksheet().write(0, 0, "id")
    given = {"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": texts}
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
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
