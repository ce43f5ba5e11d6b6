"""Read cells as people write them into one plain form, depending on the kind of column; explain what is refused.

The result is text in the form that the rest of the program expects: a day as 2027-02-01, a number in digits, an option
by our own word. docs/tables.md lists the conventions.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from changeflow.intake.days import is_serial, read_day, serials_from_1900, without_zone
from changeflow.intake.formats import Field, FieldKind, mark_or_word
from changeflow.intake.spreadsheet_errors import spreadsheet_error
from changeflow.values.base import ID_PATTERN
from changeflow.values.moments import format_day
from changeflow.values.problem import did_you_mean, is_near

NOTHING = frozenset({"-", "--", "---", "–", "—", "−", "n/a", "n.a.", "null", "(blank)", "(null)"})
MEASURES = frozenset(
    {FieldKind.DAY, FieldKind.SPANS, FieldKind.COUNT, FieldKind.SCORE, FieldKind.DURATION, FieldKind.PERCENT}
)
"""Kinds of cells that are written in figures."""
NO_COMMENT = NOTHING | {"none", "nil", "na"}
"""What counts as an empty cell in any column except one of text; columns of comments have more such words."""
_HIDDEN = re.compile(r"#{3,}")
_QUOTED = re.compile(r"=\"(.*)\"", re.DOTALL)
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?e[+-]?\d{1,3}", re.IGNORECASE | re.ASCII)
_WHOLE = re.compile(r"(\d+)\.0+", re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}([, '’])\d{3}(?:\1\d{3})*(?:\.0+)?", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.0+)?", re.ASCII)
"""An id of digits that a spreadsheet shows as a number with thousands separators."""
_SPACES = re.compile(r"[\s_]+")
_MARKS = re.compile(r"[.,'’()]")
"""Characters to drop when a name becomes an id: `St. Helens` becomes st-helens."""
_ID = re.compile(ID_PATTERN)
_MONTH = "(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)"
_ADDRESS = re.compile(r"[^@\s\x00-\x1f<>,;]+@[^@\s\x00-\x1f<>,;]+")
_MADE_A_DAY = re.compile(
    rf"\d{{1,2}}-{_MONTH}|(?:\d{{1,2}}-)?{_MONTH}-(?:\d\d|\d{{4}})|(?:19|20)\d\d-\d\d-\d\d(?:T\d\d:\d\d)?|"
    r"\d{1,2}/\d{1,2}/\d{4}",
    re.ASCII,
)
"""What a spreadsheet turns the id 1-2 into, in a CSV and in a workbook."""
OF_DAYS = (FieldKind.DAY, FieldKind.SPANS, FieldKind.MOVES)
_ONE_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LAST_CENTURY = re.compile(r"\b(19\d\d)-")
_SCORE = re.compile(r"([1-5])(?:\.0+)?", re.ASCII)
_PARTS = re.compile(r"[;,|\n]")
_TO = re.compile(r"\s*(?:\.\.+|\s(?:to|until|-|–|—)\s)\s*", re.IGNORECASE)
_SHOWN = 4
"""How many known words to list if a word is unknown."""
AS_TEXT = "Format that column as text in the source file, and export it again."
YES = frozenset({"yes", "y", "true", "t", "1", "on", "✓", "✔", "☑", "√", "✅"})
NO = frozenset({"no", "n", "false", "f", "0", "off", "✗", "✘", "☒", "☐", "❌", "✖"})
VARIANTS = "\ufe0f\ufe0e"
"""The character that a phone adds to a tick to choose whether it is in colour."""
UNCLEAR = frozenset({"x", "×"})
"""Marks that mean yes to some people and no to others."""
TICK_OR_CROSS = "'{}' may be a tick or a cross. Write yes or no."


def unwrapped(text: str) -> str:
    """Return the text of `="000123"`: some systems write ids in this way so that a spreadsheet keeps their zeros.

    >>> unwrapped('="000123"'), unwrapped("=1+1")
    ('000123', '=1+1')
    """
    return found[1].replace('""', '"') if (found := _QUOTED.fullmatch(text)) else text


def is_nothing(text: str, cell: FieldKind) -> bool:
    """Return whether a cell is marked as empty, for example with a dash; `NA` counts if it can mean nothing else.

    >>> is_nothing("NA", FieldKind.DAY), is_nothing("NA", FieldKind.ID), is_nothing("-", FieldKind.ID)
    (True, False, True)
    """
    if cell in (FieldKind.TEXT, FieldKind.KEY, FieldKind.URN):
        return False
    return text.lower() in NOTHING or (text.lower() == "na" and cell in MEASURES)


def read_cell(text: str, field: Field, *, is_from_1904: bool = False) -> str:
    """Read a cell into the plain form of its column; raise `ValueError` with what is wrong and what to write.

    `is_from_1904`: its workbook counts days from 1904.

    >>> read_cell("1,180", Field("pupils", FieldKind.COUNT)), read_cell("West Sussex", Field("authority", FieldKind.ID))
    ('1180', 'west-sussex')
    """
    if (error := spreadsheet_error(text)) is not None:
        raise ValueError(" ".join(error))
    if _HIDDEN.fullmatch(text):
        raise ValueError(f"'{text}' is shown where the column is too narrow for the value. Widen it, and export again.")
    if is_from_1904 and field.cell in OF_DAYS:
        text = serials_from_1900(text)
    return READERS[field.cell](text, field)


def remark_on(text: str, read: str, field: Field, *, is_from_1904: bool = False) -> str:
    """Return what a person should check in a cell that was read; mostly ""."""
    if field.cell in OF_DAYS and (remark := remark_on_serial(text, read, is_from_1904=is_from_1904)):
        return remark
    if field.cell is FieldKind.DAY and (written := without_zone(text)[0]) != text and _day(written, field) != read:
        return f"'{text}' was read as {_in_words(read)}: that was the day in the UK."
    if field.cell is FieldKind.DAY and (year := _LAST_CENTURY.match(read)) and year[1] not in text:
        return f"'{text}' was read as {_in_words(read)}. Write the year in four digits if it is another."
    if read != text and (field.cell is FieldKind.URN or (field.cell is FieldKind.ID and _GROUPED.fullmatch(text))):
        return f"'{text}' was read as {read}."
    if field.takes_others and read not in field.options:
        return f"The {field.name} '{text}' has no effect. Use one of: {', '.join(field.options)}."
    return ""


def remark_on_serial(text: str, read: str, *, is_from_1904: bool) -> str:
    """Return which day a spreadsheet's serial number was read as; "" for any other text."""
    if is_from_1904 and serials_from_1900(text) != text:
        return f"'{text}' was read as {_in_words(read)}: its workbook counts days from 1904."
    if is_serial(text):
        return f"'{text}' was read as the day that spreadsheets store as this number, {_in_words(read)}."
    return ""


