"""What each entry of the audit says in words, for the record that people read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from changeflow.pilots.entries import Signature
from changeflow.programme.permission_table import TABLE
from changeflow.programme.programme import Programme
from changeflow.rules.titles import titled
from changeflow.values.words import Action, Kind


class RecordKind(StrEnum):
    """What entries are about, for the filter."""

    PLAN = "plan"
    DATES = "dates"
    PROGRESS = "progress"
    DECISIONS = "decisions"
    PILOTS = "pilots"
    PEOPLE = "people"
    MESSAGES = "messages"
    REPORTS = "reports"
    SYSTEM = "system"
    READING = "reading"

    @property
    def words(self) -> str:
        return _TITLES[self]


_TITLES: Mapping[RecordKind, str] = {
    RecordKind.PLAN: "Plan and roles",
    RecordKind.DATES: "Baselines and announced dates",
    RecordKind.PROGRESS: "Progress and training",
    RecordKind.DECISIONS: "Decisions",
    RecordKind.PILOTS: "Pilots and parallel runs",
    RecordKind.PEOPLE: "Assessments and data about people",
    RecordKind.MESSAGES: "Messages and answers",
    RecordKind.REPORTS: "Reports and calculations",
    RecordKind.SYSTEM: "Running changeflow",
    RecordKind.READING: "Sign-ins and page views",
}


@dataclass(frozen=True, slots=True)
class About:
    """What an entry is about: its words, and its page below the programme's; either may be empty."""

    words: str = ""
    path: str = ""


Read = Callable[[str, Programme], About]
"""Reads the subject of an entry."""


@dataclass(frozen=True, slots=True)
class EntryWords:
    """How to describe one action. `text` has a place for what the entry is about."""

    kind: RecordKind
    text: str
    about: Read = lambda _, __: About()


def entry_words(action: str, subject: str, programme: Programme) -> tuple[str, About]:
    """Return an entry in words, without who and when, and what it is about."""
    words = words_of(action)
    about = words.about(subject, programme)
    return words.text.format(about.words).strip(), about


def words_of(action: str) -> EntryWords:
    """Return the words of an action; an unknown one is from a later release."""
    return WORDS.get(action, EntryWords(RecordKind.SYSTEM, "Made a change that this release does not recognise"))


def actions_of(kind: RecordKind) -> tuple[str, ...]:
    return tuple(action for action, words in WORDS.items() if words.kind is kind)


def _task(subject: str, programme: Programme) -> About:
    name = subject.removeprefix("checkpoint:").removeprefix("go-no-go:")
    task = programme.roadmap.tasks.get(name)
    if task is None:
        return About(subject if subject.endswith(" tasks") else "a task that is no longer in the plan")
    return About(f"“{task.name}”", f"/{'decisions' if task.kind is Kind.DECISION else 'plan'}/{name}")


def _version(subject: str, _: Programme) -> About:
    number = subject.partition("version:")[2].partition(":")[0]
    return About(number, f"/record/versions/{number}" if number.isdigit() else "")


def _leaver(subject: str, programme: Programme) -> About:
    return About(programme.the_person(subject.partition(":")[0]))


def _waiver(subject: str, programme: Programme) -> About:
    about = _version(subject, programme)
    return About(titled(subject.split(":")[1]), about.path)


def _number(subject: str, _: Programme) -> About:
    return About(subject.partition(":")[2])


def _report(subject: str, _: Programme) -> About:
    number = subject.partition(":")[2]
    return About(number, f"/reports/{number}")


def _service(subject: str, programme: Programme) -> About:
    return About(programme.service_name(subject.partition(":")[0]))


def _signature(subject: str, programme: Programme) -> About:
    """Say whether the go-live was signed off; a withdrawn answer is no longer known."""
    service, _, number = subject.partition(":")
    for entry in programme.facts.pilot:
        if isinstance(entry, Signature) and (entry.service, str(entry.number)) == (service, number):
            gate = _task(entry.gate, programme)
            return About(f"{'Signed off' if entry.agrees else 'Refused to sign off'} {gate.words}", gate.path)
    return About(f"Answered a request to sign off {_service(subject, programme).words}")


def _person(subject: str, programme: Programme) -> About:
    name = subject.removeprefix("person:")
    is_known = any(p.id == name for p in programme.definition.people)
    return About(programme.the_person(name) if is_known else "someone who is no longer in the programme")


