"""The one convention for reading a cell as an amount: SQL that DuckDB runs over millions of cells.

docs/pilots.md has it as a table. A cell that it does not cover is not an amount: it is reported, never dropped.
"""

import re
from enum import IntEnum

DECIMALS = 6
"""Amounts are kept to six decimals: payrolls have four at most, and exchange rates have six."""
FLOAT_DIGITS = 15
"""With at least this many digits, more than six decimals are a floating-point remainder, and are rounded to six."""
MOST = 10**12
"""Amounts must be smaller: a larger number is not an amount of a trust or council, and would not fit."""

_MINUS = "\u2212\u2010\u2011\u2012\u2013\u2014\u2015\ufe63\uff0d"
_SPACES = "\t\n\r\v\f\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_APOSTROPHES = "\u2019\u2018\u02bc\u2032\uff07"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF08, 0xFF5B)} | {"\uff05": "%", "\uffe1": "£"}
"""Signs, digits and letters as East Asian keyboards write them, each with its ordinary form."""

SIGNS = {"£": "GBP", "€": "EUR", "$": "USD", "¥": "JPY", "₹": "INR"}
"""Currency signs and their codes, either of which may be before or after an amount; a run has only one currency."""
_SPELLINGS = {
    "CA$": "CAD", "C$": "CAD", "AU$": "AUD", "A$": "AUD", "NZ$": "NZD", "US$": "USD", "ZŁ": "PLN", "KČ": "CZK",
    "KR": "kr",
}  # fmt: skip
CODES = (
    "AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF",
    "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PHP", "PKR", "PLN", "RON",
    "SAR", "SEK", "SGD", "THB", "TRY", "UAH", "USD", "ZAR",
)  # fmt: skip
_WORDS = "|".join(re.escape(word) for word in (*_SPELLINGS, *CODES))
_LETTERS = "[A-ZŁČ]"


def currency_of(shown: str) -> str:
    """Return the currency code of a sign or word; empty if it is not a known currency.

    >>> currency_of("£"), currency_of("zł"), currency_of("hours")
    ('GBP', 'PLN', '')
    """
    text = shown.strip().upper().replace(" ", "")
    return SIGNS.get(text) or _SPELLINGS.get(text) or (text if text in CODES else "")


_NUMBER = "[.,]?[0-9](?:[0-9.,'' ]*[0-9])?[.,]?"
_PLUS = ("#", "+#", "#+", "#CR", "CR#")
_NEGATIVE = ("-#", "#-", "(#)", "#DR", "DR#")
_SHARE = ("#%", "+#%")
_NEGATIVE_SHARE = ("-#%", "(#%)", "(#)%")
_AROUND = _PLUS + _NEGATIVE + _SHARE + _NEGATIVE_SHARE
_DASH = ("-", "(-)")

_GROUPS = "[1-9][0-9]{0,2}"
_INTEGER = f"[0-9]+|{_GROUPS}( [0-9]{{3}})+|{_GROUPS}(''[0-9]{{3}})+"
_PLACEHOLDER = "N/?A|N[.]A[.]|[+-]?NAN|[+-]?INF(INITY)?|NULL|NONE|NIL|TB[ACD]|[?]+|-{2,}|[.]{2,}"
_ERROR = "#[A-Z/0_]+[!?]?|##+|=.*[A-Z(].*"
"""A spreadsheet error, a column too narrow for its numbers, or a formula without its result."""
_TIME = "[0-9]{1,5}:[0-5][0-9](:[0-5][0-9])?"
_HOURS = f"[+-]?{_TIME}|[(]{_TIME}[)]|{_TIME}-"
"""Hours and minutes, as time recording systems write them."""
_EXPONENT = "[+-]?[0-9]+([.,][0-9]+)?E[+-]?[0-9]+"


