"""Messages as pages show them: those sent, what people answered, and the switch.

No page says who has not answered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from changeflow.agenda.due import AnswerKind
from changeflow.agenda.reasons import Reason
from changeflow.reports.record import actor_in_words, moment_in_words
from changeflow.storage import agenda, answers, message_switch, messages, versions
from changeflow.storage.agenda import Carried
from changeflow.storage.custody import MachineState
from changeflow.storage.keys import key_of, recipient_of
from changeflow.usecases.custody import standing_of
from changeflow.usecases.visits import Visit
from changeflow.values.moments import format_day
from changeflow.values.words import Action

MOST_SENT, MOST_ANSWERS = 60, 60
"""How many messages and answers a page lists, the latest first."""
KINDS: dict[Reason, str] = {
    Reason.TASK: "Reminder of a task",
    Reason.DECISION: "Reminder of a decision",
    Reason.GATE: "Request to decide",
    Reason.EVIDENCE: "Request for evidence",
    Reason.TRAINING: "Reminder of training",
    Reason.CHECKPOINT: "Checkpoint after a go-live",
    Reason.ASSESSMENT: "Questions about the change",
    Reason.FEEDBACK: "Request for feedback on a pilot",
    Reason.SPONSOR: "Reminder to show support",
    Reason.COMMENT: "Notice of a comment",
    Reason.CONVERSATION: "Request to a manager to talk about workload",
}
STATES = {
    messages.OPEN: "Being sent",
    messages.SENT: "Sent",
    messages.PARKED: "May have been sent: someone must check",
    messages.FAILED: "Could not be delivered",
    messages.DROPPED: "Withdrawn before it was sent",
}
ANSWERED = {
    AnswerKind.ACKNOWLEDGED: "In hand",
    AnswerKind.DONE: "Done",
    AnswerKind.NOT_YET: "Not yet",
    AnswerKind.BLOCKED: "Something is holding it up",
    AnswerKind.DELEGATED: "Someone else should do this",
    AnswerKind.UNDONE: "Undid the answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLine:
    """One message, and what became of it."""

    who: str
    what: str
    more: int
    """How many other things are in the message."""
    state: str
    is_wrong: bool
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAnswer:
    """One answer to a message."""

    who: str
    what: str
    task: str
    """The task that it is about."""
    answer: str
    text: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesView:
    """The switch, and what was sent and answered."""

    is_on: bool
    switched: str
    """Who used the switch last, and when; empty if no one has."""
    last_switch: int
    """The number of its last use."""
    may_switch: bool
    is_stopped: bool
    """Whether nothing is sent because the database was restored, or moved to another machine."""
    sent: tuple[SentLine, ...]
    wrong_addresses: tuple[str, ...]
    """People whose address refuses messages, or who have none."""
    answers: tuple[MessageAnswer, ...]


def messages_view(visit: Visit) -> MessagesView:
    """Return the switch, the latest messages and the latest answers; the audit records who read answers."""
    visit.permit(Action.READ_MESSAGES)
    session, last = visit.session, message_switch.last_switched(visit.session, visit.name)
    given = tuple(_answers(visit))
    if given:
        visit.note_look("answers")
    return MessagesView(
        is_on=message_switch.are_on(session, visit.definition),
        switched=f"{actor_in_words(visit.programme, last.by)}, {moment_in_words(last.at)}" if last else "",
        last_switch=last.id if last else 0,
        may_switch=visit.may(Action.SWITCH_MESSAGES) and not visit.is_sandbox,
        is_stopped=not visit.is_sandbox and bool(standing_of(session, state := MachineState(visit.db), state.seen())),
        sent=tuple(_sent(visit)),
        wrong_addresses=tuple(_wrong_addresses(visit)),
        answers=given,
    )


def _sent(visit: Visit) -> Iterator[SentLine]:
    found = agenda.carried(visit.session, visit.name, most=MOST_SENT)
    for _, group in groupby(found, key=lambda c: c.message):
        own: Sequence[Carried] = list(group)
        first = own[0]
        yield SentLine(
            who=actor_in_words(visit.programme, first.person),
            what=KINDS[Reason(first.reason)] if Reason(first.reason) in _PRIVATE else first.title,
            more=len(own) - 1,
            state=STATES[first.state],
            is_wrong=first.state in (messages.PARKED, messages.FAILED),
            when=moment_in_words(first.sent_at or first.opened_at),
        )


_PRIVATE = (Reason.ASSESSMENT, Reason.CONVERSATION)
"""Reasons whose titles are not shown: they say nothing, or name a person."""


def _wrong_addresses(visit: Visit) -> Iterator[str]:
    contacts, key = versions.contacts(visit.session, visit.name), key_of(visit.session)
    here = [p.id for p in visit.definition.people if p.is_here(visit.today)]
    known = {p: recipient_of(key, visit.name, p, contacts.get(p)) for p in here}
    reach = answers.reach(visit.session, known.values())
    for person, recipient in known.items():
        contact = contacts.get(person)
        if contact is None or not contact.email:
            yield f"{visit.programme.person(person)}: no email address"
        elif recipient in reach and not reach[recipient].is_deliverable:
            yield f"{visit.programme.person(person)}: the address refuses messages"


def _answers(visit: Visit) -> Iterator[MessageAnswer]:
    programme = visit.programme
    for answer, text, at in answers.listed(visit.session, visit.name)[:MOST_ANSWERS]:
        task = programme.roadmap.tasks.get(answer.subject.partition("#")[0])
        if task is None:
            continue  # Whether someone answered about themselves is their own business.
        more = {
            AnswerKind.NOT_YET: f": by {format_day(answer.until)}" if answer.until else "",
            AnswerKind.DELEGATED: f": {actor_in_words(programme, answer.to)}" if answer.to else "",
        }.get(answer.kind, "")
        yield MessageAnswer(
            who=actor_in_words(programme, answer.person),
            what=task.name,
            task=task.id,
            answer=f"{ANSWERED[answer.kind]}{more}",
            text=text or "",
            when=moment_in_words(at),
        )
