"""Words that are put together, the same wherever people read them."""

from collections.abc import Sequence


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
