"""Due things: who is to be reminded of what, on which of their days and which level of the escalation path.

What people answered to nudges decides who is asked now, and until when nobody is.
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
from changeflow.values.words import Kind


class AnswerKind(StrEnum):
    """What a person can say to a nudge."""

    ACKNOWLEDGED = "acknowledged"
    """Seen, and in hand: no reminder more for this due day. That it is late may still be said to others."""
    DONE = "done"
    NOT_YET = "not_yet"
    """Done by a later day, which is when reminders begin again."""
    BLOCKED = "blocked"
    """Something stands in the way: the programme office hears of it, and reminders rest for a while."""
    DELEGATED = "delegated"
    """Somebody else is asked from now on."""


FARTHEST_DAYS = 366
"""A day farther away than a year is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, of one person, to one thing that is due on one day."""

    person: str
    subject: str
    due_on: date
    kind: AnswerKind
    on: date
    until: date | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class GivenAnswers:
    """All answers of a programme, in the order in which they came."""

    all: tuple[Answer, ...] = ()

    def about(self, subject: str, person: str) -> tuple[Answer, ...]:
        return tuple(a for a in self.all if a.subject == subject and a.person == person)

    def asked_now(self, subject: str, owner: str) -> str:
        """Return who is asked: the owner, or whom they passed it on to, and so on."""
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
        """Tell whether a person did what they were asked beside their tasks; that a task is done, progress says."""
        return any(a.kind is AnswerKind.DONE and a.due_on == due_on for a in self.about(subject, person))

    def last_block(self, subject: str, person: str) -> date | None:
        """Return the day on which a person last said that something stands in the way."""
        days = [a.on for a in self.about(subject, person) if a.kind is AnswerKind.BLOCKED]
        return days[-1] if days else None


def check_postponing(
    answers: GivenAnswers, subject: str, person: str, until: date, *, today: date, at_most: int
) -> None:
    """Refuse a day that has passed, one that is years away, and putting off more than `at_most` times."""
    if until <= today:
        raise InputError(f"{until:%d %B %Y} has passed. Give a day after today, or say that it is done.")
    if (until - today).days > FARTHEST_DAYS:
        raise InputError(
            f"{until:%d %B %Y} is more than a year away. Give a nearer day, or say what stands in the way."
        )
    before = sum(a.kind is AnswerKind.NOT_YET for a in answers.about(subject, person))
    if before >= at_most:
        raise InputError("This has been put off often enough. Please say what stands in the way: it is time to talk.")


def check_passing_on(answers: GivenAnswers, subject: str, person: str, to: str, people: Iterable[str]) -> None:
    """Refuse to pass something on to oneself, to nobody known, or to whoever has passed it on before."""
    if to not in set(people):
        raise InputError("Choose somebody of the list: nobody of that name has a part in this programme.")
    passed = {a.person for a in answers.all if a.subject == subject and a.kind is AnswerKind.DELEGATED}
    if to == person or to in passed:
        raise InputError("They have passed it on themselves. Choose somebody else, or say what stands in the way.")


MOST_DAYS = 400
"""Whoever is away for more than a year is asked nevertheless: it is for their manager by then."""


class PersonalDays:
    """One person's working days: school days for those in a school, the office's for others."""

    def __init__(self, calendar: WorkingCalendar, person: Person, contact: Contact | None) -> None:
        self._calendar, self._person, self._contact = calendar, person, contact

    def works_on(self, day: date) -> bool:
        away = self._contact is not None and self._contact.is_away(day)
        return self._calendar.works_on(day) and self._person.is_in(day) and not away

    def after(self, day: date, days: int) -> date:
        """Return the day so many of their working days after another; before it, where they are negative."""
        step = 1 if days >= 0 else -1
        left = abs(days)
        for _ in range(MOST_DAYS):
            if left == 0:
                break
            day = date.fromordinal(day.toordinal() + step)
            left -= self.works_on(day)
        return day


class PeoplesDays:
    """Everybody's days, each worked out when somebody asks."""

    def __init__(self, definition: Definition, contacts: Mapping[str, Contact]) -> None:
        self._calendars = Calendars(definition)
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
"""Kinds of milestone that somebody has to confirm; any other has happened when its predecessors have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing that is due. Its key is the same each time that it is found."""

    reason: Reason
    subject: str
    """The task's id; of what is asked about a task, its id and `#evidence` or `#feedback`; `sponsor`; `round/3`."""
    person: str | None
    """The person to tell; None on the level that goes into the SRO's report."""
    level: int
    due_on: date
    """The last day of the task, inclusive."""
    priority: int
    """Total float in working minutes: the smaller, the more it matters."""
    asked: str = ""
    """Whose it is, also where their manager is told; not part of the key."""

    @property
    def key(self) -> str:
        return f"{self.subject}|{self.person or 'sro'}|{self.level}|{self.due_on.isoformat()}"

    @property
    def task(self) -> str:
        """The task that it is about, where it is about one."""
        return self.subject.partition("#")[0]


@dataclass(frozen=True, slots=True)
class Invited:
    """What somebody's calendar was sent of a checkpoint."""

    due_on: date
    times: int
    """Invitations and withdrawals so far: the next one's sequence (RFC 5545, 3.8.7.4)."""
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class Readers:
    """How people can be reached, and what they have answered: what moves who is reminded, and when."""

    contacts: Mapping[str, Contact]
    answers: GivenAnswers = field(default_factory=GivenAnswers)
    invited: Mapping[tuple[str, str], Invited] = field(default_factory=dict)
    """To which checkpoint, and whom: the last that their calendar was sent of it."""

    def is_here(self, person: str) -> bool:
        """Nobody is reminded who has left."""
        contact = self.contacts.get(person)
        return contact is None or contact.is_active


NOBODY_ANSWERED = Readers({})


def due_things(programme: Programme, *, today: date, readers: Readers = NOBODY_ANSWERED) -> tuple[Due, ...]:
    """Return what is due on `today`, by priority: for each open task its highest level alone.

    Only tasks that can be worked on are due: started, or with every predecessor done. Their due day follows from what
    has happened before them, never from today: a task that nobody starts is late, it does not slip unseen.
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
    """Return the due day of every open task."""
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
        # What the SRO reads is the plan's own day, whatever was promised since.
        yield ask
        return
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
    """Yield what people are asked for besides their tasks, at the level reached; some are never escalated."""
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
    """Tell whether an answer keeps reminders back: in hand, until others hear that it is late; blocked, for days."""
    answers = readers.answers
    if answers.is_done(ask.subject, ask.asked, ask.due_on):
        return True
    if level < TO_MANAGER and answers.is_acknowledged(ask.subject, ask.asked, ask.due_on):
        return True
    blocked = answers.last_block(ask.subject, ask.asked)
    rest = programme.rulepacks.number("nudges", "rest_days", on=today)
    return blocked is not None and today < days.after(blocked, rest)


def is_open(programme: Programme, task: Task) -> bool:
    """Tell whether a task is somebody's, not done, and can be worked on."""
    return task.owner is not None and task.id not in {m.task for m in programme.milestones} and in_hand(programme, task)


def is_work(task: Task) -> bool:
    """Tell whether people do it, or confirm it: other milestones have happened when their predecessors have."""
    return not task.is_milestone or task.kind in ANSWERED


def in_hand(programme: Programme, task: Task) -> bool:
    """Tell whether a task is not done and can be worked on, whoever does it."""
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
    """Yield what reached the level that the SRO's report lists."""
    return (d for d in due_things(programme, today=today) if d.level >= TO_SRO)
