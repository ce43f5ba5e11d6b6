"""Read the amounts of some lines of a ledger as a comparison reads them, to show them to a person."""

from collections.abc import Collection, Mapping
from pathlib import Path

from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.compare import MEMORY
from changeflow.reconciliation.ledgers import ASK_DECIMAL
from changeflow.reconciliation.reading import LedgerReading, a_database
from changeflow.reconciliation.variances import amount_of
from changeflow.values.problem import Problem


def first_amounts(path: Path, policy: ParallelRunPolicy, lines: Collection[int]) -> Mapping[tuple[int, int], str]:
    """Return amounts by line and place, from 1; none if the file cannot be read, or its decimal mark is unclear.

    Cells that are not amounts are left out.
    """
    problems = list[Problem]()
    with a_database(MEMORY) as (db, scratch):
        shown = {"old": path.name, "new": path.name}
        reading = LedgerReading(db, policy, "", scratch, shown, problems, lambda _: None)
        ledgers = [ledger for side in shown if (ledger := reading.ledger(side, path)) is not None]
        choice = reading.choose(ledgers)
        places = list(ledgers[0].places(choice.elements)) if len(ledgers) > 1 else []
        if not places or not lines or any(problem.remedy == ASK_DECIMAL for problem in problems):
            return {}
        amounts, listed = (", ".join(each) for each in ([f"v{place}" for place in places], map(str, lines)))
        rows = db.execute(f'select line, {amounts} from "old" where line in ({listed})').fetchall()
    return {
        (line, place): str(amount_of(amount))
        for line, *found in rows
        for place, amount in zip(places, found, strict=True)
        if amount is not None
    }
