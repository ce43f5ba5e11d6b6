"""Bring a database to this version, give it a new key when the old one is lost, remove what was kept long enough."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from dateutil.relativedelta import relativedelta

from changeflow.logs import log
from changeflow.programme.mandates import SYSTEM
from changeflow.programme.people import closed_on
from changeflow.storage import agenda, answers, audit, custody, erasure, keys, pilots, versions
from changeflow.storage.custody import MachineState
from changeflow.storage.database import read_scope, session_scope, upgrade
from changeflow.storage.keys import key_file, key_of, renew
from changeflow.storage.ledger import note_new_key
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.moments import LONDON, local_day

ONE_DAY = timedelta(days=1)


def upgrade_database(db: str) -> str:
    """Upgrade the tables, and hash with the database's key what 0.1.0 hashed without one; return the version."""
    version = upgrade(db)
    with session_scope(db) as session:
        has_old = keys.has_plain_hashes(session)
        if has_old:
            keys.adopt_key(session)
    if has_old:
        erasure.compact(db)
    return version


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What came of a new key."""

    file: Path
    kept: Path | None
    """Where the file that was there is kept now."""
    switched_off: int
    """Recipients to whom optional messages no longer go: some of them had said so."""
    tombstones: int
    """Erased people who are no longer recognised, twice each where their address was known."""


def start_new_key(db: str, *, now: datetime) -> NewKey:
    """Make a new key for a database whose key file is lost.

    It is no longer known who had switched optional messages off: they are switched off for everyone with
    an address. What waits to be sent waits a day, as no one knows who has had a message today.
    """
    with session_scope(db) as session:
        some_off = answers.forget_reach(session)
        kept = renew(session)
        key, off = key_of(session), set[str]()
        for name in versions.programme_ids(session):
            contacts = versions.contacts(session, name)
            off |= {keys.recipient_of(key, name, p, c) for p, c in contacts.items() if some_off and c.email}
            audit.append(session, name, at=now, actor=SYSTEM, action="key", subject="database")
        for recipient in sorted(off):
            answers.switch_optional(session, recipient, off=True)
        agenda.wait_until(session, now + ONE_DAY)
        identity, tombstones = custody.read(session).identity, erasure.count_tombstones(session)
    note_new_key(MachineState(db), identity, at=now)
    return NewKey(file=key_file(db), kept=kept, switched_off=len(off), tombstones=tombstones)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """How much of one programme was removed."""

    programme: str
    links: int
    words: int
    """Answers whose words are gone; that they were given is kept."""
    scores: int
    """Assessments of single people."""
    contracts: int
    """Differences and explanations of single contracts; the totals of their runs are kept."""

    @property
    def is_any(self) -> bool:
        return bool(self.links or self.words or self.scores or self.contracts)

    def row(self) -> dict[str, object]:
        return {
            "programme": self.programme,
            "links": self.links,
            "answers' words": self.words,
            "scores": self.scores,
            "contracts": self.contracts,
        }


def retain(*, db: str, now: datetime) -> tuple[Removed, ...]:
    """Remove what has been kept long enough, in a transaction for each programme; run twice, nothing is left to do."""
    with read_scope(db) as session:
        names = versions.programme_ids(session)
    removed, state = [], MachineState(db)
    for name in names:
        with unit_of_work(Change(db=db, programme=name, actor=SYSTEM, now=now, on=local_day(now))) as work:
            removed.append(_retain(work))
            if removed[-1].is_any:
                erasure.owe(state)
    erasure.settle(state)
    return tuple(removed)


def _retain(work: UnitOfWork) -> Removed:
    session, name, now, today = work.session, work.name, work.change.now, work.change.on
    packs = work.programme.rulepacks
    links = timedelta(days=packs.number("privacy", "links_kept_days", on=today))
    words = relativedelta(months=packs.number("privacy", "answers_kept_months", on=today))
    scores = relativedelta(months=packs.number("privacy", "scores_kept_months", on=today))
    contracts = relativedelta(months=packs.number("privacy", "contracts_kept_months", on=today))
    closed = closed_on(work.programme)
    found = Removed(
        programme=name,
        links=erasure.remove_links(session, name, ended_before=now - links),
        words=erasure.remove_words(session, name, given_before=_midnight(today - words)),
        scores=erasure.remove_scores(session, name) if closed is not None and closed + scores <= today else 0,
        contracts=pilots.remove_contracts(session, name, kept_before=_midnight(today - contracts)),
    )
    log("retention", **asdict(found))
    if found.scores or found.contracts:
        versions.touch(session, name)
    if found.is_any:
        subject = f"links:{found.links} words:{found.words} scores:{found.scores} contracts:{found.contracts}"
        work.note("retention", subject, by=SYSTEM)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LONDON)
