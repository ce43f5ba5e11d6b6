"""Read the form of a decision: the answer, its reason, and its conditions in rows."""

from collections.abc import Iterator
from datetime import date

from changeflow.agenda.decisions import GateAnswer
from changeflow.programme.facts import Condition
from changeflow.values.words import Outcome
from changeflow.web.forms import FieldError, Form, line_in, past_day, required_day

ROWS, MOST_ROWS = 3, 8
"""The rows for conditions at first, and at most."""
MOST_TEXT, MOST_CONDITION = 2000, 300
"""The longest reason or dissent, and the longest condition, in characters."""
PARTS = ("text", "owner", "due", "before")
"""What a row asks for."""


def rows_in(form: Form, *, more: bool = False) -> int:
    """Return how many rows for conditions a form has, with or without another three."""
    sent = form.get("rows")
    rows = int(sent) if sent.isascii() and sent.isdigit() and len(sent) == 1 else ROWS
    return min(MOST_ROWS, max(ROWS, rows) + (ROWS if more else 0))


def answer_in(form: Form, gate: str, *, today: date, is_own: bool) -> GateAnswer:
    """Read an answer. A person's own is given today; for another person's, the form says who gave it, and when."""
    outcome = form.get("outcome")
    if outcome not in set(Outcome):
        raise FieldError("outcome", "Choose the decision.")
    by, on = (None, today) if is_own else _decided(form, today)
    reason = line_in(form, "reason", most=MOST_TEXT, called="The reason")
    if not reason:
        raise FieldError("reason", "Enter the reason.")
    conditions = tuple(_conditions(form))
    if conditions and outcome != Outcome.CONDITIONS:
        words = "Only an approval with conditions can have conditions. Choose that, or clear the conditions."
        raise FieldError("outcome", words)
    if not conditions and outcome == Outcome.CONDITIONS:
        raise FieldError("condition-1-text", "Enter at least one condition, or choose another decision.")
    return GateAnswer(
        task=gate,
        outcome=Outcome(outcome),
        reason=reason,
        on=on,
        by=by,
        dissent=line_in(form, "dissent", most=MOST_TEXT, called="The dissenting view"),
        conditions=conditions,
        again=form.get("again") == "1",
    )


def _decided(form: Form, today: date) -> tuple[str, date]:
    if not (by := form.get("by")):
        raise FieldError("by", "Choose who decided.")
    return by, past_day(form, "day", today=today, ask="Enter the day on which they decided.", missing=True)


def _conditions(form: Form) -> Iterator[Condition]:
    """Yield the rows that are filled in."""
    for row in range(1, rows_in(form) + 1):
        fields = {part: f"condition-{row}-{part}" for part in PARTS}
        if not any(form.get(name).strip() for name in fields.values()):
            continue
        text = line_in(form, fields["text"], most=MOST_CONDITION, called=f"Condition {row}")
        if not text:
            raise FieldError(fields["text"], f"Enter the text of condition {row}.")
        if not (owner := form.get(fields["owner"])):
            raise FieldError(fields["owner"], f"Choose the owner of condition {row}.")
        due = required_day(form, fields["due"], f"Enter the day by which condition {row} must be met.")
        yield Condition(text=text, owner=owner, due=due, before=form.get(fields["before"]) or None)
