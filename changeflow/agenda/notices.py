"""Notices to people, who need not do anything about them: new comments on their tasks."""

from collections.abc import Iterator
from datetime import date, timedelta

from changeflow.agenda.due import Due, Readers
from changeflow.agenda.reasons import Reason
from changeflow.programme.facts import Comment
from changeflow.programme.programme import Programme
from changeflow.values.base import TaskId

COMMENT = "comment"
"""The part of a subject after `#`."""


def comment_notices(programme: Programme, *, today: date, readers: Readers) -> Iterator[Due]:
    """Tell each task's owner of others' comments on it: once for all comments of a day, for as long as they are new.

    Once the owner has read them, only later days' comments count as new.
    """
    fresh = timedelta(days=programme.rulepacks.number("nudges", "comment_days", on=today))
    people = {p.id for p in programme.definition.people}
    latest: dict[TaskId, Comment] = {}
    for comment in programme.facts.comments:
        task = programme.roadmap.tasks.get(comment.task)
        if task is None or task.owner is None or not today - fresh < comment.on <= today:
            continue
        owner = readers.answers.asked_now(task.id, task.owner)
        if comment.by != owner and owner in people and readers.is_here(owner):
            latest[task.id] = comment
    for task_id, comment in latest.items():
        owner = readers.answers.asked_now(task_id, programme.roadmap.tasks[task_id].owner or "")
        subject = f"{task_id}#{COMMENT}"
        if not readers.answers.is_done(subject, owner, comment.on):
            yield Due(
                reason=Reason.COMMENT,
                subject=subject,
                person=owner,
                level=0,
                due_on=comment.on,
                priority=programme.timed(task_id).total_float,
                asked=owner,
            )
