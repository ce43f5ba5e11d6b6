"""Write the message with a sign-in link, from `templates/emails/sign-in.j2` in the frame of every message."""

from dataclasses import dataclass, field
from datetime import datetime

from changeflow.delivery.message import Message
from changeflow.delivery.writing import MOST_OF_A_SUBJECT, Templates
from changeflow.languages.language import Language, language_of
from changeflow.phrases import shortened

NAME = "sign-in"
"""The template, which a trust may replace like those of other messages."""


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
    """No one can switch off what they ask for themselves."""


def write_sign_in(letter: SignInLetter, templates: Templates) -> Message:
    """Write the message. Its text and HTML have the same sentences."""
    language = language_of(letter.language)
    values = {"title": letter.programme, "minutes": letter.minutes}
    lines = [line.strip() for line in templates.say(NAME, "say", values, language).splitlines() if line.strip()]
    item = {
        "title": letter.programme,
        "action": _line(templates.say(NAME, "action", values, language)),
        "lines": lines,
        "blocks": lines,
        "english": [],
        "link": letter.link,
        "programme": letter.programme,
    }
    subject = _subject(letter.programme, templates, language)
    frame = {"letter": letter, "items": [item], "whys": [], "subject": subject, "heading": subject}
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


def _subject(programme: str, templates: Templates, language: Language) -> str:
    """Return the subject, with as many words of the programme's name as there is room for."""
    subject = ""
    for words in range(len(programme.split()), 0, -1):
        title = shortened(programme, words)
        subject = _line(templates.say(NAME, "subject", {"title": title}, language))
        if len(subject) < MOST_OF_A_SUBJECT:
            break
    return subject if len(subject) < MOST_OF_A_SUBJECT else f"{subject[: MOST_OF_A_SUBJECT - 2]}…"


def _line(text: str) -> str:
    return " ".join(text.split())
