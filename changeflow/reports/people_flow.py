"""How people moved between barriers from round to round: the least movement that explains the published bands.

No one is followed: the ribbons join a group's published rounds. All numbers are published bands and all heights come
from the middles of bands, so the chart shows nothing finer than the tables. A movement smaller than the bands around
it is not drawn, and no text gives its size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from changeflow.adkar.elements import BARRIERS, Element, at_or_before
from changeflow.adkar.published import Band, Standing
from changeflow.values.moments import round_label

HEIGHT, TOP, BAR, LABELS, APART, GAP = 320.0, 34.0, 30.0, 96.0, 160.0, 9.0
"""Pixels: chart height, space for the rounds' names, block width, space for labels, space between rounds and blocks."""
ROUNDS = 4
"""How many of the latest rounds are drawn."""
NOTHING = "–"
"""Shown for a band from no one to everyone."""


@dataclass(frozen=True, slots=True)
class Block:
    """People at one barrier in one round."""

    barrier: str
    x: float
    y: float
    height: float
    text: str
    """The published band of people at this barrier or an earlier one."""


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A movement, at least as wide as a band, from one barrier to another or to no barrier."""

    path: str
    way: str
    """`on`, `back` or `stay`."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRow:
    """One round of the table beside the chart."""

    round: str
    bands: tuple[str, ...]
    """The number of people with a barrier at each element or an earlier one."""
    free: str
    """The number with none."""
    answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    group: str
    """The group's name."""
    width: float
    height: float
    bar: float
    rounds: tuple[tuple[str, float], ...]
    blocks: tuple[Block, ...]
    ribbons: tuple[Ribbon, ...]
    elements: tuple[str, ...]
    rows: tuple[FlowRow, ...]


@dataclass(frozen=True, slots=True)
class _Column:
    """One round: a group's published bands and the heights from them."""

    bands: tuple[Band, ...]
    answered: int
    shares: tuple[float, ...]


def format_band(band: Band, answered: int) -> str:
    """Return a band as text, or a dash if it runs from 0 to the whole group."""
    return NOTHING if _is_silent(band, answered) else band.text


def spread(standing: Standing) -> tuple[float, ...]:
    """Return the share of people at each barrier and at none, from the middles of the published bands.

    An element whose band runs from 0 to the whole group has no share of its own. Empty if the last band also runs
    from 0 to the whole group.
    """
    if standing.held is None or not standing.answered or _is_silent(standing.held[-1], standing.answered):
        return ()
    up_to = [0.0]
    for band in standing.held:
        middle = 0.0 if _is_silent(band, standing.answered) else band.middle / standing.answered
        up_to.append(max(up_to[-1], middle))
    return tuple(b - a for a, b in pairwise([*up_to, 1.0]))


def moves(before: Sequence[float], after: Sequence[float]) -> list[tuple[int, int, float]]:
    """Return the least movement from one spread to another of the same sum: (from, to, amount), in order.

    On a line, the least movement keeps everyone in order, so it is found from the left.

    >>> moves([4, 2, 0], [1, 3, 2])
    [(0, 0, 1), (0, 1, 3), (1, 2, 2)]
    """
    left, right, found = list(before), list(after), list[tuple[int, int, float]]()
    i = j = 0
    while i < len(left) and j < len(right):
        moved = min(left[i], right[j])
        if moved > 0:
            found.append((i, j, moved))
        left[i] -= moved
        right[j] -= moved
        if left[i] <= 0:
            i += 1
        else:
            j += 1
    return found


