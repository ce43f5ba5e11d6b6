"""When a programme was closed: what is kept about single people is kept for a time from then on."""

from datetime import date

from changeflow.programme.programme import Programme
from changeflow.values.moments import last_day_of
from changeflow.values.words import Kind


def closed_on(programme: Programme) -> date | None:
    """Return the day on which the last closing task finished; None while one has not, or there is none."""
    progress = programme.roadmap.progress
    done = [progress.get(task.id) for task in programme.tasks(kind=Kind.CLOSURE)]
    finishes = [p.actual_finish for p in done if p is not None and p.actual_finish is not None]
    return last_day_of(max(finishes)) if finishes and len(finishes) == len(done) else None
