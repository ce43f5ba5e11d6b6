"""The columns that a parallel run compared and left out, in words."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from changeflow.phrases import listed
from changeflow.pilots.runs import Coverage, RunSummary
from changeflow.values.months import month_in_words

WIDTH = 80
UNKNOWN = "The compared columns were not recorded."
SHORT = {"ni": "NI", "vat": "VAT", "place": "place of work"}
"""Columns whose names are not written as they are."""
REASONS = {"no tolerance names it": "no tolerance has been set for it"}
"""Recorded reasons in better words."""


def columns_compared(coverage: Coverage) -> str:
    """Return the compared columns; those in one output only count as 0.00 in the other."""
    said = listed([SHORT.get(name, name) for name in coverage.compared]) or "no column"
    for side, other, alone in (("old", "new", coverage.only_old), ("new", "old", coverage.only_new)):
        if alone:
            is_one = len(alone) == 1
            said += (
                f"; {listed(alone)} {'is' if is_one else 'are'} in the {side} output only, "
                f"so the {other} one counts as 0.00"
            )
    return f"{said}."


def columns_left_out(coverage: Coverage) -> str:
    """Return the columns not compared, each with the reason; empty if there are none."""
    parts = []
    for entry in coverage.left_out:
        side = "" if entry.side == "both" else f"{entry.side} output, "
        parts.append(f"{SHORT.get(entry.column, entry.column)} ({side}{REASONS.get(entry.reason, entry.reason)})")
    return f"{', '.join(parts)}." if parts else ""


def coverage_lines(run: RunSummary, *, periods: str = "") -> Iterator[str]:
    """Yield what a run compared and did not compare; `periods` name the runs that compared the same."""
    if run.coverage is None:
        yield f"{UNKNOWN[:-1]} for {periods}." if periods else UNKNOWN
        return
    yield f"Compared{f' in {periods}' if periods else ''}: {columns_compared(run.coverage)}"
    if left := columns_left_out(run.coverage):
        yield f"Not compared: {left}"
    yield from (line[0].upper() + line[1:] for line in run.coverage.lines)
    yield from (f"{doubt} So the run is not clean." for doubt in run.coverage.doubts)
    if not run.compares_pay:
        yield f"What people are paid ({run.pay}) was not compared, so the run is not clean."


def coverage_of_runs(runs: Sequence[RunSummary]) -> Iterator[str]:
    """Yield what runs compared, in one sentence for runs that compared the same."""
    alike: dict[tuple[str, ...], list[RunSummary]] = {}
    for run in runs:
        alike.setdefault(tuple(coverage_lines(run)), []).append(run)
    for same in alike.values():
        months = listed([month_in_words(run.period) for run in same])
        yield " ".join(coverage_lines(same[0], periods=months))


def wrapped(text: str, *, indent: int = 0) -> Iterator[str]:
    """Wrap a sentence to the terminal's width, with later lines indented."""
    yield from wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
