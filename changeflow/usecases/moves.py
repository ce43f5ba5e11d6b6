"""Why a task's date has moved since it was announced to schools, or since the latest baseline."""

from changeflow.programme.announcements import GoLive, go_lives
from changeflow.reports.changes import Changes
from changeflow.usecases.changes import slip_since
from changeflow.usecases.visits import Visit
from changeflow.values.base import TaskId


def move_of(visit: Visit, task: TaskId, school: str | None = None) -> Changes | None:
    """Return one task's slip with its causes; None if it has not moved, or if there is nothing to compare it with.

    A go-live that was announced is compared with the day announced to `school`, or to the school for which it has
    moved most. Check permissions first.
    """
    lives = [g for g in go_lives(visit.programme) if g.task == task and g.announced is not None]
    if school is not None:
        lives = [g for g in lives if g.school == school]
    live = max(lives, key=lambda g: (abs(g.days_late), g.school), default=None)
    return visit.view("move", lambda: _moved(visit, task, live), task, live)


def _moved(visit: Visit, task: TaskId, live: GoLive | None) -> Changes | None:
    if live is not None and not live.days_late:
        return None
    found = slip_since(visit.session, visit.programme, task, live)
    return found if found is not None and found.slips else None
