"""Check one side of a parallel run as `pilot reconcile` would read it, by comparing the file with itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from changeflow.errors import ProblemsError
from changeflow.intake.folder_formats import PERSON_IDS
from changeflow.intake.layout import fold
from changeflow.intake.table_rows import Table
from changeflow.intake.table_schemas import LEDGER
from changeflow.phrases import listed
from changeflow.pilots.criteria import PRESETS, ParallelRunPolicy
from changeflow.pilots.runs import Coverage
from changeflow.reconciliation.columns import NOTHING_TO_COMPARE, may_be_of_ids
from changeflow.reconciliation.compare import reconcile
from changeflow.reconciliation.first_amounts import first_amounts
from changeflow.reconciliation.keys import odd_keys
from changeflow.usecases.ledger_head import head_of
from changeflow.values.problem import Problem

_SHOWN = 10
"""The most keys of one kind that are named."""
_PAID = {fold(f.name) for f in LEDGER.fields} | {fold(f"{f.name} pay") for f in LEDGER.fields} | {"paye", "nic"}
_LIKE_A_LEDGER = 2
"""The number of columns of amounts that make a list of people a ledger."""


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """How `pilot reconcile` would read a file."""

    key: tuple[str, ...]
    is_key_guessed: bool
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    coverage: Coverage | None = None
    """The compared columns; None if there are problems."""
    amounts: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """The amounts of the lines that are shown, as they are read, by line and place."""

    @property
    def said(self) -> str:
        """How the cells were checked."""
        names = ",".join(self.key)
        shown = f'"{names}"' if " " in names else names
        return f"read in the same way as by `pilot reconcile --key {shown}`"

    def use_of(self, heading: str) -> str:
        """Describe a column's use; empty if unknown."""
        if fold(heading) in {fold(name) for name in self.key}:
            return "key"
        if self.coverage is None:
            return ""
        return "compared" if fold(heading) in {fold(name) for name in self.coverage.compared} else "not compared"


def looks_like_a_ledger(headings: Sequence[str]) -> bool:
    """Whether a table has enough columns of pay to be a ledger, not a list of people."""
    return sum(fold(heading) in _PAID for heading in headings) >= _LIKE_A_LEDGER


def check_ledger(path: Path, table: Table, key: str | None, *, shown: int) -> LedgerCheck:
    """Read a file as both sides of a run; `key` names the columns that identify a contract, separated by commas.

    The amounts of the first lines, at most `shown`, are returned as they are read.
    """
    headings = [column.name for column in table.layout.columns]
    names = tuple(part.strip() for part in key.split(",")) if key else _key_of(headings)
    policy = ParallelRunPolicy(key=names)
    with head_of(path) as (head, _):
        amounts = first_amounts(head, policy, [row.line for row in table.rows[:shown]])
    check = LedgerCheck(names, is_key_guessed=key is None and names != ParallelRunPolicy().key, amounts=amounts)
    try:
        result = reconcile(path, path, policy, period="")
    except ProblemsError as error:
        check.problems.extend(_of_one_file(problem) for problem in dict.fromkeys(error.problems))
        check.notes.extend(_odd_keys(path, policy))
        return check
    coverage = result.coverage
    check.notes.extend(said.removeprefix(f"{table.file}: ") for said in result.read_as)
    if coverage is not None:
        left = [f"{entry.column} ({entry.reason})" for entry in coverage.left_out]
        check.notes.extend([f"Not compared: {', '.join(left)}."] if left else [])
        lines = (said.removeprefix("old output: ") for said in coverage.lines if said.startswith("old output: "))
        check.notes.extend(said[:1].upper() + said[1:] for said in lines)
        doubts = (doubt.removeprefix(f"{table.file}: ") for doubt in coverage.doubts)
        check.notes.extend(f"{doubt} The run will not be clean." for doubt in dict.fromkeys(doubts))
    check.notes.extend(_odd_keys(path, policy))
    notes = list(dict.fromkeys(check.notes))
    return LedgerCheck(names, check.is_key_guessed, notes=notes, coverage=coverage, amounts=amounts)


def _of_one_file(problem: Problem) -> Problem:
    if not problem.what.startswith(NOTHING_TO_COMPARE):
        return problem
    _, mark, left_out = problem.remedy.partition("Not compared:")
    remedy = f"{mark}{left_out}"
    return Problem(file=problem.file, line=problem.line, what="No column has amounts.", remedy=remedy)


def _key_of(headings: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that identify a contract: a preset's, or by heading, or else the first column."""
    theirs = {fold(heading): heading for heading in headings}
    for policy in PRESETS.values():
        if all(fold(name) in theirs for name in policy.key):
            return policy.key
    ids = {fold(name) for name in PERSON_IDS.split(" | ")} | {"id", "ref", "reference"}
    likely = [h for h in headings if fold(h) in ids] or [h for h in headings if may_be_of_ids(h)]
    return tuple((likely or list(headings))[:1])


def _odd_keys(path: Path, policy: ParallelRunPolicy) -> Iterator[str]:
    """Yield contracts that are listed twice, and ids that a spreadsheet seems to have changed."""
    found = odd_keys(path, policy, most=_SHOWN)
    for name, lines, count in found.twice:
        times = "twice" if count == 2 else f"{count:,} times"
        numbers = listed([*map(str, lines), *[""] * (count - len(lines))], most=5)
        yield f"'{name}' is listed {times}, on lines {numbers}, so it is not compared."
    if (more := found.duplicates - len(found.twice)) > 0:
        yield f"{more:,} more are listed more than once."
    for name, line, why in found.changed:
        yield f"Line {line}: '{name}' looks {why}."
    if (more := found.changes - len(found.changed)) > 0:
        yield f"{more:,} more ids look like that."
