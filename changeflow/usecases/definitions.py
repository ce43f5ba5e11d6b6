"""Store a folder as the next version of its programme: the difference first, then all or nothing."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from changeflow.adkar.people import Contact
from changeflow.errors import ChangeflowError, CheckFailedError, ConflictError
from changeflow.files import write_whole
from changeflow.intake.folder import Folder, read_folder
from changeflow.intake.opening import read_bytes
from changeflow.programme.counts import counts_in_words
from changeflow.programme.dates import Moved, compare, dates_of
from changeflow.programme.differences import differences
from changeflow.programme.former_waves import facts_with
from changeflow.programme.names import names_in
from changeflow.programme.regrouping import regrouped_in
from changeflow.programme.renames import renames_of
from changeflow.programme.version_changes import changed_powers
from changeflow.roadmap.analysis.differences import Altered
from changeflow.storage import audit, erasure, facts, persons, versions
from changeflow.storage.database import session_scope
from changeflow.storage.versions import Version
from changeflow.usecases.authority import check_actor, noting_refusals, permit
from changeflow.usecases.edits_since import edits_since
from changeflow.usecases.next_versions import (
    check_next,
    inherited_by,
    joined_programme,
    store_next,
    with_joined,
    with_stored_contracts,
)
from changeflow.usecases.stored import judged
from changeflow.usecases.unit_of_work import Change, store_forecast
from changeflow.values.moments import format_day, local_day
from changeflow.values.words import Action

STATE = Path(".changeflow") / "version.json"
"""The folder's record of the version that it was made from."""
LEFT_OUT = "contracts_left_out"
"""Its key for the services whose explanations of individual contracts the folder lacks."""
MOST_OF_STATE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What storing a folder would change."""

    programme: str
    number: int
    """The number of the version that would be stored."""
    is_new: bool
    is_same: bool
    counts: str
    """The numbers of tasks, milestones and links, in words."""
    moved: tuple[Moved, ...]
    finish_moved: int
    """Civil minutes by which the programme's finish moves."""
    blocks: int
    """Findings that would block a baseline."""
    changes: tuple[Altered, ...] = ()
    """Everything that was added, removed, moved, renamed or changed."""
    inherited: tuple[str, ...] = ()
    """Progress that split or joined tasks inherit."""
    powers: tuple[str, ...] = ()
    """Changes to roles, and protections that it weakens; only the SRO or the board may store such a version."""


def difference(folder: Path, *, db: str, on: date | None = None, today: date | None = None) -> Difference:
    """Compare a folder with the stored version, writing nothing. Schools that it adds join `today`."""
    read = read_folder(folder)
    programme = read.definition.programme.programme
    with session_scope(db, create=True, write=False) as session:
        stored = versions.latest(session, programme)
        known = facts.load_facts(session, programme)
    read = _with_contracts(folder, read, stored)
    before = judged(stored.definition, facts=known, on=on) if stored else None
    ids = renames_of(read.definition)
    given = inherited_by(stored, read, known, ids)
    known = given.added_to(ids.facts(known))
    known = facts_with(known, stored.definition, read.definition) if stored else known
    if (day := today or on) is not None:
        known = with_joined(stored, read, known, on=day)
    after = judged(read.definition, facts=known, on=on)
    was = ids.programme(before.programme) if before else None
    regrouped = regrouped_in(ids, before.programme, after.programme) if before else ()
    dates = [dates_of(p) if p else {} for p in (was, after.programme)]
    finishes = [p.schedule.finish if p and p.schedule else 0 for p in (was, after.programme)]
    powers = changed_powers(joined_programme(stored.definition), read.programme) if stored else ()
    return Difference(
        programme=programme,
        number=stored.number + 1 if stored else 1,
        is_new=stored is None,
        is_same=stored is not None and stored.hash == read.definition.content_hash(),
        counts=counts_in_words(after.programme),
        moved=compare(*dates),
        finish_moved=finishes[1] - finishes[0] if before else 0,
        blocks=len(after.blocks),
        changes=differences(was, after.programme, regrouped) if was else (),
        inherited=given.lines,
        powers=tuple(p.words for p in powers),
    )


