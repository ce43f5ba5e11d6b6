"""Recognise lines that are not part of a table: totals, and what reports print below one, such as page numbers."""

import re
from collections.abc import Sequence

from changeflow.values.cells import clean

_THINGS = (
    "lines|rows|records|contracts|employees|people|persons|staff|members of staff|suppliers|assets|pupils|schools|"
    "establishments|items|entries|tasks|results|transactions"
)
_TOTAL_WORD = r"(?:(?:grand|overall|running|report|final|sub)[ -]?)?totals?|sums?|summe|gesamt|gesamtsumme"
_TOTAL = re.compile(
    rf"(?:{_TOTAL_WORD})(?: (?:for|of) (?:the )?(?:period|month|year|week|run|payroll|file|report|page))?"
    rf"(?: ?\(?\d+ (?:{_THINGS})\)?)? ?:?",
    re.IGNORECASE,
)
_NAMED_TOTAL = re.compile(r"total .+|.+[ :-]total:?", re.IGNORECASE)
_COUNTED = re.compile(
    rf"(?:{_TOTAL_WORD}|count|averages?|mean|number of (?:{_THINGS}))\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"[£$€(+-]*\s*[\d., ’']+%?\)?-?")

_MADE = "printed|generated|exported|created|produced|extracted|downloaded|prepared|run"
_COUNT_OF = rf"(?:(?:grand )?total |(?:total )?number of |no\.? of )?(?:{_THINGS})"
_COUNT_LABEL = rf"{_COUNT_OF}(?: (?:count|found|listed|printed|exported|selected|in (?:this )?(?:file|report|list)))?"
_MADE_BY = rf"(?:(?:report|date|list|file|data) )?(?:{_MADE})(?: (?:on|by|at|from|date|time):?|:)"
_MADE_LABEL = (
    rf"{_MADE_BY}|(?:(?:report|run|print|list|pay|export) )?(?:date|time|user|id)"
    r"(?: (?:of (?:report|run|export)|run|printed))?:"
)
_EDGE = r"[*\-=–—\s]*"
_REMARK = re.compile(
    rf"{_EDGE}(?:page|seite):? ?\d+ ?(?:of|von|/) ?\d+{_EDGE}"
    rf"|{_COUNT_LABEL} ?[:=] ?\d[\d,]*|(?:total|number of|no\.? of) (?:{_THINGS}) \d[\d,]*"
    rf"|\d[\d,]* (?:{_THINGS})(?: (?:found|listed|printed|exported|selected))?\.?"
    rf"|{_EDGE}end (?:of )?(?:the )?(?:report|file|list|listing|data|table|document|export){_EDGE}\.?{_EDGE}"
    rf"|(?:{_MADE_LABEL}) .+|(?:{_MADE}) \d\d?[ /.-].+"
    r"|(?:source|filters?|criteria|selection|parameters?)(?: applied)?: .+"
    r"|[-=_*~–—.+]{3,}"
    r"|(?:strictly )?(?:private (?:and|&) )?confidential\b.*|official(?:[ -]?sensitive)?\b.*|(?:©|\(c\)|copyright) .+",
    re.IGNORECASE,
)
"""What reports print below a table, on a separate line."""
_PAIR = 2
_PART = re.compile(r"\d+\. \S")
_PAGE = re.compile(r"(?:page|seite):? ?\d+", re.IGNORECASE)
_LABEL = re.compile(
    rf"(?:{_COUNT_LABEL} ?[:=]|(?:total|number of|no\.? of) (?:{_THINGS})|page:?|seite:?|{_MADE_LABEL})",
    re.IGNORECASE,
)
"""A label before a value in the next cell."""
LIKE_A_REMARK = (
    rf"(?i)^[*=\s-]*(page|seite|end|{_THINGS}|grand|total|number|no|{_MADE}|report|data|date|list|file|pay|print|export"
    r"|time|user|id|source|filter|criteria|selection|parameter|strictly|private|confidential|official|©|\(c\)|copyright"
    r"|[0-9]|[-=_*~–—.+]{3})"
)
"""How such a line begins, as a pattern for a database."""


def is_total(text: str) -> bool:
    """Return whether a cell has only a word for a total; `Total Gas & Power` is a supplier.

    >>> is_total("Grand total:"), is_total("Total (12 lines)"), is_total("Total Gas & Power")
    (True, True, False)
    """
    return _TOTAL.fullmatch(text) is not None


def may_be_total(text: str) -> bool:
    """Return whether a cell may label a total, as spreadsheets write subtotals. Its figures must confirm that.

    >>> may_be_total("Ash Total"), may_be_total("Ash")
    (True, False)
    """
    return is_total(text) or _NAMED_TOTAL.fullmatch(text) is not None


def is_sum(cells: Sequence[str]) -> bool:
    """Return whether a line has only a word for a total and figures, so that it is not a name that begins like one.

    >>> is_sum(["Grand total", "", "12"]), is_sum(["Total costs agreed", "50%"]), is_sum(["Total", "1 May 2027"])
    (True, False, False)
    """
    first, *others = _filled(cells)
    return bool(others) and is_total(first) and _are_figures(others)


def is_remark(cells: Sequence[str]) -> bool:
    """Return whether a line has only what a report prints around its table: remarks, labels with values, ruled lines.

    >>> is_remark(["Page 1 of 2", ""]), is_remark(["Records:", "2"]), is_remark(["*** End of Report ***"])
    (True, True, True)
    >>> is_remark(["Printed on", "1 May 2027", "", "Page", "1 of 2"]), is_remark(["Page 1 of 2", "Confidential"])
    (True, True)
    >>> is_remark(["-----", "-----"]), is_remark(["-", "-"])
    (True, False)
    >>> is_remark(["Employees", "2"]), is_remark(["Source Ltd"]), is_remark(["User", "Admin 2"])
    (False, False, False)
    >>> is_remark(["Run date: agree with HR", "50%"]), is_remark(["Run 5"]), is_remark(["Printed on", "1 May 2027"])
    (False, False, True)
    """
    left = _filled(cells)
    is_found = bool(left)
    while left and is_found:
        label, *values = left
        is_pair = bool(values) and _LABEL.fullmatch(label) is not None
        is_found = _REMARK.fullmatch(f"{label} {values[0]}" if is_pair else label) is not None
        left = values[1:] if is_pair else values
    return is_found


def is_about(lines: Sequence[Sequence[str]]) -> bool:
    """Return whether lines above a header describe the report: labels and values, such as `Run date:` and a day.

    >>> is_about([["Company", "Ash"], ["Run date:", "1 May 2027"]]), is_about([["Ash", "Primary"]])
    (True, False)
    """
    filled = [_filled(cells) for cells in lines]
    is_labelled = any(is_remark(cells) or cells[0].endswith(":") for cells in filled if cells)
    return is_labelled and all(len(cells) <= _PAIR or is_remark(cells) for cells in filled)


def is_title_of_part(cells: Sequence[str]) -> bool:
    """Return whether a line is the numbered title of one of several tables, as in the attendance reports of Teams.

    >>> is_title_of_part(["2. Participants", ""]), is_title_of_part(["2. Participants", "12"]), is_title_of_part(["2."])
    (True, False, False)
    """
    filled = _filled(cells)
    return len(filled) == 1 and _PART.match(filled[0]) is not None


def is_ending(cells: Sequence[str]) -> bool:
    """Return whether an incomplete line is a total (only figures beside the word) or a remark.

    >>> is_ending(["Total", "", "1,595"]), is_ending(["Printed on 1 March 2027", ""]), is_ending(["Total", "Head"])
    (True, True, False)
    """
    filled = _filled(cells)
    if not filled:
        return False
    first, *others = filled
    if is_remark(cells) or (not others and _PAGE.fullmatch(first)):
        return True
    return (_COUNTED.match(first) is not None or is_total(first)) and _are_figures(others)


def _filled(cells: Sequence[str]) -> list[str]:
    return [c for cell in cells if (c := clean(cell))]


def _are_figures(cells: Sequence[str]) -> bool:
    return all(_FIGURE.fullmatch(c) for c in cells)
