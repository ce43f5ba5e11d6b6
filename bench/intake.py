"""What reading takes at the limits of docs/limits.md: seconds, and megabytes that a process of its own grows by."""

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import xlsxwriter

from changeflow.errors import ChangeflowError
from changeflow.intake.formats import a_format
from changeflow.intake.mspdi.reader import read_mspdi
from changeflow.intake.table_lines import MOST_ROWS
from changeflow.intake.tables import read_table
from changeflow.intake.yaml import read_yaml
from changeflow.values.problem import Problem

TASKS, YAML_TASKS, CELLS_ACROSS, CELLS_DOWN = 200_000, 20_000, 20, 24_900


def measure_intake() -> dict[str, float]:
    """Return seconds and megabytes of the largest files that are read, and of a bomb that is refused."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        for key, (write, suffix) in WRITERS.items():
            path = Path(home) / f"{key}{suffix}"
            write(path)
            command = [sys.executable, "-m", "bench.intake", key, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  (this file itself)
            seconds, grown = json.loads(done.stdout)
            found |= {f"{key}_s": seconds, f"{key}_peak_mb": grown}
            path.unlink()
    return found


def _project(path: Path) -> None:
    """Write a Microsoft Project file with the fields that Project writes first, and a link of most tasks."""
    with path.open("w") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?><Project xmlns="http://schemas.microsoft.com/project">')
        file.write("<StartDate>2027-03-01T08:00:00</StartDate><CalendarUID>1</CalendarUID><Calendars><Calendar>")
        file.write(
            "<UID>1</UID><Name>Standard</Name><BaseCalendarUID>-1</BaseCalendarUID></Calendar></Calendars><Tasks>"
        )
        for n in range(1, TASKS + 1):
            before = (
                f"<PredecessorUID>{n - 37}</PredecessorUID><Type>1</Type><LinkLag>0</LinkLag><LagFormat>7</LagFormat>"
            )
            link = f"<PredecessorLink>{before}</PredecessorLink>" if n > 37 and n % 37 else ""
            day = f"2027-03-{n % 28 + 1:02}"
            file.write(
                f"<Task><UID>{n}</UID><ID>{n}</ID><Name>Task {n}</Name><Type>0</Type><IsNull>0</IsNull>"
                f"<OutlineLevel>1</OutlineLevel><Priority>500</Priority><Start>{day}T08:00:00</Start>"
                f"<Finish>{day}T17:00:00</Finish><Duration>PT8H0M0S</Duration><DurationFormat>7</DurationFormat>"
                f"<Milestone>0</Milestone><ConstraintType>0</ConstraintType>{link}</Task>"
            )
        file.write("</Tasks></Project>")


def _yaml(path: Path) -> None:
    tasks = (f"  t{n:05}: {{name: Task {n}, duration: 5d, after: t{n - 1:05}}}\n" for n in range(YAML_TASKS))
    path.write_text("service: payroll\nname: Payroll\ntasks:\n" + "".join(tasks))


def _csv(path: Path) -> None:
    cells = ",".join(f"some words {n}" for n in range(8))
    path.write_text("id,role,a,b,c,d,e,f,g,h\n" + "".join(f"p{n},Role,{cells}\n" for n in range(MOST_ROWS)))


def _xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for row in range(CELLS_DOWN):
            for column in range(CELLS_ACROSS):
                heading = ("id", "role", *map(str, range(CELLS_ACROSS)))[column]
                sheet.write_string(row, column, f"cell {row} {column}" if row else heading)


def _bomb(path: Path) -> None:
    """Write a workbook of half a megabyte whose sheet unfolds to 500 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", '<workbook><sheets><sheet r:id="a" xmlns:r="r"/></sheets></workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", '<r><Relationship Id="a" Target="worksheets/s.xml"/></r>')
        with book.open("xl/worksheets/s.xml", "w", force_zip64=True) as sheet:
            for _ in range(500):
                sheet.write(b" " * 1_000_000)


WRITERS: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "mspdi_200k": (_project, ".xml"),
    "yaml_20k_tasks": (_yaml, ".yaml"),
    "csv_100k_lines": (_csv, ".csv"),
    "xlsx_500k_cells": (_xlsx, ".xlsx"),
    "xlsx_bomb_refused": (_bomb, ".xlsx"),
}


def _read(path: Path) -> None:
    problems: list[Problem] = []
    if path.suffix == ".xml":
        read_mspdi(path)
    elif path.suffix == ".yaml":
        read_yaml(path, path.name, problems)
    else:
        for _ in read_table(path, path.name, problems, a_format("people", ("id", "role"), None)):
            pass
    if problems and "bomb" not in path.name:
        raise SystemExit(str(problems[0]))


def _peak() -> int:
    """Return the most megabytes that this process has had. What its parent had does not count, as elsewhere it may."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024


if __name__ == "__main__":
    file, before, began = Path(sys.argv[2]), _peak(), time.perf_counter()
    try:
        _read(file)
    except ChangeflowError as error:
        sys.exit(str(error))
    print(json.dumps([round(time.perf_counter() - began, 2), _peak() - before]))
