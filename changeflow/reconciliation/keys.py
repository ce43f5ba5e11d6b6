"""Find the contracts that a ledger lists more than once, and ids that a spreadsheet seems to have changed."""

from dataclasses import dataclass
from pathlib import Path

from changeflow.intake.endings import LIKE_A_REMARK, is_remark, is_total
from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.reconciliation.compare import MEMORY
from changeflow.reconciliation.ids import changed_ids
from changeflow.reconciliation.ledgers import Side, load_keys
from changeflow.reconciliation.reading import LedgerReading, a_database
from changeflow.reconciliation.rows import MAY_BE_A_TOTAL

_MOST_LINES = 6
"""The most lines of one contract that are returned."""


@dataclass(frozen=True, slots=True)
class OddKeys:
    """The keys of a ledger that a person should look at: the first of each kind, and how many there are."""

    twice: tuple[tuple[str, tuple[int, ...], int], ...] = ()
    """Contracts that are listed more than once: the key, the first of its lines, and how many lines it has."""
    duplicates: int = 0
    changed: tuple[tuple[str, int, str], ...] = ()
    """Ids that look changed: the id, its first line, and how it looks."""
    changes: int = 0


def odd_keys(path: Path, policy: ParallelRunPolicy, *, most: int) -> OddKeys:
    """Return the odd keys of all lines of a file, by line; none if the file has no such key, or cannot be read."""
    with a_database(MEMORY) as (db, scratch):
        reading = LedgerReading(db, policy, "", scratch, {"old": path.name}, [], lambda _: None)
        ledger = reading.ledger("old", path, load_keys)
        if ledger is None:
            return OddKeys()
        duplicates, twice = _twice(ledger, most)
        return OddKeys(twice, duplicates, *changed_ids(db, ledger.side, most))


def _twice(ledger: Side, most: int) -> tuple[int, tuple[tuple[str, tuple[int, ...], int], ...]]:
    """Return how many contracts are listed more than once, and the first of them.

    Totals, and what a report prints below its table, are not contracts.
    """
    words = f"select distinct key from {ledger.table} where {MAY_BE_A_TOTAL} or regexp_matches(key, ?)"
    keys = [key for (key,) in ledger.db.execute(words, [LIKE_A_REMARK]).fetchall()]
    others = [key for key in keys if is_total(key) or is_remark([key])]
    query = (
        f"select key, list(line order by line)[:{_MOST_LINES}] as lines, count(*) as times from {ledger.table} "
        "where key is not null and not list_contains(?, key) group by key having times > 1"
    )
    [count] = ledger.row(f"select count(*) from ({query})", [others])
    first = ledger.db.execute(f"{query} order by lines[1] limit {most}", [others]).fetchall() if count else []
    return count, tuple((key, tuple(lines), times) for key, lines, times in first)
