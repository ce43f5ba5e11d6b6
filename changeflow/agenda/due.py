"""What is due: who is reminded of what, on which day, and at which escalation level.

Answers to nudges decide who is asked next, and how long reminders pause.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from changeflow.adkar.people import Contact, Person
from changeflow.agenda.reasons import REASONS, Reason, reason_of
from changeflow.calendar.working import WorkingCalendar
from changeflow.errors import InputError
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.definition import Definition
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.roadmap.model.tasks import Task
from changeflow.values.sentences import counted_sentence, sentence
from changeflow.values.words import Kind


class AnswerKind(StrEnum):
    """How a person can answer a nudge."""

    ACKNOWLEDGED = "acknowledged"
    """Seen and in hand: the person gets no more reminders for this due date. Others may still hear that it is late."""
    DONE = "done"
    NOT_YET = "not_yet"
    """It will be done by a later day, when reminders start again."""
    BLOCKED = "blocked"
    """Something is holding it up: the programme office can read what it is, and reminders pause."""
    DELEGATED = "delegated"
    """Another person is asked from now on."""
    UNDONE = "undone"
    """Their last answer about the same request no longer counts. No form offers it: they undo it on the page."""


CHOICES = tuple(kind for kind in AnswerKind if kind is not AnswerKind.UNDONE)
"""The answers that a form may give."""


FARTHEST_DAYS = 366
"""A promised day more than a year away is treated as a typing error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One person's answer to one request that is due on one day."""

    person: str
    subject: str
    due_on: date
    kind: AnswerKind
    on: date
    until: date | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class GivenAnswers:
    """All answers in a programme, in the order in which they arrived."""

    all: tuple[Answer, ...] = ()

    def about(self, subject: str, person: str) -> tuple[Answer, ...]:
        return tuple(a for a in self.all if a.subject == subject and a.person == person)

    def asked_now(self, subject: str, owner: str) -> str:
        """Return who is asked: the owner, or the person it was passed on to, and so on."""
        passed = {a.person: a.to for a in self.all if a.subject == subject and a.kind is AnswerKind.DELEGATED and a.to}
        seen = {owner}
        while (after := passed.get(owner)) is not None and after not in seen:
            seen.add(after)
            owner = after
        return owner

    def promised(self, subject: str, person: str) -> date | None:
        """Return the day by which a person said it would be done; the latest promise counts."""
        days = [a.until for a in self.about(subject, person) if a.kind is AnswerKind.NOT_YET and a.until]
        return days[-1] if days else None

    def is_acknowledged(self, subject: str, person: str, due_on: date) -> bool:
        return any(a.kind is AnswerKind.ACKNOWLEDGED and a.due_on == due_on for a in self.about(subject, person))

    def is_done(self, subject: str, person: str, due_on: date) -> bool:
        """Return whether a person has answered a request other than a task; progress says whether a task is done."""
        return any(a.kind is AnswerKind.DONE and a.due_on == due_on for a in self.about(subject, person))

    def last_block(self, subject: str, person: str) -> date | None:
        """Return the day on which a person last said that something is in the way."""
        days = [a.on for a in self.about(subject, person) if a.kind is AnswerKind.BLOCKED]
        return days[-1] if days else None


def standing(given: Iterable[Answer]) -> tuple[Answer, ...]:
    """Return the answers that were not undone, in order. Each undoing takes back the person's last one."""
    found: list[Answer] = []
    for answer in given:
        if answer.kind is not AnswerKind.UNDONE:
            found.append(answer)
            continue
        same = (answer.person, answer.subject)
        last = max((n for n, a in enumerate(found) if (a.person, a.subject) == same), default=None)
        if last is not None:
            del found[last]
    return tuple(found)


def check_postponing(
    answers: GivenAnswers, subject: str, person: str, until: date, *, today: date, at_most: int
) -> None:
    """Refuse a day in the past, a day more than a year away, and more than `at_most` postponements."""
    if until <= today:
        raise InputError(sentence("%(day)s is not in the future. Enter a later date, or mark it as done.", day=until))
    if (until - today).days > FARTHEST_DAYS:
        raise InputError(
            sentence("%(day)s is over a year away. Enter an earlier date, or say what is holding it up.", day=until)
        )
    before = sum(a.kind is AnswerKind.NOT_YET for a in answers.about(subject, person))
    if before >= at_most:
        raise InputError(
            counted_sentence(
                "You have already postponed this once. Please say what is holding it up.",
                "You have already postponed this %(num)s times. Please say what is holding it up.",
                before,
            )
        )


