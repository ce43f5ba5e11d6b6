"""Cells of tables: clean their text, and stop spreadsheets from running it as a formula."""

import re

FORMULA = "=+\\-@\t\r\n＝＋－＠"
"""The characters that can start a formula, including full-width ones. Source: OWASP, CSV injection."""
_RISKY = re.compile(f"'*[{FORMULA}]")
_MADE_SAFE = re.compile(f"'+[{FORMULA}]")
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")


def clean(text: str) -> str:
    """Return a cell's text without surrounding spaces or invisible characters, and with special spaces as plain ones.

    >>> clean(" 1\\u00a0180\\u200b ")
    '1 180'
    """
    text = text.strip()
    if not text.isascii():
        text = _UNSEEN.sub("", text).replace("\u00a0", " ").replace("\u202f", " ").replace("\u2007", " ").strip()
    return text


def safe_cell(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would read as a formula, or that already looks escaped.

    >>> safe_cell("=1+1"), safe_cell("'=1+1"), safe_cell("'t Hooft"), safe_cell("O'Neill")
    ("'=1+1", "''=1+1", "'t Hooft", "O'Neill")
    """
    return f"'{text}" if _RISKY.match(text) else text


def plain_cell(text: str) -> str:
    """Return the original text of a `safe_cell`.

    >>> plain_cell("'=1+1"), plain_cell("''=1+1"), plain_cell("'t Hooft"), plain_cell("=1+1")
    ('=1+1', "'=1+1", "'t Hooft", '=1+1')
    """
    return text[1:] if _MADE_SAFE.match(text) else text
