"""The next version of a programme, from a folder or from edits: what it needs and loses, and storing it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from sqlmodel import Session

from changeflow.errors import InputError
from changeflow.intake.folder import Folder
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.phrases import listed
from changeflow.pilots.issues import with_contracts
from changeflow.programme.announcements import announced_by_rollout
from changeflow.programme.assembly.joining import check_joined, joined_by, joining_days
from changeflow.programme.definition import Definition
from changeflow.programme.facts import Facts
from changeflow.programme.inherited import Inherited, inherited
from changeflow.programme.mandates import Subject
from changeflow.programme.names import person_in_a_sentence
from changeflow.programme.permissions import allowed_people
from changeflow.programme.programme import Programme, join
from changeflow.programme.renames import Renames, renames_of
from changeflow.programme.version_changes import (
    PowerChange,
    changed_powers,
    check_fixed,
    check_retired,
    check_reused,
    lost_tasks,
)
from changeflow.storage import announcements, audit, facts, versions
from changeflow.storage.versions import Version
from changeflow.usecases.authority import is_permitted, permit
from changeflow.values.base import Same
from changeflow.values.moments import format_day, local_day
from changeflow.values.words import Action

SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NextVersion:
    """A checked version that is not stored yet."""

    stored: Version | None
    """The version before it."""
    read: Folder
    facts: Facts
    """The facts under its ids, with the progress that its tasks inherit and the schools that join."""
    joined: Mapping[str, date]
    """The schools that it adds, with their joining days."""
    inherited: Inherited
    powers: tuple[PowerChange, ...]


def check_next(
    session: Session,
    stored: Version | None,
    read: Folder,
    *,
    by: str,
    on: date,
    names: Mapping[str, str],
    retire: Sequence[str] = (),
    is_retired: Callable[[str], bool] = lambda _: False,
) -> NextVersion:
    """Check that a person may store these files as the next version, and that no protected record is lost.

    `retire` are the tasks with records that may go; so may those for which `is_retired` is true.
    """
    powers = check_content(stored, read, by, on=on, names=names)
    known, given = _known(session, stored, read, retire, is_retired)
    with_new = with_joined(stored, read, known, on=on)
    joined = {s: d for s, d in with_new.joined.items() if s not in known.joined}
    return NextVersion(stored=stored, read=read, facts=with_new, joined=joined, inherited=given, powers=powers)


def store_next(
    session: Session, new: NextVersion, *, at: datetime, by: str, edits: str | None = None, reason: str | None = None
) -> int:
    """Store a checked version with what goes with it; return its number. The caller adds its own audit entry."""
    stored, definition, programme = new.stored, new.read.definition, new.read.definition.programme.programme
    number = versions.append(
        session, definition, sources=new.read.sources, parent=stored, at=at, by=by, edits=edits, reason=reason
    )
    versions.add_joined(session, programme, new.joined, version=number)
    for decision in new.inherited.decisions:
        facts.add_decision(session, programme, decision, at=at, recorded_by=by)
    for task, progress in new.inherited.progress.items():
        facts.add_progress(session, programme, task, progress, at=at, by=by)
    before = stored.definition if stored else None
    announced = announced_by_rollout(before, definition, on=local_day(at))
    announcements.add_announcements(session, programme, announced, at=at, by=by)
    entries = [("roles", f"version:{number}:{power.code}") for power in new.powers]
    entries += [("progress", task) for task in sorted(new.inherited.progress)]
    audit.append_all(session, programme, entries, at=at, actor=by)
    return number


def _known(
    session: Session,
    stored: Version | None,
    read: Folder,
    retire: Sequence[str],
    is_retired: Callable[[str], bool],
) -> tuple[Facts, Inherited]:
    """Return the facts under the folder's ids and inherited progress; check that nothing protected is lost."""
    programme, ids = read.definition.programme.programme, renames_of(read.definition)
    check_reused(versions.renames(session, programme).then(ids), read.programme)
    earlier = facts.load_facts(session, programme)
    given = inherited_by(stored, read, earlier, ids)
    known = given.added_to(ids.facts(earlier))
    if stored is not None:
        lost = lost_tasks(stored.definition, read.programme, known, rulepacks=read.rulepacks)
        meant = [task for task in lost if is_retired(task)]
        check_retired(stored.definition, read.programme, known, [*retire, *meant], rulepacks=read.rulepacks)
        check_fixed(stored.definition, read.programme, known)
    return known, given


