"""A stored programme, loaded and judged; and what follows every change of state: a forecast and an audit entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from changeflow.adkar.people import Contact
from changeflow.errors import ActorMissingError, InputError, UnknownThingError
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.programme.dates import dates_of
from changeflow.programme.definition import Definition
from changeflow.programme.facts import Facts
from changeflow.programme.mandates import SYSTEM as SYSTEM
from changeflow.programme.programme import Programme, join
from changeflow.rules.engine import Judged, judge
from changeflow.storage import audit, facts, plans, versions
from changeflow.storage.database import read_scope
from changeflow.storage.plans import StoredPlan
from changeflow.storage.versions import Version
from changeflow.usecases.snapshots import Cache, Content, NotKeptError, may_work
from changeflow.values.acting import Via, current
from changeflow.values.base import Same

MOST_JUDGED = 6
"""Enough for some changes at once and the looks after them; a programme of 2 000 tasks takes some 20 MB."""
MOST_SEEN = 16
"""Programmes kept for pages: one for each programme and day that people look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenProgramme:
    """One programme as the database has it, judged on a day: what a page looks at."""

    version: Version
    judged: Judged
    contacts: Mapping[str, Contact]

    @property
    def programme(self) -> Programme:
        return self.judged.programme


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(SeenProgramme):
    """A programme with the plans that it is compared with."""

    baseline: StoredPlan | None
    forecast: StoredPlan | None
    """The forecast that was stored last, before today's."""


def load(session: Session, programme: str | None, *, on: date, for_change: bool = False) -> Stored:
    """Load a programme; without a name the only one there is.

    `for_change` keeps other writers out before anything is read, so that a change rests on what is true.
    """
    name = _name(session, programme)
    if for_change:
        versions.lock_programme(session, name)
    seen = _see(session, name, on=on)
    return Stored(
        version=seen.version,
        judged=seen.judged,
        contacts=seen.contacts,
        baseline=plans.latest_baseline(session, name),
        forecast=plans.latest_forecast(session, name),
    )


def _see(session: Session, name: str, *, on: date) -> SeenProgramme:
    version = versions.required(session, name)
    known = facts.load_facts(session, name)
    return SeenProgramme(
        version=version,
        judged=judged(version.definition, facts=known, on=on),
        contacts=_here(version.definition, versions.contacts(session, name), on),
    )


_JUDGED: Cache[Content, Judged] = Cache(MOST_JUDGED)
_SEEN: Cache[tuple[str, str, date, tuple[object, ...]], SeenProgramme] = Cache(MOST_SEEN)


def look_at(session: Session, name: str, *, db: str, on: date) -> SeenProgramme:
    """Return a programme for a page: loaded when it has changed since the last look, or on another day."""
    # The state is read in the same transaction: what is loaded now is what the key says.
    key = (db, name, on, versions.state(session, name))
    if key not in _SEEN and not may_work():
        raise NotKeptError
    return _SEEN.get(key, lambda: _see(session, name, on=on))


def loaded(programme: str | None, *, db: str, on: date) -> Programme:
    """Return a stored programme as it stands on a day; without a name the only one there is."""
    with read_scope(db) as session:
        return load(session, programme, on=on).programme


def _here(definition: Definition, contacts: Mapping[str, Contact], on: date) -> Mapping[str, Contact]:
    """Nobody is written to before they have come, or after they have left."""
    away = {p.id for p in definition.people if not p.is_here(on)}
    return {n: c.model_copy(update={"is_active": False}) if n in away else c for n, c in contacts.items()}


def judged(definition: Definition, *, facts: Facts | None = None, on: date | None = None) -> Judged:
    """Join and judge a programme, or return the same one judged a moment ago."""

    def make() -> Judged:
        programme, _ = join(definition, rulepacks=shipped_rulepacks(), facts=facts, on=on)
        return judge(programme)

    return _JUDGED.get(Content(Same(definition), facts, on), make)


def check_actor(definition: Definition, actor: str | None) -> str:
    """Return the actor, who must be one of the programme's people, or in a flow the system itself."""
    if not actor:
        raise ActorMissingError
    if actor == SYSTEM and current().via is Via.COMMAND:
        raise InputError(f"'{SYSTEM}' is changeflow itself, when a flow runs. Say who you are: --as PERSON")
    people = {p.id for p in definition.people}
    if actor != SYSTEM and people and actor not in people:
        raise UnknownThingError("person", actor, people, remedy="Use an id of people.csv.")
    return actor


def after_change(
    session: Session, programme: str, *, on: date, now: datetime, actor: str, action: str, subject: str
) -> None:
    """Forecast anew and write the audit entry, in the transaction of the change itself."""
    audit.append(session, programme, at=now, actor=actor, action=action, subject=subject)
    versions.touch(session, programme)
    session.flush()
    version = versions.required(session, programme)
    fresh = judged(version.definition, facts=facts.load_facts(session, programme), on=on)
    dates = dates_of(fresh.programme)
    plans.add_forecast(session, programme, dates, version=version.number, on=on, at=now, cause=action)


def _name(session: Session, programme: str | None) -> str:
    known = versions.programme_ids(session)
    if programme is not None:
        return programme
    if len(known) == 1:
        return known[0]
    if not known:
        raise UnknownThingError("programme", "stored here", remedy="Store one first: changeflow apply FOLDER")
    raise UnknownThingError("programme", "(none named)", remedy=f"Name one with --programme: {', '.join(known)}.")
