"""The first sheet of an xlsx as lines of text."""

from datetime import date, datetime
from pathlib import Path

from changeflow.values.problem import Problem

MOST_BYTES = 20_000_000
"""A workbook of people or schools is far smaller; a larger one is a mistake, or an attack."""


def read_sheet(path: Path, shown: str, problems: list[Problem]) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of the first sheet, from its first line that has something in it."""
    # Loaded here: most folders have CSVs.
    from python_calamine import CalamineError, CalamineWorkbook

    if path.stat().st_size > MOST_BYTES:
        remedy = f"At most {MOST_BYTES // 1_000_000} MB are read. Save only the sheet that is meant."
        problems.append(Problem(file=shown, what="The workbook is too large.", remedy=remedy))
        return []
    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError, IndexError) as error:
        what = f"The workbook cannot be read: {str(error).splitlines()[0] if str(error) else 'it has no sheet'}."
        problems.append(Problem(file=shown, what=what, remedy="Save it as .xlsx, or as CSV (UTF-8)."))
        return []
    lines = [(n, [_text(cell) for cell in row]) for n, row in enumerate(rows, 1)]
    found = [(n, cells) for n, cells in lines if any(c.strip() for c in cells)]
    if not found:
        problems.append(
            Problem(file=shown, what="The first sheet is empty.", remedy="Its first line names the columns.")
        )
    return found


def _text(cell: object) -> str:
    """Write a cell as a CSV would have it: whole numbers without a point, days as year-month-day."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(timespec="minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
