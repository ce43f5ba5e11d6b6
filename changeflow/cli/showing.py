"""Results as lines of text, for the terminal."""

from collections.abc import Iterator

from changeflow.pilots.runs import MatchOutcome, Reconciliation
from changeflow.reports.pilots import masked

SHOWN = 10
DIFFERING = (MatchOutcome.UNEXPLAINED, MatchOutcome.MISSING, MatchOutcome.EXTRA, MatchOutcome.DUPLICATE)


def reconciliation_lines(result: Reconciliation) -> Iterator[str]:
    """Yield the counts, then the unexplained differences by their effect; contracts are masked to their last four."""
    for outcome in MatchOutcome:
        yield f"{result.count(outcome):>8}  {outcome.replace('_', ' ')}"
    if not result.names_contracts and any(result.count(o) for o in DIFFERING):
        yield ""
        yield "Single contracts are shown to the service manager and the lead provider alone."
    worst = result.unexplained
    if worst:
        yield ""
        yield "Unexplained, the largest effect first:"
    for v in worst[:SHOWN]:
        yield f"  {masked(v.key):<7} {v.element:<10} old {v.old:>12} new {v.new:>12} difference {v.difference:>+10}"
    if len(worst) > SHOWN:
        yield f"  and {len(worst) - SHOWN} more"
    for outcome in (MatchOutcome.MISSING, MatchOutcome.EXTRA, MatchOutcome.DUPLICATE):
        keys = [masked(k) for k in result.keys.get(outcome, ())]
        if keys:
            yield f"{outcome.capitalize()}: {', '.join(keys[:SHOWN])}{' …' if len(keys) > SHOWN else ''}"