def check_passing_on(answers: GivenAnswers, subject: str, person: str, to: str, people: Iterable[str]) -> None:
    """Refuse to pass a request to oneself, to an unknown person, or to a person who has already passed it on."""
    if to not in set(people):
        raise InputError(sentence("Choose a person from the list."))
    passed = {a.person for a in answers.all if a.subject == subject and a.kind is AnswerKind.DELEGATED}
    if to == person:
        raise InputError(
            sentence("You cannot pass this to yourself. Choose another person, or say what is holding it up.")
        )
    if to in passed:
        raise InputError(
            sentence("That person has already passed this on. Choose another person, or say what is holding it up.")
        )


MOST_DAYS = 400
"""A person who is away for longer than this is still asked, so that their manager can deal with it."""


class PersonalDays:
    """One person's working days: school days for people in a school, office days for others."""

    def __init__(self, calendar: WorkingCalendar, person: Person, contact: Contact | None) -> None:
        self._calendar, self._person, self._contact = calendar, person, contact
        self._known: dict[date, bool] = {}

    def works_on(self, day: date) -> bool:
        if day not in self._known:
            away = self._contact is not None and self._contact.is_away(day)
            self._known[day] = self._calendar.works_on(day) and self._person.is_in(day) and not away
        return self._known[day]

    def after(self, day: date, days: int) -> date:
        """Return the day that is `days` of their working days after `day`, or before it if `days` is negative."""
        step = 1 if days >= 0 else -1
        left = abs(days)
        for _ in range(MOST_DAYS):
            if left == 0:
                break
            day = date.fromordinal(day.toordinal() + step)
            left -= self.works_on(day)
        return day


class PeoplesDays:
    """Everyone's working days, computed on first use."""

    def __init__(self, definition: Definition, contacts: Mapping[str, Contact]) -> None:
        self._calendars = Calendars.of(definition)
        self._people = {p.id: p for p in definition.people}
        self._contacts = contacts
        self._known: dict[str, PersonalDays] = {}

    def of(self, person: str) -> PersonalDays:
        if person not in self._known:
            who = self._people[person]
            schools = frozenset({who.school} if who.school else ())
            key = self._calendars.key("term" if schools else "office", schools)
            self._known[person] = PersonalDays(self._calendars.get(key), who, self._contacts.get(person))
        return self._known[person]


TO_MANAGER, TO_SRO = 3, 4
"""The escalation levels that go to the line manager or lead provider, and into the SRO's report."""
ANSWERED = {Kind.GO_LIVE, Kind.SYSTEM_LIVE, Kind.DECISION}
"""Kinds of milestone that a person must confirm; any other has happened once its predecessors have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One item that is due. Its key is the same each time that it is found."""

    reason: Reason
    subject: str
    """The task's id; for a request about a task, its id with `#evidence` or `#feedback`; `sponsor`; `round/3`."""
    person: str | None
    """The recipient; None at the level that goes into the SRO's report."""
    level: int
    due_on: date
    """The last day of the task, inclusive."""
    priority: int
    """Total float in working minutes: the less float, the more important."""
    asked: str = ""
    """The person asked, even if their manager is the recipient; not part of the key."""

    @property
    def key(self) -> str:
        return f"{self.subject}|{self.person or 'sro'}|{self.level}|{self.due_on.isoformat()}"

    @property
    def task(self) -> str:
        """The id of the task that it is about, if there is one."""
        return self.subject.partition("#")[0]


@dataclass(frozen=True, slots=True)
class Invited:
    """The last calendar entry that a person was sent for a checkpoint."""

    due_on: date
    times: int
    """The number of invitations and cancellations so far: the next one's sequence number (RFC 5545, 3.8.7.4)."""
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class Readers:
    """How people can be reached, and their answers; these decide who is reminded and when."""

    contacts: Mapping[str, Contact]
    answers: GivenAnswers = field(default_factory=GivenAnswers)
    invited: Mapping[tuple[str, str], Invited] = field(default_factory=dict)
    """By checkpoint and person: the last entry sent to their calendar."""

    def is_here(self, person: str) -> bool:
        """Return whether a person is still here: people who have left get no reminders."""
        contact = self.contacts.get(person)
        return contact is None or contact.is_active


NO_READERS = Readers({})


def due_things(programme: Programme, *, today: date, readers: Readers = NO_READERS) -> tuple[Due, ...]:
    """Return what is due on `today`, by priority: each open task at its highest level only.

    When a task reaches the SRO's report, the reminder of the level below is also due, so that someone is told even if
    ticks were missed.

    Only tasks that can be worked on are due: started, or with every predecessor done. Their due date depends on
    their predecessors, never on today's date: a task that no one starts is late, and does not slip unnoticed.
    """
    path = escalation_path_of(programme, today)
    days = PeoplesDays(programme.definition, readers.contacts)
    schedule = programme.unslipped.schedule
    found: list[Due] = []
    for task in programme.tasks():
        if is_open(programme, task):
            found += _of_task(programme, schedule, task, path, today, readers, days)
    return tuple(sorted(found, key=lambda d: (d.priority, d.key)))


