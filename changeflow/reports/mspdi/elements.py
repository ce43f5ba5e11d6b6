"""Building blocks of Project files: elements, names, times and durations in Project's format."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from changeflow.values.moments import iso

if TYPE_CHECKING:
    from lxml import etree

NAMESPACE = "http://schemas.microsoft.com/project"
WORKING_DAYS, ELAPSED_DAYS, PERCENT = 7, 8, 19
TENTHS = 10
"""Project writes lags and floats in tenths of a minute."""
LONGEST_NAME = 255
LONGEST_NOTE = 8_000

Fields = Iterable[tuple[str, "str | int | Fields"]]
"""An element's content in order: text, a number, or further elements."""


def add_fields(parent: "etree._Element", fields: Fields) -> None:
    for name, value in fields:
        element = parent.makeelement(f"{{{NAMESPACE}}}{name}")
        parent.append(element)
        if isinstance(value, (str, int)):
            element.text = str(value)
        else:
            add_fields(element, value)


def spell(minutes: int) -> str:
    """Write minutes as Project does: `PT40H0M0S`."""
    return f"PT{minutes // 60}H{minutes % 60}M0S"


def moment(minute: int) -> str:
    return iso(minute)


def name_of(text: str, most: int = LONGEST_NAME) -> str:
    """Turn text into a name that Project accepts: one line, no control characters, not too long.

    >>> name_of("Pay\\x07roll,\\n pilot"), name_of("abcdef", most=4)
    ('Pay roll, pilot', 'abc…')
    """
    line = " ".join(_printable(text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def unique_names(names: Iterable[str], most: int = LONGEST_NAME, *, taken: Iterable[str] = ()) -> list[str]:
    """Make names that Project accepts, numbering repeated ones.

    >>> unique_names(["Head", "Head", "office"], taken=["office"])
    ['Head', 'Head (2)', 'office (2)']
    """
    known, found = set(taken), []
    for name in names:
        one, n = name_of(name, most), 1
        while one in known:
            n += 1
            one = f"{name_of(name, most - len(f' ({n})'))} ({n})"
        known.add(one)
        found.append(one)
    return found


def note_of(lines: Iterable[str]) -> str:
    text = "\n".join(" ".join(_printable(line).split()) for line in lines)
    return text if len(text) <= LONGEST_NOTE else f"{text[: LONGEST_NOTE - 1]}…"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
