"""Make edits again on texts that have changed since, and find those that no longer fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.kinds import Edit
from changeflow.intake.editing.places import Place, in_text, state_at, touched
from changeflow.intake.editing.sources import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class EditConflict:
    """An edit that does not fit the files as they are now."""

    edit: Edit | None = None
    """None for a version that cannot be undone."""
    reason: str
    """Why, in one sentence."""
    before: str = ""
    """What the files said when the edit was made; empty if nothing."""
    theirs: str = ""
    """What they say now."""
    ours: str = ""
    """What they would say after the edit."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Texts after edits, and the edits that were left out."""

    sources: Sources
    conflicts: tuple[EditConflict, ...] = ()


def replay(edits: Sequence[Edit], base: Sources, latest: Sources) -> Replayed:
    """Make edits on the latest texts, in order. `base` are the texts for which they were made.

    An edit fits if each place that it changes has the same value in both, or already has the value of the edit.
    """
    conflicts: list[EditConflict] = []
    is_same = base is latest or base == latest
    for edit in edits:
        try:
            after = edit.apply(base)
        except EditRefusedError as error:
            conflicts.append(EditConflict(edit=edit, reason=str(error)))
            continue
        if is_same:
            base = latest = after
            continue
        conflict, latest = _again(edit, base, after, latest)
        base = after
        conflicts += [conflict] if conflict is not None else []
    return Replayed(latest, tuple(conflicts))


def _again(edit: Edit, base: Sources, after: Sources, latest: Sources) -> tuple[EditConflict | None, Sources]:
    """Make one edit on the latest texts, or return why it does not fit."""
    places = touched(base, after)
    # An edit that only changes an order touches no place, and checks for itself whether it fits.
    if places and all(state_at(latest, place) == state_at(after, place) for place in places):
        return None, latest
    for place in places:
        now = state_at(latest, place)
        if now != state_at(base, place):
            return _conflict(edit, "Someone else has changed this since.", place, base, latest, after), latest
    try:
        return None, edit.apply(latest)
    except EditRefusedError as error:
        return EditConflict(edit=edit, reason=str(error)), latest


def _conflict(edit: Edit, reason: str, place: Place, base: Sources, latest: Sources, after: Sources) -> EditConflict:
    before, theirs, ours = (in_text(state_at(sources, place)) for sources in (base, latest, after))
    return EditConflict(edit=edit, reason=reason, before=before, theirs=theirs, ours=ours)
