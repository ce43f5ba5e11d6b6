"""Why a cell of a compared column is no amount, and how to put it right."""

import re
import unicodedata
from itertools import chain

from changeflow.phrases import listed
from changeflow.reconciliation.amounts import CURRENCIES, DECIMALS, MOST
from changeflow.reconciliation.marks import NAMES, Mark

_EXPONENT = re.compile(r"[+-]?\d+([.,]\d+)?e[+-]?\d+", re.IGNORECASE)
_LONG = re.compile(rf"\d[.,]\d{{{DECIMALS},}}[1-9]")
_LONG_SHARE = re.compile(rf"\d[.,]\d{{{DECIMALS - 2},}}[1-9]\d*\s*%")
_NUMBER = re.compile(r"\d(?:[\d.,' /-]*\d)?")
_PARTED = re.compile(r"\d[.,]\d")
_CODE = re.compile(r"[A-Z]{3}")
_WRITE = f"Write 1234.56, with at most {DECIMALS} decimals."


def what_is_wrong(text: str, mark: Mark, currency: str = "") -> tuple[str, str]:
    """Return why a cell is no amount, and how to put it right; `currency` is the one of the other amounts."""
    if currency:
        return (
            f"'{text}' is in another currency than the {CURRENCIES[currency]} of the others.",
            "Compare one currency.",
        )
    if _EXPONENT.fullmatch(text.strip()):
        return f"'{text}' is shortened to an exponent.", "Format the column as a number, and save it again."
    if text.strip().startswith("#"):
        return f"'{text}' is an error of the spreadsheet.", "Put it right there, and save it again."
    if number := _NUMBER.search(text):
        return _of_a_number(text, number, mark)
    return f"'{text}' is not an amount.", f"{_WRITE} Where there is none, leave it empty or write a dash."


def _of_a_number(text: str, number: re.Match[str], mark: Mark) -> tuple[str, str]:
    around = f"{text[: number.start()]} {text[number.end() :]}".upper()
    around = "".join("-" if unicodedata.category(c) == "Pd" or c == "\u2212" else c for c in around)
    if unknown := _unknown_currency(around):
        known = listed(tuple(CURRENCIES.values()))
        return f"'{text}' has {unknown} beside its number: only {known} are read.", "Write the amount alone."
    if around.count("(") != around.count(")"):
        return f"'{text}' has one bracket without the other.", "Close the bracket, or write a minus."
    if sum(around.count(sign) for sign in "+-(") + len(re.findall(r"\b[CD]R\b", around)) > 1:
        return f"'{text}' has two signs.", "Write one: -12.00, (12.00), 12.00- or 12.00 DR."
    if _LONG_SHARE.search(text):
        return f"'{text}' has more than {DECIMALS - 2} decimals.", f"Round it to at most {DECIMALS - 2}."
    if _LONG.search(text):
        return f"'{text}' has more than {DECIMALS} decimals.", f"Round it to at most {DECIMALS}."
    whole, has_decimals, _ = number[0].partition(mark)
    groups = re.split(r"[.,' ]", whole)
    if len(groups) > 2 - bool(has_decimals) and any(len(group) != 3 for group in groups[1:]):
        return f"'{text}' has digits in groups that are not of three.", "Write it without marks between thousands."
    if len("".join(groups)) >= len(str(MOST)):
        return f"'{text}' is larger than any amount.", "Look whether the column is one of amounts."
    is_plain = not any(c.isalpha() for c in _without_known(around)) and not any(c in number[0] for c in "/-")
    if is_plain and _PARTED.search(text):
        remedy = f"The file has {NAMES[mark]}: write it like the others, or say which it has with --decimal."
        return f"'{text}' is not an amount.", remedy
    return f"'{text}' is not an amount.", _WRITE


def _unknown_currency(around: str) -> str:
    """Return the currency beside a number that is none of those that are read; empty where there is none."""
    signs = (c for c in around if unicodedata.category(c) == "Sc" and c not in CURRENCIES)
    codes = (word for word in _without_known(around).split() if _CODE.fullmatch(word))
    return next(chain(signs, codes), "")


def _without_known(around: str) -> str:
    return re.sub(r"\b(CR|DR|" + "|".join(CURRENCIES.values()) + r")\b", " ", around)
