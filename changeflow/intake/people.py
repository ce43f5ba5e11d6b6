"""Read schools and people from a CSV or xlsx file, one on each line."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from changeflow.adkar.people import Contact, Person
from changeflow.alike import MOST_LISTED
from changeflow.intake.documents import Reading
from changeflow.intake.folder_formats import PEOPLE, SCHOOLS
from changeflow.intake.formats import Format
from changeflow.intake.layout import fold
from changeflow.intake.table_lines import Names
from changeflow.intake.table_rows import Table, TableRow
from changeflow.intake.tables import open_table
from changeflow.intake.yaml import words_of
from changeflow.phrases import listed
from changeflow.programme.definition import School
from changeflow.programme.mandates import NO_PEOPLE
from changeflow.values.base import Frozen
from changeflow.values.cells import safe_cell
from changeflow.values.limits import no_day

OF_A_CONTACT = ("name", "email", "language", "away", "active")
"""Columns of people.csv with contact details; no version stores them."""

Model = TypeVar("Model", bound=Frozen)


@dataclass(frozen=True, slots=True)
class PeopleRead:
    """People, and their contact details."""

    people: tuple[Person, ...] = ()
    contacts: tuple[Contact, ...] = ()
    columns: frozenset[str] = frozenset()
    """The columns of `OF_A_CONTACT` that the file has. A column of addresses without any address counts as missing."""


def read_schools(reading: Reading, parts: Mapping[str, Any]) -> tuple[School, ...]:
    """Read schools.csv or schools.xlsx; add a `Problem` if a school is listed twice."""
    names = _names(reading, SCHOOLS) or ["schools.csv"]
    if len(names) > 1:
        reading.doubts.kinds.add("school")
        return ()
    if not reading.source.has(names[0]):
        needed = listed(SCHOOLS.required)
        reading.add(names[0], "The file is missing.", f"Create it with the columns {needed}.")
        reading.doubts.kinds.add("school")
        return ()
    mapping = columns_of(parts, SCHOOLS.name)
    table = _opened(reading, names[0], SCHOOLS, mapping, {}, kind="school")
    if table is None:
        return ()
    if not table.is_plain:
        reading.tables["schools.csv"] = _text(table.rows, mapping)
    return schools_in(table.rows, reading)


def schools_in(rows: Iterable[TableRow], reading: Reading) -> tuple[School, ...]:
    """Read rows of schools."""
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        school = _shape(row, School, row.cells, reading)
        if school is None:
            continue
        row.is_first("id", school.id, seen, reading.problems, remedy="Keep one of them.", what="school")
        reading.rows.setdefault(("schools", school.id), row)
        found.append(school)
    return tuple(found)


def read_people(reading: Reading, parts: Mapping[str, Any]) -> PeopleRead:
    """Read people.csv or people.xlsx, if there is one."""
    names = _names(reading, PEOPLE)
    if len(names) != 1:
        reading.doubts.kinds |= {"person"} if names else set()
        return PeopleRead()
    schools = {"school": ids_by_name((s.id, s.name, s.urn or "") for s in parts["schools"])}
    table = _opened(reading, names[0], PEOPLE, columns_of(parts, PEOPLE.name), schools, kind="person")
    return people_in(table.rows if table is not None else (), reading)


def people_in(rows: Iterable[TableRow], reading: Reading) -> PeopleRead:
    """Read rows of people."""
    people: dict[str, Person] = {}
    contacts: list[Contact] = []
    given, seen = set[str](), dict[str, int]()
    for row in rows:
        if len(reading.problems) > MOST_LISTED:
            break
        given |= row.columns.keys() & set(OF_A_CONTACT)
        person = _person(row, reading)
        if person is None:
            continue
        row.is_first("id", person.id, seen, reading.problems, remedy="Keep one of them.", what="person")
        people[person.id] = person
        reading.rows.setdefault(("people", person.id), row)
        if (contact := _contact(row, person, reading)) is not None:
            contacts.append(contact)
    if not any(c.email for c in contacts):
        given.discard("email")
    return PeopleRead(tuple(people.values()), tuple(contacts), frozenset(given))


def _opened(
    reading: Reading, name: str, wanted: Format, mapping: Mapping[str, str], names: Names, *, kind: str
) -> Table | None:
    """Read a table of schools or people; mark `kind` as incomplete if there is no table."""
    source, inside = reading.source.table(name), reading.source.inside
    table = open_table(source, name, reading.problems, wanted, mapping=mapping, names=names, inside=inside)
    if table is None or not table.rows:
        reading.doubts.kinds.add(kind)
        return None
    table.warn()
    reading.read[wanted.name] = table
    reading.doubts.add_words(table.lost)
    return table


def _person(row: TableRow, reading: Reading) -> Person | None:
    cells: dict[str, object] = {k: v for k, v in row.cells.items() if k not in OF_A_CONTACT}
    cells |= {column: tuple(_several(row, column)) for column in ("groups", "services", "works_on")}
    moves = [m.partition("=") for m in _several(row, "moves")]
    cells["moves"] = tuple({"on": day.strip(), "school": school.strip()} for day, _, school in moves)
    person = _shape(row, Person, cells, reading)
    if person is not None and person.id in NO_PEOPLE:
        what = f"No person may be called '{person.id}': the audit uses it for acts without a person."
        reading.problems.append(row.problem("id", what, "Give the person another id."))
        reading.doubts.add_words([person.id])
        return None
    return person


def _contact(row: TableRow, person: Person, reading: Reading) -> Contact | None:
    spans = [span.partition("..") for span in _several(row, "away")]
    about = {
        "person": person.id,
        "name": row.cells.get("name", person.role),
        "email": row.cells.get("email"),
        "language": row.cells.get("language", ""),
        "is_active": row.cells.get("active", "yes") == "yes",
        "away": [{"first_day": a.strip(), "last_day": (b or a).strip()} for a, _, b in spans],
    }
    return _shape(row, Contact, about, reading)


def _several(row: TableRow, column: str) -> Iterator[str]:
    """Yield the parts of a cell between its semicolons."""
    return (part.strip() for part in row.cells.get(column, "").split(";") if part.strip())


def _names(reading: Reading, wanted: Format) -> list[str]:
    """Return the files in a folder that contain a table; add a `Problem` if there are two."""
    names = [name for end in (".xlsx", ".csv") if reading.source.has(name := f"{wanted.name}{end}")]
    if len(names) > 1:
        reading.add(names[0], f"There are {names[1]} and {names[0]}, and only one can be right.", "Keep one of them.")
    return names


def _text(rows: Iterable[TableRow], mapping: Mapping[str, str]) -> str:
    """Write the used columns of schools as a CSV, under the programme's own names for them."""
    rows, out = list(rows), io.StringIO()
    # If programme.yaml uses one of our names for another column, ours could not be read and is empty.
    kept = [f.name for f in SCHOOLS.fields if f.name in School.model_fields]
    ours = [name for name in kept if name in mapping or name not in mapping.values()]
    names = [name for name in ours if name in SCHOOLS.required or any(name in row.cells for row in rows)]
    write = csv.writer(out, lineterminator="\n").writerow
    write([safe_cell(mapping.get(name, name)) for name in names])
    for row in rows:
        write([safe_cell(row.cells.get(name, "")) for name in names])
    return out.getvalue()


