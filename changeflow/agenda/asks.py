"""Requests other than tasks (evidence, feedback, assessments and so on), and which answers they accept."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from changeflow.adkar.people import Contact
from changeflow.agenda.criteria import State, awaited
from changeflow.agenda.due import (
    NO_READERS,
    TO_SRO,
    AnswerKind,
    Due,
    Invited,
    PeoplesDays,
    Readers,
    climb,
    due_day,
    is_open,
)
from changeflow.agenda.gates import weigh
from changeflow.agenda.notices import COMMENT
from changeflow.agenda.reasons import Reason
from changeflow.errors import InputError
from changeflow.programme.names import with_place
from changeflow.programme.programme import Programme
from changeflow.roadmap.engine.cpm import Schedule
from changeflow.rules.engine import Judged
from changeflow.rules.people import SCHOOL_WEEK, last_seen, school_days
from changeflow.values.sentences import sentence
from changeflow.values.words import Kind

HORIZON_WEEKS = 8
"""The sponsor is asked for visible support once it is due within this time."""
LATE_ANSWERS = timedelta(weeks=1)
"""How long after its due date a round still accepts answers: our own choice."""
EVIDENCE, FEEDBACK, ROUND, SPONSOR = "evidence", "feedback", "round/", "sponsor"
INVITATION, CANCELLATION = "invitation", "cancellation"


def asks(judged: Judged, *, today: date, readers: Readers = NO_READERS) -> tuple[Due, ...]:
    """Return the requests other than tasks on `today`, in the order in which they are due."""
    programme = judged.programme
    people = {p.id: p for p in programme.definition.people}
    days = PeoplesDays(programme.definition, readers.contacts)
    found: list[Due] = []
    schedule = programme.unslipped.schedule
    wanted = (
        *_evidence(judged, schedule, today),
        *_feedback(programme, schedule),
        *_rounds(programme, today),
        *_acts(programme),
    )
    for ask in wanted:
        if (person := people.get(ask.person or "")) is not None:
            found += climb(programme, ask, person, days.of(person.id), today=today, readers=readers)
    found += (i for i in invitations(programme, schedule, today, readers) if i.person in people)
    return tuple(sorted(found, key=lambda d: (d.due_on, d.key)))


def asks_of(judged: Judged, person: str, *, today: date, readers: Readers = NO_READERS) -> Iterator[Due]:
    """Yield the open requests to one person other than tasks, whether or not the person is reminded of them today."""
    programme = judged.programme
    schedule = programme.unslipped.schedule
    wanted = (
        *_evidence(judged, schedule, today),
        *_feedback(programme, schedule),
        *_rounds(programme, today),
        *_acts(programme),
    )
    for ask in wanted:
        if ask.person == person and not readers.answers.is_done(ask.subject, person, ask.due_on):
            yield ask


def invitations(programme: Programme, schedule: Schedule, today: date, readers: Readers) -> Iterator[Due]:
    """Invite a checkpoint's owner after its go-live and when it moves; cancel invitations that no longer apply."""
    wanted: set[tuple[str, str]] = set()
    for task in programme.tasks(kind=Kind.CHECKPOINT):
        if task.owner is None or not is_open(programme, task):
            continue
        person, day = readers.answers.asked_now(task.id, task.owner), due_day(schedule, task)
        wanted.add((task.id, person))
        known = readers.invited.get((task.id, person))
        is_news = known is None or known.is_cancelled or known.due_on != day
        if is_news and day >= today and readers.is_here(person):
            yield _of_a_calendar(task.id, INVITATION, known, person, day)
    for (task_id, person), known in readers.invited.items():
        if (task_id, person) not in wanted and not known.is_cancelled and known.due_on > today:
            yield _of_a_calendar(task_id, CANCELLATION, known, person, known.due_on)


def _of_a_calendar(task: str, what: str, known: Invited | None, person: str, day: date) -> Due:
    # Numbered, so that a checkpoint that moves back to an earlier day is announced again.
    return _ask(Reason.CHECKPOINT, f"{task}#{what}-{known.times if known else 0}", person, day, 0)


