"""A programme folder in: every file read, every mistake found, nothing half taken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from changeflow.adkar.assessment import Assessment
from changeflow.adkar.people import ChangeImpact, Contact
from changeflow.alike import MOST_LISTED
from changeflow.errors import (
    CalendarExhaustedError,
    CyclicRoadmapError,
    InputError,
    MeetingsExhaustedError,
    ProblemsError,
    RulesUnknownError,
    UnknownThingError,
)
from changeflow.intake.assessments import read_assessments
from changeflow.intake.calendar_checks import check_calendars
from changeflow.intake.checks import check_change, check_pilots, check_references, check_settings, people_missing
from changeflow.intake.documents import Reader, Reading, many, one, read_pathways
from changeflow.intake.opening import read_text
from changeflow.intake.people import columns_of, read_people, read_schools
from changeflow.intake.place_checks import check_places
from changeflow.intake.rollout_checks import check_levelling, check_recovery_options, check_risk, check_rollout
from changeflow.intake.rulepacks import read_rulepacks, shipped_rulepacks
from changeflow.intake.tables import MOST_BYTES
from changeflow.intake.yaml import Document
from changeflow.programme.assembly.ranges import check_ranges
from changeflow.programme.definition import CalendarFile, Definition, ProgrammeFile, ServiceFile
from changeflow.programme.programme import Programme, join
from changeflow.programme.references import DefinitionError
from changeflow.roadmap.engine.cpm import time_roadmap
from changeflow.roadmap.model.graph import in_order
from changeflow.roadmap.model.pathways import MEETING
from changeflow.roadmap.model.requests import Levelling, Risk, Rollout
from changeflow.values.problem import Problem, what_and_remedy
from changeflow.values.rulepack import Rulepack, Rulepacks


@dataclass(frozen=True, slots=True)
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
    """The columns of people.csv that say how people are reached: see `PeopleRead`."""
    documents: Mapping[str, Document] = field(default_factory=dict)
    """Its files, by what they describe: see `Place.file`."""


def _read_services(reading: Reading, parts: Mapping[str, Any]) -> tuple[ServiceFile, ...]:
    services: tuple[ServiceFile, ...] = many("services", ServiceFile, "service")(reading, parts)
    if not services and not any(p.file.startswith("services") for p in reading.problems):
        reading.add("services", "There is no service.", "Add a file such as services/payroll.yaml.")
    return services


def _read_rounds(reading: Reading, parts: Mapping[str, Any]) -> tuple[Assessment, ...]:
    return tuple(
        assessment
        for path in reading.files("adkar", ".csv", ".xlsx")
        for assessment in read_assessments(
            path, f"adkar/{path.name}", reading.problems, people={p.id for p in parts["people"].people},
            mapping=columns_of(parts, "assessments"), inside=reading.path,
        )
    )  # fmt: skip


def _read_own_rulepacks(reading: Reading, _: Mapping[str, Any]) -> tuple[Rulepack, ...]:
    return read_rulepacks(reading.path / "rulepacks", reading.problems, inside=reading.path)


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
"""What reads each part of a folder, in this order: a part may need those before it."""
DEFINED = (check_references, check_calendars, check_places, check_ranges, check_rollout, check_change, check_pilots)
"""The checks of a definition: without problems alone it can be joined."""
JOINED = (check_settings, check_risk, check_recovery_options, check_levelling)


ROUNDS = "adkar/"
"""Nothing else rests on what these files say: a mistake in them hides no other."""


def read_folder(path: Path) -> Folder:
    """Read a programme folder; all its problems at once as `ProblemsError`."""
    if path.is_file():
        other = " `changeflow schedule` plans a Project file." if path.suffix.lower() in (".xml", ".mpp") else ""
        raise InputError(f"'{path}' is a file. Name the folder of a programme, with its programme.yaml.{other}")
    if not path.is_dir():
        raise UnknownThingError("folder", str(path), remedy="Make one with: changeflow init FOLDER")
    reading = Reading(path)
    parts: dict[str, Any] = {}
    for name, read in READERS.items():
        parts[name] = read(reading, parts)
    if any(not p.file.startswith(ROUNDS) for p in reading.problems):
        _stop_at_problems(reading)
    people, assessments = parts["people"], parts.pop("assessments")
    definition = Definition(**parts | {"people": people.people})
    _report(reading, people_missing(definition, [error for check in DEFINED for error in check(definition)]))
    _stop_at_problems(reading)
    rulepacks = shipped_rulepacks()
    try:
        joined, errors = join(definition, rulepacks=rulepacks)
        for judge in JOINED:
            _report(reading, judge(joined))
        _report(reading, errors)
        _check_loops(reading, joined)
        _check_meetings(reading, joined)
    except RulesUnknownError as error:
        reading.problems.append(reading.documents["programme"].problem(("start",), *what_and_remedy(error)))
    sources = _sources(reading)
    _stop_at_problems(reading)
    read_to = (path, definition, people.contacts, assessments, rulepacks, joined, sources, people.columns)
    return Folder(*read_to, reading.documents)


def _stop_at_problems(reading: Reading) -> None:
    if reading.problems:
        found = sorted(dict.fromkeys(reading.problems), key=lambda p: (p.file, p.line, p.column, p.what))
        raise ProblemsError(found)


def _report(reading: Reading, errors: Iterable[DefinitionError]) -> None:
    for error in errors:
        if len(reading.problems) > MOST_LISTED:
            return
        document, path = reading.documents.get(error.place.file), error.place.path
        if path and (row := reading.rows.get((error.place.file, str(path[0])))) is not None:
            reading.problems.append(row.problem(str(path[-1]), error.what, error.remedy))
        elif document is None:
            reading.problems.append(Problem(file=f"{error.place.file}.csv", what=error.what, remedy=error.remedy))
        else:
            reading.problems.append(document.problem(error.place.path, error.what, error.remedy, on_key=error.on_key))


def _check_loops(reading: Reading, programme: Programme) -> None:
    try:
        in_order(programme.graph)
    except CyclicRoadmapError as error:
        task = programme.roadmap.tasks[error.cycle[0]]
        local = task.id.removeprefix(f"{task.service}/")
        document = reading.documents[f"service:{task.service}" if task.service else "programme"]
        path = next((("tasks", n) for n in (local, task.step) if ("tasks", n) in document.keys), ())
        what, _, remedy = str(error).rpartition(". ")
        reading.problems.append(document.problem(path, f"{what}.", remedy, on_key=True))


def _check_meetings(reading: Reading, programme: Programme) -> None:
    """Schedule what waits for meetings: a plan that needs more of their dates than are known cannot be made."""
    windows = {t.starts_on for t in programme.roadmap.tasks.values() if t.starts_on and t.starts_on.startswith(MEETING)}
    if not windows or reading.problems:
        return
    try:
        time_roadmap(programme.roadmap)
    except MeetingsExhaustedError as error:
        document = reading.documents[f"calendar:{error.calendar}"]
        names = [m["name"].strip() for m in document.data["meetings"]]
        place = ("meetings", names.index(error.meeting), "dates")
        reading.problems.append(document.problem(place, *what_and_remedy(error)))
    except CalendarExhaustedError:
        return  # Reported when the folder is planned.


def _sources(reading: Reading) -> dict[str, str]:
    texts = dict(reading.texts)
    for name in ("schools.csv", *(f"rulepacks/{p.name}" for p in reading.files("rulepacks", ".yaml"))):
        text = reading.tables.get(name)
        if text is None:
            text = read_text(reading.path / name, name, reading.problems, most=MOST_BYTES, inside=reading.path)
        texts |= {name: text} if text is not None else {}
    return dict(sorted(texts.items()))
