"""What one person is asked for and has to do, as their own page shows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from changeflow.agenda.asks import asks_of, kind_of
from changeflow.agenda.due import Answer, AnswerKind, Readers, due_days
from changeflow.agenda.notices import COMMENT, comment_notices
from changeflow.agenda.reasons import REASONS, Reason
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.engine import Judged
from changeflow.values.base import TaskId
from changeflow.values.moments import format_day, format_days
from changeflow.values.sentences import sentence

AHEAD, BEHIND = timedelta(days=60), timedelta(days=30)
"""How far the page looks ahead and back: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MyThing:
    """One thing that a person is asked for now."""

    subject: str
    kind: str
    """As in `kind_of`: `task`, `gate`, `evidence` and so on."""
    title: str
    task: TaskId
    """The task or decision that it is about; empty if it is about none."""
    due_on: date
    due: str
    is_late: bool
    said: str
    """What the person has said about it; empty if nothing."""


@dataclass(frozen=True, slots=True)
class OwnTask:
    """A task of the person that has not begun yet, or is done."""

    task: TaskId
    name: str
    days: str


@dataclass(frozen=True, slots=True)
class MyThings:
    """What a person has to do."""

    now: tuple[MyThing, ...]
    """What they are asked for now, by due date."""
    ahead: tuple[OwnTask, ...]
    """Their tasks in the coming weeks."""
    done: tuple[OwnTask, ...]
    """Their tasks that were finished lately, latest first."""


def my_things(judged: Judged, person: str, *, today: date, readers: Readers) -> MyThings:
    """List what a person is asked for now, their tasks in the coming weeks, and those finished lately."""
    programme, days = judged.programme, due_days(judged.programme)
    mine = [t for t in programme.tasks() if t.owner and readers.answers.asked_now(t.id, t.owner) == person]
    wanted = [(t.id, days[t.id]) for t in mine if t.id in days]
    wanted += [(ask.subject, ask.due_on) for ask in asks_of(judged, person, today=today, readers=readers)]
    notices = comment_notices(programme, today=today, readers=readers)
    wanted += [(notice.subject, notice.due_on) for notice in notices if notice.person == person]
    now = [_thing(programme, person, subject, day, today, readers) for subject, day in dict.fromkeys(wanted)]
    ahead = [t for t in mine if t.id not in days and _is_soon(programme, t, today)]
    done = [t for t in mine if programme.is_done(t.id) and programme.days_of(t.id)[1] >= today - BEHIND]
    return MyThings(
        now=tuple(sorted((thing for thing in now if thing is not None), key=lambda t: (t.due_on, t.subject))),
        ahead=tuple(_own(programme, sorted(ahead, key=lambda t: (programme.days_of(t.id), t.id)))),
        done=tuple(_own(programme, sorted(done, key=lambda t: (programme.days_of(t.id)[1], t.id), reverse=True))),
    )


def _is_soon(programme: Programme, task: Task, today: date) -> bool:
    return not programme.is_done(task.id) and programme.days_of(task.id)[0] <= today + AHEAD


def _thing(programme: Programme, person: str, subject: str, day: date, today: date, readers: Readers) -> MyThing | None:
    kind = kind_of(subject, programme)
    if kind is None:
        return None
    task, given = programme.roadmap.tasks.get(subject.partition("#")[0]), readers.answers.about(subject, person)
    title = task.name if task is not None else REASONS[Reason(kind)].title
    return MyThing(
        subject=subject,
        kind=kind,
        title=title,
        task=task.id if task is not None else "",
        due_on=day,
        due=format_day(day, weekday=True),
        is_late=day < today and kind != COMMENT,
        said=_said(programme, given[-1]) if given else "",
    )


def _said(programme: Programme, answer: Answer) -> str:
    on = answer.on
    match answer.kind:
        case AnswerKind.NOT_YET if answer.until:
            return sentence("On %(day)s you said that it will be done by %(until)s.", day=on, until=answer.until)
        case AnswerKind.BLOCKED:
            return sentence("On %(day)s you told the programme office what is holding it up.", day=on)
        case AnswerKind.ACKNOWLEDGED:
            return sentence("On %(day)s you said that you had seen it.", day=on)
    return sentence("You answered on %(day)s.", day=on)


def _own(programme: Programme, tasks: Iterable[Task]) -> Iterator[OwnTask]:
    for task in tasks:
        yield OwnTask(task.id, task.name, format_days(*programme.days_of(task.id)))