def about_calendar(subject: str) -> str:
    """Return `invitation` or `cancellation` for a nudge about a calendar entry, otherwise an empty string."""
    about = subject.partition("#")[2].partition("-")[0]
    return about if about in (INVITATION, CANCELLATION) else ""


def _evidence(judged: Judged, schedule: Schedule, today: date) -> Iterator[Due]:
    """Ask for missing evidence of gates that are due soon.

    The lead provider of the service is asked; before a go-live, so are the people who have not yet signed or confirmed
    an item.
    """
    programme = judged.programme
    weeks = programme.rulepacks.number("nudges", "evidence_weeks", on=today)
    for gate in programme.tasks(kind=Kind.DECISION):
        lead = programme.service(gate.service).lead_provider if gate.service else None
        due_on = schedule[gate.id].last_day
        if lead is None or programme.is_done(gate.id) or not today <= due_on <= today + timedelta(weeks=weeks):
            continue
        criteria = weigh(judged, gate.id).criteria
        if any(c.state in (State.BLOCKS, State.OPEN) and not c.with_owner for c in criteria):
            priority = schedule[gate.id].total_float
            subject = f"{gate.id}#{EVIDENCE}"
            for person in dict.fromkeys((lead.person, *awaited(programme, gate))):
                yield _ask(Reason.EVIDENCE, subject, person, due_on, priority)


def _feedback(programme: Programme, schedule: Schedule) -> Iterator[Due]:
    """Ask the people that a running pilot reaches, and the service's team, for feedback by its end."""
    for pilot in programme.tasks(kind=Kind.PILOT):
        begun = programme.roadmap.progress.get(pilot.id)
        if begun is None or begun.is_done:
            continue
        due_on = schedule[pilot.id].last_day
        service = programme.service(pilot.service) if pilot.service else None
        team = {m.person for m in service.team.members} if service and service.team else set()
        for person in programme.definition.people:
            is_user = person.school in pilot.schools and person.is_reached_by(pilot.service or "")
            if is_user or person.id in team:
                yield _ask(Reason.FEEDBACK, f"{pilot.id}#{FEEDBACK}", person.id, due_on, 0)


def _rounds(programme: Programme, today: date) -> Iterator[Due]:
    """Ask everyone that the change reaches for an assessment, once in each round."""
    number = _round_number(programme, today)
    if number is None:
        return
    name, due_on = round_name(number), _due_on(programme, number)
    answered = programme.facts.answered.get(name, frozenset())
    for person in programme.definition.people:
        if person.id not in answered and today <= due_on + LATE_ANSWERS:
            yield _ask(Reason.ASSESSMENT, f"{ROUND}{number}", person.id, due_on, 0)


def open_round(programme: Programme, today: date) -> str | None:
    """Return the round in which people may still answer, from its opening until its links expire."""
    number = _round_number(programme, today)
    if number is None:
        return None
    return round_name(number) if today <= _due_on(programme, number) + LATE_ANSWERS else None


def _round_number(programme: Programme, today: date) -> int | None:
    """Return the number of the latest round, from 1; None before the first, or if the programme opens none."""
    weeks, start = programme.policy.assess_every_weeks, programme.definition.programme.start
    if weeks is None or today < start:
        return None
    return (today - start).days // (7 * weeks) + 1


def _due_on(programme: Programme, number: int) -> date:
    weeks = (programme.policy.assess_every_weeks or 0) * (number - 1) + programme.policy.assessment_open_weeks
    return programme.definition.programme.start + timedelta(weeks=weeks)


def round_name(number: int) -> str:
    """Return the name of a round that the programme opened itself."""
    return f"round-{number}"