def _calculation(subject: str, _: Programme) -> About:
    if subject == "messages":
        return About("next week’s messages", "/people/messages/week")
    if subject == "recovery":
        return About("recovery options", "/recovery")
    if subject == "draft-odds":
        return About("the likelihood of a draft’s dates", "/drafts")
    named = {"waves": "wave proposals", "odds": "the likelihood of dates", "levelling": "team workload"}
    return About(named.get(subject, ""), "/calculations")


def _refused(subject: str, _: Programme) -> About:
    known = {action.value: action for action in Action}
    return About(TABLE[known[subject]].what() if subject in known else "sign in")


def _way_in(subject: str, _: Programme) -> About:
    return About(
        {
            "provider": "with the organisation's account",
            "link": "by a link in an email",
            "sandbox": "by a printed link",
            "machine": "on the server itself",
        }.get(subject, "")
    )


def _look(subject: str, programme: Programme) -> About:
    kind, _, rest = subject.partition(":")
    if kind == "go-no-go":
        return About(f"the evidence for {_task(subject, programme).words}", _task(subject, programme).path)
    if kind == "report":
        return About("a report", f"/reports/{rest}" if rest.isdigit() else "")
    if kind == "run":
        return About(f"individual contracts of {_service(rest, programme).words}")
    named = {
        "round": "group results",
        "facts": "recorded facts",
        "answers": "answers to messages",
        "letters": "the list of next week’s messages",
        "letter": "a message before it is sent",
    }
    return About(named.get(kind, "data about people"))


def _plan(text: str, about: Read = lambda _, __: About()) -> EntryWords:
    return EntryWords(RecordKind.PLAN, text, about)


def _pilot(text: str) -> EntryWords:
    return EntryWords(RecordKind.PILOTS, text, _service)


def _decided(text: str) -> EntryWords:
    return EntryWords(RecordKind.DECISIONS, text, _task)


def _progress(text: str, about: Read = _task) -> EntryWords:
    return EntryWords(RecordKind.PROGRESS, text, about)


def _people(text: str, about: Read = lambda _, __: About()) -> EntryWords:
    return EntryWords(RecordKind.PEOPLE, text, about)


def _message(text: str, about: Read = lambda _, __: About()) -> EntryWords:
    return EntryWords(RecordKind.MESSAGES, text, about)


def _system(text: str, about: Read = lambda _, __: About()) -> EntryWords:
    return EntryWords(RecordKind.SYSTEM, text, about)


