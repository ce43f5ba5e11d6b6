"""Read forms within limits and turn them into answers, with plain messages if they are wrong."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import parse_qsl

from starlette.requests import Request

from changeflow.adkar.elements import Element
from changeflow.agenda.due import CHOICES, AnswerKind
from changeflow.errors import InputError
from changeflow.usecases.answer_recording import Given
from changeflow.values.limits import is_supported
from changeflow.values.moments import format_day
from changeflow.values.sentences import sentence
from changeflow.web.clients import Limits
from changeflow.web.responses import BAD_FORM, WRONG_FORM, TroubleError, too_large

_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
LINE_BREAKS = "\n\r\t"
"""Control characters that are allowed in a text of several lines."""
LONG = ("text", "cause")
"""The fields for such texts."""


class FieldError(InputError):
    """One field of a form is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@contextmanager
def errors_of(field: str) -> Iterator[None]:
    """Turn an `InputError` into one of a field."""
    try:
        yield
    except InputError as error:
        raise FieldError(field, str(error)) from None


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; the last value of a repeated field counts."""

    fields: Mapping[str, str]

    def get(self, name: str, default: str = "") -> str:
        return self.fields.get(name, default)

    @property
    def has_controls(self) -> bool:
        """Whether a field contains a character that no one types, such as NUL."""
        return any(
            has_controls(name) or has_controls(value, but=LINE_BREAKS if name in LONG else "")
            for name, value in self.fields.items()
        )

    def cleaned(self) -> dict[str, str]:
        """Return the fields without control characters, to show them again."""
        return {
            name: "".join(c for c in value if c in LINE_BREAKS or not has_controls(c))
            for name, value in self.fields.items()
        }


def has_controls(text: str, *, but: str = "") -> bool:
    return any(unicodedata.category(c) == "Cc" and c not in but for c in text)


def is_well_formed(encoded: bytes) -> bool:
    """Return whether every percent sign is followed by two hexadecimal digits."""
    return _BAD_PERCENT.search(encoded) is None


async def read_form(request: Request, limits: Limits, *, one_click: bool = False) -> Form:
    """Read a form's fields. Mail programs may send a `one_click` form (RFC 8058) in parts; its fields do not matter."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_multipart = one_click and kind == "multipart/form-data"
    if kind not in ("", "application/x-www-form-urlencoded") and not is_multipart:
        raise TroubleError(WRONG_FORM)
    most, body = limits.of_form(request.scope["path"]), b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most.bytes:
            raise TroubleError(too_large(most.kind))
    if is_multipart:
        return Form({})
    if not is_well_formed(body):
        raise TroubleError(BAD_FORM)
    if body.count(b"&") >= most.fields:
        raise TroubleError(too_large(most.kind))
    try:
        return Form(dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")))
    except UnicodeDecodeError:
        raise TroubleError(BAD_FORM) from None


def given_of(form: Form) -> Given:
    """Turn a form into an answer; raise `InputError` if it cannot be understood."""
    if form.has_controls:
        raise InputError(sentence("Your answer contained characters that cannot be shown. We have removed them."))
    kind = form.get("answer")
    if kind not in set(CHOICES):
        raise InputError(sentence("Choose one of the answers."))
    scores = {element: value for element in Element if (value := form.get(element.value))}
    if any(value not in {"1", "2", "3", "4", "5"} for value in scores.values()):
        raise InputError(sentence("Answer with a number from 1 to 5."))
    return Given(
        kind=AnswerKind(kind),
        until=day_in(form.get("until").strip()),
        to=form.get("to") or None,
        text=form.get("text"),
        cause=form.get("cause"),
        scores={element: int(value) for element, value in scores.items()},
    )


def day_in(text: str) -> date | None:
    """Read a day as people write it; None if the field is empty."""
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d %B %Y", "%d %b %Y"):
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007  (a day has no time zone)
        except ValueError:
            continue
        if is_supported(day):
            return day
    raise InputError(sentence("“%(text)s” is not a date. Enter a date such as 31/03/2027.", text=text[:40]))


def day_field(form: Form, name: str) -> date | None:
    """Read a field with a day; None if it is empty."""
    with errors_of(name):
        return day_in(form.get(name).strip())


def required_day(form: Form, name: str, missing: str) -> date:
    """Read a field that must have a day; `missing` says what to enter."""
    if (day := day_field(form, name)) is None:
        raise FieldError(name, missing)
    return day


def past_day(form: Form, name: str, *, today: date, ask: str, missing: bool = False) -> date:
    """Read the day of something that has happened: today if the field is empty, unless one is `missing`.

    `ask` says what to enter, such as “Enter the day of the session.”
    """
    day = required_day(form, name, ask) if missing else day_field(form, name) or today
    if day > today:
        raise FieldError(name, f"{format_day(day)} is in the future. {ask}")
    return day


def text_in(form: Form, name: str, *, called: str) -> str:
    """Read a text of several lines; `called` begins the message, such as “Your comment”."""
    text = form.get(name)
    if has_controls(text, but=LINE_BREAKS):
        raise FieldError(name, f"{called} contained characters that cannot be shown. We have removed them.")
    return text


def line_in(form: Form, name: str, *, most: int, called: str) -> str:
    """Read a text as one line of at most `most` characters; `called` begins the message, such as “The reason”."""
    text = form.get(name)
    if has_controls(text, but=LINE_BREAKS):
        raise FieldError(name, f"{called} contained characters that cannot be shown. We have removed them.")
    line = " ".join(text.split())
    if len(line) > most:
        raise FieldError(name, f"{called} has {len(line)} characters. Shorten it to {most}.")
    return line
