"""Make edits again on texts that have changed since, and find those that no longer fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.kinds import Edit
from changeflow.intake.editing.places import Place, in_text, order_at, reordered, state_at, touched
from changeflow.intake.editing.sources import Sources

CHANGED = "Someone else has changed this since."


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

    An edit fits if each place that it changes has the same value in both, or already has the value of the edit. The
    items that it puts into another order must also be in the same order in both.
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
    places, orders = touched(base, after), reordered(base, after)
    if (places or orders) and _is_made(places, orders, after, latest):
        return None, latest
    if (conflict := _conflict_at(places, edit, base, latest, after)) is not None:
        return conflict, latest
    try:
        again = edit.apply(latest)
    except EditRefusedError as error:
        return EditConflict(edit=edit, reason=str(error)), latest
    # An edit that sets a whole list would remove what someone else has added to it.
    if (conflict := _conflict_at(touched(latest, again), edit, base, latest, again)) is not None:
        return conflict, latest
    for place in orders:
        if order_at(latest, place) not in (order_at(base, place), order_at(after, place)):
            said, theirs, ours = (in_text(order_at(sources, place)) for sources in (base, latest, after))
            return EditConflict(edit=edit, reason=CHANGED, before=said, theirs=theirs, ours=ours), latest
    return None, again


def _is_made(places: Sequence[Place], orders: Sequence[Place], after: Sources, latest: Sources) -> bool:
    """Return whether the latest texts have what an edit would write."""
    return all(state_at(latest, place) == state_at(after, place) for place in places) and all(
        order_at(latest, place) == order_at(after, place) for place in orders
    )


def _conflict_at(
    places: Sequence[Place], edit: Edit, base: Sources, latest: Sources, after: Sources
) -> EditConflict | None:
    """Return a conflict at the first place that has changed since."""
    for place in places:
        if state_at(latest, place) != state_at(base, place):
            said, theirs, ours = (in_text(state_at(sources, place)) for sources in (base, latest, after))
            return EditConflict(edit=edit, reason=CHANGED, before=said, theirs=theirs, ours=ours)
    return None
