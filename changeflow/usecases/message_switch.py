"""Switch a programme's messages on, once a person has read those of the first week, or off at any time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlmodel import Session

from changeflow.errors import CheckFailedError, ConflictError
from changeflow.storage import audit, message_switch, sandbox
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.moments import LONDON
from changeflow.values.words import Action

LETTER = "letter"
"""How the audit's subject begins when someone opened a message; the kind of message follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenOnPage:
    """What a page showed before the switch is used."""

    last_switch: int
    """The number of the last use of the switch; 0 for none."""
    kinds: Collection[tuple[str, str]]
    """The kinds of message of the first week, by key and name."""
    is_current: bool
    """Whether that week was worked out today, and nothing has changed since."""


def permit_switch(visit: Visit) -> None:
    """Refuse a person who may not switch messages on or off."""
    visit.permit(Action.SWITCH_MESSAGES)


def switch_messages(change: Change, *, is_on: bool, seen: SeenOnPage | None = None) -> bool:
    """Switch messages on or off; return False if they already were.

    They can be switched off at any time. On a page (`seen`), they can be switched on only by a person who has opened
    one of each kind today, and only if no one else has used the switch since. The command prints them all before it
    switches.
    """
    with unit_of_work(change) as work:
        by = work.permit(Action.SWITCH_MESSAGES)
        if sandbox.is_sandbox(work.session):
            raise ConflictError("A sandbox sends no messages, so there is nothing to switch.")
        if message_switch.are_on(work.session, work.definition) == is_on:
            return False
        if is_on and seen is not None:
            _check_seen(work, by, seen)
        message_switch.add_switch(work.session, work.name, is_on=is_on, at=change.now, by=by)
        work.record(f"messages:{'on' if is_on else 'off'}", work.name, by=by)
    return True


def _check_seen(work: UnitOfWork, by: str, seen: SeenOnPage) -> None:
    last = message_switch.last_switched(work.session, work.name)
    if seen.last_switch != (last.id if last else 0):
        raise ConflictError("Someone else has switched messages on or off since you opened the page.")
    if not seen.is_current:
        raise CheckFailedError(
            "First have the next week’s messages worked out, and open one of each kind. Those worked out before no "
            "longer count once anything changes."
        )
    opened = opened_kinds(work.session, work.name, by, work.change.on)
    if left := [name for key, name in seen.kinds if key not in opened]:
        raise CheckFailedError(
            "First open one message of each kind that would go out in the next week. You have not opened: "
            f"{'; '.join(left)}."
        )


def opened_kinds(session: Session, programme: str, person: str, today: date) -> frozenset[str]:
    """Return the kinds of message of which a person has opened one today, according to the audit."""
    looks = audit.subjects_of(session, programme, actor=person, action="look", since=midnight_of(today))
    return frozenset(rest for kind, _, rest in (look.partition(":") for look in looks) if kind == LETTER)


def midnight_of(day: date) -> datetime:
    """Return the first moment of a day in the United Kingdom."""
    return datetime.combine(day, time(), tzinfo=LONDON)
