"""Export the latest version as a folder, or a schedule for other programs."""

import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from changeflow.adkar.people import Contact
from changeflow.errors import ConflictError, InputError
from changeflow.files import whole_folder, write_whole
from changeflow.intake.documents import write_schemas
from changeflow.pilots.criteria import ExplainedVariance
from changeflow.programme.asked import without_asked
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.programme.mandates import Subject
from changeflow.programme.programme import Programme
from changeflow.reports.exports import write_ics
from changeflow.reports.mspdi.outline import Labels
from changeflow.reports.mspdi.writer import write_roadmap
from changeflow.reports.workbook.cells import WorkbookSource
from changeflow.reports.workbook.writing import write_workbook
from changeflow.roadmap.model.pathways import StepFields
from changeflow.storage import answers, versions
from changeflow.storage.database import read_scope
from changeflow.storage.versions import StoredPlan
from changeflow.usecases.authority import is_permitted
from changeflow.usecases.definitions import remember
from changeflow.usecases.people_table import PEOPLE_FILE, people_text
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.project_files import schedule_project
from changeflow.usecases.stored import Stored, known_until, load, stored_on
from changeflow.usecases.unit_of_work import Change, ChangeChecks, unit_of_work
from changeflow.values.moments import local_day
from changeflow.values.words import Action

FORMS = ("mspdi", "xlsx", "ics")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """A request for personal data in an export: who makes it, when, and for which data."""

    actor: str | None
    now: datetime
    addresses: bool = False
    """Names, contact details and absences."""
    contracts: bool = False
    """Explanations of individual contracts, for the services whose contracts the person may see."""
    guard: ChangeChecks | None = field(default=None, repr=False, compare=False)
    """Further checks in the transaction that records the export, for a request on a page."""


_Found = tuple[Stored, Mapping[str, Contact] | None, Collection[str]]
"""What to export: the programme, contact details, and services with explanations of individual contracts."""


def export_folder(out: Path, *, db: str, programme: str | None, on: date, asked: ExportRequest | None = None) -> int:
    """Write the latest version as a folder, with its comments, and return the version's number.

    Contact details and explanations of individual contracts are left out unless `asked` requests them; the audit then
    records who exported them. Applying a folder without them keeps the stored ones. Raise ConflictError if `out` exists
    and is not an empty folder, NotAllowedError if the person may not have what they requested.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConflictError(f"'{out}' is not empty. Name a new folder; nothing was written.")
    if asked is None or not (asked.addresses or asked.contracts):
        found: _Found = stored_on(programme, db=db, on=on), None, ()
    else:
        found = _with_people(asked, db=db, programme=programme, on=on)
    stored, contacts, contracts = found
    definition = stored.version.definition
    about_contracts = {s.service for s in definition.services if s.explains_contracts}
    with whole_folder(out) as new:
        for name, text in stored.version.sources.items():
            is_private = False
            if name == "programme.yaml":
                text = with_waivers(text, definition)
            elif name.startswith("services/"):
                service = service_of(text, definition)
                is_private = service is not None and service.service in contracts
                text = with_lessons(with_explanations(text, service, in_full=is_private), service)
            write_whole(new / name, text, private=is_private)
        if definition.people:
            write_whole(new / PEOPLE_FILE, people_text(definition, contacts), private=True)
        write_schemas(new / "schema")
        left_out = about_contracts - set(contracts)
        remember(new, stored.programme.id, stored.version.number, stored.version.hash, left_out=left_out)
    return stored.version.number


def _with_people(asked: ExportRequest, *, db: str, programme: str | None, on: date) -> _Found:
    change = Change(db=db, programme=programme, actor=asked.actor, now=asked.now, on=on, guard=asked.guard)
    with unit_of_work(change) as work:
        stored = work.looked_at()
        definition, number = stored.version.definition, stored.version.number
        contacts, contracts, by, subjects = None, list[str](), asked.actor or "", []
        if asked.addresses:
            by = work.permit(Action.EXPORT_ADDRESSES)
            contacts, subjects = versions.contacts(work.session, work.name), [f"version:{number}:addresses"]
        abouts = [Subject(thing=s.name, service=s.service) for s in definition.services if s.explains_contracts]
        if asked.contracts and abouts:
            mine = [a for a in abouts if is_permitted(definition, asked.actor, Action.READ_CONTRACTS, a, on=on)]
            by = work.permit(Action.READ_CONTRACTS, (mine or abouts)[0])
            contracts = [a.service for a in mine if a.service]
            subjects += [f"version:{number}:contracts:{service}" for service in contracts]
        for subject in subjects:
            work.note("export", subject, by=by)
        return stored, contacts, contracts


def export_schedule(
    form: str, out: Path, *, source: Path | None, db: str, programme: str | None, on: date | None, now: datetime
) -> tuple[str, ...]:
    """Write a schedule as `mspdi`, `xlsx` or `ics`; return what is set or different in it, in words.

    The schedule is that of `source` (a folder or a Microsoft Project file) or, without one, of the stored programme. A
    Microsoft Project file can be written as `mspdi` only.
    """
    if form not in FORMS:
        raise InputError(f"'{form}' is not an export format. Use folder, {', '.join(FORMS[:-1])} or {FORMS[-1]}.")
    if source is not None and source.is_file():
        if form != "mspdi":
            raise InputError("A Microsoft Project file can be written as mspdi only.")
        read: list[str] = []
        project, schedule = schedule_project(source, say=read.append)
        known = project.baselines
        written = write_roadmap(
            project.roadmap, schedule, out, name=project.name, calendar=project.usual_calendar, baselines=known
        )
        return (*read, *written)
    if form == "xlsx":
        write_workbook(_exported(source, db=db, programme=programme, on=on, now=now), out)
        return ()
    baselines: Sequence[StoredPlan] = ()
    if source is not None:
        planned = plan_folder(source, on=on).programme
    else:
        with read_scope(db) as session:
            stored = load(session, programme, on=on or now.date())
            planned = stored.programme
            baselines = versions.baselines(session, planned.id, until=known_until(session, planned.id))
    if form == "mspdi":
        return _write_mspdi(planned, out, baselines)
    if form == "ics":
        write_ics(planned, out, now=now)
    return ()


def _write_mspdi(planned: Programme, out: Path, baselines: Sequence[StoredPlan]) -> tuple[str, ...]:
    """Write a programme for Microsoft Project: its latest baseline is 0, and the first ten keep their numbers."""
    known = {b.number: b.dates for b in baselines}
    if baselines:
        known[0] = baselines[-1].dates
    # Waiting decisions are our forecast; other programs get only what was reported.
    reported = replace(planned.roadmap, progress=without_asked(planned.roadmap, planned.facts.progress))
    definition = planned.definition
    labels = Labels(
        services={s.service: s.name for s in definition.services},
        waves={w.id: w.name for w in definition.programme.waves},
        schools={s.id: s.name for s in definition.schools},
        # Roles only, because a schedule may go to people who may not see names.
        owners={o: definition.role_of(o) or o for t in reported.tasks.values() if (o := t.owner) is not None},
    )
    return write_roadmap(
        reported,
        planned.required_schedule,
        out,
        name=planned.name,
        calendar="office",
        baselines=known,
        labels=labels,
    )


def _exported(source: Path | None, *, db: str, programme: str | None, on: date | None, now: datetime) -> WorkbookSource:
    """Return a folder's programme for the workbook, or the stored one with its baseline."""
    if source is not None:
        planned = plan_folder(source, on=on).programme
        return WorkbookSource(programme=planned, today=planned.on, at=now)
    today = on or local_day(now)
    with read_scope(db) as session:
        stored = load(session, programme, on=today)
        given = answers.answers(session, stored.programme.id, until=known_until(session, stored.programme.id))
    return WorkbookSource(
        programme=stored.programme,
        today=today,
        at=now,
        version=stored.version.number,
        baseline=stored.baseline.dates if stored.baseline else None,
        answers=given,
    )


