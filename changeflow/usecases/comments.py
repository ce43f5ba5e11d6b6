"""Comments on tasks: write one, read them, and withdraw one's own. The owner's next message mentions it."""

from dataclasses import dataclass
from datetime import datetime

from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.facts import Comment
from changeflow.programme.recording import task_subject
from changeflow.programme.typed_progress import LONGEST_COMMENT
from changeflow.storage.database import read_scope
from changeflow.usecases.progress import record_comments
from changeflow.usecases.recorded import facts_now, withdraw_fact
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.base import TaskId
from changeflow.values.moments import format_day
from changeflow.values.problem import pick
from changeflow.values.words import Action

BY_AUTHOR = "The person who wrote it withdrew it."


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentView:
    """A comment as a page shows it."""

    id: str
    text: str
    who: str
    day: str
    at: datetime
    is_own: bool
    """Whether the reader wrote it, and so may withdraw it."""


def comments_on(visit: Visit, task: TaskId) -> tuple[CommentView, ...]:
    """Return the comments on a task, latest first; none for people who may not read recorded facts."""
    if not visit.may(Action.READ_FACTS):
        return ()
    me, person = visit.visitor.person, visit.programme.person
    known = visit.view("comments", lambda: facts_now(visit.session, visit.name, "comment"))
    found = [f for f in known if f.values["task"] == task and f.withdrawn is None and f.values["text"]]
    return tuple(
        CommentView(
            id=f.id,
            text=str(f.values["text"]),
            who=person(f.by),
            day=format_day(f.values["on"]),
            at=f.at,
            is_own=f.by == me,
        )
        for f in reversed(found)
    )


def comment_on(task: TaskId, text: str, change: Change) -> None:
    """Record a comment on a task. If the text is the same as the task's last comment, it is not recorded again."""
    said = "\n".join(line.rstrip() for line in text.splitlines()).strip()
    if not said:
        raise InputError("Write your comment.")
    if len(said) > LONGEST_COMMENT:
        raise InputError(f"Your comment has {len(said):,} characters. Shorten it to {LONGEST_COMMENT:,}.")
    with unit_of_work(change) as work:
        found = pick("task", task, work.programme.roadmap.tasks)
        by = work.permit(Action.COMMENT, task_subject(found))
        record_comments(work, [Comment(task=task, text=said, by=by, on=change.on)])


def withdraw_comment(task: TaskId, comment: str, change: Change) -> None:
    """Withdraw a comment on a task; its text is removed. One that is unknown or was withdrawn before is an error."""
    with read_scope(change.db) as session:
        known = {f.id: f for f in facts_now(session, str(change.programme), "comment")}
    found = known.get(comment)
    if found is None or found.values["task"] != task:
        raise UnknownThingError("comment", comment)
    withdraw_fact(comment, BY_AUTHOR, change)
