"""What the link in a message asks about, who else can take that on, and which answers it accepts."""

from collections.abc import Mapping

from changeflow.adkar.people import Contact
from changeflow.agenda.answers import AnswerKind
from changeflow.agenda.asks import EVIDENCE, FEEDBACK, ROUND, SPONSOR
from changeflow.agenda.load import CONVERSATION
from changeflow.errors import InputError
from changeflow.programme.programme import Programme
from changeflow.values.words import Kind

MOST_WORDS = 2000
ONE_ANSWER = frozenset({"assessment", "feedback", "sponsor", "conversation"})
"""What can only be done, or left."""


def kind_of(subject: str, programme: Programme) -> str | None:
    """Return what a link's subject asks for.

    It is `task`, `gate`, `evidence`, `feedback`, `assessment`, `sponsor` or `conversation`; None where its task is no
    longer in the plan.
    """
    if subject == SPONSOR:
        return "sponsor"
    if subject.startswith(ROUND):
        return "assessment"
    if subject.startswith(CONVERSATION):
        return "conversation"
    task, _, about = subject.partition("#")
    if about in (EVIDENCE, FEEDBACK):
        return about
    known = programme.roadmap.tasks.get(task)
    if known is None:
        return None
    return "gate" if known.kind is Kind.DECISION else "task"


def can_take_over(programme: Programme, contacts: Mapping[str, Contact], *, besides: str) -> list[tuple[str, str]]:
    """Return the people who can take something on (leads, managers and the like): ids, with role and place."""
    found = []
    for person in programme.definition.people:
        contact = contacts.get(person.id)
        if person.id == besides or contact is None or contact.email is None or not contact.is_active:
            continue
        if person.audience == "team":
            continue
        place = programme.school(person.school).name if person.school else (person.hub or "")
        found.append((person.id, f"{person.role}, {place}" if place else person.role))
    return sorted(found, key=lambda p: p[1])


def check_answer(asked: str, kind: AnswerKind, text: str) -> None:
    """Refuse an answer that what is asked (as `kind_of` names it) does not take, or that says too little or much."""
    if len(text) > MOST_WORDS:
        raise InputError(f"That is too long: {MOST_WORDS} characters at most.")
    if asked in ONE_ANSWER and kind is not AnswerKind.DONE:
        raise InputError("Choose one of the answers on the page.")
    if asked == "gate" and kind is AnswerKind.DONE:
        raise InputError("A gate is answered by a decision: changeflow gate decide. Say that you have seen it.")
    if asked in ("feedback", "sponsor") and not text.strip():
        raise InputError("Write a line or two.")
    if kind is AnswerKind.BLOCKED and not text.strip():
        raise InputError("Say in a line what is in the way.")
