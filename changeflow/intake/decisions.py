"""Decisions in: one CSV line a decision, as minutes have them; further conditions on lines of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from changeflow.agenda.gate_answers import GateAnswer
from changeflow.intake.tables import TableRow, read_table
from changeflow.programme.facts import Condition
from changeflow.values.limits import parse_day
from changeflow.values.problem import Problem, did_you_mean
from changeflow.values.words import Outcome

REQUIRED = ("task", "outcome", "by", "on", "reason")
OPTIONAL = ("dissent", "condition", "condition_owner", "condition_due", "condition_before")
ALSO_CALLED = {"go": Outcome.APPROVE, "no_go": Outcome.REJECT}
"""The words of a go/no-go meeting for the same answers."""


@dataclass(frozen=True, slots=True)
class ReportedDecision:
    """What the minutes say; `line` is where its first line stands."""

    line: int
    answer: GateAnswer


def outcome_of(text: str) -> Outcome:
    """Read an outcome as people write it; `ValueError` says what would be right."""
    word = text.strip().lower().replace(" ", "_").replace("-", "_")
    if word in ALSO_CALLED:
        return ALSO_CALLED[word]
    if word not in set(Outcome):
        raise ValueError(f"'{text}' is no outcome. {did_you_mean(word, [*Outcome, *ALSO_CALLED])}".strip())
    return Outcome(word)


def read_decisions(path: Path, shown: str, problems: list[Problem]) -> Iterator[ReportedDecision]:
    """Read lines of `task,outcome,by,on,reason` and, where there are any, dissent and conditions."""
    found: dict[tuple[str, ...], ReportedDecision] = {}
    for row in read_table(path, shown, problems, required=REQUIRED, optional=OPTIONAL):
        said = _answer(row, problems)
        if said is None:
            continue
        same = (said.task, said.outcome, row.cells["by"], said.on.isoformat(), said.reason)
        if first := found.get(same):
            said = replace(first.answer, conditions=(*first.answer.conditions, *said.conditions))
        found[same] = ReportedDecision(first.line if first else row.line, said)
    yield from found.values()


def _answer(row: TableRow, problems: list[Problem]) -> GateAnswer | None:
    before = len(problems)
    outcome, on = row.read("outcome", outcome_of, problems), row.read("on", parse_day, problems)
    conditions = tuple(_conditions(row, problems))
    if outcome is None or on is None or len(problems) > before:
        return None
    return GateAnswer(
        task=row.cells["task"],
        outcome=outcome,
        by=row.cells["by"],
        on=on,
        reason=row.cells["reason"],
        dissent=row.cells.get("dissent", ""),
        conditions=conditions,
        again=True,
    )


def _conditions(row: TableRow, problems: list[Problem]) -> Iterator[Condition]:
    text = row.cells.get("condition")
    if text is None:
        return
    owner, due = row.cells.get("condition_owner"), row.read("condition_due", parse_day, problems)
    if owner is None:
        problems.append(row.problem("condition", "The condition has no owner.", "Fill in condition_owner."))
    elif due is None and "condition_due" not in row.cells:
        problems.append(row.problem("condition", "The condition has no day.", "Fill in condition_due."))
    elif due is not None:
        yield Condition(text=text, owner=owner, due=due, before=row.cells.get("condition_before"))
