"""Recognise cells without a value: errors, and formulas whose result is not in the file."""

from changeflow.intake.layout import NO_RESULT

ERRORS = frozenset(
    {
        *("#N/A", "#N/A!", "#NA", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"),
        *("#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#GETTING_DATA", "#EXTERNAL!", "#PYTHON!"),
        *("#TIMEOUT!", "#ERROR!"),
    }
)


def spreadsheet_error(text: str) -> tuple[str, str] | None:
    """Return what is wrong with such a cell and how to correct it; None for any other cell.

    >>> spreadsheet_error("#ref!")
    ("'#ref!' is a spreadsheet error.", 'Correct the formula, or empty the cell.')
    """
    if text.upper() in ERRORS:
        return f"'{text}' is a spreadsheet error.", "Correct the formula, or empty the cell."
    if text == NO_RESULT:
        what = "'=' begins a formula whose result is not in the file."
        return what, "Open the file in Excel and save it, or export it again."
    return None
