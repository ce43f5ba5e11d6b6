"""How people moved between barriers from round to round: the least movement that explains what was published.

Nobody is followed: the ribbons join two published pictures of the same groups. Where a group's figures stayed frozen it
is drawn as standing still. Numbers are the middles of published steps, so they are about right and no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from changeflow.adkar.elements import BARRIERS
from changeflow.adkar.published import Snapshot, Standing
from changeflow.values.moments import spoken_day

WIDTH, HEIGHT, TOP, BAR, LABELS, GAP = 720.0, 320.0, 34.0, 30.0, 112.0, 9.0
ROUNDS = 4
"""So many of the latest rounds are drawn."""
FEWEST = 0.5


@dataclass(frozen=True, slots=True)
class Block:
    """People at one barrier in one round."""

    barrier: str
    x: float
    y: float
    height: float
    people: int


@dataclass(frozen=True, slots=True)
class Ribbon:
    """People who moved from one barrier to another, or stayed."""

    path: str
    way: str
    """`on`, `back` or `stay`."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    width: float
    height: float
    bar: float
    rounds: tuple[tuple[str, float], ...]
    blocks: tuple[Block, ...]
    ribbons: tuple[Ribbon, ...]
    barriers: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    """The same as a table: round, then about how many people at each barrier."""
    groups: tuple[str, ...]
    """Whom the picture counts."""


def spread(standing: Standing) -> list[float]:
    """Return about how many people stand at each barrier and at none, from the middles of what was published."""
    if standing.held is None or standing.answered is None:
        return []
    up_to = [0.0]
    for band in standing.held:
        up_to.append(max(up_to[-1], band.middle))
    return [b - a for a, b in pairwise([*up_to, max(up_to[-1], float(standing.answered))])]


def moves(before: Sequence[float], after: Sequence[float]) -> list[tuple[int, int, float]]:
    """Return the least movement from one spread to another of the same sum: (from, to, people), in order.

    On a line the least movement keeps everybody in their order, so it is found from the left.

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


def draw_flow(snapshots: Sequence[Snapshot], view: str, names: dict[str, str]) -> Flow | None:
    """Draw the groups of a view that were shown in every one of the latest rounds; None where there are not two."""
    latest = list(snapshots)[-ROUNDS:]
    shown = [{s.group for s in one.view(view) if s.is_shown} for one in latest]
    groups = sorted(set.intersection(*shown)) if len(shown) >= 2 else []
    if not groups:
        return None
    spreads = [_together(one, view, groups) for one in latest]
    total = sum(spreads[-1])
    # Rounds have different numbers of answers; each is drawn as high as the last.
    spreads = [[n * total / sum(one) for n in one] for one in spreads]
    apart = (WIDTH - 2 * LABELS - BAR) / (len(latest) - 1)
    scale = (HEIGHT - TOP - 10 - GAP * (len(BARRIERS) - 1)) / total
    xs = [LABELS + n * apart for n in range(len(latest))]
    blocks, tops = [], []
    for x, one in zip(xs, spreads, strict=True):
        y, own = TOP, []
        for barrier, people in zip(BARRIERS, one, strict=True):
            own.append(y)
            if people >= FEWEST:
                blocks.append(Block(barrier, round(x, 1), round(y, 1), round(people * scale, 1), round(people)))
            y += people * scale + (GAP if people >= FEWEST else 0)
        tops.append(own)
    return Flow(
        width=WIDTH,
        height=HEIGHT,
        bar=BAR,
        rounds=tuple((spoken_day(one.on), round(x, 1)) for one, x in zip(latest, xs, strict=True)),
        blocks=tuple(blocks),
        ribbons=tuple(_ribbons(spreads, xs, tops, scale)),
        barriers=tuple(BARRIERS),
        rows=tuple(
            (_label(one.on, one.round), tuple(round(n) for n in s)) for one, s in zip(latest, spreads, strict=True)
        ),
        groups=tuple(names.get(g, g) for g in groups),
    )


def _label(on: date, name: str) -> str:
    return f"{spoken_day(on)} ({name})"


def _together(snapshot: Snapshot, view: str, groups: Sequence[str]) -> list[float]:
    parts = [spread(s) for s in snapshot.view(view) if s.group in groups]
    return [sum(column) for column in zip(*parts, strict=True)]


def _ribbons(
    spreads: Sequence[Sequence[float]], xs: Sequence[float], tops: Sequence[Sequence[float]], scale: float
) -> list[Ribbon]:
    found = []
    for n in range(len(spreads) - 1):
        out, into = list(tops[n]), list(tops[n + 1])
        for i, j, people in moves(spreads[n], spreads[n + 1]):
            height = people * scale
            x0, x1 = xs[n] + BAR, xs[n + 1]
            mid = (x0 + x1) / 2
            y0, y1 = out[i], into[j]
            out[i] += height
            into[j] += height
            if people < FEWEST:
                continue
            path = (
                f"M{x0:.1f} {y0:.1f} C{mid:.1f} {y0:.1f} {mid:.1f} {y1:.1f} {x1:.1f} {y1:.1f} "
                f"L{x1:.1f} {y1 + height:.1f} C{mid:.1f} {y1 + height:.1f} {mid:.1f} {y0 + height:.1f} "
                f"{x0:.1f} {y0 + height:.1f} Z"
            )
            way = "on" if j > i else "back" if j < i else "stay"
            found.append(Ribbon(path, way, f"about {round(people)} from {BARRIERS[i]} to {BARRIERS[j]}"))
    return found
