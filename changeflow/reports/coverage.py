"""Which columns of a parallel run were compared, and which not, in words."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from changeflow.phrases import listed
from changeflow.pilots.runs import Coverage, RunSummary

WIDTH = 80
UNKNOWN = "Which columns were compared was not kept."


def columns_compared(coverage: Coverage) -> str:
    """Return the columns that were compared, and on which side the other one counts as 0.00."""
    said = ", ".join(coverage.compared) or "no column"
    for side, other, alone in (("old", "new", coverage.only_old), ("new", "old", coverage.only_new)):
        if alone:
            is_one = len(alone) == 1
            said += (
                f"; {listed(alone)} {'is' if is_one else 'are'} in the {side} output alone, "
                f"so the {other} one counts as 0.00"
            )
    return f"{said}."


def columns_left_out(coverage: Coverage) -> str:
    """Return the columns that were not compared, each with the reason; empty where there are none."""
    parts = [
        f"{entry.column} ({'' if entry.side == 'both' else f'{entry.side} output: '}{entry.reason})"
        for entry in coverage.left_out
    ]
    return f"{', '.join(parts)}." if parts else ""


def coverage_lines(run: RunSummary) -> Iterator[str]:
    """Yield what was compared and what was not, to be read beside a run's counts."""
    if run.coverage is None:
        yield UNKNOWN
        return
    yield f"Compared: {columns_compared(run.coverage)}"
    if left := columns_left_out(run.coverage):
        yield f"Not compared: {left}"
    yield from (line[0].upper() + line[1:] for line in run.coverage.lines)
    yield from (f"{doubt} The run is not clean." for doubt in run.coverage.doubts)
    if not run.compares_pay:
        yield f"{run.pay}, what people are paid, was not compared: the run is not clean."


def coverage_of_runs(runs: Sequence[RunSummary]) -> Iterator[str]:
    """Yield what runs compared, those that compared the same in one sentence."""
    said = {run.period: " ".join(coverage_lines(run)) for run in runs}
    for text in dict.fromkeys(said.values()):
        yield f"{listed([period for period, same in said.items() if same == text])}: {text}"


def wrapped(text: str, *, indent: int = 0) -> Iterator[str]:
    """Yield a sentence in lines that fit a terminal; those after the first are set in."""
    yield from wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