class CellKind(IntEnum):
    """What a cell looks like, before its file's decimal separator is known."""

    EMPTY = 0
    DASH = 1
    WHOLE = 2
    """A number without decimals, with thousands grouped by spaces or apostrophes, or not grouped."""
    POINT = 3
    """A number that makes sense only with a decimal point: `12.50`, `1,234.5`, `1,234,567`."""
    COMMA = 4
    POINT_OR_GROUP = 5
    """A number such as `2.500`: two and a half, or two thousand five hundred."""
    COMMA_OR_GROUP = 6
    PLACEHOLDER = 7
    """A placeholder for an amount: `n/a`, `#REF!`, `NaN`."""
    TEXT = 8
    NUMBER = 9
    """A number that no convention reads: `1.00E+11`, `12,34,567`."""
    HOURS = 10
    """Hours and minutes: `37:30`."""
    ERROR = 11
    """A spreadsheet error, or a formula without its result: the cell was meant to be a number."""


def _texts(values: tuple[str, ...]) -> str:
    """Return strings as a list in SQL."""
    return ", ".join(f"'{v}'" for v in values)


def _grouped(mark: str) -> str:
    """Return the pattern of whole numbers whose thousands are separated by the other mark, a comma or a point."""
    group = "," if mark == "." else "."
    return f"{_GROUPS}([{group}][0-9]{{3}})+"


def _valid(mark: str) -> str:
    return f"({_INTEGER}|{_grouped(mark)})([{mark}][0-9]*)?|[{mark}][0-9]+"


def _ambiguous(mark: str) -> str:
    return f"{_GROUPS}[{mark}][0-9]{{3}}"


UNIT: int = 10**DECIMALS
"""Amounts are whole millionths, never floats."""


def fast(cell: str) -> str:
    """Return SQL that reads amounts, as programs write them, as millionths; null for any other cell."""
    odd = " or ".join(f"contains({cell}, '{c}')" for c in "eE_")
    amount = f"try_cast({cell} as decimal(18,{DECIMALS}))"
    # Wide decimals are exact for every amount, but slow; narrow ones are enough for amounts below a million.
    return (
        f"case when {cell} is null or {cell} = '' then 0::bigint "
        f"when contains({cell}, '.') and length({cell}) - instr({cell}, '.') > {DECIMALS} or {odd} then null "
        f"when {amount} between -999999 and 999999 then ({amount} * {UNIT})::bigint "
        f"else ({amount}::decimal(38,{DECIMALS}) * {UNIT})::bigint end"
    )


def _without(text: str, parts: tuple[str, ...]) -> str:
    """Return SQL that removes some parts from a string."""
    for part in parts:
        text = f"replace({text}, '{part}', '')"
    return text


def _units(plain: str, kinds: str) -> str:
    zero = f"{CellKind.EMPTY}, {CellKind.DASH}"
    return f"case when n in ({zero}) then 0::bigint when n in ({kinds}) then units({plain}, k) end"


