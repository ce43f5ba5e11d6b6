"""The type and value of a plain scalar, by the rules of YAML 1.2: `no` is text, `0o17` a number, `~` nothing."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone

_TAG = "tag:yaml.org,2002:"
STR, NULL, BOOL, INT, FLOAT, TIMESTAMP = (_TAG + kind for kind in ("str", "null", "bool", "int", "float", "timestamp"))
_RULES: tuple[tuple[str, str, str], ...] = (
    (BOOL, "tTfF", "true|True|TRUE|false|False|FALSE"),
    (
        FLOAT,
        "-+0123456789.",
        (
            r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|"
            r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
    ),
    (INT, "-+0123456789", "[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+"),
    (_TAG + "merge", "<", "<<"),
    (NULL, "~nN", "~|null|Null|NULL"),
    (
        TIMESTAMP,
        "0123456789",
        (
            "[0-9]{4}-[0-9]{2}-[0-9]{2}"
            r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
        ),
    ),
    (_TAG + "value", "=", "="),
    (_TAG + "yaml", "!&*", "[!&*]"),
)
"""Tag, the characters that may come first, and the form; the first rule that fits is the one that counts."""
_BY_FIRST: dict[str, list[tuple[str, Callable[[str], object]]]] = {"": [(NULL, lambda _: True)]}
for _tag, _first, _form in _RULES:
    for _character in _first:
        _BY_FIRST.setdefault(_character, []).append((_tag, re.compile(_form).fullmatch))
_BASES = {"0b": 2, "0o": 8, "0x": 16}
_MOMENT = re.compile(
    "([0-9]{4})-([0-9]+)-([0-9]+)(?:(?:[Tt]|[ \t]+)([0-9]+):([0-9]+):([0-9]+)(?:[.]([0-9]*))?"
    "[ \t]*(Z|([-+][0-9]+)(?::([0-9]+))?)?)?"
)


def tag_of(text: str) -> str:
    """Name the type of a plain scalar by its tag."""
    for tag, fits in _BY_FIRST.get(text[:1], ()):
        if fits(text):
            return tag
    return STR


def value_of(tag: str, text: str) -> object:
    """Return the value of a scalar of one of the tags named here; what has none, such as 30 February, is a ValueError.

    >>> value_of(tag_of("1_000"), "1_000"), value_of(tag_of("yes"), "yes"), value_of(tag_of("0o17"), "0o17")
    (1000, 'yes', 15)
    """
    if tag == STR:
        return text
    return _READERS[tag](text)


def _int(text: str) -> int:
    digits = text.replace("_", "")
    return int(digits, _BASES.get(digits.lstrip("+-")[:2], 10))


def _float(text: str) -> float:
    digits = text.replace("_", "").lower()
    return float(digits.replace(".", "") if digits.endswith(("inf", "nan")) else digits)


def _timestamp(text: str) -> date:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone, hours, minutes = found.groups()
    if hour is None:
        return date(int(year), int(month), int(day))
    away = timedelta(hours=int(hours or 0), minutes=int(f"{(hours or '+')[0]}{minutes or 0}"))
    day_of = date(int(year), int(month), int(day))
    time_of = time(int(hour), int(minute), int(second), tzinfo=timezone(away, zone) if zone else None)
    seventh = f"{fraction or ''}0000000"[:7]
    return datetime.combine(day_of, time_of) + timedelta(microseconds=int(seventh[:6]) + (seventh[6] > "4"))


_READERS: dict[str, Callable[[str], object]] = {
    NULL: lambda _: None,
    BOOL: lambda text: text.lower() == "true",
    INT: _int,
    FLOAT: _float,
    TIMESTAMP: _timestamp,
}
