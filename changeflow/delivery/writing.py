"""Nudges in words: one letter with one thing in it or several, from the templates in `templates/emails/`.

Text and HTML are made of the same sentences, so that they say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_date

from changeflow.agenda.reasons import REASONS, Reason
from changeflow.delivery.invitations import MEETS_AT, CalendarEntry, invitation
from changeflow.delivery.message import Message
from changeflow.delivery.templates import LANGUAGES, Templates

SHOWN_AGAINST = 5
"""A mail is read on a phone: our own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterItem:
    """One thing that a letter asks for."""

    reason: Reason
    title: str
    due_on: date
    link: str
    programme: str
    students: str = ""
    """What is in it for the students."""
    owner_role: str = ""
    note: str = ""
    """What whoever does it should know, and what is in it for those it is done for."""
    for_manager: bool = False
    is_optional: bool = False
    says: str = ""
    """What the evidence for a decision carries, such as `not yet`; nothing where none is asked for."""
    against: tuple[str, ...] = ()
    """Reasons against, the most severe first; the first few are shown."""
    calendar: str = ""
    """`invited`, `moved` or `cancelled`, where it is about a date in somebody's calendar."""
    entry: CalendarEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Everything that goes to one person at once, what matters most first."""

    name: str
    address: str
    language: str
    items: tuple[LetterItem, ...]
    office: str
    office_email: str
    today: date
    message_id: str
    at: datetime
    unsubscribe: str | None = None
    may_have_gone: bool = False


def write(letter: Letter, templates: Templates) -> Message:
    """Write one letter. One thing has one action and one link; a digest has one link an item."""
    language = letter.language if letter.language in LANGUAGES else "en"
    items = [_format_item(item, letter, language, templates) for item in letter.items]
    values = {
        "letter": letter,
        "items": items,
        "language": language,
        "whys": _whys(letter.items),
        "subject": _subject(items, language, templates),
        "has_optional": any(item.is_optional for item in letter.items),
        "only_optional": all(item.is_optional for item in letter.items),
    }
    return Message(
        to_name=letter.name,
        to_address=letter.address,
        from_name=letter.office,
        from_address=letter.office_email,
        subject=str(values["subject"]),
        text=templates.render("message.txt.j2", values).strip() + "\n",
        html=templates.render("message.html.j2", values).strip() + "\n",
        message_id=letter.message_id,
        at=letter.at,
        language=language,
        unsubscribe=letter.unsubscribe,
        may_have_gone=letter.may_have_gone,
        invitations=tuple(invitation(item.entry) for item in letter.items if item.entry is not None),
    )


def _format_item(item: LetterItem, letter: Letter, language: str, templates: Templates) -> dict[str, Any]:
    """Say one item: its subject line, its sentences (a dash begins a point of a list), and its action."""
    late = (letter.today - item.due_on).days
    values = {
        "title": item.title,
        "late": late,
        "day": translate_day(item.due_on, language),
        "for_manager": item.for_manager,
        "owner_role": item.owner_role,
        "note": item.note,
        "says": item.says,
        "against": item.against[:SHOWN_AGAINST],
        "more": max(0, len(item.against) - SHOWN_AGAINST),
        "office": letter.office,
        "is_gate": item.reason == Reason.GATE,
        "calendar": item.calendar,
        "hour": f"{MEETS_AT:%H:%M}",
    }
    name = REASONS[item.reason].template
    lines = templates.say(name, "say", values, language).splitlines()
    return {
        "title": item.title,
        "subject": _line(templates.say(name, "subject", values, language)),
        "action": _line(templates.say(name, "action", values, language)),
        "lines": [line.strip() for line in lines if line.strip()],
        "blocks": _blocks(lines),
        "link": item.link,
        "programme": item.programme,
    }


def _blocks(lines: Sequence[str]) -> list[str | list[str]]:
    """Sort lines into sentences and lists: lines that begin with a dash are the points of one list."""
    blocks: list[str | list[str]] = []
    for line in filter(None, map(str.strip, lines)):
        point = line.removeprefix("- ")
        if point == line:
            blocks.append(line)
        elif blocks and isinstance(blocks[-1], list):
            blocks[-1].append(point)
        else:
            blocks.append([point])
    return blocks


def _subject(items: Sequence[dict[str, Any]], language: str, templates: Templates) -> str:
    if len(items) == 1:
        return str(items[0]["subject"])
    return _line(templates.say("words", "several", {"count": len(items), "first": items[0]["subject"]}, language))


def _whys(items: Sequence[LetterItem]) -> list[str]:
    """Say why it matters, each programme's statement once."""
    return list(dict.fromkeys(item.students for item in items if item.students))


def _line(text: str) -> str:
    return " ".join(text.split())


def translate_day(day: date, language: str) -> str:
    """Write a day as people do.

    >>> translate_day(date(2027, 1, 8), "en"), translate_day(date(2027, 1, 8), "cy")
    ('Friday 8 January', 'Dydd Gwener 8 Ionawr')
    """
    return format_date(day, "EEEE d MMMM", locale="en_GB" if language == "en" else language)