_ALL_SIGNS = "".join(SIGNS)
_CONTRADICTIONS = " or ".join(f"(contains(t, '{sign}') and word_of(t) <> '{SIGNS[sign]}')" for sign in "£€₹")
_BY_SIGN = " ".join(f"when contains(t, '{sign}') then '{code}'" for sign, code in SIGNS.items())
_BY_WORD = " ".join(f"when '{word}' then '{code}'" for word, code in _SPELLINGS.items())
_WIDE = {wide: ours for wide, ours in _FULL_WIDTH.items() if wide not in _MINUS + _APOSTROPHES}
_FROM = _MINUS + _SPACES + _APOSTROPHES + "".join(_WIDE) + _UNSEEN
_TO = "-" * len(_MINUS) + " " * len(_SPACES) + "''" * len(_APOSTROPHES) + "".join(_WIDE.values())
_LONG, _LONG_SHARE = (f"'[.][0-9]{{{n}}}[0-9]*[1-9]'" for n in (DECIMALS, DECIMALS - 2))
_READ_BY_POINT, _READ_BY_COMMA = (
    ", ".join(str(int(kind)) for kind in (CellKind.WHOLE, own, CellKind.POINT_OR_GROUP, CellKind.COMMA_OR_GROUP))
    for own in (CellKind.POINT, CellKind.COMMA)
)
_AROUND_IT = _without(
    # The point of `kr.100` belongs to the word: such a cell is reported, because reading it as 0.1 would be wrong.
    "without_words(case when d = '' or contains(t, 'KR.') then t else replace(t, d, '#') end)",
    (*SIGNS, " "),
)
_BODIES = {
    # The cell with ordinary spaces and signs, in capitals, without the apostrophe that makes it text in a spreadsheet.
    "tidy(c)": (
        f"upper(rtrim(ltrim(case when regexp_matches(c, '[{_FROM}]') then translate(c, '{_FROM}', '{_TO}') else c end, "
        "' ''')))"
    ),
    "by_sign(t)": f"case {_BY_SIGN} else '' end",
    "word_of(t)": f"regexp_extract(t, '{_WORDS}')",
    "without_words(k)": (
        f"case when regexp_matches(k, '{_LETTERS}') then regexp_replace(k, '{_WORDS}', '', 'g') else k end"
    ),
    # Whether a cell names two currencies, such as `£12 €` or `12 GBP EUR`. `$12 CAD` and `¥12 CNY` name one.
    "is_of_two(t)": (
        f"regexp_matches(t, '[{_ALL_SIGNS}].*[{_ALL_SIGNS}]') or (regexp_matches(t, '{_LETTERS}') and word_of(t) <> '' "
        f"and ({_CONTRADICTIONS} or regexp_matches(t, '({_WORDS}).*({_WORDS})')))"
    ),
    "digits(t)": f"regexp_extract(t, '{_NUMBER}')",
    # What is around the number: `(£1,200.00)` is `(#)`.
    "around(t, d)": _AROUND_IT,
    "kind_of(t, k, d)": (
        f"case when t = '' then {CellKind.EMPTY} when k in ({_texts(_DASH)}) then {CellKind.DASH} "
        f"when k in ({_texts(_AROUND)}) then case when length(t) - length(d) > 1 and is_of_two(t) then {CellKind.TEXT} "
        # The commonest form is tested first, to save the other tests.
        f"when regexp_full_match(d, '[0-9]+[.][0-9]{{1,2}}|{_grouped('.')}[.][0-9]{{1,2}}') then {CellKind.POINT} "
        f"when regexp_full_match(d, '{_INTEGER}') then {CellKind.WHOLE} "
        f"when regexp_full_match(d, '{_ambiguous('.')}') then {CellKind.POINT_OR_GROUP} "
        f"when regexp_full_match(d, '{_ambiguous(',')}') then {CellKind.COMMA_OR_GROUP} "
        f"when regexp_full_match(d, '{_valid('.')}') then {CellKind.POINT} "
        f"when regexp_full_match(d, '{_valid(',')}') then {CellKind.COMMA} "
        f"when contains(d, ',') then {CellKind.NUMBER} else {CellKind.TEXT} end "
        f"when regexp_full_match(t, '{_HOURS}') then {CellKind.HOURS} "
        f"when regexp_full_match(t, '{_EXPONENT}') then {CellKind.NUMBER} "
        f"when regexp_full_match(t, '{_ERROR}') then {CellKind.ERROR} "
        f"when regexp_full_match(t, '{_PLACEHOLDER}') then {CellKind.PLACEHOLDER} else {CellKind.TEXT} end"
    ),
    "currency(t)": (
        f"case when regexp_matches(t, '{_LETTERS}') then case word_of(t) when '' then by_sign(t) {_BY_WORD} "
        "else word_of(t) end else by_sign(t) end"
    ),
    # The number as a program writes it: without separators between thousands, and with a decimal point.
    "by_point(d)": "translate(d, ' '',', '')",
    "by_comma(d)": "replace(translate(d, ' ''.', ''), ',', '.')",
    # More decimals than are kept; those of a share are two fewer.
    "is_long(n, k)": (
        f"contains(n, '.') and length(n) - instr(n, '.') > {DECIMALS - 2} "
        f"and regexp_matches(n, case when contains(k, '%') then {_LONG_SHARE} else {_LONG} end)"
    ),
    "is_float(n)": f"length(replace(n, '.', '')) >= {FLOAT_DIGITS}",
    # Cut off digits first, so that no number is rounded twice.
    "exact(n)": (
        "try_cast(case when length(n) > 16 then regexp_replace(n, '([.][0-9]{16})[0-9]+', '\\1') else n end "
        "as decimal(38, 16))"
    ),
    "units(n, k)": (
        f"coalesce(case when not contains(k, '%') then {fast('n')} end, "
        "case when is_long(n, k) and not is_float(n) then null "
        f"when abs(exact(n)) >= {MOST} then null "
        f"when contains(k, '%') then (exact(n)::decimal(38, {DECIMALS - 2}) * {10 ** (DECIMALS - 2)})::bigint "
        f"else (exact(n)::decimal(38, {DECIMALS}) * {10**DECIMALS})::bigint end) "
        f"* case when k in ({_texts(_NEGATIVE + _NEGATIVE_SHARE)}) then -1 else 1 end"
    ),
    # In millionths of an hour, rounded half up.
    "part_of(t, n)": "try_cast(regexp_extract(t, '([0-9]+):([0-9]+)(:([0-9]+))?', n) as bigint)",
    "hours(t)": (
        "((part_of(t, 1) * 3600 + part_of(t, 2) * 60 + coalesce(part_of(t, 4), 0)) "
        f"* {UNIT} + 1800) // 3600 * case when regexp_matches(t, '[-(]') then -1 else 1 end"
    ),
    "units_by_point(n, k, p)": _units("p", _READ_BY_POINT),
    "units_by_comma(n, k, d)": _units("by_comma(d)", _READ_BY_COMMA),
    "is_rounded(n, k, d)": (
        f"case when length(d) <= {FLOAT_DIGITS} then false "
        f"when n = {CellKind.COMMA} then is_long(by_comma(d), k) and is_float(by_comma(d)) "
        f"when n in ({_READ_BY_POINT}) then is_long(by_point(d), k) and is_float(by_point(d)) else false end"
    ),
}
MACROS = tuple(f"create macro {name} as {body}" for name, body in _BODIES.items())


