"""Doors that only this machine can use: links that `serve` prints, kept in its memory and gone when it stops."""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from changeflow.addresses import THIS_MACHINE
from changeflow.errors import InputError
from changeflow.storage.accounts import SignIn
from changeflow.usecases.accounts import is_sandbox, new_token, people_for_doors

SETUP_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One printed link."""

    token: str = field(repr=False)
    how: SignIn
    programme: str
    person: str
    title: str
    until: datetime | None = None
    """None while the server runs."""


@dataclass(slots=True)
class Doors:
    """The printed links of one server."""

    known: list[Door] = field(default_factory=list)

    def add(self, how: SignIn, programme: str, person: str, title: str, *, until: datetime | None = None) -> Door:
        door = Door(token=new_token(), how=how, programme=programme, person=person, title=title, until=until)
        self.known.append(door)
        return door

    def find(self, token: str, *, now: datetime) -> Door | None:
        """Return the door of a token that still works."""
        same = (d for d in self.known if hmac.compare_digest(d.token.encode(), token.encode()))
        return next((d for d in same if d.until is None or now < d.until), None)

    def close(self, door: Door) -> None:
        """Use up a door."""
        self.known = [d for d in self.known if d is not door]


def doors_for(
    programme: str | None, *, people: Iterable[str], is_setup: bool, host: str, db: str, now: datetime
) -> Doors:
    """Make the links to print: for people of a sandbox, and with `is_setup` for each admin, once."""
    doors, named = Doors(), tuple(people)
    if not named and not is_setup:
        return doors
    if host not in THIS_MACHINE:
        raise InputError("Links that sign in without an account work on this machine only. Serve on 127.0.0.1.")
    if named and not is_sandbox(db=db):
        raise InputError(
            "--sign-in is for a sandbox, and this database is not one: people here sign in with an account. "
            "`changeflow db sandbox` makes an empty database one."
        )
    found = people_for_doors(programme, named, is_setup=is_setup, db=db, now=now)
    for one in found:
        how = SignIn.SANDBOX if one.person in named else SignIn.MACHINE
        until = None if how is SignIn.SANDBOX else now + SETUP_LIFE
        doors.add(how, one.programme, one.person, one.title, until=until)
    return doors


def clock_from(start: datetime | None, *, db: str) -> Callable[[], datetime]:
    """Return the clock of a server: the machine's, or in a sandbox one that starts from another moment."""
    if start is None:
        return lambda: datetime.now(UTC)
    if not is_sandbox(db=db):
        raise InputError("--at is for a sandbox: a real programme is served at the real time.")
    ahead = start - datetime.now(UTC)
    return lambda: datetime.now(UTC) + ahead
