"""Read cells of a progress sheet: % complete in every way that people write it, remaining work, and a row's exported
values."""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from changeflow.intake.cell_readers import NO, NO_COMMENT, VARIANTS, YES
from changeflow.intake.layout import SheetPercent
from changeflow.programme.progress_cells import ProgressCells, days_or_duration
from changeflow.values.duration import Duration, parse_duration
from changeflow.values.limits import parse_day

_PERCENT = re.compile(
    r"(?P<number>\d{1,6}(?:[.,]\d{1,15})?)\s*(?P<sign>%|per\s*cent|pc)?"
    r"(?:\s*(?:complete|completed|done))?",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"(?P<number>\d{1,6}(?:[.,]\d{1,6})?)\s*(?P<unit>[a-z ]*)\.?\s*\??", re.IGNORECASE)
"""Project writes a question mark after a duration that is only estimated: `3 days?`."""
_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::00)?")
"""Hours and minutes, as a cell of time shows them."""
_UNITS = {
    "d": ("d", "day", "days", "working day", "working days", "school day", "school days", "work days"),
    "w": ("w", "wk", "wks", "week", "weeks", "working weeks"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "mo": ("mo", "mon", "mons", "month", "months"),
    "ed": ("ed", "eday", "edays", "calendar day", "calendar days", "elapsed days"),
    "ew": ("ew", "ewk", "ewks", "eweek", "eweeks", "calendar week", "calendar weeks"),
    "eh": ("eh", "ehr", "ehrs", "ehour", "ehours"),
    "em": ("em", "emin", "emins", "eminute", "eminutes"),
    "emo": ("emo", "emon", "emons", "emonth", "emonths", "calendar month", "calendar months"),
    "pp": ("pp", "pay period", "pay periods"),
    "sw": ("sw", "school week", "school weeks"),
    "t": ("t", "term", "terms"),
}
_MONTHS = {"mo": (20, "d"), "emo": (30, "ed")}
"""A month is as long as in Project: twenty working days, or thirty days of clock time."""
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
WORDS = {
    "notstarted": 0,
    "notbegun": 0,
    "todo": 0,
    "backlog": 0,
    **dict.fromkeys(("completed", "complete", "done", "finished", "closed", "resolved"), 100),
}
"""What Planner and other lists write instead of a percentage."""
TICKS = dict.fromkeys(YES - {"1", "t", "on"}, 100)
"""What people write in a column that asks whether it is done."""
NOT_DONE = NO - {"0", "f", "off"}
"""What they write there if it is unknown how much is done."""
LATE_OR_NOT = (
    "late", "early", "ontime", "delayed", "overdue", "ahead", "ontrack", "behind", "signedoff", "aheadofschedule",
    "behindschedule", "red", "amber", "green", "blocked", "atrisk", "onhold", "ok",
)  # fmt: skip
"""What people add to a status without changing it: `Complete - late`."""
_BEHIND = re.compile(r"\s*(?:\s[-–—]\s|[(:;,/])\s*")
_ONE_PERCENT = re.compile(r"(?<![\d.,-])(\d{1,3}(?:[.,]\d+)?)\s*(?:%|per\s*cent)", re.IGNORECASE)
_APART = re.compile(r"\s*[()/:;,~–—]\s*|\s-\s|^-|-$")
_ABOUT = ("about", "approx", "approx.", "approximately", "c.", "circa")
BEGUN = ("inprogress", "started", "ongoing", "underway", "begun", "wip", "open", "active", "doing", "workingonit")
"""The work has begun, and it is unknown how much is done."""


def folded(word: str) -> str:
    """Return a word of a list without its spaces and hyphens: `In-progress` is `In progress`."""
    return "".join(word.casefold().strip(VARIANTS).replace("-", " ").split())


def plain_status(text: str) -> str:
    """Return a status without additions about how it is going, and its percentage if it has one.

    >>> plain_status("Complete - late"), plain_status("In progress (60%)"), plain_status("50% complete")
    ('Complete', '60%', '50%')
    >>> plain_status("Complete - snags left"), plain_status("On hold"), plain_status("Late")
    ('Complete - snags left', 'On hold', 'Late')
    """
    found = _ONE_PERCENT.search(text)
    around = {folded(word) for word in _APART.split(_ONE_PERCENT.sub(" / ", text)) if word}
    if found is not None and around <= {*BEGUN, *WORDS, *_ABOUT}:
        return f"{found[1]}%"
    first, *others = [part for part in _BEHIND.split(text.strip().rstrip(")")) if part] or [text]
    said = {folded(part).replace("(", "") for part in others}
    if others and said <= {*LATE_OR_NOT} and folded(first) in {*WORDS, *BEGUN, *NOT_DONE}:
        return first
    word, _, last = text.strip().rpartition(" ")
    return word if word and folded(last) in ("late", "early") and folded(word) in WORDS else text


_LEAST_SHOWN, _MOST_SHOWN = 500, 10_000
"""Percentages that cannot be intended: a whole number was typed into a cell that shows percent, so that 50 became
5000%."""


def is_typed_as_whole(text: str) -> bool:
    """Return whether a cell that shows percent contains a number that was meant as percent: 50, shown as 5000%.

    >>> is_typed_as_whole(SheetPercent("5000%")), is_typed_as_whole("5000%"), is_typed_as_whole(SheetPercent("150%"))
    (True, False, False)
    """
    found = re.fullmatch(r"(\d{3,5})%", text) if isinstance(text, SheetPercent) else None
    return found is not None and _LEAST_SHOWN <= int(found[1]) <= _MOST_SHOWN and int(found[1]) % 100 == 0


def are_shares(texts: Iterable[str]) -> bool | None:
    """Return whether the plain numbers of a column are shares (0 to 1) or percent (0 to 100); None: both are possible.

    >>> are_shares(["0.5", "1", "0"]), are_shares(["50", "100", "0"]), are_shares(["1", "0", "60%"])
    (True, False, None)
    """
    numbers = [float(text.replace(",", ".")) for text in texts if re.fullmatch(r"\d{1,6}(?:[.,]\d{1,15})?", text)]
    has_shares, has_percent = any(0 < n < 1 for n in numbers), any(n > 1 for n in numbers)
    return has_shares if has_shares != has_percent else None


def parse_percent(text: str, *, shares: bool | None, ticks: bool = False) -> float:
    """Read % complete; `shares` says how to read the column's plain numbers, `ticks` that the column asks whether work
    is done. `ValueError` says what would be right.

    >>> parse_percent("50%", shares=None), parse_percent("0.29", shares=True), parse_percent("12,5 %", shares=None)
    (50.0, 29.0, 12.5)
    """
    if (found := (WORDS | TICKS if ticks else WORDS).get(folded(text))) is not None:
        return found
    number_in = _PERCENT.fullmatch(text)
    if number_in is None:
        raise ValueError(f"'{text[:40]}' is not a percentage. Write one from 0% to 100%, such as 50%.")
    number = float(number_in["number"].replace(",", "."))
    if number_in["sign"] is None and number != 0:
        if shares is None and number == 1:
            raise ValueError(f"'{text}' may be 1% or 100%. Write it with the percent sign.")
        if shares is None and number < 1:
            raise ValueError(f"'{text}' is a share beside numbers over 1. Write percentages, such as 50%.")
        number *= 100 if shares else 1
    elif is_typed_as_whole(text):
        number /= 100
    if number > 100:
        raise ValueError(f"'{text}' is more than 100%. Write one from 0% to 100%.")
    return round(number, 9)


def whole_percent(number: float) -> int:
    """Round % complete; only exactly 0% becomes 0, and only exactly 100% becomes 100.

    >>> whole_percent(12.5), whole_percent(0.2), whole_percent(99.9), whole_percent(100.0)
    (12, 1, 99, 100)
    """
    return max(1, min(99, round(number))) if 0 < number < 100 else int(number)


def unit_of(heading: str) -> str:
    """Return the unit that a heading gives to plain numbers; empty if it gives none.

    >>> unit_of("Remaining (hours)"), unit_of("Days left"), unit_of("Remaining hrs"), unit_of("Remaining work")
    ('h', 'd', 'h', '')
    """
    words = re.findall(r"[a-z]+", heading.casefold())
    return next((_UNIT_OF[word] for word in reversed(words) if word in _UNIT_OF), "")


def parse_remaining(text: str, *, minutes_per_day: int, unit: str = "") -> str:
    """Read the remaining work: days as a number, any other unit as a duration's text.

    `unit` is the one that the heading gives to plain numbers.

    >>> parse_remaining("5 days", minutes_per_day=450), parse_remaining("2 wks", minutes_per_day=450)
    ('5', '10')
    >>> parse_remaining("1 mon", minutes_per_day=450), parse_remaining("15", minutes_per_day=450, unit="h")
    ('20', '2')
    """
    length = parse_length(text, minutes_per_day=minutes_per_day, unit=unit, column="Remaining")
    return days_or_duration(length, minutes_per_day)


def parse_length(text: str, *, minutes_per_day: int, unit: str = "", column: str = "Duration") -> Duration:
    """Read a length as people and programs write it; a plain number has the heading's unit, if there is one.

    >>> [parse_length(t, minutes_per_day=480).amount // 60 for t in ("3 days?", "1 mon", "2 ewks", "1.5 hrs")]
    [24, 160, 336, 1]
    """
    if clock := _CLOCK.fullmatch(text):
        return parse_duration(f"{int(clock[1]) * 60 + int(clock[2])}m", minutes_per_day=minutes_per_day)
    found = _LENGTH.fullmatch(text)
    own = " ".join(found["unit"].casefold().split()) if found else ""
    if found is None or (own and own not in _UNIT_OF):
        parse_duration(text, minutes_per_day=minutes_per_day)
        raise ValueError(f"'{text[:40]}' is not a duration. Write 5d, 4h or 2w.")
    number, short = found["number"].replace(",", "."), _UNIT_OF.get(own, unit or "d")
    if not (own or unit) and float(number) != 0:
        raise ValueError(f"'{text}' has no unit. Write 5d for five days, or name the column “{column} (days)”.")
    if short in _MONTHS:
        days, short = _MONTHS[short]
        number = str(Decimal(number) * days)
    return parse_duration(f"{number}{short}", minutes_per_day=minutes_per_day)


def comment_of(text: str) -> str:
    """Return a comment with its lines, without surrounding spaces; "" if it only says “none”.

    >>> comment_of("Wait for HR \\r\\n  then go"), comment_of("n/a"), comment_of("–"), comment_of("None")
    ('Wait for HR\\nthen go', '', '', '')
    """
    said = "\n".join(line.strip() for line in text.splitlines()).strip()
    return "" if said.lower() in NO_COMMENT else said


def exported_cells(cells: dict[str, Any]) -> ProgressCells:
    """Return a row's values when it was exported; raise `ValueError` if the text was changed."""

    def day(name: str) -> date | None:
        return parse_day(cells[name]) if name in cells else None

    return ProgressCells(
        percent=int(cells["percent"]) if "percent" in cells else None,
        started=day("started"),
        finished=day("finished"),
        remaining=str(cells.get("remaining", "")),
        comment=comment_of(str(cells.get("comment", ""))),
    )


def read_exported(text: str) -> dict[str, Any] | None:
    """Read the hidden cell of a row; return None if it has been changed."""
    with suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, dict) and isinstance(found.get("cells"), dict) and isinstance(found.get("task"), str):
            return found
    return None
