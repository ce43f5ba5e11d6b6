"""Edit a stored programme: preview edits with their effect, publish them as the next version, or undo a version.

A draft is a list of edits on a version. Previewing, publishing and undoing all try the files in the same way: they make
the edits on the latest files, read these with the checks of a folder, judge the plan, and compare it with the plan now.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import unified_diff

from sqlmodel import Session

from changeflow.adkar.people import Person
from changeflow.errors import (
    ChangeflowError,
    CheckFailedError,
    ConflictError,
    FormerIdError,
    InputError,
    NotAllowedError,
    ProblemsError,
    UnknownThingError,
)
from changeflow.intake.editing.kinds import Edit, edits_to_json
from changeflow.intake.editing.merging import carried
from changeflow.intake.editing.replay import EditConflict, Replayed, replay
from changeflow.intake.editing.sources import Sources
from changeflow.intake.folder import Folder
from changeflow.programme.names import names_in
from changeflow.programme.programme import Programme
from changeflow.reports.effects import Effect, effect_of
from changeflow.rules.engine import Judged
from changeflow.storage import drafts, versions
from changeflow.storage.database import read_scope
from changeflow.storage.versions import Version
from changeflow.usecases.acts import ReasonNeededError, StaleError
from changeflow.usecases.authority import permit
from changeflow.usecases.contact_details import follow_roles
from changeflow.usecases.edit_names import namer, with_names
from changeflow.usecases.jobs import remove_draft_jobs
from changeflow.usecases.leaving_schools import left_behind, without_left_schools
from changeflow.usecases.next_versions import NextVersion, check_next, store_next
from changeflow.usecases.settled_sources import read_version, settled
from changeflow.usecases.stored import Cache, Stored, judged_as, load
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.problem import Problem
from changeflow.values.words import Action

_TRIED: Cache[tuple[str, date], Stored] = Cache(4)
"""What was tried last: a page shows a change, and then publishes the same one."""


Check = Callable[[Programme, Programme], None]
"""Takes a programme as it is before a change and as it would be after it; raises if either is not as expected."""


def no_check(_before: Programme, _after: Programme) -> None:
    """Expect nothing in particular."""


_NOTHING_BEFORE = "The first version cannot be undone."
_GAVE_NEW_IDS = (
    "This version gave tasks new ids and moved their records to these, so it cannot be undone. Make a new change to "
    "the plan instead."
)


_CHANGED_PEOPLE = (
    "What this version changed about people cannot be undone. To change who leaves and who takes over, use “Hand over "
    "someone’s work” under People. For anything else, use “Change someone’s details”."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDraft:
    """Edits on a version that no one has published."""

    programme: str
    base: int
    """The number of the version that the edits are for."""
    edits: tuple[Edit, ...]
    name: str = ""
    author: str = ""
    made: datetime | None = None
    id: int | None = None
    """Its number, once it is stored."""
    revision: int = 0
    """How often it has been stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a new version would be and do. It is not stored."""

    version: int
    """The number of the latest version, on which the edits are tried."""
    steps: tuple[str, ...]
    """What each edit does, in a sentence."""
    conflicts: tuple[EditConflict, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What is wrong with the files after the edits."""
    refused: str = ""
    """Why the version may not be stored although its files are correct; empty if it may."""
    effect: Effect | None = None
    """What the edits do to the plan; None if the plan cannot be calculated."""
    needs_reason: bool = False
    is_same: bool = False
    """Whether nothing in the programme would change."""
    files: Mapping[str, str]
    """The changed lines of each file."""

    @property
    def can_publish(self) -> bool:
        return self.effect is not None and not self.is_same and not self.refused