WORDS: Mapping[str, EntryWords] = {
    "apply": _plan("Stored version {} of the plan", _version),
    "edit": _plan("Changed the plan: version {}", _version),
    "edit:undo": _plan("Undid an earlier version: version {}", _version),
    "cohort": _plan("Chose the pilot’s schools, in version {}", _version),
    "contacts": _plan("Updated contact details"),
    "hand-over": _plan("Handed over the work of {}", _leaver),
    "add-person": _plan("Added {} to the people of the programme", _person),
    "change-person": _plan("Changed the details of {}", _person),
    "change-address": _plan("Changed the email address of {}", _person),
    "roles": _plan("Changed who may do what, in version {}", _version),
    "waiver": _plan("Recorded a waiver of the rule {}", _waiver),
    "baseline": EntryWords(RecordKind.DATES, "Set baseline {}", _number),
    "announce": EntryWords(RecordKind.DATES, "Announced go-live dates of {}", _service),
    "progress": _progress("Reported progress on {}"),
    "not-yet": _progress("Recorded a later date for {}"),
    "comment": _progress("Commented on {}"),
    "evidence": _progress("Added evidence about {}"),
    "checkpoint": _progress("Reported {}"),
    "attendance": _progress("Recorded attendance at training", lambda _, __: About()),
    "gate:approve": _decided("Recorded approval of {}"),
    "gate:approve_with_conditions": _decided("Recorded conditional approval of {}"),
    "gate:reject": _decided("Recorded rejection of {}"),
    "confidence": EntryWords(RecordKind.DECISIONS, "Set the delivery confidence"),
    "sponsor": EntryWords(RecordKind.DECISIONS, "Recorded visible support by the sponsor or a change lead"),
    "withdraw": EntryWords(RecordKind.DECISIONS, "Withdrew a record"),
    "reconcile": _pilot("Recorded the results of a parallel run of {}"),
    "ledgers:upload": _pilot("Uploaded both outputs of a parallel run of {}"),
    "ledgers:compare": _pilot("Compared uploaded outputs of {} again"),
    "ledgers:stop": _pilot("Stopped comparing outputs of {}"),
    "ledgers:delete": _pilot("Deleted uploaded outputs of {}"),
    "submit": _pilot("Recorded a filing of {}"),
    "measure": _pilot("Recorded a result of the pilot of {}"),
    "pilot:explanation": _pilot("Explained differences in the parallel run of {}"),
    "pilot:issue": _pilot("Raised an issue with {}"),
    "pilot:issue_update": _pilot("Updated an issue with {}"),
    "pilot:feedback": _pilot("Recorded feedback on {}"),
    "pilot:improvement": _pilot("Planned an improvement to {}"),
    "pilot:improvement_made": _pilot("Finished an improvement to {}"),
    "pilot:lesson": _pilot("Proposed a lesson from {}"),
    "pilot:lesson-accepted": _pilot("Accepted a lesson from {}"),
    "pilot:lesson-declined": _pilot("Declined a lesson from {}"),
    "pilot:again": _pilot("Repeated a pilot or parallel run of {}"),
    "pilot:confirmation": _pilot("Confirmed an item on the go-live checklist for {}"),
    "pilot:signature": EntryWords(RecordKind.PILOTS, "{}", _signature),
    "pilot:test": _pilot("Recorded a test of {}"),
    "assess": _people("Received assessment answers"),
    "publish": _people("Published group results"),
    "publish:again": _people("Published results again after a restore"),
    "person:request": _people("Recorded a person’s request about their data"),
    "person:extended": _people("Extended the time to answer a person’s request about their data"),
    "person:answered": _people("Recorded the answer to a person’s request about their data"),
    "person:export": _people("Exported everything stored about a person"),
    "person:erase": _people("Erased everything stored about a person"),
    "retention": _people("Deleted data at the end of its retention period"),
    "export": _people("Exported names, addresses or contracts"),
    "calendar": _people("Exported the calendar of {}", _person),
    "message:open": _message("Prepared a message"),
    "message:sent": _message("Sent a message"),
    "message:parked": _message("Set a message aside, because it may have been sent"),
    "message:failed": _message("Could not send a message"),
    "message:dropped": _message("Dropped a message that was no longer needed"),
    "message:undeliverable": _message("Found an address that does not accept messages"),
    "nudge:withdraw": _message("Withdrew reminders that were no longer needed"),
    "answer": _message("Answered a message"),
    "answer:acknowledged": _message("Answered a message: in hand"),
    "answer:done": _message("Answered a message: done"),
    "answer:not_yet": _message("Answered a message: not yet"),
    "answer:blocked": _message("Answered a message: something is holding it up"),
    "answer:delegated": _message("Answered a message: someone else should do this"),
    "undo": _message("Undid an answer"),
    "messages:on": _message("Switched the programme’s messages on"),
    "messages:off": _message("Switched the programme’s messages off"),
    "message:test": _message("Sent a message to themselves as a test"),
    "optional:off": _message("Switched optional messages off"),
    "optional:on": _message("Switched optional messages on"),
    "report": EntryWords(RecordKind.REPORTS, "Issued report {}", _report),
    "calculate": EntryWords(RecordKind.REPORTS, "Started a calculation: {}", _calculation),
    "stop-calculation": EntryWords(RecordKind.REPORTS, "Stopped a calculation: {}", _calculation),
    "odds": EntryWords(RecordKind.REPORTS, "Saved a calculation of how likely each date is"),
    "tick": _system("Worked out what is due"),
    "seal": _system("Sealed the record after an upgrade"),
    "key": _system("Made a new key for the database"),
    "anchor:accept": _system("Accepted the record as it is outside the database"),
    "db:restored": _system("Found that the database was restored from a copy"),
    "db:release": _system("Released the database after a restore"),
    "db:join": _system("Registered the database on a machine"),
    "token": _system("Made or withdrew a token for another program"),
    "invite": _system("Invited {} to sign in", _person),
    "withdraw-invitation": _system("Withdrew the invitation of {}", _person),
    "end-session": _system("Ended a session of {}", _person),
    "release-address": _system("Let another account use the address of {}", _person),
    "sign-in": EntryWords(RecordKind.READING, "Signed in {}", _way_in),
    "look": EntryWords(RecordKind.READING, "Read {}", _look),
    "refused": EntryWords(RecordKind.READING, "Was refused: {}", _refused),
}
"""Every action of the audit."""