def apply(
    folder: Path, *, db: str, actor: str | None, now: datetime, on: date | None = None, retire: Sequence[str] = ()
) -> int:
    """Store a folder and return the version's number; raise `ConflictError` if it is made from an older version."""
    read = read_folder(folder)
    by = check_actor(read.definition, actor)
    programme = read.definition.programme.programme
    try:
        with noting_refusals(db, now), session_scope(db, create=True) as session:
            is_stored = versions.lock_programme(session, programme)
            stored = versions.latest(session, programme) if is_stored else None
            own, reached = stored.definition if stored else read.definition, versions.contacts(session, programme)
            names = names_in(own, reached.values())
            permit(own, by, Action.STORE_VERSION, on=local_day(now), names=names)
            _check_erased(session, read)
            read = _with_contracts(folder, read, stored)
            contacts = _contacts(stored, read, reached)
            if stored is not None and stored.hash == read.definition.content_hash():
                number = stored.number
                save_contacts(session, programme, contacts)
                versions.touch(session, programme)
                subject = f"version:{number}"
                audit.append(session, programme, at=now, actor=by, action="contacts", subject=subject, fallback=True)
            else:
                _check_parent(session, folder, stored, programme)
                new = check_next(session, stored, read, by=by, on=local_day(now), names=names, retire=retire)
                if not is_stored:
                    versions.add_programme(session, programme, at=now)
                number = store_next(session, new, at=now, by=by)
                save_contacts(session, programme, contacts)
                day = on or read.definition.programme.start
                subject = f"version:{number}:{read.definition.content_hash()[:12]}"
                audit.append(session, programme, at=now, actor=by, action="apply", subject=subject)
                change = Change(db=db, programme=programme, actor=by, now=now, on=day)
                store_forecast(session, programme, change, cause="apply")
    except IntegrityError:
        raise ConflictError(
            f"Someone else stored '{programme}' at the same moment. No changes saved. Look at their version "
            "with: changeflow export folder"
        ) from None
    try:
        remember(folder, programme, number, read.definition.content_hash(), left_out=left_out_of(folder))
    except ChangeflowError as error:
        raise ChangeflowError(
            f"Version {number} is stored, but the folder could not record that. {error} Then apply the folder again."
        ) from None
    return number


def _contacts(stored: Version | None, read: Folder, known: Mapping[str, Contact]) -> list[Contact]:
    """Return people's contact details from the folder, or the stored ones for columns that it lacks."""
    found = []
    for contact in read.contacts:
        before = known.get(contact.person)
        role = stored.definition.role_of(contact.person) if stored is not None else None
        # A name that was only the role's title changes with the role.
        given = read.contact_columns | ({"name"} if before is not None and before.name == role else set())
        found.append(contact if before is None else contact.completed_from(before, given))
    return found


def save_contacts(session: Session, programme: str, contacts: Sequence[Contact]) -> None:
    """Replace the contact details of a programme's people, and remember their addresses for requests about data."""
    # Also beforehand, because an upgraded database has no remembered addresses yet.
    persons.remember(session, programme)
    versions.save_contacts(session, programme, contacts)
    session.flush()
    persons.remember(session, programme)


def remember(folder: Path, programme: str, number: int, content: str, *, left_out: Collection[str] = ()) -> None:
    """Record the version in the folder; `left_out` lists services without explanations of individual contracts."""
    state: dict[str, object] = {"programme": programme, "number": number, "hash": content}
    if left_out:
        state[LEFT_OUT] = sorted(left_out)
    write_whole(folder / STATE, json.dumps(state, indent=2) + "\n", inside=folder)


def left_out_of(folder: Path) -> frozenset[str]:
    """Return the services whose explanations of individual contracts the folder lacks."""
    names = remembered(folder).get(LEFT_OUT)
    return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()


def _with_contracts(folder: Path, read: Folder, stored: Version | None) -> Folder:
    """Return a folder with the stored explanations of individual contracts added where it lacks them."""
    return read if stored is None else with_stored_contracts(read, stored.definition, left_out_of(folder))


def _check_parent(session: Session, folder: Path, stored: Version | None, programme: str) -> None:
    if stored is None:
        return
    state = remembered(folder)
    if state.get("programme") == programme and state.get("hash") == stored.hash:
        return
    number = state.get("number") if state.get("programme") == programme else None
    made = f"version {number}" if number is not None else "no stored version"
    what = (
        f"The folder was made from {made}, but version {stored.number} is the latest, stored by {stored.created_by}. "
        "Nothing was written."
    )
    lines = list(edits_since(session, stored, number)) if isinstance(number, int) else []
    if not lines:
        raise ConflictError(f"{what} Get it with: changeflow export folder NEWFOLDER, and make your changes there.")
    listing = "\n".join(f"  {line}" for line in lines)
    raise ConflictError(
        f"{what} Since then:\n{listing}\nBring these changes into your files with: changeflow pull {folder}"
    )


def remembered(folder: Path) -> dict[str, object]:
    """Return the folder's record of its version; empty if it cannot be read."""
    raw = read_bytes(folder / STATE, str(STATE), [], most=MOST_OF_STATE, inside=folder)
    try:
        state = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}


def _check_erased(session: Session, read: Folder) -> None:
    """Refuse a file that still has people who were erased."""
    emails = {c.person: c.email for c in read.contacts}
    people = [(p.id, emails.get(p.id)) for p in read.definition.people]
    gone = erasure.erased(session, read.definition.programme.programme, people)
    if gone:
        lines = [f"  {person}: erased on {format_day(local_day(at))}" for person, at in sorted(gone.items())]
        raise CheckFailedError(
            "people.csv has people who were erased at their request. Remove their rows, and give a new person in their "
            "place a new id and address. No changes saved.\n" + "\n".join(lines)
        )