def escalation_path_of(programme: Programme, today: date) -> list[int]:
    return [int(n) for n in programme.rulepacks.entry("nudges", "ladder", on=today).value]


def due_days(programme: Programme) -> dict[str, date]:
    """Return the due date of every open task."""
    schedule = programme.unslipped.schedule
    return {t.id: due_day(schedule, t) for t in programme.tasks() if is_open(programme, t)}


def _of_task(
    programme: Programme,
    schedule: Schedule,
    task: Task,
    path: list[int],
    today: date,
    readers: Readers,
    everybody: PeoplesDays,
) -> Iterator[Due]:
    people = {p.id: p for p in programme.definition.people}
    owner = people.get(task.owner or "")
    if owner is None:
        return
    asked = people.get(readers.answers.asked_now(task.id, owner.id), owner)
    days = everybody.of(asked.id)
    ask = Due(
        reason=reason_of(task),
        subject=task.id,
        person=None,
        level=TO_SRO,
        due_on=due_day(schedule, task),
        priority=programme.timed(task.id).total_float if programme.schedule else schedule[task.id].total_float,
        asked=asked.id,
    )
    if _reached(days, ask.due_on, path, today) >= TO_SRO:
        # The SRO's report shows the planned day, even if the person has promised another.
        yield ask
    promised = readers.answers.promised(task.id, asked.id)
    if promised:
        ask = replace(ask, due_on=max(ask.due_on, promised))
    level = _reached(days, ask.due_on, path, today)
    if level < 0 or (promised and today < promised) or _rests(programme, readers, ask, level, days, today):
        return
    person = _recipient(programme, task, asked, level)
    if readers.is_here(person):
        yield replace(ask, person=person, level=min(level, TO_MANAGER))


def climb(
    programme: Programme, ask: Due, person: Person, days: PersonalDays, *, today: date, readers: Readers
) -> Iterator[Due]:
    """Yield a request other than a task at the level it has reached; some are never escalated."""
    level = _reached(days, ask.due_on, escalation_path_of(programme, today), today)
    if not REASONS[ask.reason].is_escalated:
        level = min(level, TO_MANAGER - 1)
    if level < 0 or not readers.is_here(person.id) or _rests(programme, readers, ask, level, days, today):
        return
    to = None if level >= TO_SRO else person.manager or person.id if level == TO_MANAGER else person.id
    yield replace(ask, person=to, level=level, asked=person.id)


def _reached(days: PersonalDays, due_on: date, path: list[int], today: date) -> int:
    """Return the highest level that is reached, or -1."""
    return max((level for level, after in enumerate(path) if days.after(due_on, after) <= today), default=-1)


def _rests(programme: Programme, readers: Readers, ask: Due, level: int, days: PersonalDays, today: date) -> bool:
    """Return whether an answer pauses reminders: “seen” until the task is escalated, a block for some days."""
    answers = readers.answers
    if answers.is_done(ask.subject, ask.asked, ask.due_on):
        return True
    if level < TO_MANAGER and answers.is_acknowledged(ask.subject, ask.asked, ask.due_on):
        return True
    blocked = answers.last_block(ask.subject, ask.asked)
    rest = programme.rulepacks.number("nudges", "rest_days", on=today)
    return blocked is not None and today < days.after(blocked, rest)


def is_open(programme: Programme, task: Task) -> bool:
    """Return whether a task has an owner, is not done, and can be worked on."""
    return task.owner is not None and task.id not in {m.task for m in programme.milestones} and in_hand(programme, task)


def is_work(task: Task) -> bool:
    """Return whether people do or confirm a task; other milestones have happened once their predecessors have."""
    return not task.is_milestone or task.kind in ANSWERED


def in_hand(programme: Programme, task: Task) -> bool:
    """Return whether a task is not done and can be worked on, with or without an owner."""
    progress = programme.roadmap.progress
    if not is_work(task):
        return False
    if (own := progress.get(task.id)) is not None:
        return not own.is_done
    return all((before := progress.get(p)) and before.is_done for p in programme.graph.predecessors(task.id))


def due_day(schedule: Schedule, task: Task) -> date:
    return schedule[task.id].last_day


def _recipient(programme: Programme, task: Task, owner: Person, level: int) -> str:
    if level >= TO_MANAGER:
        lead = programme.service(task.service).lead_provider if task.service else None
        return owner.manager or (lead.person if lead else owner.id)
    return owner.id


def late_in_report(programme: Programme, *, today: date) -> Iterator[Due]:
    """Yield what has reached the level that the SRO's report lists."""
    return (d for d in due_things(programme, today=today) if d.level >= TO_SRO)
