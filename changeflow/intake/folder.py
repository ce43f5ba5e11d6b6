"""A programme folder in: every file read, every mistake found, nothing half taken."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.impacts import ChangeImpact
from changeflow.adkar.people import Contact, Person
from changeflow.errors import MOST_LISTED, CyclicRoadmapError, ProblemsError, RulesUnknownError, UnknownThingError
from changeflow.intake.assessments import read_assessments
from changeflow.intake.change_checks import check_change
from changeflow.intake.checks import check_references, check_settings
from changeflow.intake.opening import is_there, list_files, read_text
from changeflow.intake.pilot_checks import check_pilots
from changeflow.intake.rollout_checks import check_levelling, check_recovery_options, check_risk, check_rollout
from changeflow.intake.rulepacks import read_rulepacks, shipped_rulepacks
from changeflow.intake.shaped import shape
from changeflow.intake.tables import MOST_BYTES, TableRow, read_table
from changeflow.intake.yaml import Document, read_yaml
from changeflow.programme.definition import CalendarFile, Definition, ProgrammeFile, School, ServiceFile
from changeflow.programme.mandates import NO_PEOPLE
from changeflow.programme.programme import Programme, join
from changeflow.programme.references import DefinitionError
from changeflow.resources import shipped_pathway
from changeflow.roadmap.levelling.request import Levelling
from changeflow.roadmap.model.graph import in_order
from changeflow.roadmap.model.pathways import Pathway
from changeflow.roadmap.risk.request import Risk
from changeflow.roadmap.waves.request import Rollout
from changeflow.values.base import Frozen
from changeflow.values.problem import Problem
from changeflow.values.rulepack import Rulepacks

ADDRESS = re.compile(r"[^@\s\x00-\x1f<>,;]+@[^@\s\x00-\x1f<>,;]+")
OF_A_CONTACT = ("name", "email", "language", "away", "active")
"""Columns of people.csv that are how somebody is reached: no version keeps them."""
OF_A_STAY = ("works_on", "joins", "leaves", "successor", "moves")
MOST_YAML = 6_000_000
"""Characters of all YAML files of a folder: three of the largest that is read."""
YES_NO = {"yes": True, "no": False}

Model = TypeVar("Model", bound=Frozen)


@dataclass(slots=True)
class Folder:
    """A programme folder as read."""

    path: Path
    definition: Definition
    contacts: tuple[Contact, ...]
    assessments: tuple[Assessment, ...]
    rulepacks: Rulepacks
    """Those that ship; the folder's own are part of its definition."""
    programme: Programme
    """Joined, without facts and schedule."""
    sources: dict[str, str] = field(default_factory=dict)
    """The text of each file that makes the definition, by its path in the folder; people.csv is never among them."""
    contact_columns: frozenset[str] = frozenset()
    """Of `OF_A_CONTACT`, those that people.csv has. A column of addresses without a single one counts as left out."""


