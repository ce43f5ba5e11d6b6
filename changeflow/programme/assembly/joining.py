"""Schools that join a running programme: nothing is planned or due at a school before its joining day."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from changeflow.errors import CheckFailedError
from changeflow.programme.assembly.expansion import Expansion
from changeflow.programme.definition import Definition
from changeflow.programme.facts import Facts
from changeflow.roadmap.model.tasks import Bound, Constraint, Task
from changeflow.values.moments import format_day, minute_of
from changeflow.values.words import Kind

JOINING = "its schools join the programme then"


def joining_days(definition: Definition, facts: Facts) -> dict[str, date]:
    """Return each school's joining day: from schools.csv, otherwise the day of the version that added it."""
    return {s.id: day for s in definition.schools if (day := s.joins or facts.joined.get(s.id)) is not None}


def add_joining(expansion: Expansion, days: Mapping[str, date]) -> None:
    """Let no task start before the first of its schools has joined, and no go-live before all of them have."""
    for task in [t for t in expansion.tasks.values() if t.schools & days.keys()]:
        if (day := _earliest(task, days)) is not None:
            bound = Constraint(Bound.START_NO_EARLIER, minute_of(day), because=JOINING)
            expansion.tasks[task.id] = replace(task, constraints=(*task.constraints, bound))


def _earliest(task: Task, days: Mapping[str, date]) -> date | None:
    if task.kind is Kind.GO_LIVE:
        return max(days[school] for school in task.schools & days.keys())
    return min(days[school] for school in task.schools) if task.schools <= days.keys() else None


def joined_by(before: Definition | None, after: Definition, known: Facts, *, on: date) -> dict[str, date]:
    """Return the schools that a version adds to a stored programme, with their joining days."""
    old = {s.id for s in before.schools} if before is not None else {s.id for s in after.schools}
    return {s.id: on for s in after.schools if s.id not in old and s.id not in known.joined}


def check_joined(joined: Mapping[str, date], tasks: Mapping[str, Task], known: Facts) -> None:
    """Refuse a school that joins a wave that has gone live, because it would count as live."""
    for task in tasks.values():
        if task.kind is Kind.GO_LIVE and (finish := known.finish_of(task.id)) is not None:
            for school in sorted(task.schools & joined.keys()):
                if minute_of(joined[school]) >= finish:
                    raise CheckFailedError(
                        f"'{school}' joins on {format_day(joined[school])}, but “{task.name}” has already happened. "
                        "Move the school to a wave that goes live later. No changes saved."
                    )
