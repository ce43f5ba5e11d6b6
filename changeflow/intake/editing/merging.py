"""Carry a change over to texts that differ elsewhere, line by line."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.places import contents_with, in_text, state_at, touched
from changeflow.intake.editing.replay import EditConflict, Replayed
from changeflow.intake.editing.sources import Sources

Hunk = tuple[int, int, list[str]]
"""The first line and the line after the last of a changed stretch, and what replaces it."""


def carried(old: Sources, new: Sources, latest: Sources, *, reason: str) -> Replayed:
    """Apply the change from `old` to `new` to the latest texts. Swap `old` and `new` to undo a change.

    A place or line that the change touches, and that has changed again since, is a conflict; `reason` is the reason
    given for a conflict between places.
    """
    found, conflicts = dict[str, str](latest), list[EditConflict]()
    places = touched(old, new)
    for place in places:
        now = state_at(latest, place)
        if now not in (state_at(old, place), state_at(new, place)):
            said, theirs, ours = (in_text(state_at(sources, place)) for sources in (old, latest, new))
            conflicts.append(EditConflict(reason=reason, before=said, theirs=theirs, ours=ours))
    if conflicts:
        return Replayed(latest, tuple(conflicts))
    for file in sorted({*old, *new}):
        was, changed, now = old.get(file), new.get(file), latest.get(file)
        if changed in (was, now):
            continue
        if was == now and changed is None:
            found.pop(file, None)
        elif (merged := changed if was == now else _merged(was, changed, now)) is not None:
            found[file] = merged
        else:
            conflicts.append(EditConflict(reason=f"The same lines of {file} have changed."))
    if not conflicts and not _says(found, contents_with(latest, new, places)):
        conflicts.append(EditConflict(reason="The changes overlap."))
    return Replayed(latest if conflicts else found, tuple(conflicts))


def _says(sources: Sources, wanted: Mapping[str, object]) -> bool:
    """Return whether texts have the wanted content; texts merged by line may not even be readable."""
    try:
        return contents_with(sources, {}, ()) == wanted
    except EditRefusedError:
        return False


def _merged(base: str | None, mine: str | None, theirs: str | None) -> str | None:
    """Return a text with both changes; None if they overlap."""
    if base is None or mine is None or theirs is None:
        return None
    lines = base.splitlines(keepends=True)
    ours, others = _hunks(lines, mine), _hunks(lines, theirs)
    if any((a[0] < b[1] and b[0] < a[1]) or a[0] == b[0] for a in ours for b in others):
        return None
    for start, end, new in sorted([*ours, *others], reverse=True):
        lines[start:end] = new
    return "".join(lines)


def _hunks(base: Sequence[str], changed: str) -> list[Hunk]:
    lines = changed.splitlines(keepends=True)
    codes = SequenceMatcher(None, base, lines, autojunk=False).get_opcodes()
    return [(a, b, lines[c:d]) for tag, a, b, c, d in codes if tag != "equal"]
