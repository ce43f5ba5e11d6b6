"""Other programs that read a programme: their tokens, and what they read.

A token reads one programme, as the admin who made it may. It ends after its last day, if someone withdraws it, or when
that person leaves.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from changeflow.agenda.worklist import WorkFilter, work_list
from changeflow.errors import InputError, UnknownThingError
from changeflow.logs import log
from changeflow.programme.announcements import go_lives
from changeflow.reports.announcements import go_live_lines
from changeflow.reports.decision_pages import DecisionPage
from changeflow.reports.documents import keyed
from changeflow.reports.tables import plan_json
from changeflow.reports.worklist import work_rows
from changeflow.storage import accounts, answers, api_tokens, audit, versions
from changeflow.storage.accounts import SignedIn, SignIn
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases.accounts import SignInNeededError, new_token
from changeflow.usecases.briefs import whole_report
from changeflow.usecases.decisions import decision as one_decision
from changeflow.usecases.decisions import decisions
from changeflow.usecases.jobs import list_jobs
from changeflow.usecases.visits import Visit, visit, visit_as
from changeflow.values.words import Action

LONGEST_LIFE = 365
"""Days for which a token may last: our own choice."""
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramToken:
    """A token in force, without the token itself."""

    stored: str
    name: str
    by: str
    at: datetime
    expires_at: datetime


@contextmanager
def program_visit(token: str, programme: str, *, db: str, now: datetime) -> Iterator[Visit]:
    """Open a visit by a program; raise `SignInNeededError` if its token does not work."""
    with read_scope(db) as session:
        found = api_tokens.api_token(session, token, now=now) if token else None
        if found is None:
            raise SignInNeededError("Send a token that works: Authorization: Bearer TOKEN.")
        if found[0] != programme:
            log("refused", action="visit", programme=found[0])
            raise UnknownThingError("programme", programme)
        own = SignedIn(
            id=accounts.digest(session, "api", token),
            how=SignIn.TOKEN,
            account=None,
            address="",
            programme=programme,
            person=found[1],
            browser="",
            created_at=now,
            expires_at=now,
        )
        yield visit_as(session, own, programme, db=db, now=now)


def make_token(session_token: str, programme: str, name: str, days: int, *, db: str, now: datetime) -> str:
    """Make a token and return it; only its digest is stored."""
    with visit(session_token, programme, db=db, now=now) as found:
        found.permit(Action.MAKE_TOKEN)
        person = found.visitor.person
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InputError(f"Say what the token is for, in at most {LONGEST_NAME} characters.")
    if not 1 <= days <= LONGEST_LIFE:
        raise InputError(f"A token lasts from 1 to {LONGEST_LIFE} days.")
    token = new_token()
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        api_tokens.add_api_token(session, programme, token, name, by=person, at=now, until=now + timedelta(days=days))
        audit.append(session, programme, at=now, actor=person, action="token", subject="made")
    return token


def tokens_of(found: Visit) -> list[ProgramToken]:
    """Return the programme's tokens in force."""
    found.permit(Action.MAKE_TOKEN)
    rows = api_tokens.api_tokens(found.session, found.name)
    own = [ProgramToken(stored=r.token, name=r.name, by=r.by, at=r.at, expires_at=r.expires_at) for r in rows]
    return [t for t in own if t.expires_at > found.now]


def withdraw_token(session_token: str, programme: str, stored: str, *, db: str, now: datetime) -> None:
    """End a token at once."""
    with visit(session_token, programme, db=db, now=now) as found:
        found.permit(Action.MAKE_TOKEN)
        person = found.visitor.person
    with session_scope(db) as session:
        versions.lock_programme(session, programme)
        if not api_tokens.withdraw_api_token(session, programme, stored, at=now):
            raise UnknownThingError("token", stored[:8])
        audit.append(session, programme, at=now, actor=person, action="token", subject="withdrawn")


def summary(found: Visit) -> dict[str, Any]:
    """Return what the programme is, its version and its day."""
    found.permit(Action.READ_PROGRAMME)
    programme = found.definition.programme
    return {
        "id": found.name,
        "name": programme.name,
        "organisation": programme.organisation,
        "version": found.stored.version.number,
        "data_date": found.today.isoformat(),
        "is_live": found.reaches_people,
        "services": [{"id": s.service, "name": s.name} for s in found.definition.services],
        "schools": [{"id": s.id, "name": s.name} for s in found.definition.schools],
    }


def plan(found: Visit) -> dict[str, Any]:
    """Return the plan as `changeflow plan --format json` does."""
    found.permit(Action.READ_PROGRAMME)
    data: dict[str, Any] = json.loads(found.view("plan-json", lambda: plan_json(found.stored.judged)))
    return data


def work(found: Visit, *, service: str | None, state: str | None, owner: str | None) -> list[dict[str, Any]]:
    """Return the rows of `changeflow task list --format json`, with filters."""
    found.permit(Action.READ_PROGRAMME)

    def rows() -> list[dict[str, Any]]:
        given = answers.answers(found.session, found.name)
        items = work_list(found.programme, WorkFilter(), today=found.today, answers=given)
        services = {t: task.service for t, task in found.programme.roadmap.tasks.items()}
        return [row | {"service": services[row["id"]]} for row in work_rows(found.programme, items)]

    wanted = {"service": service, "state": state, "owner": owner}
    asked = {k: v for k, v in wanted.items() if v is not None}
    return [row for row in found.view("work-rows", rows) if all(row[k] == v for k, v in asked.items())]


def dates_of_schools(found: Visit) -> list[dict[str, Any]]:
    """Return each go-live: announced and forecast."""
    found.permit(Action.READ_PROGRAMME)

    def rows() -> list[dict[str, Any]]:
        programme = found.programme
        lives = list(go_lives(programme))
        lines = go_live_lines(programme, lives)
        return [
            {
                "service": live.service,
                "school": live.school,
                "announced": live.announced.isoformat() if live.announced else None,
                "forecast": live.day.isoformat() if live.day else None,
                "days_later": line.days,
                "state": line.state,
            }
            for live, line in zip(lives, lines, strict=True)
        ]

    return found.view("go-live-rows", rows)


def decision_log(found: Visit) -> dict[str, Any]:
    """Return the decisions needed and made, as `changeflow gate list --format json` does."""
    return keyed(decisions(found).log)


def decision(found: Visit, gate: str) -> DecisionPage:
    """Return one decision, with what deciding on each day moves, which its page does not show."""
    page = one_decision(found, gate)
    if page.last_day is not None:
        page.last_day.by_day.get()
    return page


def calculations(found: Visit) -> list[dict[str, Any]]:
    """Return the programme's calculations, the newest first."""
    return [
        {
            "number": job.id,
            "kind": job.kind,
            "state": job.state.value,
            "version": job.version,
            "on": job.on.isoformat(),
            "by": job.by,
        }
        for job in list_jobs(found)
    ]


def report(found: Visit) -> dict[str, Any]:
    """Return today's report to the SRO, without the proof of its dates."""
    return keyed(whole_report(found))
