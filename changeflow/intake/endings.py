"""Lines that end a report and are no part of its table: totals, page numbers, who printed it and when."""

import re
from collections.abc import Sequence

from changeflow.intake.layout import clean

_WORD = r"(?:grand |overall |sub-?)?\s*totals?"
_TOTAL = re.compile(
    rf"{_WORD}\b|sum\b|count\b|averages?\b|mean\b|number of (?:records|rows|lines)\b",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"(?:report |date |run |list )?(?:printed|generated|exported|created|produced|extracted|run)\b|end of |page \d|"
    r"source\b|confidential|©|\(c\)|\d+ (?:records?|rows?|lines?)\b|records?:|official",
    re.IGNORECASE,
)
_SUM = re.compile(rf"{_WORD}:?", re.IGNORECASE)
_FIGURE = re.compile(r"[£$€(+-]*\s*[\d., ’']+%?\)?-?")


def is_sum(cells: Sequence[str]) -> bool:
    """Tell whether a line has the word total and figures, and nothing else: no name only begins in this way.

    >>> is_sum(["Grand total", "", "12"]), is_sum(["Total costs agreed", "50%"]), is_sum(["Total", "1 May 2027"])
    (True, False, False)
    """
    first, *others = [c for cell in cells if (c := clean(cell))]
    return bool(others) and _SUM.fullmatch(first) is not None and all(_FIGURE.fullmatch(c) for c in others)


def is_ending(cells: Sequence[str]) -> bool:
    """Tell whether a line is a total (nothing else than figures beside the word) or a remark alone in its line.

    >>> is_ending(["Total", "", "1,595"]), is_ending(["Printed on 1 March 2027", ""]), is_ending(["Total", "Head"])
    (True, True, False)
    """
    filled = [c for cell in cells if (c := clean(cell))]
    if not filled:
        return False
    first, *others = filled
    if _TOTAL.match(first):
        return all(_FIGURE.fullmatch(c) for c in others)
    return not others and _REMARK.match(first) is not None
