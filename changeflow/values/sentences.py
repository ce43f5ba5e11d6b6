"""Sentences that are written in English and that a catalogue can translate."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from changeflow.phrases import listed
from changeflow.values.moments import format_day
from changeflow.values.months import Month, month_in_words

SentenceValue = str | int | date | tuple[str, ...]
"""A value in a sentence: another sentence, a string, a number, a day, or a list of sentences."""


class Sentence(str):
    """An English string that remembers the message from which it was made, so that a catalogue can translate it.

    Files, the terminal and logs, which are in English only, use it as ordinary text.
    """

    __slots__ = ("message", "number", "plural", "values")

    message: str
    """The message in the catalogues, with `%(name)s` for each value."""
    plural: str
    """The plural message; empty if there is none."""
    number: int
    """The number that decides the plural form; the message has it as `%(num)s`."""
    values: Mapping[str, SentenceValue]


def sentence(message: str, /, **values: SentenceValue) -> Sentence:
    """Write a message with its values. Catalogues are made from the calls of this function.

    >>> text = sentence("%(day)s is not after today.", day=date(2027, 2, 5))
    >>> text, text.message
    ('5 Feb 2027 is not after today.', '%(day)s is not after today.')
    """
    return _made(message, "", 1, values)


def counted_sentence(one: str, several: str, count: int, /, **values: SentenceValue) -> Sentence:
    """Write a message in the singular or plural; `count` is its value `num`.

    >>> counted_sentence("%(num)s day later", "%(num)s days later", 3)
    '3 days later'
    """
    return _made(one, several, count, {**values, "num": count})


def _made(message: str, plural: str, count: int, values: Mapping[str, SentenceValue]) -> Sentence:
    english = plural if plural and count != 1 else message
    made = Sentence(english % {name: _in_english(value) for name, value in values.items()})
    made.message, made.plural, made.number, made.values = message, plural, count, values
    return made


def _in_english(value: SentenceValue) -> str:
    if isinstance(value, tuple):
        return listed(value)
    return format_day(value) if isinstance(value, date) else str(value)


def as_data(value: SentenceValue) -> Any:  # noqa: ANN401
    """Return a value in a form that JSON can store; a sentence keeps its message and values."""
    if isinstance(value, Sentence):
        values = {name: as_data(each) for name, each in value.values.items()}
        return {"message": value.message, "plural": value.plural, "number": value.number, "values": values}
    if isinstance(value, Month):
        return {"month": value.period}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return [as_data(each) for each in value] if isinstance(value, tuple) else value


def from_data(data: Any) -> Any:  # noqa: ANN401
    """Return the original value from the result of `as_data`.

    >>> kept = as_data(sentence("%(day)s is not after today.", day=date(2027, 2, 5)))
    >>> from_data(kept), from_data(kept).values
    ('5 Feb 2027 is not after today.', {'day': datetime.date(2027, 2, 5)})
    """
    if isinstance(data, list):
        return tuple(from_data(each) for each in data)
    if not isinstance(data, dict):
        return data
    if "day" in data:
        return date.fromisoformat(data["day"])
    if "month" in data:
        return month_in_words(data["month"])
    values = {name: from_data(each) for name, each in data["values"].items()}
    return _made(data["message"], data["plural"], data["number"], values)
