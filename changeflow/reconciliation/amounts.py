"""The convention by which a cell is an amount, in one place: SQL that DuckDB runs over millions of cells.

docs/pilots.md has it as a table. A cell that it does not cover is no amount: it is named, never dropped.
"""

from enum import IntEnum

DECIMALS = 6
"""Amounts are kept to six decimals: four are the most that a payroll has, and rates of exchange have six."""
FLOAT_DIGITS = 15
"""From that many digits on, more than six decimals are what a float has left behind, and are rounded to six."""
MOST = 10**12
"""Amounts are smaller: more is no amount of a trust or council, and would not fit."""

_MINUS = "\u2212\u2010\u2011\u2012\u2013\u2014\u2015\ufe63\uff0d"
_SPACES = "\t\n\r\v\f\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_APOSTROPHES = "\u2019\u2018\u02bc\u2032\uff07"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

CURRENCIES = {"£": "GBP", "€": "EUR", "$": "USD"}
"""Before or after an amount, as a sign or as its code; all of one run are of one currency."""
_CURRENCY = "|".join([*CURRENCIES.values(), "£", "€", "[$]"])
_NUMBER = "[.,]?[0-9](?:[0-9.,'' ]*[0-9])?[.,]?"
_PLUS = ("#", "+#", "#+", "#CR")
_NEGATIVE = ("-#", "#-", "(#)", "#DR")
_SHARE = ("#%", "+#%")
_NEGATIVE_SHARE = ("-#%", "(#%)", "(#)%")
_AROUND = _PLUS + _NEGATIVE + _SHARE + _NEGATIVE_SHARE
_DASH = ("-", "(-)")

_GROUPS = "[1-9][0-9]{0,2}"
_INTEGER = f"[0-9]+|{_GROUPS}( [0-9]{{3}})+|{_GROUPS}(''[0-9]{{3}})+"
_PLACEHOLDER = (
    "N/?A|N[.]A[.]|[+-]?NAN|[+-]?INF(INITY)?|NULL|NONE|NIL|TB[ACD]|[?]+|-{2,}|[.]{2,}|"
    "#(N/A|REF!|VALUE!|DIV/0!|NAME[?]|NUM!|NULL!|SPILL!|CALC!|#+)|[+-]?[0-9]+([.,][0-9]+)?E[+-]?[0-9]+"
)


class CellKind(IntEnum):
    """What a cell looks like, before the mark of the decimals in its file is known."""

    EMPTY = 0
    DASH = 1
    WHOLE = 2
    """A number without decimals, whose thousands are grouped by spaces or apostrophes, or by nothing."""
    POINT = 3
    """A number that only a decimal point explains: `12.50`, `1,234.5`, `1,234,567`."""
    COMMA = 4
    POINT_OR_GROUP = 5
    """A number such as `2.500`: two and a half, or two thousand five hundred."""
    COMMA_OR_GROUP = 6
    PLACEHOLDER = 7
    """No amount, and put where one should be: `n/a`, `#REF!`, `NaN`, `1.00E+11`."""
    TEXT = 8


def _texts(values: tuple[str, ...]) -> str:
    """Return texts as a list in SQL."""
    return ", ".join(f"'{v}'" for v in values)


def _grouped(mark: str) -> str:
    """Return the pattern of whole numbers that are grouped by the mark that is not the decimals' one."""
    group = "," if mark == "." else "."
    return f"{_GROUPS}([{group}][0-9]{{3}})+"


def _valid(mark: str) -> str:
    return f"({_INTEGER}|{_grouped(mark)})([{mark}][0-9]*)?|[{mark}][0-9]+"


def _ambiguous(mark: str) -> str:
    return f"{_GROUPS}[{mark}][0-9]{{3}}"


def _plain(mark: str, other: str) -> str:
    plain = f"replace(regexp_replace(d, '[ ''{other}]', '', 'g'), ',', '.')"
    return f"case when regexp_full_match(d, '{_valid(mark)}') then {plain} end"


def _amount(plain: str) -> str:
    return (
        f"case when t = '' or k in ({_texts(_DASH)}) then 0::bigint "
        f"when k in ({_texts(_AROUND)}) then units({plain}(d), k) end"
    )