def read_folder(path: Path) -> Folder:
    """Read a programme folder; all its problems at once as `ProblemsError`."""
    reader = _Reader(path)
    folder = reader.read()
    if reader.problems or folder is None:
        raise ProblemsError(sorted(dict.fromkeys(reader.problems), key=lambda p: (p.file, p.line, p.column, p.what)))
    return folder


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.characters = 0
        """Of the YAML files so far."""
        self.documents: dict[str, Document] = {}
        """By what the file describes: `programme`, `service:payroll`, `pathway:central-service`, `calendar:…`."""
        self.contact_columns = frozenset[str]()

    def read(self) -> Folder | None:
        if not self.path.is_dir():
            raise UnknownThingError("folder", str(self.path), remedy="Make one with: changeflow init FOLDER")
        programme = self._one("programme.yaml", ProgrammeFile, lambda _: "programme")
        services = tuple(self._many("services", ServiceFile, lambda s: f"service:{s.service}"))
        rollout = self._optional("rollout.yaml", Rollout, "rollout")
        risk = self._optional("risk.yaml", Risk, "risk")
        levelling = self._optional("levelling.yaml", Levelling, "levelling")
        change = self._optional("change.yaml", ChangeImpact, "change")
        calendars = tuple(self._many("calendars", CalendarFile, lambda c: f"calendar:{c.calendar}"))
        if not services and not any(p.file.startswith("services") for p in self.problems):
            remedy = "Add a file such as services/payroll.yaml."
            self.problems.append(Problem(file="services", what="There is no service.", remedy=remedy))
        pathways = tuple(self._pathways(services))
        mapping = programme.columns if programme else {}
        schools = tuple(self._schools(mapping.get("schools", {})))
        people, contacts = self._people(mapping.get("people", {}))
        assessments = tuple(self._assessments(mapping.get("assessments", {}), people))
        own_rulepacks = read_rulepacks(self.path / "rulepacks", self.problems, inside=self.path)
        if self.problems or programme is None:
            return None
        definition = Definition(
            programme=programme,
            services=services,
            schools=schools,
            people=people,
            calendars=calendars,
            pathways=pathways,
            rulepacks=own_rulepacks,
            rollout=rollout,
            risk=risk,
            levelling=levelling,
            change=change,
        )
        self._report(check_references(definition))
        self._report(check_rollout(definition))
        self._report(check_change(definition))
        self._report(check_pilots(definition))
        if self.problems:
            return None
        rulepacks = shipped_rulepacks()
        try:
            joined, errors = join(definition, rulepacks=rulepacks)
            self._report(check_settings(joined))
        except RulesUnknownError as error:
            what, _, remedy = str(error).partition(". ")
            self.problems.append(self.documents["programme"].problem(("start",), f"{what}.", remedy))
            return None
        self._report(check_risk(joined))
        self._report(check_recovery_options(joined))
        self._report(check_levelling(joined))
        self._report(errors)
        self._check_loops(joined)
        return Folder(
            self.path, definition, contacts, assessments, rulepacks, joined, self._sources(), self.contact_columns
        )

    def _one(self, name: str, model: type[Model], key: Callable[[Model], str]) -> Model | None:
        path = self.path / name
        if not is_there(path):
            self.problems.append(Problem(file=name, what="The file is missing.", remedy="changeflow init makes one."))
            return None
        return self._read(path, name, model, key)

    def _optional(self, name: str, model: type[Model], key: str) -> Model:
        """Read a file that may be left out: then everything in it has its default."""
        if not is_there(self.path / name):
            return model()
        return self._read(self.path / name, name, model, lambda _: key) or model()

    def _many(self, folder: str, model: type[Model], key: Callable[[Model], str]) -> Iterator[Model]:
        for path in self._list(folder, ".yaml"):
            shaped = self._read(path, f"{folder}/{path.name}", model, key)
            if shaped is not None:
                yield shaped

    def _read(self, path: Path, shown: str, model: type[Model], key: Callable[[Model], str]) -> Model | None:
        is_own = path.is_relative_to(self.path)
        document = read_yaml(path, shown, self.problems, inside=self.path if is_own else None)
        self.characters += len(document.text) if document and is_own else 0
        if self.characters > MOST_YAML:
            if document is not None:
                what = f"The folder's files have more than {MOST_YAML // 1_000_000} MB in all."
                self.problems.append(Problem(file=shown, what=what, remedy="Keep only the programme's files in it."))
            return None
        shaped = shape(document, model, self.problems) if document else None
        if document is None or shaped is None:
            return None
        name = key(shaped)
        if name in self.documents:
            what = f"'{name.split(':')[-1]}' is described in {self.documents[name].file} already."
            self.problems.append(document.problem((), what, "Give one of them another id."))
            return None
        self.documents[name] = document
        return shaped

    def _pathways(self, services: Iterable[ServiceFile]) -> Iterator[Pathway]:
        own = {p.stem: p for p in self._list("pathways", ".yaml")}
        for service in sorted(services, key=lambda s: s.pathway):
            if f"pathway:{service.pathway}" in self.documents:
                continue
            path = own.get(service.pathway) or shipped_pathway(service.pathway)
            if path is None:
                document = self.documents[f"service:{service.service}"]
                remedy = f"Add pathways/{service.pathway}.yaml, or use central-service."
                self.problems.append(document.problem(("pathway",), f"No pathway '{service.pathway}'.", remedy))
                continue
            pathway = self._read(path, f"pathways/{path.name}", Pathway, lambda p: f"pathway:{p.pathway}")
            if pathway is not None:
                yield pathway

    def _schools(self, mapping: dict[str, str]) -> Iterator[School]:
        required, optional = ("id", "name", "phase", "authority"), ("hub", "pupils", "urn", "system", "reluctant")
        seen: dict[str, int] = {}
        for row in self._table("schools.csv", required, optional, mapping):
            school = self._row(row, School, "schools.csv")
            if school is None:
                continue
            if school.id in seen:
                what = f"School '{school.id}' stands in line {seen[school.id]} already."
                self.problems.append(row.problem("schools.csv", "id", what, "Keep one of them."))
            seen.setdefault(school.id, row.line)
            yield school

    def _people(self, mapping: dict[str, str]) -> tuple[tuple[Person, ...], tuple[Contact, ...]]:
        name = "people.xlsx" if is_there(self.path / "people.xlsx") else "people.csv"
        if not is_there(self.path / name):
            return (), ()
        if name != "people.csv" and is_there(self.path / "people.csv"):
            what = "There are people.csv and people.xlsx, and only one can be right."
            self.problems.append(Problem(file=name, what=what, remedy="Keep one of them."))
            return (), ()
        required = ("id", "role")
        optional = (
            "audience",
            "school",
            "hub",
            "groups",
            "manager",
            "services",
            *OF_A_CONTACT,
            *OF_A_STAY,
        )
        people: dict[str, Person] = {}
        contacts: list[Contact] = []
        given = set[str]()
        for row in self._table(name, required, optional, mapping):
            given |= row.columns.keys() & set(OF_A_CONTACT)
            cells: dict[str, object] = {k: v for k, v in row.cells.items() if k not in OF_A_CONTACT}
            for several in ("groups", "services", "works_on"):
                cells[several] = tuple(g.strip() for g in row.cells.get(several, "").split(";") if g.strip())
            moves = [m.partition("=") for m in row.cells.get("moves", "").split(";") if m.strip()]
            cells["moves"] = tuple({"on": day.strip(), "school": school.strip()} for day, _, school in moves)
            person = self._row(row, Person, name, cells)
            if person is None:
                continue
            if person.id in NO_PEOPLE:
                what = f"No person may be called '{person.id}': the audit uses it for acts without a person."
                self.problems.append(row.problem(name, "id", what, "Give the person another id."))
                continue
            if person.id in people:
                what = f"'{person.id}' stands twice in this file."
                self.problems.append(row.problem(name, "id", what, "Keep one of them."))
            people[person.id] = person
            email = row.cells.get("email")
            if email is not None and not ADDRESS.fullmatch(email):
                what = f"{email!r} is not an e-mail address."
                self.problems.append(row.problem(name, "email", what, "Write name@example.org."))
                continue
            spans = [span.partition("..") for span in row.cells.get("away", "").split(";") if span.strip()]
            active = row.cells.get("active", "yes").strip().lower()
            if active not in YES_NO:
                what = f"active {active!r} is neither yes nor no."
                self.problems.append(row.problem(name, "active", what, "Write no for somebody who has left."))
                continue
            about: dict[str, object] = {
                "person": person.id,
                "name": row.cells.get("name", person.role),
                "email": email,
                "language": row.cells.get("language", "en"),
                "is_active": YES_NO[active],
                "away": [{"first_day": a.strip(), "last_day": (b or a).strip()} for a, _, b in spans],
            }
            contact = self._row(row, Contact, name, about)
            if contact is not None:
                contacts.append(contact)
        if not any(c.email for c in contacts):
            given.discard("email")
        self.contact_columns = frozenset(given)
        return tuple(people.values()), tuple(contacts)

    def _table(
        self, name: str, required: tuple[str, ...], optional: tuple[str, ...], mapping: dict[str, str]
    ) -> Iterator[TableRow]:
        path = self.path / name
        if not is_there(path):
            remedy = f"Its columns are {', '.join(required)}."
            self.problems.append(Problem(file=name, what="The file is missing.", remedy=remedy))
            return iter(())
        columns = {"required": required, "optional": optional}
        return read_table(path, name, self.problems, **columns, mapping=mapping, inside=self.path)

    def _row(
        self, row: TableRow, model: type[Model], file: str, cells: dict[str, object] | None = None
    ) -> Model | None:
        known = set(model.model_fields)
        given = cells if cells is not None else dict(row.cells)
        try:
            return model.model_validate({k: v for k, v in given.items() if k in known})
        except ValidationError as error:
            for complaint in error.errors():
                column = str(complaint["loc"][0])
                what = f"{column} {_quoted(complaint['input'])}: {complaint['msg'].removeprefix('Value error, ')}."
                if complaint["type"].startswith("date"):
                    what = f"'{complaint['input']}' is not a date. Write year-month-day, such as 2027-02-05."
                elif complaint["type"] == "string_pattern_mismatch":
                    what = f"'{complaint['input']}' is not an id. Use lower-case letters, digits and hyphens."
                self.problems.append(row.problem(file, column, what))
            return None

    def _assessments(self, mapping: dict[str, str], people: Iterable[Person]) -> Iterator[Assessment]:
        known = {p.id for p in people}
        for path in self._list("adkar", ".csv", ".xlsx"):
            shown = f"adkar/{path.name}"
            yield from read_assessments(path, shown, self.problems, people=known, mapping=mapping, inside=self.path)

    def _report(self, errors: Iterable[DefinitionError]) -> None:
        for error in errors:
            if len(self.problems) > MOST_LISTED:
                return
            document = self.documents.get(error.place.file)
            if document is None:
                self.problems.append(Problem(file=f"{error.place.file}.csv", what=error.what, remedy=error.remedy))
            else:
                self.problems.append(document.problem(error.place.path, error.what, error.remedy, on_key=error.on_key))

    def _check_loops(self, programme: Programme) -> None:
        try:
            in_order(programme.graph)
        except CyclicRoadmapError as error:
            task = programme.roadmap.tasks[error.cycle[0]]
            local = task.id.removeprefix(f"{task.service}/")
            document = self.documents[f"service:{task.service}" if task.service else "programme"]
            names = [local, task.step]
            path = next((("tasks", n) for n in names if ("tasks", n) in document.keys), ())
            what, _, remedy = str(error).rpartition(". ")
            self.problems.append(document.problem(path, f"{what}.", remedy, on_key=True))

    def _sources(self) -> dict[str, str]:
        texts = {d.file: d.text for d in self.documents.values() if is_there(self.path / d.file)}
        for name in ("schools.csv", *(f"rulepacks/{p.name}" for p in self._list("rulepacks", ".yaml"))):
            text = read_text(self.path / name, name, self.problems, most=MOST_BYTES, inside=self.path)
            texts |= {name: text} if text is not None else {}
        return dict(sorted(texts.items()))

    def _list(self, folder: str, *endings: str) -> list[Path]:
        return list_files(self.path / folder, self.problems, endings=endings, inside=self.path)


def _quoted(value: object) -> str:
    """Quote what somebody wrote; a line break in it is shown, not made."""
    return repr(value) if isinstance(value, str) else f"'{value}'"
