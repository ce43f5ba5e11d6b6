"""Find what the cells of a sheet show but their values do not say: errors, percentages, leading zeros, lost results.

The library that reads workbooks drops errors such as `#N/A`, and formulas whose result was never computed. It returns a
percentage as a fraction, an id shown as 000123 as the number 123, and a time of -6:00 as 18:00.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from changeflow.intake.layout import NO_RESULT
from changeflow.intake.sheet_size import SheetRefusedError, column_number, odd

if TYPE_CHECKING:
    from lxml import etree

_PLACE = re.compile(rb"(?:^|\s)r\s*=\s*[\"']([A-Za-z]+)([0-9]+)[\"']")
_PREFIX = rb"(?:[\w.-]+:)?"
_ERROR = re.compile(
    rb"<" + _PREFIX + rb"c((?:\s[^<>]*)?\st\s*=\s*[\"']e[\"'][^<>]*)>(?:<" + _PREFIX + rb"f[^<>]*(?:/>|>[^<]*</"
    + _PREFIX + rb"f\s*>))?\s*(?:<" + _PREFIX + rb"v[^<>]*>([^<]*)<)?"
)  # fmt: skip
_FORMULA = re.compile(
    rb"<" + _PREFIX + rb"c((?:\s[^<>]*)?)>\s*<" + _PREFIX + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</" + _PREFIX + rb"f\s*>)\s*"
    rb"(?:<" + _PREFIX + rb"v(?:\s[^<>]*)?(?:/>|>\s*</" + _PREFIX + rb"v\s*>)\s*)?</" + _PREFIX + rb"c\s*>"
)
_IS_TEXT = re.compile(rb"\st\s*=\s*[\"'](?:str|s|inlineStr)[\"']")
_STYLED = rb"<" + _PREFIX + rb"c((?:\s[^<>]*)?\ss\s*=\s*[\"'](%s)[\"'][^<>]*)>"
_BEFORE_0 = re.compile(
    rb"<" + _PREFIX + rb"c((?:\s[^<>]*)?\ss\s*=\s*[\"']([0-9]+)[\"'][^<>]*)>\s*"
    rb"(?:<" + _PREFIX + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</" + _PREFIX + rb"f\s*>)\s*)?"
    rb"<" + _PREFIX + rb"v(?:\s[^<>]*)?>\s*(-[0-9.eE+-]+)\s*<"
)  # fmt: skip
_BUILT_IN_TIMES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_SAID_AS_IT_IS = re.compile(r"\"[^\"]*\"|\\.|\[[^\]]*\]|_.|\*.")
"""The parts of a format that are shown literally, or that only set a colour or an alignment."""
_MOST_DAYS = 3_000_000
"""The number of the last day that spreadsheets support, 31 December 9999, is smaller than this."""
_OF_TIME = re.compile("[dhmsy]", re.IGNORECASE)
_PERCENT = re.compile(r"[^\"\\\[]*%\s*")
_ZEROS = re.compile(r"(?:\"([^\"]*)\"|((?:\\.)*))(0{2,})|(?:\"([^\"]+)\"|((?:\\.)+))0")
_BUILT_IN = {9: "0%", 10: "0.00%"}
_CURRENCY = re.compile(r"\[\$([^\]-]+)(?:-[0-9A-Fa-f]+)?\]|\"([^\"]*)\"|((?:\\.)+)|([£€$¥₹])")
"""What a format may show beside a number: `[$€-2]`, `"kr"`, `\\£`, or a sign alone."""
_SIDES = ("CR", "DR")
_NOT_SHOWN = re.compile(r"\[[^\]]*\]|_.|\*.")
"""Colours, conditions and alignment of a format."""
_DIGITS_OF_FORMAT = re.compile(r"[#0?](?:[#0?,. ]*[#0?])?")


@dataclass(frozen=True, slots=True)
class Marks:
    """What to show instead of an empty cell, and how to show a number, by (line, column) from 1."""

    texts: Mapping[tuple[int, int], str] = field(default_factory=dict)
    percents: frozenset[tuple[int, int]] = frozenset()
    zeros: Mapping[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    """The text before a number, and its fewest digits."""
    amounts: Mapping[tuple[int, int], "NumberFormat"] = field(default_factory=dict)
    """How to show a number that has text or a sign beside it."""
    before_0: Mapping[tuple[int, int], float] = field(default_factory=dict)
    """The days of a negative time, such as -0.25 for -6:00."""


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a style shows a number; if no field is set, as a percentage."""

    before: str = ""
    digits: int = 0
    currency: str = ""
    """The text beside it that may be its currency."""
    side: str = ""
    """`CR` or `DR`, if that is beside it."""
    side_below_0: str = ""
    """The same beside a negative number, if that is shown in another way."""
    is_turned_round: bool = False
    """Whether a positive number is shown as a negative one."""
    is_plain_below_0: bool = False
    """Whether a negative number is shown in a special way, without a minus."""
    is_time: bool = False

    @property
    def is_amount(self) -> bool:
        return bool(self.currency or self.side or self.side_below_0 or self.is_turned_round)


