"""Stored programmes, loaded and judged once for each state, day and set of rulepacks, and kept in memory.

Joining and judging a programme takes a hundred times as long as reading a row. The key has everything that decides the
result, so nothing needs to be invalidated: a change, another day, other rulepacks or another file at the same address
give another key.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from threading import Event, Lock
from typing import Generic, TypeVar

from sqlmodel import Session

from changeflow.adkar.people import Contact
from changeflow.errors import InputError
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.programme.definition import Definition
from changeflow.programme.facts import Facts
from changeflow.programme.mandates import SYSTEM as SYSTEM
from changeflow.programme.names import names_in
from changeflow.programme.programme import Programme, join
from changeflow.rules.engine import Judged, judge, plan
from changeflow.storage import audit, facts, sealing, versions
from changeflow.storage.database import after_commit, before_commit, read_scope, url_of
from changeflow.storage.versions import StoredPlan, Version
from changeflow.values.base import Same
from changeflow.values.rulepack import Rulepacks

MOST_KEPT, MOST_STATES = 16, 3
"""The most programmes kept in all, and the most states of one: today's, and those it was last compared with. A
programme of 2,000 tasks takes about 30 MB."""

READINGS = ("look", "refused", "sign-in", "calculate", "stop-calculation", "message:test", "token", "invite", "key")
"""Audit entries that change nothing in a programme. Its state is the same after them, so nothing is loaded again."""
Key = tuple[str, str, tuple[object, ...], date, str]
"""Database, programme, state, day, and hash of the shipped rulepacks."""
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """A bounded cache of the most recently used results. If several threads need the same result, one computes it.

    Keys for which `alike` returns the same value share at most `most_alike` results.
    """

    def __init__(self, most: int, *, alike: Callable[[K], Hashable] = lambda key: key, most_alike: int = 1) -> None:
        self.most, self.alike, self.most_alike = most, alike, most_alike
        self._found: OrderedDict[K, V] = OrderedDict()
        self._making: dict[K, Event] = {}
        self._lock = Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the kept result, or make it. Errors are not kept, so the next thread tries again."""
        while True:
            with self._lock:
                if key in self._found:
                    self._found.move_to_end(key)
                    return self._found[key]
                made_elsewhere = self._making.get(key)
                if made_elsewhere is None:
                    mine = self._making[key] = Event()
                    break
            made_elsewhere.wait()
        try:
            value = make()
            self.keep(key, value)
            return value
        finally:
            with self._lock:
                self._making.pop(key, None)
            mine.set()

    def keep(self, key: K, value: V) -> None:
        """Keep a known result."""
        with self._lock:
            self._found[key] = value
            self._found.move_to_end(key)
            group = self.alike(key)
            for old in [k for k in self._found if self.alike(k) == group][: -self.most_alike]:
                del self._found[old]
            while len(self._found) > self.most:
                self._found.popitem(last=False)

    def values(self) -> list[V]:
        """Return the kept results, most recently used first."""
        with self._lock:
            return list(reversed(self._found.values()))

    def __contains__(self, key: K) -> bool:
        return key in self._found


class NotKeptError(Exception):
    """The result is not in the cache, and this block may not compute it."""


_KEPT_ONLY: ContextVar[bool] = ContextVar("kept_only", default=False)


@contextmanager
def kept_only() -> Iterator[None]:
    """Use only kept programmes in this block; raise `NotKeptError` for any other."""
    token = _KEPT_ONLY.set(True)
    try:
        yield
    finally:
        _KEPT_ONLY.reset(token)


_LOOKING_BACK: ContextVar[datetime | None] = ContextVar("looking_back", default=None)


@contextmanager
def looking_back(until: datetime) -> Iterator[None]:
    """Read programmes in this block as they were known at a moment; changes still use every record."""
    token = _LOOKING_BACK.set(until)
    try:
        yield
    finally:
        _LOOKING_BACK.reset(token)


def known_until(session: Session, programme: str) -> datetime | None:
    """Return the moment looked back to, if anything was recorded after it; None to use all records."""
    until = _LOOKING_BACK.get()
    return until if until is not None and audit.has_after(session, programme, until) else None


def may_work() -> bool:
    return not _KEPT_ONLY.get()


