"""Fields of an MSPDI element: texts, numbers, moments, durations, lags."""

import re
from datetime import datetime

from lxml import etree

from changeflow.values.duration import Duration, Unit

NAMESPACE = "{http://schemas.microsoft.com/project}"
ESTIMATED = 32
"""Added to the code of a format for a duration that is only estimated."""
ELAPSED_FORMATS = {4, 6, 8, 10, 12}
PERCENT_FORMATS = {19, 20}
_DURATION = re.compile(
    r"^(?P<sign>-?)P(?:(?P<days>\d+)D)?T?(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?$"
)


def text_of(element: etree._Element, name: str) -> str | None:
    found = element.find(NAMESPACE + name)
    return found.text.strip() if found is not None and found.text else None


def number_of(element: etree._Element, name: str, default: float = 0) -> float:
    text = text_of(element, name)
    return default if text is None else float(text)


def code_of(element: etree._Element, name: str, default: int = 0) -> int:
    return int(number_of(element, name, default))


def uid_of(element: etree._Element) -> str:
    return text_of(element, "UID") or ""


def moment_of(element: etree._Element, name: str) -> datetime | None:
    """Read a local datetime; a zone, which Project never writes, is left out."""
    text = text_of(element, name)
    return datetime.fromisoformat(text).replace(tzinfo=None) if text else None


def minutes_of(element: etree._Element, name: str) -> int | None:
    """Read `PT40H0M0S` as whole minutes: working hours already, so that no length of a day plays a part."""
    text = text_of(element, name)
    match = _DURATION.match(text) if text else None
    if match is None:
        return None
    parts = {unit: float(match[unit] or 0) for unit in ("days", "hours", "minutes", "seconds")}
    total = round(parts["days"] * 1440 + parts["hours"] * 60 + parts["minutes"] + parts["seconds"] / 60)
    return -total if match["sign"] else total


def is_elapsed(format_: int) -> bool:
    return format_ % ESTIMATED in ELAPSED_FORMATS


def lag_of(link: etree._Element) -> Duration:
    """Read a lag: tenths of a minute, or the percentage itself."""
    amount, format_ = number_of(link, "LinkLag"), code_of(link, "LagFormat", 7)
    if format_ % ESTIMATED in PERCENT_FORMATS:
        return Duration(round(amount), Unit.PERCENT)
    return Duration(round(amount / 10), Unit.ELAPSED if is_elapsed(format_) else Unit.WORKING)


def children(element: etree._Element, path: str) -> list[etree._Element]:
    return element.findall("/".join(NAMESPACE + part for part in path.split("/")))