def _in_words(days: str) -> str:
    return format_day(date.fromisoformat(days)) if _ONE_DAY.fullmatch(days) else days


def _as_it_is(text: str, field: Field) -> str:
    return text


def _key(text: str, field: Field) -> str:
    _refuse_day(text)
    if _ROUNDED.fullmatch(text):
        raise ValueError(f"'{text}' is a number that a spreadsheet has rounded. {AS_TEXT}")
    return text


def _refuse_day(text: str) -> None:
    if _MADE_A_DAY.fullmatch(text):
        raise ValueError(f"'{text}' is a date, which spreadsheets make of ids such as 1-2. {AS_TEXT}")


def _urn(text: str, field: Field) -> str:
    text = _key(text, field)
    return _count(text, field) if _WHOLE.fullmatch(text) or _THOUSANDS.fullmatch(text) else text


def _id(text: str, field: Field) -> str:
    _refuse_day(text)
    if _ID.match(text):
        return text
    text = _key(text, field)
    plain = found[1] if (found := _WHOLE.fullmatch(text)) else text
    if _GROUPED.fullmatch(text):
        plain = text.partition(".")[0].replace(",", "")
    elif " " in text:
        plain = _MARKS.sub("", text.replace("&", " and "))
    plain = _SPACES.sub("-", plain).lower()
    if not _ID.match(plain):
        raise ValueError(f"'{text}' is not an id. Use lower-case letters, digits and hyphens.")
    return plain


