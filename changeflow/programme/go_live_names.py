"""The ways to refer to a school and its go-lives: an id or a name; `cedar/payroll` for one go-live."""

from collections.abc import Iterator

from changeflow.programme.announcements import Pair, go_live_tasks
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task


def school_named(name: str, programme: Programme) -> str | None:
    """Return the school id for an id or a name; None if no school, or more than one, has it."""
    words = " ".join(name.split()).casefold()
    found = [s.id for s in programme.definition.schools if words in (s.id, s.name.casefold())]
    return found[0] if len(found) == 1 else None


def go_live_named(name: str, programme: Programme) -> Task | None:
    """Return the go-live for `school/service` or `service/school`."""
    one, _, other = name.strip("/").partition("/")
    tasks = go_live_tasks(programme)
    pairs = ((school_named(one, programme), other), (school_named(other, programme), one))
    return next((tasks[s, v] for s, v in pairs if s is not None and (s, v) in tasks), None)


def go_lives_of(school: str, programme: Programme) -> list[tuple[Pair, Task]]:
    """Return a school's go-lives, in order of date."""
    own = [(pair, task) for pair, task in go_live_tasks(programme).items() if pair[0] == school]
    return sorted(own, key=lambda each: (programme.timed(each[1].id).early_finish, each[0]))


def place_names(programme: Programme) -> Iterator[str]:
    """Yield all names of schools and their go-lives, to recognise typing slips."""
    for school in programme.definition.schools:
        yield from (school.id, school.name)
    yield from (f"{school}/{service}" for school, service in go_live_tasks(programme))
