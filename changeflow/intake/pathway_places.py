"""Move mistakes that appear in a built-in pathway to the user's own files, where they can be corrected."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from changeflow.intake.documents import Reading
from changeflow.phrases import listed
from changeflow.programme.definition import Definition
from changeflow.programme.references import DefinitionError, Place
from changeflow.values.problem import Problem

PATHWAY = "pathway:"
FIELD = 3
"""Parts of the path to a field of a task: `tasks`, the task, the field."""


def in_own_files(
    reading: Reading, definition: Definition, errors: Iterable[DefinitionError]
) -> Iterator[DefinitionError | Problem]:
    """Yield errors at places in the folder; for groups that pathways need but that are empty, one problem per
    pathway."""
    groups: dict[str, list[str]] = {}
    for error in (_where_written(reading, definition, e) for e in errors):
        pathway = error.place.file.removeprefix(PATHWAY)
        if pathway == error.place.file or reading.documents[error.place.file].file in reading.texts:
            yield error
        elif error.place.path[-1:] == ("owner",):
            groups.setdefault(pathway, []).append(error.what.split("'")[1])
        else:
            users = [s.service for s in definition.services if s.pathway == pathway]
            user = next((s for s in users if f"'{s}/" in error.what), users[0])
            key = "pathway" if ("pathway",) in reading.documents[f"service:{user}"].keys else "service"
            yield replace(error, place=Place.service(user, key), on_key=True)
    for pathway, names in groups.items():
        yield _empty_groups(reading, pathway, sorted(set(names)))


def _where_written(reading: Reading, definition: Definition, error: DefinitionError) -> DefinitionError:
    """Return an error about a field of a task at the level where the field is written: one copy, the step, or the
    pathway."""
    service = next((s for s in definition.services if error.place.file == f"service:{s.service}"), None)
    if service is None or error.place.path[:1] != ("tasks",) or len(error.place.path) < FIELD:
        return error
    _, local, *rest = error.place.path
    step, written = str(local).rpartition("/")[2], reading.documents[error.place.file].keys
    for name in (local, step):
        if ("tasks", name, rest[0]) in written:
            return replace(error, place=Place.service(service.service, "tasks", name, *rest))
    pathway = reading.documents.get(f"{PATHWAY}{service.pathway}")
    if pathway is None or ("steps", step, rest[0]) not in pathway.keys:
        return error
    return replace(error, place=Place.pathway(service.pathway, step).at(*rest))


def _empty_groups(reading: Reading, pathway: str, names: list[str]) -> Problem:
    table = reading.read.get("people")
    column = next((m.place for m in table.columns.matches if m.field.name == "groups"), None) if table else None
    quoted, are_several = listed([f"'{name}'" for name in names]), len(names) > 1
    groups, own, them = ("groups", "own", "them") if are_several else ("group", "owns", "it")
    where = "the column 'groups'" if column else "a column 'groups'"
    return Problem(
        file=table.file if table else "people.csv",
        line=table.layout.header_line if table else 1,
        column=column or 1,
        what=f"No one is in the {groups} {quoted}, which {own} tasks of the pathway {pathway}.",
        remedy=f"Name {them} in {where}, for the people who do this work.",
    )
