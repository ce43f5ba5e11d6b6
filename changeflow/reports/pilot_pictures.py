"""Pictures of a pilot: its runs coming together, its issues by age, and its schools against the trust's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from changeflow.pilots.issues import Issue
from changeflow.pilots.runs import RunSummary

WIDTH, LABELS, ROW, GAP = 760, 150, 24, 10
CLASSES = ("unexplained", "missing", "extra", "duplicates", "explained", "within_tolerance")
"""What differs, the most severe first; equal contracts are not drawn, or they would hide all others."""
NAMES = {"duplicates": "there twice", "within_tolerance": "within tolerance"}


@dataclass(frozen=True, slots=True)
class BarPart:
    """One piece of a bar."""

    kind: str
    tooltip: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class AgeBar:
    label: str
    y: int
    parts: tuple[BarPart, ...]
    end: str
    """What stands at its end."""
    end_x: float


@dataclass(frozen=True, slots=True)
class Bars:
    """A picture of bars, in pixels; and the kinds of part that it has, in words, for its legend."""

    width: int
    height: int
    labels: int
    row: int
    bars: tuple[AgeBar, ...]
    legend: tuple[tuple[str, str], ...]
    heads: tuple[tuple[str, int], ...] = ()
    """Headings of groups of bars, and where they stand."""
    description: str = "The table below has the same numbers."
    """For people who do not see the picture."""


def draw_convergence(runs: Sequence[RunSummary]) -> Bars | None:
    """Draw a bar a run, of the contracts that differ by class: it shrinks from run to run where things come right."""
    if not runs:
        return None
    counts = [{kind: int(getattr(run, kind)) for kind in CLASSES} for run in runs]
    most = max(1, *(sum(c.values()) for c in counts))
    scale = (WIDTH - LABELS - 150) / most
    bars = []
    for n, (run, count) in enumerate(zip(runs, counts, strict=True)):
        x, parts = float(LABELS), []
        for kind in CLASSES:
            if count[kind]:
                width = count[kind] * scale
                parts.append(BarPart(kind, NAMES.get(kind, kind), count[kind], round(x, 1), round(width, 1)))
                x += width
        end = "clean" if run.is_clean else "not clean"
        bars.append(AgeBar(run.period, n * (ROW + GAP), tuple(parts), f"{run.equal} equal, {end}", round(x + 8, 1)))
    seen = {p.kind for b in bars for p in b.parts}
    legend = tuple((kind, NAMES.get(kind, kind)) for kind in CLASSES if kind in seen)
    return Bars(WIDTH, len(bars) * (ROW + GAP), LABELS, ROW, tuple(bars), legend)


def draw_ages(issues: Iterable[Issue], today: date) -> Bars | None:
    """Draw a bar an open issue, as long as it is old, the most severe first."""
    still_open = [i for i in issues if i.is_open]
    if not still_open:
        return None
    most = max(1, *(i.age(today) for i in still_open))
    scale = (WIDTH - LABELS - 150) / most
    bars = []
    for n, issue in enumerate(still_open):
        age = issue.age(today)
        part = BarPart(
            f"severity-{issue.severity.value}", issue.severity.label, age, LABELS, round(age * scale, 1) or 2
        )
        end = f"{age} days" if age != 1 else "1 day"
        label = f"Issue {issue.number}"
        bars.append(AgeBar(label, n * (ROW + GAP), (part,), end, round(LABELS + part.width + 8, 1)))
    seen = sorted({(p.kind, p.tooltip) for b in bars for p in b.parts})
    return Bars(WIDTH, len(bars) * (ROW + GAP), LABELS, ROW, tuple(bars), tuple(seen))


def draw_mix(pilot: Mapping[str, Mapping[str, float]], trust: Mapping[str, Mapping[str, float]]) -> Bars:
    """Draw each trait's shares, of the pilot's schools and of all, one under the other."""
    half, y = ROW // 2, 0
    scale = WIDTH - LABELS - 150
    bars, heads, described = list[AgeBar](), list[tuple[str, int]](), list[str]()
    for trait, values in trust.items():
        heads.append((trait, y + 14))
        y += 22
        for value, share in values.items():
            mine = pilot.get(trait, {}).get(value, 0.0)
            described.append(f"{trait} {value}: {mine:.0%} of the pilot's schools, {share:.0%} of all")
            for kind, label, amount in (("pilot", "pilot schools", mine), ("trust", "all schools", share)):
                part = BarPart(kind, label, round(amount * 100), LABELS, round(amount * scale, 1))
                label = value if kind == "pilot" else ""
                bars.append(AgeBar(label, y, (part,), f"{amount:.0%}", round(LABELS + part.width + 8, 1)))
                y += half + 1
            y += 6
    legend = (("pilot", "pilot schools"), ("trust", "all schools"))
    return Bars(WIDTH, y, LABELS, half, tuple(bars), legend, tuple(heads), f"{'; '.join(described)}.")
