"""Outputs of a parallel run in: CSV with one line a contract, amounts as exact decimals."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from changeflow.errors import ProblemsError
from changeflow.intake.tables import read_table
from changeflow.pilots.reconciliation import Ledger
from changeflow.values.problem import Problem


def read_ledger(path: Path, *, key: str, elements: Sequence[str] = ()) -> Ledger:
    """Read one side. Without `elements`, every column whose cells are all amounts is one; all problems at once."""
    problems: list[Problem] = []
    shown = path.name
    rows = read_table(path, shown, problems, required=(key, *elements), optional=None)
    columns = [c for c in (rows[0].columns if rows else {}) if c != key]
    taken = list(elements) or [c for c in columns if any(_amount(r.cells.get(c, "")) is not None for r in rows)]
    ledger: dict[str, list[dict[str, Decimal]]] = {}
    for row in rows:
        line: dict[str, Decimal] = {}
        for element in taken:
            text = row.cells.get(element, "0")
            amount = _amount(text)
            if amount is None:
                problems.append(row.problem(shown, element, f"'{text}' is not an amount.", "Write 1234.56."))
            else:
                line[element] = amount
        ledger.setdefault(row.cells[key], []).append(line)
    if problems:
        raise ProblemsError(problems)
    return ledger


def _amount(text: str) -> Decimal | None:
    """Read `1234.56`, `1,234.56`, `£1,234.56`, `-12.00` or `(12.00)`."""
    plain = text.replace(",", "").replace("£", "").strip()
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
