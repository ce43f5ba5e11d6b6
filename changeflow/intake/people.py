"""Schools and people in: one line each, CSV or xlsx."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from changeflow.adkar.people import Contact, Person
from changeflow.intake.documents import Reading
from changeflow.intake.folder_formats import PEOPLE, SCHOOLS
from changeflow.intake.formats import Format
from changeflow.intake.layout import fold
from changeflow.intake.opening import is_there
from changeflow.intake.tables import Names, TableRow, read_table
from changeflow.programme.definition import School
from changeflow.programme.mandates import NO_PEOPLE
from changeflow.values.base import Frozen
from changeflow.values.limits import no_day
from changeflow.values.problem import Problem

ADDRESS = re.compile(r"[^@\s\x00-\x1f<>,;]+@[^@\s\x00-\x1f<>,;]+")
OF_A_CONTACT = ("name", "email", "language", "away", "active")
"""Columns of people.csv that say how a person is reached: no version keeps them."""

Model = TypeVar("Model", bound=Frozen)


@dataclass(frozen=True, slots=True)
class PeopleRead:
    """People, and how they are reached."""

    people: tuple[Person, ...] = ()
    contacts: tuple[Contact, ...] = ()
    columns: frozenset[str] = frozenset()
    """Of `OF_A_CONTACT`, those that the file has. A column of addresses without a single one counts as left out."""


def read_schools(reading: Reading, parts: Mapping[str, Any]) -> tuple[School, ...]:
    """Read schools.csv; a school that is there twice is a problem."""
    seen: dict[str, int] = {}
    found = []
    for row in _table(reading, parts, "schools.csv", SCHOOLS):
        school = _shape(row, School, row.cells, reading.problems)
        if school is None:
            continue
        if school.id in seen:
            what = f"Duplicate school '{school.id}' (first on line {seen[school.id]})."
            reading.problems.append(row.problem("id", what, "Keep one of them."))
        seen.setdefault(school.id, row.line)
        reading.rows.setdefault(("schools", school.id), row)
        found.append(school)
    return tuple(found)


def read_people(reading: Reading, parts: Mapping[str, Any]) -> PeopleRead:
    """Read people.csv or people.xlsx, where there is one."""
    names = [name for name in ("people.xlsx", "people.csv") if is_there(reading.path / name)]
    if len(names) > 1:
        reading.add(names[0], "There are people.csv and people.xlsx, and only one can be right.", "Keep one of them.")
    if len(names) != 1:
        return PeopleRead()
    people: dict[str, Person] = {}
    contacts: list[Contact] = []
    given = set[str]()
    schools = {"school": names_of_schools((s.id, s.name, s.urn or "") for s in parts["schools"])}
    for row in _table(reading, parts, names[0], PEOPLE, schools):
        given |= row.columns.keys() & set(OF_A_CONTACT)
        person = _person(row, reading.problems)
        if person is None:
            continue
        if person.id in people:
            what = f"'{person.id}' is listed twice in this file."
            reading.problems.append(row.problem("id", what, "Keep one of them."))
        people[person.id] = person
        reading.rows.setdefault(("people", person.id), row)
        if (contact := _contact(row, person, reading.problems)) is not None:
            contacts.append(contact)
    if not any(c.email for c in contacts):
        given.discard("email")
    return PeopleRead(tuple(people.values()), tuple(contacts), frozenset(given))


def _person(row: TableRow, problems: list[Problem]) -> Person | None:
    cells: dict[str, object] = {k: v for k, v in row.cells.items() if k not in OF_A_CONTACT}
    cells |= {column: tuple(_several(row, column)) for column in ("groups", "services", "works_on")}
    moves = [m.partition("=") for m in _several(row, "moves")]
    cells["moves"] = tuple({"on": day.strip(), "school": school.strip()} for day, _, school in moves)
    person = _shape(row, Person, cells, problems)
    if person is not None and person.id in NO_PEOPLE:
        what = f"No person may be called '{person.id}': the audit uses it for acts without a person."
        problems.append(row.problem("id", what, "Give the person another id."))
        return None
    return person


def _contact(row: TableRow, person: Person, problems: list[Problem]) -> Contact | None:
    email = row.cells.get("email")
    if email is not None and not ADDRESS.fullmatch(email):
        problems.append(row.problem("email", f"{email!r} is not an e-mail address.", "Write name@example.org."))
        return None
    spans = [span.partition("..") for span in _several(row, "away")]
    about = {
        "person": person.id,
        "name": row.cells.get("name", person.role),
        "email": email,
        "language": row.cells.get("language", "en"),
        "is_active": row.cells.get("active", "yes") == "yes",
        "away": [{"first_day": a.strip(), "last_day": (b or a).strip()} for a, _, b in spans],
    }
    return _shape(row, Contact, about, problems)


def _several(row: TableRow, column: str) -> Iterator[str]:
    """Yield the parts of a cell between its semicolons."""
    return (part.strip() for part in row.cells.get(column, "").split(";") if part.strip())


def _table(
    reading: Reading, parts: Mapping[str, Any], name: str, wanted: Format, names: Names | None = None
) -> Iterator[TableRow]:
    if not is_there(reading.path / name):
        reading.add(name, "The file is missing.", f"Its columns are {', '.join(wanted.required)}.")
        return iter(())
    mapping = columns_of(parts, wanted.name)
    return read_table(
        reading.path / name, name, reading.problems, wanted, mapping=mapping, names=names, inside=reading.path
    )


def names_of_schools(schools: Iterable[tuple[str, str, str]]) -> Mapping[str, str]:
    """Return the id of each school by its name and its URN, folded, where no other school has the same.

    Each school is its id, name and URN.
    """
    schools = list(schools)
    ids = {fold(id_) for id_, _, _ in schools}
    also = dict.fromkeys((fold(name), id_) for id_, *names in schools for name in names if fold(name))
    often = Counter(name for name, _ in also)
    return {name: id_ for name, id_ in also if often[name] == 1 and name not in ids}


def columns_of(parts: Mapping[str, Any], table: str) -> Mapping[str, str]:
    """Return the names that a programme has for the columns of a table."""
    programme = parts["programme"]
    return programme.columns.get(table, {}) if programme else {}


def _shape(row: TableRow, model: type[Model], cells: Mapping[str, object], problems: list[Problem]) -> Model | None:
    try:
        return model.model_validate({k: v for k, v in cells.items() if k in model.model_fields})
    except ValidationError as error:
        for complaint in error.errors():
            column, given = str(complaint["loc"][0]), complaint["input"]
            # A line break in what a person wrote is shown, not made.
            quoted = repr(given) if isinstance(given, str) else f"'{given}'"
            what = f"{quoted}: {complaint['msg'].removeprefix('Value error, ')}."
            if complaint["type"].startswith("date"):
                what = " ".join(no_day(str(given)))
            elif complaint["type"] == "string_pattern_mismatch":
                what = f"'{given}' is not an id. Use lower-case letters, digits and hyphens."
            problems.append(row.problem(column, what))
        return None
