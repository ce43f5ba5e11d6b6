"""Forms that were sent after a session had ended, as the page shows them again."""

import re
from collections.abc import Callable, Mapping

from changeflow.storage.kept_forms import KeptForm
from changeflow.values.sentences import sentence

KEPT = "kept"
"""The field by which a form that is sent again names what was kept."""
LABELS: Mapping[str, str] = {
    "reason": sentence("Reason"),
    "cause": sentence("Why the dates move"),
    "dissent": sentence("Dissenting view"),
    "text": sentence("What you wrote"),
    "words": sentence("What you wrote"),
    "what": sentence("What people saw"),
    "evidence": sentence("Evidence"),
    "said": sentence("What people asked for"),
    "did": sentence("What was done"),
    "answers": sentence("Answers"),
    "rows": sentence("The rows that you pasted"),
    "why": sentence("Reason"),
    "how": sentence("How it was announced"),
    "title": sentence("Title"),
    "link": sentence("Link"),
    "name": sentence("Name"),
    "email": sentence("Email address"),
    "day": sentence("Day"),
    "on": sentence("Day"),
    "until": sentence("Until"),
    "left": sentence("Working days left"),
    "received": sentence("Day of the request"),
    "expires": sentence("Last day of the waiver"),
    "low": sentence("From"),
    "high": sentence("To"),
    "days": sentence("Number of days"),
    "draft_name": sentence("Name of the draft"),
    "day-why": sentence("Reason"),
}
"""The fields that the page shows, by name. Choices are sent again too, but only the owner of a condition is listed."""
_CONDITION = re.compile(r"condition-([1-9])-text")
_OF_EACH: Mapping[str, str] = {"evidence": sentence("Evidence"), "day": sentence("Day")}
"""Fields of tables, which have the name of a row after a colon."""
_COUNT = re.compile(r"[0-9]")
"""The number of rows that a form shows, which no one types."""


def typed_in(form: KeptForm, person: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return what someone typed into a form, with labels; `person` names the owners of conditions."""
    found = list[tuple[str, str]]()
    for name, value in form.fields.items():
        if not value.strip() or (name == "rows" and _COUNT.fullmatch(value)):
            continue
        row = _CONDITION.fullmatch(name)
        if row is not None:
            label = sentence("Condition %(number)s", number=row[1])
            found.append((label, _condition(form.fields, row[1], value, person)))
        elif name in LABELS:
            found.append((LABELS[name], value))
        elif (of_each := _OF_EACH.get(name.partition(":")[0])) is not None:
            found.append((of_each, value))
    return found


def _condition(fields: Mapping[str, str], row: str, text: str, person: Callable[[str], str]) -> str:
    """Return a condition with its owner and day, as far as they were entered."""
    owner, due = (fields.get(f"condition-{row}-{part}", "").strip() for part in ("owner", "due"))
    return "; ".join(filter(None, (text.strip(), person(owner) if owner else "", due)))
