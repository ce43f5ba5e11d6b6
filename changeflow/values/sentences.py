"""Sentences that are written in English and that a catalogue can translate."""

from collections.abc import Mapping
from datetime import date

from changeflow.values.moments import format_day

SentenceValue = str | int | date


class Sentence(str):
    """An English text that remembers the message it was made from, so that a catalogue can translate it.

    It is an ordinary text wherever no other language is wanted: in a file, at the terminal, in a log.
    """

    __slots__ = ("message", "number", "plural", "values")

    message: str
    """The message in the catalogues, with `%(name)s` where a value goes."""
    plural: str
    """The message for several, or an empty text."""
    number: int
    """What the plural form depends on; the message has it as `%(num)s`."""
    values: Mapping[str, SentenceValue]


def sentence(message: str, /, **values: SentenceValue) -> Sentence:
    """Write a message with its values. Catalogues are made from the calls of this function.

    >>> text = sentence("%(day)s is not after today.", day=date(2027, 2, 5))
    >>> text, text.message
    ('5 Feb 2027 is not after today.', '%(day)s is not after today.')
    """
    return _made(message, "", 1, values)


def counted_sentence(one: str, several: str, count: int, /, **values: SentenceValue) -> Sentence:
    """Write a message with a number, which is its value `num`.

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
    return format_day(value) if isinstance(value, date) else str(value)