def with_waivers(text: str, definition: Definition) -> str:
    """Add waivers given on the command line since the folder was stored; leave the rest unchanged."""
    data = _writer().load(text)
    written = len(data.get("waivers") or [])
    new = definition.programme.waivers[written:]
    if not new:
        return text
    plain = [w.model_dump(exclude_none=True) for w in new]
    if not written:
        return f"{text.rstrip()}\n\n{_text_of({'waivers': plain})}"
    data["waivers"].extend(plain)
    return _text_of(data)


def service_of(text: str, definition: Definition) -> ServiceFile | None:
    """Return the service that a file describes; None if the programme does not have it."""
    name = _writer().load(text).get("service")
    return next((s for s in definition.services if s.service == name), None)


def with_explanations(text: str, service: ServiceFile | None, *, in_full: bool) -> str:
    """Omit explanations of individual contracts, or with `in_full` write all stored ones; leave the rest unchanged.

    If any are left out, so are all comments of the parallel run.
    """
    if service is None or service.parallel_run is None or not service.explains_contracts:
        return text
    data = _writer().load(text)
    wanted = [e for e in service.parallel_run.explanations if in_full or e.key is None]
    written = data["parallel_run"].get("explanations") or []
    known = [ExplainedVariance.model_validate(_plain(item)) for item in written]
    if known == wanted:
        return text
    as_written = [item for item, one in zip(written, known, strict=True) if one in wanted]
    if wanted != [e for e in known if e in wanted]:
        as_written = [e.model_dump(mode="json", exclude_none=True) for e in wanted]
    data["parallel_run"]["explanations"] = as_written
    if not in_full:
        # A comment may name a contract, and ruamel attaches it to the previous entry.
        data.ca.items.pop("parallel_run", None)
        _drop_comments(data["parallel_run"])
    return _text_of(data)


def with_lessons(text: str, service: ServiceFile | None) -> str:
    """Add changes from lessons accepted since the folder was stored; leave the rest unchanged."""
    if service is None:
        return text
    data = _writer().load(text)
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
    return _text_of(data)


def _drop_comments(node: object) -> None:
    if isinstance(node, CommentedMap | CommentedSeq):
        node.ca.comment, node.ca.end = None, []
        node.ca.items.clear()
        for inner in node.values() if isinstance(node, CommentedMap) else node:
            _drop_comments(inner)


def _plain(found: object) -> object:
    """Return the content of a YAML file without comments and quotes."""
    return json.loads(json.dumps(found, default=str))


def _text_of(data: object) -> str:
    out = io.StringIO()
    _writer().dump(data, out)
    return out.getvalue()


def _writer() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000  # keep long lines
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