class EditConflictsError(ConflictError):
    """Edits do not fit the programme as it is now; nothing was saved."""

    def __init__(self, conflicts: Sequence[EditConflict]) -> None:
        self.conflicts = tuple(conflicts)
        super().__init__(" ".join(["The changes do not fit the plan as it is now.", *(c.reason for c in conflicts)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Files tried as the next version."""

    preview: Preview
    new: NextVersion | None = None
    judged: Judged | None = None


def preview(draft: PlanDraft, change: Change, *, check: Check = no_check) -> Preview:
    """Return what publishing a draft would do. Nothing is written."""
    with read_scope(change.db) as session:
        stored, by = loaded_for_editing(session, change)
        trial = try_draft(session, stored, draft, change, by)
    if trial.judged is not None:
        check(stored.programme, trial.judged.programme)
    return trial.preview


def try_draft(
    session: Session,
    stored: Stored,
    draft: PlanDraft,
    change: Change,
    by: str,
    *,
    people: Sequence[Person] | None = None,
) -> Trial:
    """Try a draft as the next version, stored by this person. Nothing is written."""
    return _tried(session, stored, change, by, replayed(session, stored, draft), draft.edits, people)


def publish(
    draft: PlanDraft,
    reason: str,
    change: Change,
    *,
    check: Check = no_check,
    people: Sequence[Person] | None = None,
    also: Callable[[UnitOfWork, str], None] = lambda _work, _by: None,
) -> int:
    """Store a draft as the next version, with its edits and the reason; return the version's number.

    A stored draft is deleted. Raise a `StaleError` if it is not as stored any more. `check` raises if the programme is
    not as expected, before anything is written. `people` are the programme's people, if they change as well; `also`
    then writes in the same transaction what is stored outside the version.
    """
    with unit_of_work(change) as work:
        by = work.permit(Action.STORE_VERSION)
        if draft.id is not None:
            found = drafts.draft_of(work.session, work.name, draft.id)
            if found is None or found.revision != draft.revision:
                raise StaleError("Someone else has changed this draft since you opened it.")
            drafts.remove_draft(work.session, work.name, draft.id)
            remove_draft_jobs(work.session, work.name, draft.id)
        trial = try_draft(work.session, work.stored, draft, change, by, people=people)
        if trial.judged is not None:
            check(work.programme, trial.judged.programme)
        also(work, by)
        return _store(work, trial, by, reason, edits=edits_to_json(draft.edits))


def preview_undo(number: int, change: Change) -> Preview:
    """Return what undoing a version would do. Nothing is written."""
    with read_scope(change.db) as session:
        stored, by = loaded_for_editing(session, change)
        if number == 1:
            return Preview(version=stored.version.number, steps=(), refused=_NOTHING_BEFORE, files={})
        return _undone(session, stored, change, by, number).preview


def undo(number: int, reason: str, change: Change) -> int:
    """Store the files and people as they were before a version, with later changes; return the new version's number."""
    with unit_of_work(change) as work:
        by = work.permit(Action.STORE_VERSION)
        trial = _undone(work.session, work.stored, change, by, number)
        return _store(work, trial, by, reason, undoes=number)


def loaded_for_editing(session: Session, change: Change) -> tuple[Stored, str]:
    """Load a programme for a person who may change it; return it with the person."""
    stored = load(session, change.programme, on=change.on)
    definition, names = stored.version.definition, stored.programme.names
    return stored, permit(definition, change.actor, Action.STORE_VERSION, on=change.on, names=names)


def version_of(session: Session, stored: Stored, number: int) -> Version:
    """Return one of a programme's versions."""
    if number == stored.version.number:
        return stored.version
    found = versions.numbered(session, stored.programme.id, number)
    if found is None:
        raise UnknownThingError("version", str(number))
    return found


def replayed(session: Session, stored: Stored, draft: PlanDraft) -> Replayed:
    """Make a draft's edits on the latest version."""
    latest = settled(stored.version)
    if draft.base == stored.version.number:
        return replay(draft.edits, latest, latest)
    return replay(draft.edits, settled(version_of(session, stored, draft.base)), latest)


def _without(session: Session, stored: Stored, number: int) -> Replayed:
    if number <= 1:
        raise InputError(f"{_NOTHING_BEFORE} No changes saved.")
    before, after = (settled(version_of(session, stored, n)) for n in (number - 1, number))
    return carried(after, before, settled(stored.version), reason="A later change has touched the same place.")


def _undone(session: Session, stored: Stored, change: Change, by: str, number: int) -> Trial:
    made, people = _without(session, stored, number), _people_without(session, stored, number)
    if people is None:
        return Trial(preview=Preview(version=stored.version.number, steps=(), refused=_CHANGED_PEOPLE, files={}))
    trial = _tried(session, stored, change, by, made, people=people)
    if trial.preview.is_same and _names(session, stored, number - 1) != _names(session, stored, number):
        # All that the version did was to add or remove people.
        return Trial(preview=replace(trial.preview, refused=_CHANGED_PEOPLE))
    return trial


def _names(session: Session, stored: Stored, number: int) -> set[str]:
    return {p.id for p in version_of(session, stored, number).definition.people}


def _people_without(session: Session, stored: Stored, number: int) -> Sequence[Person] | None:
    """Return the people as they were before a version; None if it, or a later one, did more than change them.

    A person whom a version added may be in a group that owns tasks, and an earlier successor may now be leaving.
    """
    definitions = (version_of(session, stored, n).definition for n in (number - 1, number))
    before, after = ({p.id: p for p in definition.people} for definition in definitions)
    changed = {name for name, person in before.items() if after.get(name) != person}
    now = {p.id: p for p in stored.version.definition.people}
    if changed and before.keys() != after.keys():
        return None
    if any(now.get(n) != after[n] or before[n].successor not in (None, after[n].successor) for n in changed):
        return None
    return [before[name] if name in changed else person for name, person in now.items()]


def _tried(
    session: Session,
    stored: Stored,
    change: Change,
    by: str,
    made: Replayed,
    edits: Sequence[Edit] = (),
    people: Sequence[Person] | None = None,
) -> Trial:
    """Try files as the next version: read, check and judge them."""
    name = namer(stored.programme, edits)
    base = Preview(
        version=stored.version.number,
        steps=tuple(edit.words(name) for edit in edits),
        conflicts=tuple(replace(c, reason=with_names(c.reason, name)) for c in made.conflicts),
        files=_changed_lines(settled(stored.version), made.sources),
    )
    if made.conflicts:
        return Trial(preview=base)
    try:
        before = stored.version.definition
        known = before if people is None else before.model_copy(update={"people": tuple(people)})
        if (left := left_behind(edits, known.people, name, change.on)) is not None:
            return Trial(preview=replace(base, refused=left))
        if (staying := without_left_schools(edits, known.people)) is not known.people:
            known = known.model_copy(update={"people": staying})
        read = read_version(made.sources, known)
    except ProblemsError as error:
        return Trial(preview=replace(base, problems=error.problems))

    def is_retired(task: str) -> bool:
        return any(edit.retires(task) for edit in edits)

    return _judged(session, stored, change, by, read, base, edits, is_retired)


def _judged(
    session: Session,
    stored: Stored,
    change: Change,
    by: str,
    read: Folder,
    base: Preview,
    edits: Sequence[Edit],
    is_retired: Callable[[str], bool],
) -> Trial:
    names = stored.programme.names
    try:
        new = check_next(session, stored.version, read, by=by, on=change.on, names=names, is_retired=is_retired)
        version = replace(stored.version, hash=read.definition.content_hash(), definition=read.definition)
        found = judged_as(version, new.facts, on=change.on, known=_TRIED.values())
        _TRIED.keep((version.hash, change.on), replace(stored, version=version, judged=found, contacts={}))
    except NotAllowedError:
        raise
    except FormerIdError as error:
        return Trial(preview=replace(base, refused=str(error) if edits else _GAVE_NEW_IDS))
    except ChangeflowError as error:
        return Trial(preview=replace(base, refused=str(error)))
    found = found.with_names(names_in(read.definition, stored.contacts.values()))
    effect = effect_of(stored.judged, found)
    made = replace(
        base,
        effect=effect,
        needs_reason=effect.needs_reason or any(edit.needs_reason for edit in edits),
        is_same=version.hash == stored.version.hash,
    )
    return Trial(preview=made, new=new, judged=found)


def _store(
    work: UnitOfWork, trial: Trial, by: str, reason: str, *, edits: str | None = None, undoes: int | None = None
) -> int:
    seen = trial.preview
    if seen.conflicts:
        raise EditConflictsError(seen.conflicts)
    if seen.problems:
        raise ProblemsError(seen.problems, "No changes saved.")
    if seen.refused or trial.new is None or trial.judged is None:
        raise CheckFailedError(seen.refused)
    if seen.is_same:
        raise InputError("These changes leave the programme as it is. No changes saved.")
    if seen.needs_reason and not reason.strip() and not (work.change.guard is not None and work.change.guard.is_trial):
        if seen.effect is not None and seen.effect.needs_reason:
            raise ReasonNeededError
        raise ReasonNeededError("This change needs a reason. Say why you make it.")
    number = store_next(work.session, trial.new, at=work.change.now, by=by, edits=edits, reason=reason.strip() or None)
    follow_roles(work.session, work.definition, trial.new.read.definition)
    work.expect(trial.new.read.definition, trial.judged)
    subject = f"version:{number}:{trial.new.read.definition.content_hash()[:12]}"
    if undoes is None:
        work.record("edit", subject, by=by)
    else:
        work.record("edit:undo", f"{subject}:undoes:{undoes}", by=by)
    return number


def _changed_lines(before: Sources, after: Sources) -> dict[str, str]:
    """Return the changed lines of each file, with a line around them."""
    found = {}
    for file in sorted({*before, *after}):
        if before.get(file) != after.get(file):
            texts = (before.get(file, "").splitlines(), after.get(file, "").splitlines())
            found[file] = "\n".join(list(unified_diff(*texts, n=1, lineterm=""))[2:])
    return found
