"""Join words into lists, shorten texts, and show text from others safely, in the same way wherever people read it."""

import re
from collections.abc import Sequence

_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
_MOST_SHOWN = 2_000
"""The longest text shown, in characters: enough for a loop of tasks, but not for the contents of a file."""


def listed(words: Sequence[str], *, most: int | None = None) -> str:
    """Write some words as a list; beyond `most`, the others are counted.

    >>> listed(["A"]), listed(["A", "B"]), listed(["A", "B", "C"])
    ('A', 'A and B', 'A, B and C')
    >>> listed(["A", "B", "C", "D"], most=2)
    'A, B and 2 more'
    >>> listed([])
    ''
    """
    shown = list(words)
    if most is not None and len(shown) > most:
        shown[most:] = [f"{len(shown) - most} more"]
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def shortened(text: str, words: int) -> str:
    """Shorten text to a number of words.

    >>> shortened("Payroll, pilot: decide", 2)
    'Payroll, pilot …'
    >>> shortened("Payroll is live", 3), shortened("Payroll is live in all schools", 3)
    ('Payroll is live', 'Payroll is live …')
    """
    found = text.split()
    return text if len(found) <= words else f"{' '.join(found[:words]).rstrip(':,;')} …"


def capitalised(name: str) -> str:
    """Capitalise a name for the start of a line; `HR team` is unchanged.

    >>> capitalised("site staff"), capitalised("HR team")
    ('Site staff', 'HR team')
    """
    return f"{name[:1].upper()}{name[1:]}"


def name_of_id(id_: str) -> str:
    """Write the id of something that has no other name, such as a local authority, as a name.

    >>> name_of_id("north-shire")
    'North Shire'
    """
    return " ".join(capitalised(word) for word in id_.split("-"))


def printable(text: object, *, keep: str = "") -> str:
    """Show what others wrote on one line: control characters, line breaks and changes of text direction as escapes.

    A terminal would obey them: they move the cursor, hide text, or make one line look like two. Very long text is cut.

    >>> printable("pay\\x1b[31mroll\\n")
    'pay\\\\x1b[31mroll\\\\n'
    """
    whole = str(text)
    if not keep and len(whole) > _MOST_SHOWN:
        whole = f"{whole[:_MOST_SHOWN]}…"
    return _UNPRINTABLE.sub(lambda m: m[0] if m[0] in keep else m[0].encode("unicode_escape").decode(), whole)
