"""Take a change out of texts that have changed since, line by line."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from changeflow.intake.editing.places import in_text, state_at, touched
from changeflow.intake.editing.replay import EditConflict, Replayed
from changeflow.intake.editing.sources import Sources

_CHANGED = "A later change has touched the same place."
Hunk = tuple[int, int, list[str]]
"""The first line and the line after the last of a changed stretch, and what replaces it."""


def taken_out(before: Sources, after: Sources, latest: Sources) -> Replayed:
    """Return the latest texts without the change from `before` to `after`.

    It is a conflict if a later change has touched one of its places, or its lines.
    """
    found, conflicts = dict[str, str](latest), list[EditConflict]()
    places = touched(before, after)
    for place in places:
        if state_at(latest, place) != state_at(after, place):
            said, theirs, ours = (in_text(state_at(sources, place)) for sources in (after, latest, before))
            conflicts.append(EditConflict(reason=_CHANGED, before=said, theirs=theirs, ours=ours))
    if conflicts:
        return Replayed(latest, tuple(conflicts))
    for file in sorted({*before, *after}):
        was, changed, now = before.get(file), after.get(file), latest.get(file)
        if was == changed:
            continue
        merged = was if now == changed else _merged(changed, was, now)
        if merged is None and now != changed:
            conflicts.append(EditConflict(reason=f"A later change has touched the same lines of {file}."))
        elif merged is None:
            found.pop(file, None)
        else:
            found[file] = merged
    if not conflicts and any(state_at(found, place) != state_at(before, place) for place in places):
        conflicts.append(EditConflict(reason="Later changes overlap this one."))
    return Replayed(latest if conflicts else found, tuple(conflicts))


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