def marks_in(sheet: bytes, styles: bytes) -> Marks:
    """Find the cells of a sheet that show more than their value."""
    texts = dict[tuple[int, int], str]()
    if b"<f" in sheet or b":f" in sheet:
        texts |= {_place(m[1]): NO_RESULT for m in _FORMULA.finditer(sheet) if not _IS_TEXT.search(m[1])}
    if b'"e"' in sheet or b"'e'" in sheet:
        errors = ((m[1], (m[2] or b"#ERROR!").decode("utf-8", "replace")) for m in _ERROR.finditer(sheet))
        texts |= {_place(place): text.strip() for place, text in errors}
    all_formats = dict(_formats(styles))
    formats = {number: shown for number, shown in all_formats.items() if not shown.is_time}
    times = {number for number, shown in all_formats.items() if shown.is_time}
    before_0 = dict[tuple[int, int], float]()
    if times and b">-" in sheet:
        found_times = (m for m in _BEFORE_0.finditer(sheet) if int(m[2]) in times)
        before_0 = {_place(m[1]): _days(m[3]) for m in found_times}
    percents, zeros = set[tuple[int, int]](), dict[tuple[int, int], tuple[str, int]]()
    amounts = dict[tuple[int, int], NumberFormat]()
    if formats:
        wanted = b"|".join(str(n).encode() for n in formats)
        for found in re.finditer(_STYLED % wanted, sheet):
            shown = formats[int(found[2])]
            if shown.digits:
                zeros[_place(found[1])] = shown.before, shown.digits
            elif shown.is_amount:
                amounts[_place(found[1])] = shown
            else:
                percents.add(_place(found[1]))
    return Marks(texts, frozenset(percents), zeros, amounts, before_0)


def elements(content: bytes) -> Iterator["etree._Element"]:
    """Yield the elements of a part of a workbook."""
    from lxml import etree

    if not content:
        return iter(())
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser).iter()
    except etree.XMLSyntaxError:
        raise SheetRefusedError("The workbook cannot be read: it is damaged") from None


def _place(attributes: bytes) -> tuple[int, int]:
    found = _PLACE.search(attributes)
    if found is None:
        raise odd()
    return int(found[2]), column_number(found[1])


def _days(text: bytes) -> float:
    try:
        days = float(text)
    except ValueError:
        raise odd() from None
    if days < -_MOST_DAYS:
        raise odd()
    return days


def _formats(styles: bytes) -> Iterator[tuple[int, NumberFormat]]:
    """Yield the styles that show more than a number's value."""
    codes, number = dict(_BUILT_IN), 0
    for element in elements(styles):
        name, above = str(element.tag).rpartition("}")[2], element.getparent()
        if name == "numFmt":
            codes[_format_of(element, "-1")] = element.get("formatCode", "")
        elif name == "xf" and above is not None and str(above.tag).rpartition("}")[2] == "cellXfs":
            kind = _format_of(element, "0")
            code, *others = codes.get(kind, "").split(";")
            if kind in _BUILT_IN_TIMES or _OF_TIME.search(_SAID_AS_IT_IS.sub("", code)):
                yield number, NumberFormat(is_time=True)
            elif _PERCENT.fullmatch(code):
                yield number, NumberFormat()
            elif zeros := _ZEROS.fullmatch(code):
                before = zeros[1] or zeros[4] or (zeros[2] or zeros[5] or "")[1::2]
                yield number, NumberFormat(before, len(zeros[3] or "0"))
            elif (shown := _amount(code, others[0] if others else "")).is_amount:
                yield number, shown
            number += 1


def _amount(code: str, below_0: str) -> NumberFormat:
    """Return how the parts of a format for positive and for negative numbers show an amount.

    >>> _amount('0.00" CR"', '0.00" DR"').side_below_0, _amount("(£#,##0.00)", "").is_turned_round
    ('DR', True)
    >>> _amount("#,##0.00_);[Red]", "(#,##0.00)").is_amount, _amount('_-"£"* 0.00_-', '-"£"* 0.00_-').currency
    (False, '£')
    """
    texts = [text for m in _CURRENCY.finditer(code) if (text := _beside(m))]
    currency = next((text for text in texts if text.upper() not in _SIDES), "")
    sides = [_side(part) for part in (code, below_0 or code)]
    return NumberFormat(
        currency=currency, side=sides[0], side_below_0=sides[1], is_turned_round=_is_negative(code),
        is_plain_below_0=bool(below_0) and not _is_negative(below_0),
    )  # fmt: skip


def _side(code: str) -> str:
    texts = (_beside(m).upper() for m in _CURRENCY.finditer(code))
    return next((text for text in texts if text in _SIDES), "")


def _is_negative(code: str) -> bool:
    """Return whether a part of a format puts a minus or brackets around its number."""
    plain = re.sub(r"[\"\\]", "", _NOT_SHOWN.sub("", code))
    around = re.sub(r"[£€$¥₹\s]", "", _DIGITS_OF_FORMAT.sub("#", plain, count=1))
    return around in ("-#", "#-", "(#)", "−#", "–#")


def _format_of(element: "etree._Element", default: str) -> int:
    text = element.get("numFmtId", default).strip()
    if re.fullmatch("[+-]?[0-9]{1,9}", text) is None:
        raise odd()
    return int(text)


def _beside(found: re.Match[str]) -> str:
    """Return the literal text of a part of a format, without escapes and surrounding spaces."""
    text = found[1] or found[2] or (found[3] or "").replace("\\", "") or found[4] or ""
    return text.strip(" -_*()")
