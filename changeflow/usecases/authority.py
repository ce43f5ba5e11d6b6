"""Who acts and whether they may. Refusals are logged; those about personal data are also in the audit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime

from changeflow.errors import ActorMissingError, InputError, NotAllowedError
from changeflow.logs import log
from changeflow.programme.definition import Definition
from changeflow.programme.mandates import PROGRAMME, SYSTEM, UNNAMED, Subject
from changeflow.programme.permission_table import TABLE
from changeflow.programme.permissions import Allowed, Refused, may
from changeflow.programme.recording import check_person
from changeflow.storage import audit, versions
from changeflow.storage.database import session_scope
from changeflow.values.acting import Via, current
from changeflow.values.moments import local_day
from changeflow.values.words import Action

RECORDED_WITH_BY = "If one of them has decided, record it with --by. No changes saved."


def recorded_with_by() -> str:
    """Return the hint for a refused decision: how to record another person's. On pages, a form does that."""
    return "" if current().via is Via.SESSION else RECORDED_WITH_BY


def check_actor(definition: Definition, actor: str | None) -> str:
    """Return the actor, who must be one of the programme's people, or the system in a flow."""
    if not actor:
        raise ActorMissingError
    if actor == SYSTEM and current().via is Via.COMMAND:
        raise InputError(f"'{SYSTEM}' is changeflow itself when a flow runs. Say who you are: --as PERSON")
    return check_person(definition, actor)


def permit(
    definition: Definition,
    actor: str | None,
    action: Action,
    subject: Subject = PROGRAMME,
    *,
    on: date,
    hint: str = "",
    names: Mapping[str, str] | None = None,
) -> str:
    """Return the actor if they may do this, or raise a `NotAllowedError` that says who may, with the hint."""
    by = check_actor(definition, actor)
    verdict = may(definition, by, action, subject, on=on, names=names)
    if isinstance(verdict, Refused):
        raise _refused(f"{verdict.message} {hint}".strip(), definition, by, action)
    check_claim(definition, by, action)
    return by


def is_permitted(
    definition: Definition, actor: str | None, action: Action, subject: Subject = PROGRAMME, *, on: date
) -> bool:
    """Return whether the actor may do this, for replies that show some people more than others."""
    return isinstance(may(definition, check_actor(definition, actor), action, subject, on=on), Allowed)


def check_claim(definition: Definition, by: str, action: Action) -> None:
    """Refuse a decision on the command line if the programme's policy does not take decisions there.

    `--as` is a claim: the machine identifies an account, not a person.
    """
    allows = definition.programme.policy.decisions_on_command_line
    if TABLE[action].is_decision and not allows and current().via is Via.COMMAND:
        message = (
            f"The command line cannot {TABLE[action].what()} here: the programme does not take decisions there "
            "(policy: decisions_on_command_line in programme.yaml). The SRO or the board may change that."
        )
        raise _refused(message, definition, by, action)


def _refused(message: str, definition: Definition, by: str, action: Action) -> NotAllowedError:
    programme = definition.programme.programme
    log("refused", programme=programme, actor=by, action=action.value, via=current().via.value)
    return NotAllowedError(message, programme=programme, actor=by, action=action.value)


def note_look(
    definition: Definition,
    actor: str | None,
    action: Action,
    subject: str,
    *,
    db: str,
    now: datetime,
    names: Mapping[str, str] | None = None,
) -> None:
    """Record in the audit that data about people was read, and the reader if they gave a name.

    It uses its own transaction, so that reading blocks no writer.
    """
    by = permit(definition, actor, action, on=local_day(now), names=names) if actor is not None else UNNAMED
    name = definition.programme.programme
    with session_scope(db) as session:
        versions.lock_programme(session, name)
        audit.append(session, name, at=now, actor=by, action="look", subject=subject)


@contextmanager
def noting_refusals(db: str, now: datetime) -> Iterator[None]:
    """Record in the audit who was refused personal data in this block.

    This happens in a separate transaction, because theirs is undone.
    """
    try:
        yield
    except NotAllowedError as error:
        if TABLE[Action(error.action)].is_personal:
            with session_scope(db) as session:
                versions.lock_programme(session, error.programme)
                audit.append(
                    session, error.programme, at=now, actor=error.actor, action="refused", subject=error.action
                )
        raise
