"""What the pages for edits of the plan show, and edits made from what someone has filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from changeflow.errors import InputError, UnknownThingError
from changeflow.intake.editing.base import complaint_in_words
from changeflow.intake.editing.kinds import KINDS, Edit, edits_from
from changeflow.intake.editing.replay import EditConflict
from changeflow.programme.programme import Programme
from changeflow.programme.task_moves import why_fixed
from changeflow.reports.edit_form_parts import Given
from changeflow.reports.edit_forms import FORMS, fields_for, kinds_for, nothing_to_choose
from changeflow.reports.entry_forms import EntryField, EntryForm, Options
from changeflow.storage.database import read_scope
from changeflow.usecases import drafts, editing
from changeflow.usecases.acts import StaleError
from changeflow.usecases.edit_names import namer
from changeflow.usecases.editing import PlanDraft, Preview
from changeflow.usecases.edits_since import PublishedVersion, published_since
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.limits import number_in
from changeflow.values.words import Action

Links = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPage:
    """A form for one edit."""

    form: EntryForm
    kind: str
    task: str
    """The task's id; empty for an edit of no single task."""
    task_name: str
    now: Mapping[str, str]
    """What is in force now, by field."""
    drafts: Options
    """The drafts to which the edit can be added."""
    nothing: str
    """Why the form cannot be filled in; empty if it can be."""


@dataclass(frozen=True, slots=True)
class FilledEdit:
    """An edit as someone has filled it in."""

    kind: str
    task: str
    """The task's id; empty for an edit of no single task."""
    given: Given
    """What was filled in; days are in ISO format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """A draft in the list."""

    number: int
    name: str
    steps: int
    author: str
    is_old: bool
    """Whether the plan has changed since the draft was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPage:
    """A draft, with what publishing it would do."""

    draft: PlanDraft
    line: DraftLine
    preview: Preview
    conflicts: tuple[tuple[str, EditConflict], ...]
    """The changes that do not fit the plan as it is now: what each would do, and why it does not fit."""
    since: tuple[PublishedVersion, ...]
    """What has been published since the draft was started, newest first."""


def permit_editing(visit: Visit) -> None:
    """Raise unless the person may change the plan."""
    permit_whole(visit)
    visit.permit(Action.STORE_VERSION)


def check_kind(kind: str, task: str, programme: Programme) -> None:
    """Raise an `UnknownThingError` for an edit that does not exist, or not for this task."""
    if kind not in FORMS or FORMS[kind].is_of_task != bool(task):
        raise UnknownThingError("edit", kind)
    if task and task not in programme.roadmap.tasks:
        raise UnknownThingError("task", task)
    if task and kind not in kinds_for(programme, task):
        raise UnknownThingError("edit", kind)


def edit_page(visit: Visit, kind: str, task: str) -> EditPage:
    """Return the form of an edit."""
    permit_editing(visit)
    check_kind(kind, task, visit.programme)
    form, programme = FORMS[kind], visit.programme
    fields = fields_for(form, programme, task)
    shown = EntryForm(title=KINDS[kind].title, intro=form.intro, facts=(), fields=fields, save="Publish")
    return EditPage(
        form=shown,
        kind=kind,
        task=task,
        task_name=programme.roadmap.tasks[task].name if task else "",
        now=form.now(programme, task),
        drafts=draft_options(visit),
        nothing=nothing_to_choose(form, programme, task),
    )


def draft_options(visit: Visit) -> Options:
    """Return the drafts to which an edit can be added, by number."""
    return tuple((str(d.number), d.name) for d in _lines(visit))


def edit_fields(kind: str) -> tuple[EntryField, ...]:
    return FORMS[kind].fields if kind in FORMS else ()


def edits_for(visit: Visit, task: str = "") -> Links:
    """Return the kinds of edits of a task, or of the whole plan, with their titles; nothing if the person may not."""
    if not visit.may(Action.STORE_VERSION):
        return ()
    kinds = kinds_for(visit.programme, task) if task else [k for k, f in FORMS.items() if not f.is_of_task]
    offered = (kind for kind in kinds if not nothing_to_choose(FORMS[kind], visit.programme, task))
    return tuple((kind, KINDS[kind].title) for kind in offered)


def publish_edit(filled: FilledEdit, reason: str, change: Change) -> int:
    """Make one edit and publish it; return the new version's number."""
    return editing.publish(_draft_with(filled, change), reason, change)


def add_to_draft(filled: FilledEdit, number: str, name: str, change: Change) -> PlanDraft:
    """Add an edit to the draft with a number, or to a new one with a name; return the draft as stored."""
    return add_edits(_draft_with(filled, change), number, name, change)