def ids_by_name(things: Iterable[tuple[str, ...]]) -> Mapping[str, str]:
    """Return the id of each thing by its other (folded) names, if nothing else has the same name or id.

    Each thing is given as its id, then its names: a school's name and its URN.
    """
    things = list(things)
    ids = {fold(id_) for id_, *_ in things}
    also = dict.fromkeys((fold(name), id_) for id_, *names in things for name in names if fold(name))
    often = Counter(name for name, _ in also)
    return {name: id_ for name, id_ in also if often[name] == 1 and name not in ids}


def columns_of(parts: Mapping[str, Any], table: str) -> Mapping[str, str]:
    """Return the programme's own names for the columns of a table."""
    columns: Mapping[str, str] = parts["programme"].columns.get(table, {})
    return columns


def _shape(row: TableRow, model: type[Model], cells: Mapping[str, object], reading: Reading) -> Model | None:
    """Make a model from the correct cells; return None if a required one is wrong."""
    given = {k: v for k, v in cells.items() if k in model.model_fields}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = set()
        for complaint in error.errors():
            if complaint["type"] == "missing":
                continue  # The cell was refused and reported.
            column = str(complaint["loc"][0])
            wrong.add(column)
            reading.problems.append(row.problem(column, _said(complaint["type"], complaint["msg"], complaint["input"])))
            reading.doubts.add_words(words_of(complaint["input"]))
    try:
        return model.model_validate({column: value for column, value in given.items() if column not in wrong})
    except ValidationError:
        # The mistake is already reported, and the line is useless without it.
        reading.doubts.add_words(row.cells.values())
        return None


def _said(kind: str, message: str, given: object) -> str:
    """Describe what is wrong with a cell."""
    if kind.startswith("date"):
        return " ".join(no_day(str(given)))
    if kind == "string_pattern_mismatch":
        return f"'{given}' is not an id. Use lower-case letters, digits and hyphens."
    if isinstance(given, Mapping):
        # The cell has several parts, such as a span of days.
        given = " to ".join(str(part) for part in given.values())
    # Show a line break in the person's text instead of printing one.
    quoted = repr(given) if isinstance(given, str) else f"'{given}'"
    return f"{quoted}: {message.removeprefix('Value error, ')}."