_FROM = _MINUS + _SPACES + _APOSTROPHES + _UNSEEN
_TO = "-" * len(_MINUS) + " " * len(_SPACES) + "''" * len(_APOSTROPHES)
_LONG, _LONG_SHARE = (f"'[.][0-9]{{{n}}}[0-9]*[1-9]'" for n in (DECIMALS, DECIMALS - 2))
_SIGNS = " ".join(
    f"when contains(t, '{sign}') or contains(t, '{code}') then '{sign}'" for sign, code in CURRENCIES.items()
)
_BODIES = {
    # The cell with plain spaces, signs and capitals, without the apostrophe that makes it text in a spreadsheet.
    "tidy(c)": f"upper(trim(regexp_replace(translate(c, '{_FROM}', '{_TO}'), '^ *''', '')))",
    # What is around the number: `(£1,200.00)` is `(#)`.
    "around(t)": f"replace(regexp_replace(regexp_replace(t, '{_NUMBER}', '#'), '{_CURRENCY}', ''), ' ', '')",
    "digits(t)": f"regexp_extract(t, '{_NUMBER}')",
    "kind_of(t, k, d)": (
        f"case when t = '' then {CellKind.EMPTY} when k in ({_texts(_DASH)}) then {CellKind.DASH} "
        f"when k in ({_texts(_AROUND)}) then case "
        f"when regexp_full_match(d, '{_INTEGER}') then {CellKind.WHOLE} "
        f"when regexp_full_match(d, '{_ambiguous('.')}') then {CellKind.POINT_OR_GROUP} "
        f"when regexp_full_match(d, '{_ambiguous(',')}') then {CellKind.COMMA_OR_GROUP} "
        f"when regexp_full_match(d, '{_valid('.')}') then {CellKind.POINT} "
        f"when regexp_full_match(d, '{_valid(',')}') then {CellKind.COMMA} else {CellKind.TEXT} end "
        f"when regexp_full_match(t, '{_PLACEHOLDER}') then {CellKind.PLACEHOLDER} else {CellKind.TEXT} end"
    ),
    "currency(t)": f"case {_SIGNS} else '' end",
    # A plain number, as text: thousands are not grouped any more, decimals come after a point.
    "plain_point(d)": _plain(".", ","),
    "plain_comma(d)": _plain(",", "."),
    # More decimals than are kept; those of a share are two fewer.
    "is_long(n, k)": f"regexp_matches(n, case when contains(k, '%') then {_LONG_SHARE} else {_LONG} end)",
    "is_float(n)": f"length(ltrim(replace(n, '.', ''), '0')) >= {FLOAT_DIGITS}",
    # Cut first, so that rounding never rounds what was rounded before.
    "exact(n)": "try_cast(regexp_replace(n, '([.][0-9]{16})[0-9]+', '\\1') as decimal(38, 16))",
    "units(n, k)": (
        "case when is_long(n, k) and not is_float(n) then null "
        f"when abs(exact(n)) >= {MOST} then null "
        f"when contains(k, '%') then (exact(n)::decimal(38, {DECIMALS - 2}) * {10 ** (DECIMALS - 2)})::bigint "
        f"else (exact(n)::decimal(38, {DECIMALS}) * {10**DECIMALS})::bigint end "
        f"* case when k in ({_texts(_NEGATIVE + _NEGATIVE_SHARE)}) then -1 else 1 end"
    ),
    "amount_point(t, k, d)": _amount("plain_point"),
    "amount_comma(t, k, d)": _amount("plain_comma"),
}
MACROS = tuple(f"create macro {name} as {body}" for name, body in _BODIES.items())
UNIT: int = 10**DECIMALS
"""Amounts are whole millionths, never floats."""


def fast(cell: str) -> str:
    """Return SQL that reads amounts as programs write them, into millionths; null where a cell is anything else."""
    odd = " or ".join(f"contains({cell}, '{c}')" for c in "eE_")
    amount = f"try_cast({cell} as decimal(18,{DECIMALS}))"
    # Wide decimals are exact for every amount, and slow; narrow ones hold the millionths of less than a million.
    return (
        f"case when {cell} is null or {cell} = '' then 0::bigint "
        f"when contains({cell}, '.') and length({cell}) - instr({cell}, '.') > {DECIMALS} or {odd} then null "
        f"when {amount} between -999999 and 999999 then ({amount} * {UNIT})::bigint "
        f"else ({amount}::decimal(38,{DECIMALS}) * {UNIT})::bigint end"
    )


def fast_with(cell: str, mark: str) -> str:
    """Return what `fast` does, for a file with this mark of the decimals."""
    if mark == ".":
        return fast(cell)
    pointed = fast(f"replace({cell}, ',', '.')")
    return f"case when contains({cell}, '.') then null else {pointed} end"


def seen(cell: str) -> str:
    """Return SQL that is 0 of a cell that needs no second look: not empty, no id with a zero, no `2.500`."""
    return (
        f"case when {cell} is null or {cell} = '' or substr({cell}, -4, 1) = '.' "
        f"or ({cell}[1] = '0' and length({cell}) > 1 and not contains({cell}, '.')) then 1 else 0 end"
    )
