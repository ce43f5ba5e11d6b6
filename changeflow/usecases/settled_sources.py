"""A version's files with what was recorded since they were stored: waivers, and changes from accepted lessons."""

import json
from collections.abc import Iterator

from changeflow.intake.editing.sources import PROGRAMME_FILE, Sources, data_in, found_at, with_item, with_value
from changeflow.intake.folder import Folder, read_sources
from changeflow.programme.definition import Definition, ServiceFile
from changeflow.roadmap.model.pathways import StepFields
from changeflow.storage.versions import Version
from changeflow.usecases.next_versions import with_stored_contracts
from changeflow.usecases.people_table import PEOPLE_FILE, people_text


def settled(version: Version) -> Sources:
    """Return a version's files as they must be to give its definition again. No other line is changed."""
    sources: Sources = version.sources
    definition = version.definition
    written = len(data_in(sources, PROGRAMME_FILE).get("waivers") or ())
    for waiver in definition.programme.waivers[written:]:
        sources = with_item(sources, PROGRAMME_FILE, ("waivers",), waiver.model_dump(exclude_none=True))
    for name in [name for name in sources if name.startswith("services/")]:
        found = data_in(sources, name).get("service")
        service = next((s for s in definition.services if s.service == found), None)
        if service is not None:
            for path, value in _lessons(sources, name, service):
                sources = with_value(sources, name, path, value)
    return sources


def _lessons(sources: Sources, file: str, service: ServiceFile) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the fields of tasks that lessons have changed, each with its place."""
    for task, fields in service.tasks.items():
        written = found_at(sources, file, ("tasks", task))
        known = StepFields.model_validate(_plain(written)) if isinstance(written, dict) else StepFields()
        if known == fields:
            continue
        for name, value in fields.model_dump(mode="json", exclude_none=True).items():
            if getattr(known, name) != getattr(fields, name):
                yield ("tasks", task, name), value


def _plain(data: object) -> object:
    return json.loads(json.dumps(data, default=str))


def read_version(sources: Sources, before: Definition) -> Folder:
    """Read files as the next version, with the people and the explanations of individual contracts of the version
    before; raise a `ProblemsError` that lists all problems."""
    people = {PEOPLE_FILE: people_text(before, None)} if before.people else {}
    return with_stored_contracts(read_sources({**sources, **people}), before, None)
