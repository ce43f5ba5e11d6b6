"""Pictures of a simulation: S-curves of milestones and a tornado of what drives them. Drawing in templates."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from changeflow.reports.risk import DriverLine, RiskReport

LEFT, WIDTH, HEIGHT, TOP = 46, 900, 240, 20
BAR, LABEL = 24, 380
DASHES = ("", "7 4", "2 3", "9 3 2 3", "1 4", "12 4")
"""Lines are told apart by their dashes as well as by their colour."""


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    points: str
    """An SVG polyline's."""
    number: int
    dashes: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Curves:
    width: int
    height: int
    curves: tuple[Curve, ...]
    months: tuple[Tick, ...]
    levels: tuple[Tick, ...]
    """50, 80 and 90 percent."""


@dataclass(frozen=True, slots=True)
class TornadoBar:
    label: str
    width: float
    y: int
    days: int


@dataclass(frozen=True, slots=True)
class Tornado:
    width: int
    height: int
    bars: tuple[TornadoBar, ...]


def draw_curves(report: RiskReport) -> Curves:
    """Draw, for each milestone, the share of iterations that are done by each day."""
    days = [date.fromisoformat(d) for points in report.curves.values() for d, _ in points]
    first, last = min(days) - timedelta(days=7), max(days) + timedelta(days=7)
    scale = (WIDTH - LEFT - 20) / max(1, (last - first).days)

    def x(day: date) -> float:
        return round(LEFT + (day - first).days * scale, 1)

    def y(percent: float) -> float:
        return round(TOP + (HEIGHT - TOP - 26) * (1 - percent / 100), 1)

    curves = [
        Curve(
            name=name,
            points=" ".join(f"{x(date.fromisoformat(d))},{y(p)}" for d, p in points),
            number=n,
            dashes=DASHES[n % len(DASHES)],
        )
        for n, (name, points) in enumerate(report.curves.items())
    ]
    return Curves(
        width=WIDTH,
        height=HEIGHT,
        curves=tuple(curves),
        months=tuple(Tick(x(m), HEIGHT - 8, f"{m:%b %y}") for m in _months(first, last)),
        levels=tuple(Tick(LEFT, y(p), f"{p} %") for p in (50, 80, 90)),
    )


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1) + relativedelta(months=1)
    step = 1 if (last - first).days < 400 else 2
    while month < last:
        yield month
        month += relativedelta(months=step)


def draw_tornado(drivers: tuple[DriverLine, ...]) -> Tornado:
    """Draw how many days each task swings the last milestone."""
    most = max((abs(d.swing) for d in drivers), default=1)
    bars = [
        TornadoBar(d.task, round((WIDTH - LABEL - 60) * abs(d.swing) / most, 1), n * BAR, d.swing)
        for n, d in enumerate(drivers)
    ]
    return Tornado(WIDTH, len(drivers) * BAR + 4, tuple(bars))
