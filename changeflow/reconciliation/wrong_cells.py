"""Explain why a cell of a compared column is not an amount, and how to correct it."""

import re
import unicodedata
from itertools import chain

from changeflow.intake.spreadsheet_errors import spreadsheet_error
from changeflow.reconciliation.amounts import DECIMALS, MOST, SIGNS, currency_of
from changeflow.reconciliation.columns import OF_A_SERVICE
from changeflow.reconciliation.marks import NAMES, Mark

_EXPONENT = re.compile(r"[+-]?\d+([.,]\d+)?e[+-]?\d+", re.IGNORECASE)
_LONG = re.compile(rf"\d[.,]\d{{{DECIMALS},}}[1-9]")
_LONG_SHARE = re.compile(rf"\d[.,]\d{{{DECIMALS - 2},}}[1-9]\d*\s*%")
_NUMBER = re.compile(r"\d(?:[\d.,' /-]*\d)?")
_PARTED = re.compile(r"\d[.,]\d")
_FORMULA = re.compile(r"=.*[A-Za-z(]")
_CLOCK = re.compile(r"\d:\d")
_WORD = re.compile(r"[^\W\d_]+[.$]?")
_WRITE = f"Write 1234.56, with at most {DECIMALS} decimals."


def what_is_wrong(text: str, mark: Mark, currency: str = "") -> tuple[str, str]:
    """Return why a cell is not an amount, and how to correct it; `currency` is that of the other amounts."""
    if currency:
        return (
            f"'{text}' is not in {currency}, the currency of the other amounts.",
            "Compare amounts of one currency.",
        )
    if _EXPONENT.fullmatch(text.strip()):
        return f"'{text}' is shortened to an exponent.", "Format the column as a number, and save it again."
    if (error := spreadsheet_error(text.strip())) is not None:
        return error
    if _FORMULA.match(text.strip()):
        return f"'{text}' is a formula without its result.", "Open the file in Excel and save it with its values."
    if _CLOCK.search(text):
        return f"'{text}' is not a time in hours and minutes.", "Write it like 37:30, or in hours like 37.5."
    if text.strip().startswith("##"):
        return f"'{text}' is shown where the column is too narrow for the amount.", "Widen it, and export it again."
    if text.strip().startswith("#"):
        return f"'{text}' is an error of the spreadsheet.", "Correct it there, and save the file again."
    if number := _NUMBER.search(text):
        return _of_a_number(text, number, mark)
    return f"'{text}' is not an amount.", f"{_WRITE} Where there is none, leave it empty or write a dash."


def _of_a_number(text: str, number: re.Match[str], mark: Mark) -> tuple[str, str]:
    around = f"{text[: number.start()]} {text[number.end() :]}".upper()
    around = "".join("-" if unicodedata.category(c) == "Pd" or c == "\u2212" else c for c in around)
    if unknown := _unknown(f"{text[: number.start()]} {text[number.end() :]}"):
        return (
            f"'{text}' has '{unknown}' beside its number.",
            "Write the amount alone, or with its currency: £12 or 12 GBP.",
        )
    if _are_two_currencies(around):
        return f"'{text}' has more than one currency sign or code.", "Write one: £12 or 12 GBP."
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
        return (
            f"'{text}' has groups of digits that are not groups of three.",
            "Write it without separators between thousands.",
        )
    if len("".join(groups)) >= len(str(MOST)):
        return f"'{text}' is larger than any amount.", "Check whether the column contains amounts."
    is_plain = not any(c in number[0] for c in "/-")
    if is_plain and _PARTED.search(text):
        remedy = f"The file has {NAMES[mark]}: write it like the others, or use --decimal."
        remedy += OF_A_SERVICE.format("decimal")
        return f"'{text}' is not an amount.", remedy
    return f"'{text}' is not an amount.", _WRITE


def _are_two_currencies(around: str) -> bool:
    signs, words = [c for c in around if c in SIGNS], [w for w in _WORD.findall(around) if currency_of(w)]
    others = (w for w in words for s in signs if s in "£€₹" and currency_of(w) != SIGNS[s])
    return len(signs) > 1 or len(words) > 1 or next(others, None) is not None


def _unknown(around: str) -> str:
    """Return the word or sign beside a number that is not a known currency; empty if there is none."""
    signs = (c for c in around if unicodedata.category(c) == "Sc" and not currency_of(c))
    words = (word for word in _WORD.findall(around) if not (word.upper() in ("CR", "DR") or currency_of(word)))
    return next(chain(words, (c for c in signs if c != "$")), "")