def fast_by_comma(cell: str) -> str:
    """Return the same SQL as `fast`, for numbers with a decimal comma."""
    pointed = fast(f"replace({cell}, ',', '.')")
    return f"case when contains({cell}, '.') then null else {pointed} end"


def plain_kind(cell: str, by_point: str, by_comma: str) -> str:
    """Return SQL for the `CellKind` of a cell as programs write it; null if the cell needs a closer look.

    The other arguments are the results of `fast` and, if that is null, of `fast_by_comma`.
    """
    return (
        f"case when {cell} is null or {cell} = '' then {CellKind.EMPTY} "
        f"when {by_point} is not null then case when substr({cell}, -4, 1) = '.' then null "
        f"when contains({cell}, '.') then {CellKind.POINT} else {CellKind.WHOLE} end "
        f"when {by_comma} is not null and substr({cell}, -4, 1) <> ',' then {CellKind.COMMA} end"
    )


def needs_a_look(cell: str) -> str:
    """Return SQL that is 1 for a cell that may not be what it seems: empty, an id that begins with a zero, or
    `2.500`."""
    return (
        f"case when {cell} is null or {cell} = '' or substr({cell}, -4, 1) = '.' "
        f"or ({cell}[1] = '0' and length({cell}) > 1 and not contains({cell}, '.')) then 1 else 0 end"
    )
