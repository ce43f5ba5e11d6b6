"""Drafts of changes to a programme: store, change, list and discard them. Publishing one is in `editing`."""

from dataclasses import replace

from sqlmodel import Session

from changeflow.errors import CheckFailedError, InputError, UnknownThingError
from changeflow.intake.editing.kinds import edits_from_json, edits_to_json
from changeflow.storage import drafts
from changeflow.storage.database import read_scope
from changeflow.storage.drafts import StoredDraft
from changeflow.usecases.acts import StaleError
from changeflow.usecases.editing import PlanDraft, loaded_for_editing, replayed
from changeflow.usecases.jobs import remove_draft_jobs
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.words import Action

MOST_EDITS, MOST_DRAFTS, LONGEST_NAME = 500, 200, 80
"""The most edits of one draft, the most drafts of a programme, and the longest name in characters."""


class NameTakenError(InputError):
    """Another draft has this name; nothing was saved."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is already a draft called “{name}”. Choose another name.")


def drafts_of(change: Change) -> tuple[PlanDraft, ...]:
    """Return a programme's drafts, newest first."""
    with read_scope(change.db) as session:
        stored, _ = loaded_for_editing(session, change)
        return tuple(_draft(found) for found in drafts.drafts_of(session, stored.programme.id))


def draft_of(number: int, change: Change) -> PlanDraft:
    """Return a draft by its number."""
    with read_scope(change.db) as session:
        stored, _ = loaded_for_editing(session, change)
        return stored_draft(session, stored.programme.id, number)


def stored_draft(session: Session, programme: str, number: int) -> PlanDraft:
    """Return a draft by its number. Check permissions first."""
    found = drafts.draft_of(session, programme, number)
    if found is None:
        raise UnknownThingError("draft", str(number))
    return _draft(found)


def save_draft(draft: PlanDraft, change: Change) -> PlanDraft:
    """Store a draft, a new one or the next revision of a stored one; return it as stored.

    If another draft has the name of a new one, the new one gets a number after its name. Raise a `StaleError` if
    someone else has saved it since.
    """
    with unit_of_work(change) as work:
        by = work.permit(Action.STORE_VERSION)
        return _saved(work, draft if draft.id is not None else replace(draft, name=_free_name(work, draft.name)), by)


def _free_name(work: UnitOfWork, name: str) -> str:
    """Return a name, or the name with the first number that no other draft has."""
    taken = {d.name.casefold() for d in drafts.drafts_of(work.session, work.name)}
    names = (f"{name} ({number})" for number in range(2, MOST_DRAFTS + 2))
    return name if not name or name.casefold() not in taken else next(n for n in names if n.casefold() not in taken)


def rebased(draft: PlanDraft, change: Change) -> PlanDraft:
    """Return a draft for the latest version, or as it is if one of its edits does not fit that version."""
    with read_scope(change.db) as session:
        stored, _ = loaded_for_editing(session, change)
        moved = replace(draft, base=stored.version.number)
        made, again = replayed(session, stored, draft), replayed(session, stored, moved)
    # An edit that someone else has made as well may be refused a second time.
    fits = not made.conflicts and not again.conflicts and made.sources == again.sources
    return moved if fits else draft


def new_draft(draft: PlanDraft, change: Change) -> PlanDraft:
    """Store a new draft under a name that no other draft has."""
    with unit_of_work(change) as work:
        by = work.permit(Action.STORE_VERSION)
        _check_name(work, draft.name)
        return _saved(work, draft, by)


def copy_draft(draft: PlanDraft, name: str, change: Change) -> PlanDraft:
    """Store a copy of a draft under another name; return it. Raise a `StaleError` if it is not as stored any more."""
    with unit_of_work(change) as work:
        by = work.permit(Action.STORE_VERSION)
        _check_as_stored(work, draft)
        _check_name(work, name)
        return _saved(work, replace(draft, id=None, name=name), by)


def rename_draft(draft: PlanDraft, name: str, change: Change) -> PlanDraft:
    """Give a draft another name; raise a `StaleError` if someone else has saved it since."""
    with unit_of_work(change) as work:
        by = work.permit(Action.STORE_VERSION)
        _check_name(work, name, but=draft.id)
        return _saved(work, replace(draft, name=name), by)


def _check_name(work: UnitOfWork, name: str, but: int | None = None) -> None:
    """Raise a `NameTakenError` if another draft has the name: people tell drafts apart by their names."""
    others = (d.name.casefold() for d in drafts.drafts_of(work.session, work.name) if d.id != but)
    if name.casefold() in others:
        raise NameTakenError(name)


def discard_draft(draft: PlanDraft, change: Change) -> None:
    """Delete a draft; raise a `StaleError` if someone else has saved it since."""
    with unit_of_work(change) as work:
        work.permit(Action.STORE_VERSION)
        number = _check_as_stored(work, draft)
        drafts.remove_draft(work.session, work.name, number)
        remove_draft_jobs(work.session, work.name, number)


def _check_as_stored(work: UnitOfWork, draft: PlanDraft) -> int:
    """Return a draft's number; raise a `StaleError` if it is not as stored any more."""
    found = stored_draft(work.session, work.name, draft.id or 0)
    if found.revision != draft.revision:
        raise StaleError("Someone else has saved this draft since you opened it.")
    return draft.id or 0


def _check_number(edits: int, before: int = 0) -> None:
    """Raise if a draft would have more edits than before, and too many."""
    if edits > max(MOST_EDITS, before):
        raise InputError(f"A draft has at most {MOST_EDITS} changes; this one would have {edits}. No changes saved.")


def _saved(work: UnitOfWork, draft: PlanDraft, by: str) -> PlanDraft:
    edits = edits_to_json(draft.edits)
    if draft.id is None:
        _check_number(len(draft.edits))
        if len(drafts.drafts_of(work.session, work.name)) >= MOST_DRAFTS:
            raise CheckFailedError(f"A programme has at most {MOST_DRAFTS} drafts. Discard some of them first.")
        at = work.change.now
        new = drafts.add_draft(work.session, work.name, name=draft.name, base=draft.base, edits=edits, author=by, at=at)
        return _draft(new)
    found = drafts.draft_of(work.session, work.name, draft.id)
    if found is None:
        raise UnknownThingError("draft", str(draft.id))
    _check_number(len(draft.edits), before=len(edits_from_json(found.edits)))
    changed = replace(found, name=draft.name, base=draft.base, edits=edits)
    if not drafts.change_draft(work.session, changed, seen=draft.revision):
        raise StaleError("Someone else has saved this draft since you opened it.")
    return _draft(replace(changed, revision=draft.revision + 1))


def _draft(found: StoredDraft) -> PlanDraft:
    return PlanDraft(
        programme=found.programme,
        base=found.base,
        edits=edits_from_json(found.edits),
        name=found.name,
        author=found.author,
        made=found.made,
        id=found.id,
        revision=found.revision,
    )
