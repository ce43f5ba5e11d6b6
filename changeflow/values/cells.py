"""Cells of tables that a spreadsheet opens: nothing in them runs as a formula, and reading them gives the text back."""

import re

FORMULA = "=+\\-@\t\r\n＝＋－＠"
"""What a formula may begin with, also in full width. Source: OWASP, CSV injection."""
_RISKY = re.compile(f"'*[{FORMULA}]")
_MADE_SAFE = re.compile(f"'+[{FORMULA}]")


def safe_cell(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula, or for one that was made safe.

    >>> safe_cell("=1+1"), safe_cell("'=1+1"), safe_cell("'t Hooft"), safe_cell("O'Neill")
    ("'=1+1", "''=1+1", "'t Hooft", "O'Neill")
    """
    return f"'{text}" if _RISKY.match(text) else text


def plain_cell(text: str) -> str:
    """Return what `safe_cell` was given.

    >>> plain_cell("'=1+1"), plain_cell("''=1+1"), plain_cell("'t Hooft"), plain_cell("=1+1")
    ('=1+1', "'=1+1", "'t Hooft", '=1+1')
    """
    return text[1:] if _MADE_SAFE.match(text) else text