@lru_cache(maxsize=2)
def hash_of(rulepacks: Same[Rulepacks]) -> str:
    return hashlib.sha256(rulepacks.value.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A programme from the database, judged on a day."""

    version: Version
    judged: Judged
    contacts: Mapping[str, Contact]
    baseline: StoredPlan | None
    rulepacks: str
    """The hash of the rulepacks used."""

    @property
    def programme(self) -> Programme:
        return self.judged.programme

    def is_judged_by(self, version: Version, facts: Facts, on: date) -> bool:
        """Whether it was judged with this version and these facts on this day."""
        own = self.programme
        is_same = (self.version.hash, own.on, self.rulepacks) == (version.hash, on, _rulepacks())
        return is_same and own.facts == facts


_KEPT: Cache[Key, Stored] = Cache(MOST_KEPT, alike=lambda key: key[:2], most_alike=MOST_STATES)


def load(session: Session, programme: str | None, *, on: date, for_change: bool = False) -> Stored:
    """Load a programme, or return the kept one; without a name, the only one stored.

    `for_change` locks out other writers before reading, so that a change rests on the current state.
    """
    name = name_of(session, programme)
    if for_change:
        versions.lock_programme(session, name)
    elif (until := known_until(session, name)) is not None:
        return read(session, name, on=on, until=until)
    # A writer without the lock, or one that has already written, sees data that no key describes.
    if not (sealing.is_reader(session) or (for_change and sealing.has_written_nothing(session))):
        return read(session, name, on=on)
    # The key is read in the same transaction, so it matches what is loaded.
    key = _key(session, name, on)
    if key not in _KEPT and not may_work():
        raise NotKeptError
    return _KEPT.get(key, lambda: read(session, name, on=on))


def read(
    session: Session, name: str, *, on: date, known: Iterable[Stored] = (), until: datetime | None = None
) -> Stored:
    """Read a programme as a session sees it, or as recorded by a moment.

    A kept or known judgement is used again.
    """
    version = versions.required(session, name, until=until)
    contacts = versions.contacts(session, name)
    found = judged_as(version, facts.load_facts(session, name, until=until), on=on, known=known)
    return Stored(
        version=version,
        judged=found.with_names(names_in(version.definition, contacts.values())),
        contacts=_here(version.definition, contacts, on),
        baseline=versions.latest_baseline(session, name, until=until),
        rulepacks=_rulepacks(),
    )


def keep(session: Session, stored: Stored) -> None:
    """Keep a programme as the session leaves it, once it has committed."""
    keys = list[Key]()
    programme = stored.programme
    before_commit(session, lambda: keys.append(_key(session, programme.id, programme.on)))
    after_commit(session, lambda: _KEPT.keep(keys[0], stored))


def loaded(programme: str | None, *, db: str, on: date) -> Programme:
    """Return a stored programme on a day; without a name, the only one stored."""
    return stored_on(programme, db=db, on=on).programme


def stored_on(programme: str | None, *, db: str, on: date) -> Stored:
    """Return a stored programme as `loaded` does, with its version, baseline and contacts."""
    with read_scope(db) as session:
        return load(session, programme, on=on)


def judged_as(version: Version, facts: Facts, *, on: date, known: Iterable[Stored] = ()) -> Judged:
    """Judge a version with the given facts on a day, or return a known or kept judgement of the same."""
    same = (s.judged for s in (*known, *_KEPT.values()) if s.is_judged_by(version, facts, on))
    return next(same, None) or judged(version.definition, facts=facts, on=on)


def judged(definition: Definition, *, facts: Facts | None = None, on: date | None = None) -> Judged:
    """Join and judge a programme."""
    return judge(_joined(definition, facts, on))


def planned(definition: Definition, *, facts: Facts, on: date) -> Programme:
    """Join and schedule a programme as `judged` does, but look for no findings."""
    return plan(_joined(definition, facts, on))


def _joined(definition: Definition, facts: Facts | None, on: date | None) -> Programme:
    programme, _ = join(definition, rulepacks=shipped_rulepacks(), facts=facts, on=on)
    return programme


def _key(session: Session, name: str, on: date) -> Key:
    return url_of(session), name, content_state(session, name), on, _rulepacks()


def content_state(session: Session, name: str) -> tuple[object, ...]:
    """Return a key of what a programme contains. Readings, which the audit records, leave it as it is."""
    return versions.state(session, name, but=READINGS)


def _rulepacks() -> str:
    return hash_of(Same(shipped_rulepacks()))


def _here(definition: Definition, contacts: Mapping[str, Contact], on: date) -> Mapping[str, Contact]:
    """Return the contacts, marked inactive before people join and after they leave."""
    away = {p.id for p in definition.people if not p.is_here(on)}
    return {n: c.model_copy(update={"is_active": False}) if n in away else c for n, c in contacts.items()}


def name_of(session: Session, programme: str | None) -> str:
    """Return the id of the named programme or, without a name, of the only one there is."""
    if programme is not None:
        return programme
    known = versions.programme_ids(session)
    if len(known) == 1:
        return known[0]
    if not known:
        raise InputError("No programme is stored yet. Store one first: changeflow apply FOLDER")
    raise InputError(f"This database has {len(known)} programmes: {', '.join(known)}. Name one with --programme.")
