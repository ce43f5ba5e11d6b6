"""Reference functions for one count and one person, to compare with the product's arrays."""

from collections.abc import Mapping

from changeflow.adkar.elements import Element
from changeflow.adkar.published import Band


def band_of(count: int, size: int, *, band: int) -> Band:
    """Return the band of a count. The last band ends at the group's size, and none is narrower than `band`.

    The edges are fixed, so that they say nothing about how many people answered.

    >>> [band_of(n, 17, band=6).text for n in (0, 5, 6, 17)]
    ['0 to 5', '0 to 5', '6 to 11', '12 to 17']
    >>> [band_of(n, 16, band=6).text for n in (5, 6, 16)]
    ['0 to 5', '6 to 16', '6 to 16']
    """
    last = max(0, (size + 1) // band - 1) * band
    if count >= last:
        return Band(last, size)
    low = count // band * band
    return Band(low, low + band - 1)


def barrier_point(scores: Mapping[Element, int], *, threshold: int = 3, live: bool) -> Element | None:
    """Return the first element, in order, scored at or below `threshold`; None if there is no barrier.

    Reinforcement does not apply before go-live (`live=False`). An element that was not assessed ends the search:
    nothing is known beyond it. Source of the method: Prosci, "Individual barriers to change", a public page; it also
    says "less than 3", so the threshold is a setting.

    >>> a, d, k, ab = list(Element)[:4]
    >>> str(barrier_point({a: 4, d: 3, k: 1, ab: 2}, live=False))
    'desire'
    """
    for element in Element:
        if element is Element.REINFORCEMENT and not live:
            return None
        score = scores.get(element)
        if score is None:
            return None
        if score <= threshold:
            return element
    return None
