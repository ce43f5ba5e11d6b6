"""Forms that were sent after a session had ended, as the page shows them again."""

from collections.abc import Mapping

from changeflow.storage.kept_forms import KeptForm

KEPT = "kept"
"""The field by which a form that is sent again names what was kept."""
LABELS: Mapping[str, str] = {
    "reason": "Reason",
    "cause": "Why the dates move",
    "dissent": "Dissenting view",
    "text": "What you wrote",
    "words": "What you wrote",
    "what": "What people saw",
    "evidence": "Evidence",
    "said": "What people asked for",
    "did": "What was done",
    "answers": "Answers",
    "rows": "The rows that you pasted",
    "why": "Reason",
    "how": "How it was announced",
    "title": "Title",
    "link": "Link",
    "name": "Name",
    "email": "Email address",
    "day": "Day",
    "on": "Day",
    "until": "Until",
    "left": "Working days left",
}
"""The fields that the page shows, by name. Choices are sent again too, but not listed."""


def typed_in(form: KeptForm) -> list[tuple[str, str]]:
    """Return what someone typed into a form, with labels."""
    return [(LABELS[name], value) for name, value in form.fields.items() if name in LABELS and value.strip()]