def draw_flow(history: Sequence[Standing], name: str) -> Flow | None:
    """Draw one group's publications, oldest first; None if fewer than two rounds have their own figures."""
    # Figures carried over from an earlier round are drawn once, in that round.
    own = {s.round: s for s in history if spread(s)}
    latest = list(own.values())[-ROUNDS:]
    if len(latest) < 2:
        return None
    columns = [_Column(s.held or (), s.answered or 0, spread(s)) for s in latest]
    is_live = any(c.bands[-1] != c.bands[-2] for c in columns)
    shown = len(Element) if is_live else len(Element) - 1
    scale = HEIGHT - TOP - 10 - GAP * (len(BARRIERS) - 1)
    xs = [LABELS + n * APART for n in range(len(latest))]
    blocks, tops = list[Block](), list[list[float]]()
    for x, column in zip(xs, columns, strict=True):
        y, own_tops = TOP, list[float]()
        for k, (barrier, share) in enumerate(zip(BARRIERS, column.shares, strict=True)):
            own_tops.append(y)
            if share > 0:
                blocks.append(Block(barrier, x, round(y, 1), round(share * scale, 1), _block_text(column, k)))
                y += share * scale + GAP
        tops.append(own_tops)
    labels = [round_label(s.on) for s in latest]
    return Flow(
        group=name,
        width=2 * LABELS + BAR + APART * (len(latest) - 1),
        height=HEIGHT,
        bar=BAR,
        rounds=tuple(zip(labels, xs, strict=True)),
        blocks=tuple(blocks),
        ribbons=tuple(_ribbons(columns, xs, tops, scale)),
        elements=tuple(e.value for e in Element)[:shown],
        rows=tuple(
            FlowRow(
                round=label,
                bands=tuple(format_band(b, c.answered) for b in c.bands[:shown]),
                free=_free(c).text,
                answered=c.answered,
            )
            for label, c in zip(labels, columns, strict=True)
        ),
    )


def _is_silent(band: Band, answered: int) -> bool:
    return band.high - band.low >= answered


def _free(column: _Column) -> Band:
    """Return the number with no barrier: all but those of the last band."""
    return Band(column.answered - column.bands[-1].high, column.answered - column.bands[-1].low)


def _block_text(column: _Column, k: int) -> str:
    if k == len(column.bands):
        return f"No barrier: {_free(column).text} of {column.answered}"
    return (
        f"Barrier at {at_or_before(BARRIERS[k])}: {format_band(column.bands[k], column.answered)} of {column.answered}"
    )


def _ribbons(
    columns: Sequence[_Column], xs: Sequence[float], tops: Sequence[Sequence[float]], scale: float
) -> list[Ribbon]:
    found = []
    for n, (before, after) in enumerate(pairwise(columns)):
        out, into = list(tops[n]), list(tops[n + 1])
        for i, j, share in moves(before.shares, after.shares):
            height = share * scale
            x0, x1 = xs[n] + BAR, xs[n + 1]
            mid = (x0 + x1) / 2
            y0, y1 = out[i], into[j]
            out[i] += height
            into[j] += height
            if share < max(_width(before, i, j), _width(after, i, j)):
                continue
            path = (
                f"M{x0:.1f} {y0:.1f} C{mid:.1f} {y0:.1f} {mid:.1f} {y1:.1f} {x1:.1f} {y1:.1f} "
                f"L{x1:.1f} {y1 + height:.1f} C{mid:.1f} {y1 + height:.1f} {mid:.1f} {y0 + height:.1f} "
                f"{x0:.1f} {y0 + height:.1f} Z"
            )
            found.append(Ribbon(path, "on" if j > i else "back" if j < i else "stay", _ribbon_text(i, j)))
    return found


def _width(column: _Column, i: int, j: int) -> float:
    """Return the widest band that bounds a movement between two barriers, as a share of the group."""
    bands = column.bands[max(0, min(i, j) - 1) : max(i, j) + 1]
    return max(band.high - band.low + 1 for band in bands) / column.answered


def _ribbon_text(i: int, j: int) -> str:
    """Describe a movement. It is wider than the bands that it crosses, so it is certain for the group as a whole."""
    if i == j:
        return "No barrier in both rounds" if i == len(Element) else f"Barrier at {BARRIERS[i]} in both rounds"
    less = "smaller" if j > i else "larger"
    return f"Compared with the previous round, a {less} share has a barrier at {at_or_before(BARRIERS[min(i, j)])}"