def _acts(programme: Programme) -> Iterator[Due]:
    """Ask the sponsor for visible support before too much time has passed without any (R17)."""
    sponsor, facts = programme.definition.programme.sponsor, programme.facts
    if sponsor is None or not facts.progress:
        return
    due_on, _ = last_seen(programme, sponsor)
    left = SCHOOL_WEEK * programme.policy.sponsor_acts_within_school_weeks
    while left > 0 and due_on < programme.on + timedelta(weeks=HORIZON_WEEKS):
        due_on += timedelta(days=1)
        left -= school_days(programme, due_on - timedelta(days=1), due_on)
    if left == 0:
        yield _ask(Reason.SPONSOR, SPONSOR, sponsor.person, due_on, 0)


def _ask(reason: Reason, subject: str, person: str, due_on: date, priority: int) -> Due:
    return Due(reason=reason, subject=subject, person=person, level=0, due_on=due_on, priority=priority, asked=person)


CONVERSATION = "conversation/"
FRIDAY = 4


def conversations(programme: Programme, due: Iterable[Due], *, today: date, readers: Readers) -> Iterator[Due]:
    """Ask managers, once a week, to talk to each person in their team who has many requests at once.

    This counts requests, never scores or missing answers. The threshold is in the rulepack `nudges`.
    """
    many = programme.rulepacks.number("nudges", "saturated_from", on=today)
    loads = Counter(thing.asked for thing in due if thing.level < TO_SRO)
    by_friday = today + timedelta(days=(FRIDAY - today.weekday()) % 7)
    for person in programme.definition.people:
        to = person.manager
        if to is None or loads[person.id] < many or not readers.is_here(to) or not readers.is_here(person.id):
            continue
        subject = f"{CONVERSATION}{person.id}"
        if not readers.answers.is_done(subject, to, by_friday):
            yield Due(
                reason=Reason.CONVERSATION, subject=subject, person=to, level=0, due_on=by_friday, priority=0, asked=to
            )


MOST_CHARACTERS = 2000
ONE_ANSWER = frozenset({"assessment", "feedback", "sponsor", "conversation", COMMENT})
"""Requests that accept only `done`."""


def kind_of(subject: str, programme: Programme) -> str | None:
    """Return a link's kind of request, from its subject; None if its task is no longer in the plan.

    The kinds are `task`, `gate`, `evidence`, `feedback`, `assessment`, `sponsor`, `conversation` and `comment`.
    """
    if subject == SPONSOR:
        return "sponsor"
    if subject.startswith(ROUND):
        return "assessment"
    if subject.startswith(CONVERSATION):
        return "conversation"
    task, _, about = subject.partition("#")
    if about in (EVIDENCE, FEEDBACK, COMMENT):
        return about
    known = programme.roadmap.tasks.get(task)
    if known is None:
        return None
    return "gate" if known.kind is Kind.DECISION else "task"


def can_take_over(programme: Programme, contacts: Mapping[str, Contact], *, besides: str) -> list[tuple[str, str]]:
    """Return the people who can take over a request (everyone except teams): ids, with name, role and place."""
    found = []
    for person in programme.definition.people:
        contact = contacts.get(person.id)
        if person.id == besides or contact is None or contact.email is None or not contact.is_active:
            continue
        if person.audience == "team":
            continue
        place = programme.school_name(person.school) if person.school else person.hub
        found.append((person.id, with_place(programme.person(person.id), place)))
    return sorted(found, key=lambda p: p[1])


def check_answer(asked: str, kind: AnswerKind, text: str) -> None:
    """Refuse an answer that the request (`asked`) does not accept, or whose text is missing or too long."""
    if len(text) > MOST_CHARACTERS:
        raise InputError(sentence("Your answer must be %(most)s characters or fewer.", most=f"{MOST_CHARACTERS:,}"))
    if asked in ONE_ANSWER and kind is not AnswerKind.DONE:
        raise InputError(sentence("Choose one of the answers on the page."))
    if asked == "gate" and kind is AnswerKind.DONE:
        raise InputError(sentence("The programme office records this decision. Choose “I have seen it” instead."))
    if asked in ("feedback", "sponsor") and not text.strip():
        raise InputError(sentence("Write a line or two."))
    if kind is AnswerKind.BLOCKED and not text.strip():
        raise InputError(sentence("Write a line about what is holding it up."))
