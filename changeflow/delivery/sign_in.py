"""Write messages outside the programme's reminders, in their frame: a sign-in link, an invitation, and a test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from changeflow.delivery.message import Message
from changeflow.delivery.writing import MOST_OF_A_SUBJECT, Templates
from changeflow.languages.language import Language, language_of
from changeflow.phrases import shortened
from changeflow.values.words import LANGUAGES

NAME, INVITATION, TRIAL = "sign-in", "invitation", "trial"
"""The templates, which a trust may replace like those of other messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLetter:
    """A sign-in link for one person."""

    name: str
    is_named: bool
    """Whether the name is a person's; otherwise it is a role."""
    address: str
    language: str
    link: str = field(repr=False)
    minutes: int
    """How long the link works."""
    programme: str
    office: str
    office_email: str
    message_id: str
    at: datetime
    unsubscribe: None = None
    """People ask for this message themselves, so there is nothing to unsubscribe from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationLetter:
    """The message that invites someone to sign in. Its link leads to the sign-in page, and opens nothing."""

    name: str
    is_named: bool
    address: str
    language: str
    link: str
    by: str
    """The role of the admin who invited them."""
    by_link: bool
    """Whether they may sign in with a link by email."""
    programme: str
    office: str
    office_email: str
    message_id: str
    at: datetime
    unsubscribe: None = None
    """It is sent once, so there is nothing to unsubscribe from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLetter:
    """A message that someone sends to themselves, to see whether messages arrive."""

    name: str
    address: str
    language: str
    link: str
    programme: str
    office: str
    office_email: str
    message_id: str
    at: datetime
    is_named: bool = True
    unsubscribe: None = None
    """It is sent once, so there is nothing to unsubscribe from."""


def write_trial(letter: TrialLetter, templates: Templates) -> Message:
    """Write the test message."""
    return _write(TRIAL, letter, {"title": letter.programme}, templates)


def write_sign_in(letter: SignInLetter, templates: Templates) -> Message:
    """Write the message. Its text and HTML have the same sentences."""
    return _write(NAME, letter, {"title": letter.programme, "minutes": letter.minutes}, templates)


def write_invitation(letter: InvitationLetter, templates: Templates) -> Message:
    """Write the message in the reader's language, and below it in every other."""
    values = {"title": letter.programme, "by": letter.by, "by_link": letter.by_link}
    return _write(INVITATION, letter, values, templates, others=[c for c in LANGUAGES if c != letter.language])


def _write(
    name: str,
    letter: SignInLetter | InvitationLetter | TrialLetter,
    values: Mapping[str, Any],
    templates: Templates,
    *,
    others: Sequence[str] = (),
) -> Message:
    language = language_of(letter.language)
    lines = _lines(name, values, templates, language)
    item: dict[str, Any] = {
        "title": letter.programme,
        "action": _line(templates.say(name, "action", values, language)),
        "lines": lines,
        "blocks": lines,
        "english": [],
        "others": [_other(name, values, templates, language_of(code)) for code in others],
        "link": letter.link,
        "programme": letter.programme,
    }
    subject = _subject(name, letter.programme, templates, language)
    frame: dict[str, Any] = {"letter": letter, "items": [item], "whys": [], "subject": subject, "heading": subject}
    frame |= {"has_optional": False, "only_optional": False}
    return Message(
        to_name=letter.name,
        to_address=letter.address,
        from_name=letter.office,
        from_address=letter.office_email,
        subject=subject,
        text=templates.render("message.txt.j2", frame, language).strip() + "\n",
        html=templates.render("message.html.j2", frame, language).strip() + "\n",
        message_id=letter.message_id,
        at=letter.at,
        language=language.code,
    )


def _lines(name: str, values: Mapping[str, Any], templates: Templates, language: Language) -> list[str]:
    return [line.strip() for line in templates.say(name, "say", values, language).splitlines() if line.strip()]


def _other(name: str, values: Mapping[str, Any], templates: Templates, language: Language) -> dict[str, Any]:
    """Return the same sentences in another language, with its note if no speaker has checked it."""
    lines = _lines(name, values, templates, language)
    return {"code": language.code, "lines": [*lines, language.note] if language.note else lines}


def _subject(name: str, programme: str, templates: Templates, language: Language) -> str:
    """Return the subject, with as many words of the programme's name as there is room for."""
    subject = ""
    for words in range(len(programme.split()), 0, -1):
        title = shortened(programme, words)
        subject = _line(templates.say(name, "subject", {"title": title}, language))
        if len(subject) < MOST_OF_A_SUBJECT:
            break
    return subject if len(subject) < MOST_OF_A_SUBJECT else f"{subject[: MOST_OF_A_SUBJECT - 2]}…"


def _line(text: str) -> str:
    return " ".join(text.split())
