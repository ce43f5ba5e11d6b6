"""Nudges in words: subject, text and HTML from the templates in `templates/emails/`."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from urllib.parse import quote

from changeflow.delivery.message import Message
from changeflow.resources import template_environment
from changeflow.values.moments import spoken_day

REASONS = ("task", "gate", "checkpoint")
"""Each has a template of its name, as .subject.j2, .txt.j2 and .html.j2."""
SHOWN_AGAINST = 5
"""A mail is read on a phone: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgeText:
    """What a nudge's templates may say."""

    reason: str
    name: str
    address: str
    task: str
    task_id: str
    due_on: date
    today: date
    for_manager: bool
    owner_role: str
    students: str
    """What is in it for the students."""
    programme: str
    office: str
    office_email: str
    message_id: str
    at: datetime
    says: str = ""
    """What the evidence for a decision carries, such as `not yet`; nothing where none is asked for."""
    against: tuple[str, ...] = ()
    """What speaks against it, the gravest first; shown are the first few."""


def write(nudge: NudgeText) -> Message:
    """Write one message: one action, one link, and why it matters for the students."""
    environment = template_environment()
    late = (nudge.today - nudge.due_on).days
    day = spoken_day(nudge.due_on, weekday=True)
    when = "is due today" if late == 0 else f"was due on {day}" if late > 0 else f"is due on {day}"
    short = spoken_day(nudge.due_on, year=False, weekday=True)
    more = len(nudge.against) - SHOWN_AGAINST
    values = (
        asdict(nudge)
        | {"against": nudge.against[:SHOWN_AGAINST], "more": more}
        | {"when": when, "day": short, "late_days": late, "link": _link(nudge)}
    )
    parts = {
        part: environment.get_template(f"emails/{nudge.reason}.{part}.j2").render(values).strip()
        for part in ("subject", "txt", "html")
    }
    return Message(
        to_name=nudge.name,
        to_address=nudge.address,
        from_name=nudge.office,
        from_address=nudge.office_email,
        subject=" ".join(parts["subject"].split()),
        text=parts["txt"] + "\n",
        html=parts["html"] + "\n",
        message_id=nudge.message_id,
        at=nudge.at,
    )


def _link(nudge: NudgeText) -> str:
    """A mail to the programme office, ready to be sent: the one link until pages exist."""
    subject = quote(f"Done: {nudge.task}" if nudge.reason == "task" else f"About: {nudge.task}")
    body = quote(f"{nudge.task_id}\n\n")
    return f"mailto:{nudge.office_email}?subject={subject}&body={body}"
