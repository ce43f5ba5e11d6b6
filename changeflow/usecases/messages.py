"""Letters to people: the recipients, the links and the content."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from changeflow.adkar.people import Contact
from changeflow.agenda.asks import about_calendar
from changeflow.agenda.due import PeoplesDays
from changeflow.agenda.policy import NudgePolicy
from changeflow.agenda.reasons import REASONS, Reason
from changeflow.delivery.costs import LaterCost
from changeflow.delivery.invitations import CalendarEntry
from changeflow.delivery.message import Message
from changeflow.delivery.writing import Letter, LetterItem, Templates, templates_of, write
from changeflow.intake.rulepacks import shipped_rulepacks
from changeflow.programme.definition import Definition
from changeflow.programme.names import names_in, person_in_a_sentence, person_in_words, the_role
from changeflow.storage import versions
from changeflow.storage.agenda import Nudge
from changeflow.storage.answers import CHOICE, AnswerLink
from changeflow.storage.messages import Outgoing
from changeflow.values.base import calendar_uid
from changeflow.values.moments import local_day
from changeflow.values.rulepack import Rulepacks
from changeflow.values.sentences import from_data

LINK_DAYS = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The settings for letters: the base address of links, and the templates."""

    base_url: str = "http://127.0.0.1:8000"
    templates: Templates = field(default_factory=lambda: templates_of(None))


@dataclass(slots=True)
class House:
    """One programme's people, without its roadmap."""

    definition: Definition
    contacts: Mapping[str, Contact]
    packs: Rulepacks
    days: PeoplesDays

    @property
    def names(self) -> Mapping[str, str]:
        return names_in(self.definition, self.contacts.values())

    def person(self, person: str) -> str:
        """Name a person in a list, by name and role or by role alone."""
        return person_in_words(self.definition, self.names, person)

    def the_person(self, person: str) -> str:
        """Name a person within a sentence."""
        return person_in_a_sentence(self.definition, self.names, person)


def house_of(session: Session, name: str) -> House:
    definition = versions.required(session, name).definition
    contacts = versions.contacts(session, name)
    packs = Rulepacks(packs=(*shipped_rulepacks().packs, *definition.rulepacks))
    return House(definition, contacts, packs, PeoplesDays(definition, contacts))


def letter_of(nudges: list[Nudge], houses: Mapping[str, House], desk: Desk, now: datetime) -> Message | None:
    """Write the letter that would be sent, with links that do not work."""
    return write_letter(nudges, houses, desk, now, "<preview@changeflow.invalid>", None)


def write_letter(
    nudges: list[Nudge],
    houses: Mapping[str, House],
    desk: Desk,
    now: datetime,
    message_id: str,
    links: dict[str, AnswerLink] | None,
    outgoing: Outgoing | None = None,
) -> Message | None:
    """Write one letter. Add its links to `links` by digest, to be stored; without `links` they do not work."""
    first = nudges[0]
    contact = houses[first.programme].contacts.get(first.person)
    if contact is None or contact.email is None or not contact.is_active:
        return None
    today = local_day(now)
    optional = NudgePolicy.of(houses[first.programme].packs, on=today).optional
    items = tuple(_item(n, houses[n.programme], _link(n, "answer", desk, now, links), optional, now) for n in nudges)
    office = houses[first.programme].definition.programme.office
    return write(
        Letter(
            name=contact.name,
            is_named=contact.person in houses[first.programme].names,
            address=contact.email,
            language=contact.language or houses[first.programme].definition.programme.language,
            items=items,
            office=office.name,
            office_email=office.email,
            today=today,
            message_id=message_id,
            at=now,
            unsubscribe=_link(first, CHOICE, desk, now, links),
            may_have_gone=outgoing is not None and outgoing.may_have_gone,
        ),
        desk.templates,
    )


def _item(nudge: Nudge, house: House, link: str, optional: frozenset[Reason], now: datetime) -> LetterItem:
    programme = house.definition.programme
    content: dict[str, Any] = {**nudge.content}
    reason = Reason(nudge.reason)
    owner, role = content.get("owner"), str(content.get("owner_role", ""))
    return LetterItem(
        reason=reason,
        title=REASONS[reason].title or str(content.get("title", nudge.subject)),
        due_on=nudge.due_on,
        is_assumed=bool(content.get("assumed")),
        link=link,
        programme=programme.name,
        students=programme.wiifts.statement if programme.wiifts else "",
        owner=house.person(owner) if owner else role,
        the_owner=house.the_person(owner) if owner else the_role(role),
        note=str(content.get("note", "")),
        for_manager=bool(content.get("for_manager")),
        is_optional=reason in optional,
        says=str(content.get("says", "")),
        against=tuple(from_data(text) for text in content.get("against", ())),
        last_day=date.fromisoformat(content["last_day"]) if "last_day" in content else None,
        cost=_cost(content["cost"]) if "cost" in content else None,
        calendar=str(content.get("calendar", "")),
        entry=_entry(nudge, house, now) if "calendar" in content else None,
    )


def _cost(content: Mapping[str, Any]) -> LaterCost:
    first, before, after = (date.fromisoformat(content[key]) for key in ("from", "before", "after"))
    name, days, more = str(content["name"]), int(content["days"]), int(content["more"])
    return LaterCost(from_day=first, name=name, days=days, before=before, after=after, more=more)


def _entry(nudge: Nudge, house: House, now: datetime) -> CalendarEntry:
    """Return the calendar entry for a checkpoint's owner."""
    programme, contact = house.definition.programme, house.contacts[nudge.person]
    task = nudge.subject.partition("#")[0]
    return CalendarEntry(
        uid=calendar_uid(task, programme.programme),
        title=str(nudge.content["title"]),
        day=nudge.due_on,
        sequence=int(nudge.content["sequence"]),
        stamp=now,
        is_meeting=True,
        is_cancelled=nudge.content["calendar"] == "cancelled",
        organiser=(programme.office.name, programme.office.email),
        attendee=(contact.name, contact.email or ""),
    )


def _link(nudge: Nudge, action: str, desk: Desk, now: datetime, links: dict[str, AnswerLink] | None) -> str:
    path = {"answer": "a", CHOICE: "u"}[action]
    if links is None:
        return f"{desk.base_url}/{path}/…"
    token = secrets.token_urlsafe(32)
    links[digest_of(token)] = AnswerLink(
        programme=nudge.programme,
        person=nudge.person,
        action=action,
        # An answer to an invitation is about its checkpoint.
        subject=nudge.subject.partition("#")[0] if about_calendar(nudge.subject) else nudge.subject,
        due_on=nudge.due_on,
        expires_at=now + LINK_DAYS,
    )
    return f"{desk.base_url}/{path}/{token}"


def digest_of(token: str) -> str:
    """Return the stored digest of a token, so that reading the database does not give access to links."""
    return hashlib.sha256(token.encode()).hexdigest()
