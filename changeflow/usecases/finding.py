"""Find a task, school, person, gate or service of a stored programme by words of its name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from changeflow.reports.plan_rows import PlanQuery
from changeflow.usecases.decisions import may_open
from changeflow.usecases.own_school import own_school
from changeflow.usecases.plan_pages import rows_of
from changeflow.usecases.schools import may_open as may_open_school
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action, Kind

MOST_FOUND = 20
"""The most results of one kind that are shown: our own choice."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One result; `path` is below the programme's address, and empty if there is no page."""

    name: str
    note: str
    path: str


@dataclass(frozen=True, slots=True)
class Hits:
    """The results of one kind: the first of them, and how many there are."""

    title: str
    shown: tuple[Hit, ...]
    total: int
    more: str = ""
    """The path of a page with all of them, if there is one."""


def find(visit: Visit, text: str) -> tuple[Hits, ...]:
    """Return everything whose name has all words of a text, by kind; people are also found by their role."""
    visit.permit(Action.READ_PROGRAMME)
    words = text.casefold().split()
    if not words:
        return ()
    found = (
        _hits("Services", _services(visit), words),
        _hits("Schools", _schools(visit), words),
        _hits("Decisions", _gates(visit), words),
        _hits("People", _people(visit), words),
        _hits("Tasks", _tasks(visit), words, more=f"/plan{PlanQuery(words=text).address}"),
    )
    return tuple(hits for hits in found if hits.total)


def _hits(title: str, among: Iterable[tuple[str, Hit]], words: list[str], *, more: str = "") -> Hits:
    found = [hit for text, hit in among if all(word in text.casefold() for word in words)]
    return Hits(title, tuple(found[:MOST_FOUND]), len(found), more)


def _services(visit: Visit) -> Iterator[tuple[str, Hit]]:
    for service in visit.programme.services:
        yield service.name, Hit(service.name, "", f"/plan{PlanQuery(service=service.service).address}")


def _schools(visit: Visit) -> Iterator[tuple[str, Hit]]:
    own = own_school(visit)
    for school in sorted(visit.definition.schools, key=lambda s: s.name):
        if own is not None and school.id != own.school:
            continue
        path = (
            f"/schools/{school.id}"
            if may_open_school(visit, school.id)
            else f"/plan{PlanQuery(school=school.id).address}"
        )
        yield school.name, Hit(school.name, "", path)


def _gates(visit: Visit) -> Iterator[tuple[str, Hit]]:
    decisions = {t.id for t in visit.programme.tasks(kind=Kind.DECISION) if may_open(visit, t)}
    for row in rows_of(visit):
        if row.id in decisions:
            yield row.name, Hit(row.name, row.status, f"/decisions/{row.id}")


def _people(visit: Visit) -> Iterator[tuple[str, Hit]]:
    """Yield everyone in the programme today, with their tasks; people of one school see no one of another."""
    own = own_school(visit)
    for person in sorted(visit.definition.people, key=lambda p: p.id):
        is_elsewhere = own is not None and person.school not in (None, own.school)
        if person.is_here(visit.today) and not is_elsewhere:
            name = visit.programme.person(person.id)
            yield name, Hit(name, "this person's tasks", f"/plan{PlanQuery(words=name).address}")


def _tasks(visit: Visit) -> Iterator[tuple[str, Hit]]:
    for row in rows_of(visit):
        yield row.name, Hit(row.name, row.status, f"/plan/{row.id}")
