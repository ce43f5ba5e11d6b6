"""Read a programme folder: read every file, find every mistake, and return all of it or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.people import ChangeImpact, Contact
from changeflow.errors import (
    InputError,
    ProblemsError,
    UnknownThingError,
)
from changeflow.intake.assessments import read_assessments, taken_back
from changeflow.intake.documents import Reader, Reading, many, one, read_pathways
from changeflow.intake.people import columns_of, read_people, read_schools
from changeflow.intake.programme_files import ChangedFiles, DiskFiles, TextFiles
from changeflow.intake.rulepacks import own_rulepacks, shipped_rulepacks
from changeflow.intake.second_pass import check_and_join
from changeflow.intake.table_rows import TableRow
from changeflow.intake.tables import MOST_BYTES
from changeflow.intake.yaml import Document
from changeflow.programme.calendar_files import CalendarFile
from changeflow.programme.definition import Definition, ProgrammeFile, ServiceFile
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.requests import Levelling, Risk, Rollout
from changeflow.values.problem import Problem
from changeflow.values.rulepack import Rulepack, Rulepacks


@dataclass(frozen=True, slots=True)
class Folder:
    """A programme folder as read."""

    path: Path | None
    """None if it was read from texts."""
    definition: Definition
    contacts: tuple[Contact, ...]
    assessments: tuple[Assessment, ...]
    rulepacks: Rulepacks
    """The built-in rulepacks; the folder's own are part of its definition."""
    programme: Programme
    """The joined programme, without facts and schedule."""
    sources: dict[str, str] = field(default_factory=dict)
    """The text of each file that makes up the definition, by its path in the folder; people.csv is left out."""
    contact_columns: frozenset[str] = frozenset()
    """The columns of people.csv that say how people are reached: see `PeopleRead`."""
    documents: Mapping[str, Document] = field(default_factory=dict)
    """Its files, by the thing that each describes: see `Place.file`."""


def _read_services(reading: Reading, parts: Mapping[str, Any]) -> tuple[ServiceFile, ...]:
    services: tuple[ServiceFile, ...] = many("services", ServiceFile, "service")(reading, parts)
    if not services and not any(p.file.startswith("services") for p in reading.problems):
        reading.add("services", "There is no service.", "Add a file such as services/payroll.yaml.")
    return services


_KEEP_OR_CORRECT = "Remove the line to keep them, or write the new scores; to take them back, remove the earlier line."


def _read_rounds(reading: Reading, parts: Mapping[str, Any]) -> tuple[Assessment, ...]:
    people, found, problems = {p.id for p in parts["people"].people}, list[Assessment](), list[Problem]()
    for name in reading.files("adkar", ".csv", ".xlsx"):
        mapping = columns_of(parts, "assessments")
        silent = list[TableRow]()
        earlier = {(a.person, a.on) for a in found}
        found += read_assessments(
            reading.source.table(name),
            name,
            problems,
            people=people,
            mapping=mapping,
            inside=reading.source.inside,
            silent=silent,
        )
        problems += taken_back(silent, earlier, remedy=_KEEP_OR_CORRECT)
    # If a person's own line is wrong, only that is reported.
    reading.problems.extend(p for p in problems if not reading.doubts.cover_name(p.what))
    return tuple(found)


def _read_own_rulepacks(reading: Reading, _: Mapping[str, Any]) -> tuple[Rulepack, ...]:
    return own_rulepacks(reading.source, reading.problems)


READERS: Mapping[str, Reader] = {
    "programme": one("programme.yaml", ProgrammeFile, required=True),
    "services": _read_services,
    "rollout": one("rollout.yaml", Rollout),
    "risk": one("risk.yaml", Risk),
    "levelling": one("levelling.yaml", Levelling),
    "change": one("change.yaml", ChangeImpact),
    "calendars": many("calendars", CalendarFile, "calendar"),
    "pathways": read_pathways,
    "schools": read_schools,
    "people": read_people,
    "assessments": _read_rounds,
    "rulepacks": _read_own_rulepacks,
}
"""The reader of each part of a folder. The order matters: a part may need those before it."""


def read_folder(path: Path) -> Folder:
    """Read a programme folder; raise a `ProblemsError` that lists all its problems."""
    if path.is_file():
        other = " For a Project file, use `changeflow schedule`." if path.suffix.lower() in (".xml", ".mpp") else ""
        raise InputError(f"'{path}' is a file. Give a programme's folder, which has a programme.yaml in it.{other}")
    if not path.is_dir():
        raise UnknownThingError("folder", str(path), remedy="Make one with: changeflow init FOLDER")
    return _read(Reading(DiskFiles(path)), path)


def read_sources(texts: Mapping[str, str]) -> Folder:
    """Read a programme from the texts of its files, by name, as `read_folder` reads a folder with these files."""
    return _read(Reading(TextFiles(texts)), None)


def read_changed(path: Path, texts: Mapping[str, str]) -> Folder:
    """Read a programme folder as if these files, by name, had these texts."""
    return _read(Reading(ChangedFiles(path, texts)), path)


def _read(reading: Reading, path: Path | None) -> Folder:
    parts: dict[str, Any] = {}
    for name, read in READERS.items():
        parts[name] = read(reading, parts)
    people, assessments = parts["people"], parts.pop("assessments")
    definition, joined = check_and_join(reading, parts | {"people": people.people})
    sources = _sources(reading)
    if reading.problems or joined is None:
        found = sorted(dict.fromkeys(reading.problems), key=lambda p: (p.file, p.line, p.column, p.what))
        raise ProblemsError(found)
    read_to = (path, definition, people.contacts, assessments, shipped_rulepacks(), joined, sources, people.columns)
    return Folder(*read_to, reading.documents)


def _sources(reading: Reading) -> dict[str, str]:
    texts = dict(reading.texts)
    for name in ("schools.csv", *reading.files("rulepacks", ".yaml")):
        text = reading.tables.get(name)
        if text is None and reading.source.has(name):
            text = reading.source.text(name, reading.problems, most=MOST_BYTES)
        texts |= {name: text} if text is not None else {}
    return dict(sorted(texts.items()))