def add_edits(new: PlanDraft, number: str, name: str, change: Change) -> PlanDraft:
    """Add edits to the draft with a number, or store them as a new one with a name; return the draft as stored.

    Edits with which the draft already ends are not added again.
    """
    if not number:
        return drafts.new_draft(replace(new, name=name), change)
    found = drafts.draft_of(number_in(number), change)
    if found.edits[-len(new.edits) :] == new.edits:
        # A double click sends them again.
        return found
    if found.base != new.base:
        # The new edits are for the plan as their author saw it.
        found = drafts.rebased(found, change)
    return drafts.save_draft(replace(found, edits=(*found.edits, *new.edits)), change)


def _draft_with(filled: FilledEdit, change: Change) -> PlanDraft:
    with read_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
    check_kind(filled.kind, filled.task, stored.programme)
    if (
        filled.kind == "set-earliest"
        and filled.given.get("earliest")
        and (why := why_fixed(stored.programme, filled.task))
    ):
        raise InputError(f"{why} No changes saved.")
    return PlanDraft(programme=stored.programme.id, base=stored.version.number, edits=(_edit(filled),))


def _edit(filled: FilledEdit) -> Edit:
    try:
        fields = FORMS[filled.kind].fill(filled.given)
        [edit] = edits_from([{"kind": filled.kind, **({"task": filled.task} if filled.task else {}), **fields}])
    except ValidationError as error:
        raise InputError(f"{_in_words(error, filled.kind)} No changes saved.") from None
    except ValueError:
        raise InputError("Choose one of the options in each list. No changes saved.") from None
    return edit


def _in_words(error: ValidationError, kind: str) -> str:
    """Say what to correct, after the label of its field."""
    complaint = error.errors()[0]
    labels = {field.name: field.label for field in FORMS[kind].fields}
    label = next((labels[str(part)] for part in complaint["loc"] if part in labels), "")
    between = "" if not label else " " if label.endswith("?") else ": "
    return f"{label}{between}{complaint_in_words(complaint)}"


def change_of(visit: Visit) -> Change:
    """Return a change by the visitor, to preview what it would do."""
    return Change(db=visit.db, programme=visit.name, actor=visit.visitor.person, now=visit.now, on=visit.today)


def _lines(visit: Visit) -> tuple[DraftLine, ...]:
    return tuple(draft_line(visit, found) for found in drafts.drafts_of(change_of(visit)))


def draft_line(visit: Visit, draft: PlanDraft) -> DraftLine:
    """Return a draft as lists show it."""
    number = draft.id or 0
    return DraftLine(
        number=number,
        name=draft.name or f"Draft {number}",
        steps=len(draft.edits),
        author=visit.programme.person(draft.author),
        is_old=draft.base != visit.stored.version.number,
    )


def draft_list(visit: Visit) -> tuple[DraftLine, ...]:
    """Return the programme's drafts."""
    permit_editing(visit)
    return _lines(visit)


def draft_page(visit: Visit, number: int) -> DraftPage:
    """Return a draft with what publishing it would do."""
    permit_editing(visit)
    draft = drafts.draft_of(number, change_of(visit))
    seen, name = editing.preview(draft, change_of(visit)), namer(visit.programme, draft.edits)
    found = tuple((c.edit.words(name) if c.edit is not None else "", c) for c in seen.conflicts)
    since = published_since(visit.session, visit.stored, draft.base)
    return DraftPage(draft=draft, line=draft_line(visit, draft), preview=seen, conflicts=found, since=since)


def publish_draft(number: int, revision: str, reason: str, change: Change) -> int:
    """Publish a draft as it was shown, and delete it; return the new version's number."""
    return editing.publish(_as_shown(number, revision, change), reason, change)


def remove_edit(number: int, place: int, revision: str, change: Change) -> None:
    """Remove one edit from a draft, by its place, counted from 1; raise a `StaleError` if the draft has changed."""
    found = _as_shown(number, revision, change)
    if not 1 <= place <= len(found.edits):
        raise UnknownThingError("edit", str(place))
    drafts.save_draft(replace(found, edits=(*found.edits[: place - 1], *found.edits[place:])), change)


def discard_draft(number: int, revision: str, change: Change) -> None:
    """Delete a draft; raise a `StaleError` if it has changed since it was shown."""
    drafts.discard_draft(_as_shown(number, revision, change), change)


def rename_draft(number: int, revision: str, name: str, change: Change) -> None:
    """Give a draft another name; raise a `StaleError` if it has changed since it was shown."""
    drafts.rename_draft(_as_shown(number, revision, change), name, change)


def copy_draft(number: int, revision: str, name: str, change: Change) -> PlanDraft:
    """Copy a draft as it was shown, under another name; return the copy."""
    return drafts.copy_draft(_as_shown(number, revision, change), name, change)


def _as_shown(number: int, revision: str, change: Change) -> PlanDraft:
    found = drafts.draft_of(number, change)
    if str(found.revision) != revision:
        raise StaleError("Someone else has changed this draft since you opened it.")
    return found


def undo_page(visit: Visit, number: int) -> Preview:
    """Return what undoing a version would do."""
    permit_editing(visit)
    return editing.preview_undo(number, change_of(visit))