def inherited_by(stored: Version | None, read: Folder, known: Facts, ids: Renames) -> Inherited:
    """Return the stored progress that the folder's split and joined tasks inherit."""
    if stored is None or not ids:
        return Inherited(progress={})
    return inherited(joined_programme(stored.definition), read.programme, known, ids)


def with_joined(stored: Version | None, read: Folder, known: Facts, *, on: date) -> Facts:
    """Return the facts with the schools that a folder adds, joining on a day."""
    joined = joined_by(stored.definition if stored else None, read.definition, known, on=on)
    with_new = replace(known, joined={**known.joined, **joined})
    days = {s: d for s, d in joining_days(read.definition, with_new).items() if s in joined}
    check_joined(days, read.programme.roadmap.tasks, known)
    return with_new


def check_content(
    stored: Version | None, read: Folder, by: str, *, on: date, names: Mapping[str, str]
) -> tuple[PowerChange, ...]:
    """Check that a person may make all of a folder's changes; return its changes to roles.

    The previous version decides, so that no one can give themselves a mandate. For a programme's first version, the
    folder itself decides.
    """
    before = stored.definition if stored is not None else read.definition
    waived = stored.definition.waivers if stored is not None else ()
    if any(waiver not in waived for waiver in read.definition.waivers):
        permit(before, by, Action.ADD_WAIVER, on=on, names=names)
    if stored is None:
        return ()
    _check_approval(before, read.definition, by, on=on, names=names)
    explained = {s.service: s.parallel_run.explanations if s.parallel_run else () for s in before.services}
    for service in read.definition.services:
        own = service.parallel_run.explanations if service.parallel_run else ()
        if any(e not in explained.get(service.service, own) for e in own):
            about = Subject(thing=service.name, service=service.service)
            permit(before, by, Action.EXPLAIN_CONTRACTS, about, on=on, names=names)
    powers = changed_powers(joined_programme(before), read.programme)
    if powers and allowed_people(before, Action.CHANGE_ROLES):
        permit(before, by, Action.CHANGE_ROLES, Subject(thing=_in_words(powers)), on=on, names=names)
    return powers


def _check_approval(before: Definition, after: Definition, by: str, *, on: date, names: Mapping[str, str]) -> None:
    """Check that a new approval of the benefits for students is made by its approver, the SRO or the board."""
    given = after.programme.wiifts
    if given is None or given.approved_by is None or given == before.programme.wiifts:
        return
    if given.approved_on is not None and given.approved_on > on:
        raise InputError(
            f"The benefits for students cannot be approved in the future ({format_day(given.approved_on)})."
        )
    about = Subject(owners=frozenset({given.approved_by}))
    if not is_permitted(before, by, Action.APPROVE_BENEFITS, about, on=on):
        approver = person_in_a_sentence(after, names, given.approved_by)
        raise InputError(
            f"Only {approver}, the SRO or the board can record that {approver} has approved the benefits for students."
            " Leave out the approval."
        )


def _in_words(powers: Sequence[PowerChange]) -> str:
    return listed([p.words for p in powers], most=SHOWN)


def joined_programme(definition: Definition) -> Programme:
    """Return a version's programme without facts. The last few are kept, because each change compares with one."""
    return _joined(Same(definition))


@lru_cache(maxsize=2)
def _joined(definition: Same[Definition]) -> Programme:
    programme, _ = join(definition.value, rulepacks=shipped_rulepacks())
    return programme


def with_stored_contracts(read: Folder, before: Definition, left_out: frozenset[str] | None) -> Folder:
    """Return files with the stored explanations of individual contracts added where they lack them.

    `left_out` are the services whose files lack them; None for every service.
    """
    known = {s.service: s.parallel_run.explanations for s in before.services if s.parallel_run}
    services = []
    for service in read.definition.services:
        run = service.parallel_run
        is_lacking = left_out is None or service.service in left_out
        if run is not None and is_lacking and service.service in known:
            every = with_contracts(run.explanations, known[service.service])
            service = service.model_copy(update={"parallel_run": run.model_copy(update={"explanations": every})})
        services.append(service)
    if tuple(services) == read.definition.services:
        return read
    definition = read.definition.model_copy(update={"services": tuple(services)})
    return replace(read, definition=definition, programme=replace(read.programme, definition=definition))
