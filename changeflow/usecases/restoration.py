"""Review a restored database: list what may have gone out since the copy was made, and release it."""

import hashlib
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from changeflow.errors import ActorMissingError, CheckFailedError, ConflictError, InputError, UnknownThingError
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.names import names_in, person_in_words
from changeflow.storage import agenda, backup, custody, messages, publication_record, versions
from changeflow.storage.custody import CustodyState, MachineState
from changeflow.storage.database import rolled_back, session_scope
from changeflow.storage.erasure import compact
from changeflow.usecases.authority import check_actor
from changeflow.usecases.custody import erase_again, mark_restored, note_everywhere, take_stock
from changeflow.usecases.ticks import tick_in
from changeflow.usecases.upkeep import upgrade_database
from changeflow.values.moments import LONDON, format_day, local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The result of a restore."""

    kept: Path | None
    """Where the replaced database is now."""
    upgraded_from: str | None
    """The copy's version, if older."""
    copied_at: datetime | None
    """The time of the copy's latest record."""
    erased: int
    """The number of people who were erased since the copy was made, and are now erased again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A nudge that may have gone out since the copy was taken."""

    programme: str
    role: str
    title: str
    due: str
    was_opened: bool
    """Whether the copy already has a message for it; otherwise it waits or fell due since."""

    def line(self) -> str:
        how = "a message was on its way" if self.was_opened else "due by now"
        return f"{self.programme}: {self.role}: {self.title} (due {self.due}; {how})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The list that a person reviews before a release."""

    message: str
    """Why nothing is sent."""
    copied_at: datetime | None
    repeats: tuple[Repeat, ...]
    digest: str


def restore(copy: Path, *, db: str, now: datetime, replace: bool = False) -> Restored:
    """Replace an SQLite database, which no process may have open, with a copy.

    It sends nothing until a person has released it, and people erased since the copy was made are erased again.
    """
    state = MachineState(db)
    seen = state.seen()
    with backup.replaced(copy, db, replace=replace, at=now) as prepared:
        upgrade_database(prepared.url)
        with session_scope(prepared.url) as session:
            is_unknown = prepared.was_without_custody or custody.is_lost(session)
            # An upgrade creates a new identity; the one recorded on this machine is right.
            identity = seen.identity if seen and is_unknown else None
            why = f"put back from {copy.name}"
            mark_restored(session, why=why, now=now, seen=seen, identity=identity)
            found = custody.read(session)
            known = {found.identity, *([seen.identity] if seen else [])}
            publication_record.put_back(session, state, now=now)
            erased = erase_again(session, state, identities=known, everywhere=is_unknown, now=now)
        if erased:
            compact(prepared.url)
    return Restored(
        kept=prepared.kept,
        upgraded_from=prepared.found if prepared.is_older else None,
        copied_at=found.copied_at,
        erased=erased,
    )


def review(*, db: str, now: datetime) -> Review | None:
    """List what may have gone out since the copy was made, and record that it was shown.

    Return None if nothing needs a release.
    """
    stock = take_stock(db=db, now=now)
    if stock.may_send:
        return None
    with rolled_back(db) as session:
        found = custody.read(session)
        repeats, digest, _, _ = _may_have_gone(session, now)
    with session_scope(db) as session:
        custody.note_review(session, digest)
    return Review(message=stock.message, copied_at=found.copied_at, repeats=repeats, digest=digest)


def release(*, db: str, actor: str | None, now: datetime) -> int:
    """Let a restored database send again; return the number of messages marked as possible repeats.

    Only a person who has seen the current list may release it.
    """
    state = MachineState(db)
    stock = take_stock(db=db, now=now)
    if stock.may_send:
        raise ConflictError("This database does not need to be released. No changes saved.")
    seen = state.seen()
    with session_scope(db) as session:
        by = _person(session, actor)
        found = custody.read(session)
        repeats, digest, nudges, opened = _may_have_gone(session, now)
        if found.reviewed != digest:
            shown = "has changed since it was last shown" if found.reviewed else "has not been shown yet"
            raise CheckFailedError(
                f"The list of what may have been sent {shown} ({len(repeats)} entries now). Look at it first: "
                "changeflow db review"
            )
        agenda.mark_as_possible_repeats(session, nudges)
        messages.mark_as_possible_repeats(session, opened)
        note_everywhere(session, "db:release", f"repeats:{len(repeats)}", at=now, by=by)
        now_seen = custody.release(session, seen)
    state.note(now_seen, reset=True)
    return len(repeats)


def join(*, db: str, actor: str | None, now: datetime) -> bool:
    """Register the database on a new machine; return False if the machine has already recorded it."""
    stock = take_stock(db=db, now=now)
    if stock.may_send:
        return False
    if stock.standing is not CustodyState.STRANGE:
        raise CheckFailedError(f"{stock.message} A machine joins once it is released.")
    state = MachineState(db)
    with session_scope(db) as session:
        by = _person(session, actor)
        subject = f"machine:{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:16]}"
        note_everywhere(session, "db:join", subject, at=now, by=by)
        seen = custody.read(session).seen
    state.note(seen, reset=True)
    return True


def since(copied_at: datetime | None) -> str:
    """Describe the time up to which a copy has records."""
    if copied_at is None:
        return "its beginning"
    local = copied_at.astimezone(LONDON)
    return f"{format_day(local.date())}, {local:%H:%M}"


def _may_have_gone(session: Session, now: datetime) -> tuple[tuple[Repeat, ...], str, list[int], list[int]]:
    """Tick, and return what may have gone, its digest, and the ids of its nudges and open messages."""
    # One transaction for all programmes: publishing needs this lock before any programme's own.
    versions.lock_all(session)
    for name in agenda.stale(session, day=local_day(now)):
        tick_in(session, name, now=now)
    session.flush()
    opened = messages.opened(session)
    carried = [(nudge, True) for message in opened for nudge in agenda.carried_by(session, message)]
    waiting = [(nudge, False) for nudge in agenda.waiting(session, now=now)]
    definitions = {name: versions.required(session, name).definition for name in versions.programme_ids(session)}
    people = {n: names_in(d, versions.contacts(session, n).values()) for n, d in definitions.items()}
    repeats = tuple(
        Repeat(
            programme=nudge.programme,
            role=person_in_words(definitions[nudge.programme], people[nudge.programme], nudge.person),
            title=str(nudge.content.get("title", nudge.subject)),
            due=format_day(nudge.due_on),
            was_opened=was_opened,
        )
        for nudge, was_opened in [*carried, *waiting]
    )
    keys = sorted(
        f"{n.programme}|{n.person}|{n.reason}|{n.subject}|{n.level}|{n.due_on}|{was_opened}"
        for n, was_opened in [*carried, *waiting]
    )
    digest = hashlib.sha256("\n".join([*keys, *map(str, opened)]).encode()).hexdigest()
    return repeats, digest, [n.id for n, _ in waiting], opened


def _person(session: Session, actor: str | None) -> str:
    """Return the actor, who must be a person in one of the programmes."""
    if not actor:
        raise ActorMissingError
    if actor == SYSTEM:
        raise InputError("Only a person can do this, not the system. Say who you are: --as PERSON")
    refused: UnknownThingError | None = None
    names = versions.programme_ids(session)
    for name in names:
        try:
            return check_actor(versions.required(session, name).definition, actor)
        except UnknownThingError as error:
            refused = error
    if refused is not None:
        raise refused
    return actor
