"""The latest version, written out: as a folder again, or for other programs."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ruamel.yaml import YAML

from changeflow.adkar.people import Contact
from changeflow.errors import ConflictError, InputError
from changeflow.files import whole_folder, write_whole
from changeflow.intake.folder import OF_A_CONTACT
from changeflow.intake.schema import write_schemas
from changeflow.programme.definition import Definition
from changeflow.programme.plan import Dates
from changeflow.reports.exports import write_ics, write_xlsx
from changeflow.reports.mspdi import write_roadmap
from changeflow.roadmap.pathways import StepFields
from changeflow.storage import audit, versions
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases.apply import remember
from changeflow.usecases.permitting import noting_refusals, permit
from changeflow.usecases.plan import plan_folder, schedule_project
from changeflow.usecases.stored import Stored, load
from changeflow.values.base import TaskId
from changeflow.values.cells import safe_cell
from changeflow.values.roles import Action

FORMS = ("mspdi", "xlsx", "ics")
WHEN = ("works_on", "language", "away", "active", "joins", "leaves", "successor", "moves")
PEOPLE = ("id", "name", "role", "email", "audience", "school", "hub", "groups", "manager", "services", *WHEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Who asks for names and addresses as well, and when."""

    actor: str | None
    now: datetime


def export_folder(out: Path, *, db: str, programme: str | None, on: date, addresses: Addresses | None = None) -> int:
    """Write the latest version as a folder, comments kept; return its number. A folder with files is refused.

    How people are reached is left out, unless somebody asks for it who may: that is noted in the audit. Applying a
    folder without it keeps what is stored.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConflictError(f"'{out}' is not empty. Name a new folder; nothing was written.")
    if addresses is None:
        with read_scope(db) as session:
            stored, contacts = load(session, programme, on=on), None
    else:
        stored, contacts = _with_contacts(addresses, db=db, programme=programme, on=on)
    definition = stored.version.definition
    with whole_folder(out) as new:
        for name, text in stored.version.sources.items():
            if name == "programme.yaml":
                text = _with_waivers(text, definition)
            elif name.startswith("services/"):
                text = _with_lessons(text, definition)
            write_whole(new / name, text)
        if definition.people:
            write_whole(new / "people.csv", _people(definition, contacts), private=True)
        write_schemas(new / "schema")
        remember(new, stored.programme.id, stored.version.number, stored.version.hash)
    return stored.version.number


def _with_contacts(
    asked: Addresses, *, db: str, programme: str | None, on: date
) -> tuple[Stored, Mapping[str, Contact]]:
    with noting_refusals(db, asked.now), session_scope(db) as session:
        stored = load(session, programme, on=on, for_change=True)
        name = stored.programme.id
        by = permit(stored.version.definition, asked.actor, Action.EXPORT_ADDRESSES, on=on)
        subject = f"version:{stored.version.number}:addresses"
        audit.append(session, name, at=asked.now, actor=by, action="export", subject=subject)
        return stored, versions.contacts(session, name)


def export_schedule(
    form: str, out: Path, *, source: Path | None, db: str, programme: str | None, on: date | None, now: datetime
) -> None:
    """Write the schedule of a folder, a Microsoft Project file or a stored programme as `mspdi`, `xlsx` or `ics`."""
    if form not in FORMS:
        raise InputError(f"'{form}' is not known. Choose one of folder, {', '.join(FORMS)}.")
    if source is not None and source.is_file():
        if form != "mspdi":
            raise InputError("A Microsoft Project file can be written as mspdi only.")
        project, schedule = schedule_project(source)
        known = project.baselines
        write_roadmap(project.roadmap, schedule, out, name=project.name, calendar=project.calendar, baselines=known)
        return
    baselines: dict[int, Mapping[TaskId, Dates]] = {}
    if source is not None:
        planned = plan_folder(source, on=on).programme
    else:
        with read_scope(db) as session:
            stored = load(session, programme, on=on or now.date())
        planned, baselines = stored.programme, {0: stored.baseline.dates} if stored.baseline else {}
    if form == "mspdi" and planned.schedule is not None:
        name, schedule = planned.name, planned.schedule
        write_roadmap(planned.roadmap, schedule, out, name=name, calendar="office", baselines=baselines)
    elif form == "xlsx":
        write_xlsx(planned, out)
    elif form == "ics":
        write_ics(planned, out, now=now)


def _with_waivers(text: str, definition: Definition) -> str:
    """Add the waivers that were given on the command line since the folder was stored; leave the rest as it was."""
    yaml = _writer()
    data = yaml.load(text)
    written = len(data.get("waivers") or [])
    new = definition.programme.waivers[written:]
    if not new:
        return text
    lines = io.StringIO()
    plain = [w.model_dump(exclude_none=True) for w in new]
    yaml.dump({"waivers": plain}, lines)
    if not written:
        return f"{text.rstrip()}\n\n{lines.getvalue()}"
    data["waivers"].extend(plain)
    whole = io.StringIO()
    yaml.dump(data, whole)
    return whole.getvalue()


def _with_lessons(text: str, definition: Definition) -> str:
    """Add what accepted lessons changed of a service's tasks since the folder was stored; leave the rest as it was."""
    yaml = _writer()
    data = yaml.load(text)
    service = next((s for s in definition.services if s.service == data.get("service")), None)
    if service is None:
        return text
    written = data.get("tasks") or {}
    new = {
        name: fields.model_dump(mode="json", exclude_none=True)
        for name, fields in service.tasks.items()
        if name not in written or StepFields.model_validate(_plain(written[name])) != fields
    }
    if not new:
        return text
    if not written:
        data["tasks"] = new
    else:
        written.update(new)
    whole = io.StringIO()
    yaml.dump(data, whole)
    return whole.getvalue()


def _plain(found: object) -> object:
    """Return what a YAML file says, without what it knows of its own looks."""
    return json.loads(json.dumps(found, default=str))


def _writer() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000  # lines stay as they were written
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _people(definition: Definition, contacts: Mapping[str, Contact] | None) -> str:
    """Write people.csv under the names that its columns have in programme.yaml, with no cell that runs as a formula.

    Without contacts it lacks the columns of contact details.
    """
    out, theirs = io.StringIO(), definition.programme.columns.get("people", {})
    wanted = PEOPLE if contacts is not None else [name for name in PEOPLE if name not in OF_A_CONTACT]
    # A name of ours that means another column of theirs cannot be read, so it had nothing in it.
    columns = [name for name in wanted if name in theirs or name not in theirs.values()]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(safe_cell(theirs.get(name, name)) for name in columns)
    for person in definition.people:
        contact = contacts.get(person.id) if contacts is not None else None
        row = person.model_dump() | {
            several: ";".join(getattr(person, several)) for several in ("groups", "services", "works_on")
        }
        row["moves"] = ";".join(f"{m.on}={m.school}" for m in person.moves)
        if contact is not None:
            away = ";".join(f"{a.first_day}..{a.last_day}" for a in contact.away)
            row |= {"name": contact.name, "email": contact.email, "language": contact.language, "away": away}
            row["active"] = "" if contact.is_active else "no"
        cells = (row.get(name) for name in columns)
        writer.writerow("" if cell is None else safe_cell(str(cell)) for cell in cells)
    return out.getvalue()
