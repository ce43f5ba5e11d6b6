"""What may be noted of the sponsor and the change leads."""

from datetime import date

from changeflow.errors import InputError
from changeflow.programme.definition import Definition
from changeflow.programme.facts import ACTS, SponsorAct
from changeflow.values.moments import format_day
from changeflow.values.problem import check_known


def check_act(act: SponsorAct, today: date) -> None:
    """Refuse an act that says nothing, is of a day to come, or of a kind that is not known."""
    if not act.what:
        raise InputError("Say what people saw, such as “Opened the training at Ashdown”.")
    if act.on > today:
        raise InputError(f"{format_day(act.on)} is in the future. No changes saved.")
    check_known("kind of act", act.kind, ACTS)


def check_names(act: SponsorAct, definition: Definition) -> None:
    """Refuse a change lead or a group that the programme does not have."""
    people = definition.people
    check_known("change lead", act.who, {p.id for p in people if p.audience == "lead"})
    check_known("group", act.group, {g for p in people for g in p.groups})
