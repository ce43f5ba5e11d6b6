"""Bring a folder up to date with edits that were made elsewhere, and keep its other lines as they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from changeflow.errors import ConflictError, InputError
from changeflow.intake.editing.base import Namer
from changeflow.intake.editing.kinds import edits_from_json
from changeflow.intake.editing.merging import carried
from changeflow.intake.editing.replay import EditConflict, Replayed, replay
from changeflow.intake.editing.sources import Sources
from changeflow.storage import versions
from changeflow.storage.database import read_scope
from changeflow.storage.versions import Version
from changeflow.usecases.definitions import left_out_of, remember, remembered
from changeflow.usecases.edit_names import namer
from changeflow.usecases.edits_since import versions_since
from changeflow.usecases.export import service_of, with_explanations
from changeflow.usecases.folder_files import read_files, write_files
from changeflow.usecases.next_versions import joined_programme
from changeflow.usecases.settled_sources import settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What came into a folder."""

    number: int
    """The version that the folder is made from now."""
    lines: tuple[str, ...]
    """What each version changed, in words."""
    files: tuple[str, ...]
    """The files that were written."""
    people_differ: bool
    """Whether people have changed as well, which are not brought into people.csv."""


class PullConflictsError(ConflictError):
    """Edits do not fit a folder's files; nothing was written."""

    def __init__(self, conflicts: tuple[str, ...]) -> None:
        self.conflicts = conflicts
        listing = "\n".join(f"  {line}" for line in conflicts)
        super().__init__(
            f"These changes do not fit the folder's files:\n{listing}\nNothing was written. Make your files agree, or "
            "get the latest version with: changeflow export folder NEWFOLDER"
        )


def pull(folder: Path, *, db: str) -> Pulled:
    """Make the changes of all versions since the folder's own in its files; write all of them or nothing."""
    state = remembered(folder)
    programme, number = state.get("programme"), state.get("number")
    if not isinstance(programme, str) or not isinstance(number, int):
        raise InputError(f"'{folder}' was not made from a stored version, so there is nothing to bring into it.")
    with read_scope(db) as session:
        stored = versions.required(session, programme)
        base = versions.numbered(session, programme, number)
        if base is None or base.hash != state.get("hash"):
            raise ConflictError(f"The database has no version {number} like the one that the folder was made from.")
        files = read_files(folder, {*base.sources, *stored.sources})
        made, lines = _brought_in(session, base, stored, {name: file.text for name, file in files.items()})
    changed = {name: text for name, text in made.items() if name not in files or files[name].text != text}
    gone = [name for name in files if name not in made]
    write_files(folder, changed, files, gone=gone)
    remember(folder, programme, stored.number, stored.hash, left_out=left_out_of(folder))
    differ = base.definition.people != stored.definition.people
    names = tuple(sorted([*changed, *gone]))
    return Pulled(number=stored.number, lines=tuple(lines), files=names, people_differ=differ)


def _brought_in(session: Session, base: Version, stored: Version, texts: Sources) -> tuple[Sources, list[str]]:
    """Make every version's changes on the folder's texts."""
    name, made, lines = namer(joined_programme(stored.definition)), Replayed(texts), list[str]()
    conflicts, before = list[str](), base
    for version in versions_since(session, stored, base.number):
        old, new = _shown(before), _shown(version)
        if version.edits:
            edits = edits_from_json(version.edits)
            made = replay(edits, old, made.sources)
            lines += [f"Version {version.number}: {edit.words(name)}" for edit in edits]
        else:
            made = carried(old, new, made.sources, reason="The folder differs here.")
            lines.append(f"Version {version.number}: stored by {version.created_by}.")
        conflicts += [f"Version {version.number}: {line}" for c in made.conflicts for line in _in_words(c, name)]
        before = version
    if conflicts:
        raise PullConflictsError(tuple(conflicts))
    return made.sources, lines


def _in_words(conflict: EditConflict, name: Namer) -> Iterator[str]:
    what = f"{conflict.edit.words(name)} " if conflict.edit is not None else ""
    yield f"{what}{conflict.reason}"
    if conflict.theirs or conflict.ours:
        yield f"  yours: {conflict.theirs or 'nothing'}; theirs: {conflict.ours or 'nothing'}"


def _shown(version: Version) -> Sources:
    """Return a version's files as an export has them, without explanations of individual contracts."""
    found = dict(settled(version))
    for name, text in found.items():
        if name.startswith("services/"):
            found[name] = with_explanations(text, service_of(text, version.definition), in_full=False)
    return found
