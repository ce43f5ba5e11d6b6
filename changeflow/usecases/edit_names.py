"""The names of things in the sentences of edits."""

import re
from collections.abc import Mapping, Sequence

from changeflow.intake.editing.base import Namer
from changeflow.intake.editing.kinds import Edit
from changeflow.intake.editing.structure import AddService
from changeflow.intake.editing.wave_plans import SplitWave
from changeflow.intake.editing.waves import AddSchool, AddWave
from changeflow.phrases import capitalised, name_of_id
from changeflow.programme.definition import Definition
from changeflow.programme.programme import Programme
from changeflow.programme.references import PROGRAMME
from changeflow.programme.wave_labels import wave_labels, with_services
from changeflow.roadmap.model.naming import TaskName
from changeflow.rules.titles import titled

_QUOTED_ID = re.compile(r"(\b[Ww]ave )?'([a-z0-9/-]+)'")


def namer(programme: Programme, edits: Sequence[Edit] = ()) -> Namer:
    """Return the function that names a programme's things, and those that edits add.

    It returns the id of a thing that is not there.
    """
    definition = programme.definition
    known: Mapping[str, Mapping[str, str]] = {
        "school": {s.id: s.name for s in definition.schools},
        "wave": wave_labels(definition),
        "service": {s.service: s.name for s in definition.services},
        "person": {p.id: programme.person(p.id) for p in definition.people},
        "team": {id_: team.name or id_ for id_, team in definition.rollout.teams.items()},
        "event": {e.id: f"“{e.name or e.id}”" for e in definition.risk.events},
        "option": {o.id: f"“{o.name or o.id}”" for o in definition.risk.recovery_options},
        "group": {id_: group.name or id_ for id_, group in definition.rollout.groups.items()},
        "calendar": _calendars(definition),
        "meeting": {m.id: m.name for calendar in definition.calendars for m in calendar.meetings},
    }

    added = _added(edits, known["service"])

    def name(kind: str, id_: str) -> str:
        if kind == "task":
            return _task(programme, id_)
        if kind == "rule":
            return titled(id_)
        if kind == "setting":
            return f"Setting “{id_.replace('_', ' ')}”"
        return known.get(kind, {}).get(id_) or added.get((kind, id_), f"‘{id_}’")

    return name


def _added(edits: Sequence[Edit], services: Mapping[str, str]) -> Mapping[tuple[str, str], str]:
    """Return the names of the schools, waves and services that edits add, by their kinds and ids."""
    found: dict[tuple[str, str], str] = {}
    for edit in edits:
        if isinstance(edit, AddWave | SplitWave):
            found["wave", edit.id] = with_services(edit.name, [services.get(s, s) for s in edit.services])
        elif isinstance(edit, AddSchool):
            found["school", edit.id] = edit.name
        elif isinstance(edit, AddService):
            found["service", edit.service] = edit.name
    return found


def with_names(text: str, name: Namer) -> str:
    """Return a sentence that names things as people know them, not by their ids in quotation marks."""

    def named(found: re.Match[str]) -> str:
        before, id_ = found.groups(default="")
        kinds = ("wave",) if before else ("school", "wave", "service", "team", "task")
        known = next((known for kind in kinds if (known := name(kind, id_)) != f"‘{id_}’"), "")
        if not known:
            return found[0]
        return known if "wave" in known.lower() else f"{before}{known}"

    return capitalised(_QUOTED_ID.sub(named, text))


def _calendars(definition: Definition) -> dict[str, str]:
    """Return whose each calendar is."""
    schools = {s.id: s.name for s in definition.schools}
    names = {}
    for calendar in definition.calendars:
        if calendar.school is not None:
            names[calendar.calendar] = schools.get(calendar.school, calendar.school)
        else:
            whose = f"schools of {name_of_id(calendar.authority)}" if calendar.authority else "all schools"
            names[calendar.calendar] = whose
    return names


def _task(programme: Programme, id_: str) -> str:
    """Return the name of a task, or of a step of a service that is several tasks."""
    if (task := programme.roadmap.tasks.get(id_)) is not None:
        return f"“{task.name}”"
    owner, _, local = id_.partition("/")
    service = next((s for s in programme.definition.services if s.service == owner), None)
    if service is None:
        milestone = programme.milestone(local) if owner == PROGRAMME else None
        return f"“{milestone.name}”" if milestone is not None else f"‘{id_}’"
    step = local.rpartition("/")[2]
    pathway = next((p for p in programme.definition.pathways if p.pathway == service.pathway), None)
    written = (service.tasks.get(step), pathway.steps.get(step) if pathway is not None else None)
    name = next((fields.name for fields in written if fields is not None and fields.name), step.replace("-", " "))
    return f"“{TaskName(name, service=service.name)}”"
