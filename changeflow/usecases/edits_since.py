"""What has changed from one version to the latest, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from changeflow.intake.editing.kinds import edits_from_json
from changeflow.storage import versions
from changeflow.storage.versions import Version
from changeflow.usecases.edit_names import namer
from changeflow.usecases.next_versions import joined_programme
from changeflow.usecases.stored import Stored

SHOWN = 20
"""The most versions to describe."""


def versions_since(session: Session, stored: Version, number: int) -> Iterator[Version]:
    """Yield the versions after one of a programme's versions, oldest first."""
    for later in range(number + 1, stored.number + 1):
        found = versions.numbered(session, stored.definition.programme.programme, later)
        if found is not None:
            yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """A version that was published after a draft was started."""

    number: int
    who: str
    edits: tuple[str, ...]
    """What it changed, in sentences; empty if it was stored from a folder."""
    reason: str


def published_since(session: Session, stored: Stored, number: int) -> tuple[PublishedVersion, ...]:
    """Return the versions after one of a programme's versions, newest first, at most `SHOWN`."""
    name, programme = namer(stored.programme), stored.programme
    first = max(number, stored.version.number - SHOWN)
    found = [
        PublishedVersion(
            number=version.number,
            who=programme.person(version.created_by),
            edits=tuple(edit.words(name) for edit in edits_from_json(version.edits)) if version.edits else (),
            reason=version.reason or "",
        )
        for version in versions_since(session, stored.version, first)
    ]
    return tuple(reversed(found))


def edits_since(session: Session, stored: Version, number: int) -> Iterator[str]:
    """Yield a line for each version after one of a programme's versions: who stored it, and what its edits do."""
    if not 0 < number < stored.number:
        return
    name = namer(joined_programme(stored.definition))
    first = max(number, stored.number - SHOWN)
    if first > number:
        yield f"{first - number} earlier versions"
    for version in versions_since(session, stored, first):
        said = [edit.words(name) for edit in edits_from_json(version.edits)] if version.edits else []
        reason = f" Reason: {version.reason}" if version.reason else ""
        what = f": {' '.join(said)}" if said else "."
        yield f"Version {version.number}, stored by {version.created_by}{what}{reason}"