def _several(read: Callable[[str, Field], str]) -> Callable[[str, Field], str]:
    def each(text: str, field: Field) -> str:
        return ";".join(read(part, field) for part in _parts(text))

    return each


def _parts(text: str) -> Iterator[str]:
    return (part.strip() for part in _PARTS.split(text) if part.strip())


def _day(text: str, field: Field) -> str:
    return read_day(text, may_be_old=field.may_be_old).isoformat()


def _span(text: str, field: Field) -> str:
    days = _TO.split(text)
    if len(days) > 2 or not all(days):
        raise ValueError(f"'{text}' is not a span of days. Write it like 2027-02-01..2027-02-05.")
    return "..".join(_day(day, field) for day in days)


def _move(text: str, field: Field) -> str:
    day, mark, school = text.partition("=")
    if not (mark and day.strip() and school.strip()):
        raise ValueError(f"'{text}' is not a move. Write the day and the school, like 2027-02-01=harbour.")
    return f"{_day(day.strip(), field)}={_id(school.strip(), field)}"


def _count(text: str, field: Field) -> str:
    if text.isascii() and text.isdigit():
        return text
    if found := _WHOLE.fullmatch(text):
        return found[1]
    if found := _THOUSANDS.fullmatch(text):
        return text.partition(".")[0].replace(found[1], "")
    raise ValueError(f"'{text}' is not a whole number. Write it in digits, such as 1180 or 1,180.")


def _score(text: str, field: Field) -> str:
    if found := _SCORE.fullmatch(text):
        return found[1]
    raise ValueError(f"'{text}' is not a score. Write 1 to 5, or leave it empty.")


def _yes_no(text: str, field: Field) -> str:
    plain = text.strip(VARIANTS)
    word = field.meanings.get(mark_or_word(plain), plain.lower())
    if word in YES or word in NO:
        return "yes" if word in YES else "no"
    if word in UNCLEAR:
        raise ValueError(TICK_OR_CROSS.format(text))
    words = [pair.partition("=")[0] for pair in field.words.split(" | ")[:_SHOWN]] if field.words else []
    more = f", or a word such as {', '.join(words)}" if words else ""
    raise ValueError(f"'{text}' is neither yes nor no. Write yes or no{more}.")


def _choice(text: str, field: Field) -> str:
    if (option := field.meanings.get(mark_or_word(text))) is not None:
        return option
    if remedy := field.remedy_of(text):
        raise ValueError(f"'{text}' gives no {field.name}. {remedy}")
    if not field.options or (field.takes_others and not is_near(text.lower(), field.options)):
        return text.lower()
    raise ValueError(f"'{text}' is not known. {did_you_mean(text.lower(), field.options)}".strip())


def _email(text: str, field: Field) -> str:
    address = text[len("mailto:") :] if text.lower().startswith("mailto:") else text
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{text!r} is not an email address. Write name@example.org.")
    return address


READERS: Mapping[FieldKind, Callable[[str, Field], str]] = {
    FieldKind.TEXT: _as_it_is,
    FieldKind.KEY: _key,
    FieldKind.URN: _urn,
    FieldKind.ID: _id,
    FieldKind.IDS: _several(_id),
    FieldKind.DAY: _day,
    FieldKind.SPANS: _several(_span),
    FieldKind.MOVES: _several(_move),
    FieldKind.COUNT: _count,
    FieldKind.SCORE: _score,
    FieldKind.YES_NO: _yes_no,
    FieldKind.CHOICE: _choice,
    FieldKind.CHOICES: _several(_choice),
    FieldKind.EMAIL: _email,
    FieldKind.DURATION: _as_it_is,
    FieldKind.PERCENT: _as_it_is,
}
