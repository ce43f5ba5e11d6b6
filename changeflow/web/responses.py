"""Pages, and error pages that say what happened, what to do, and when to try again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from changeflow.errors import AnchorError, CannotWriteError, DatabaseBusyError, DatabaseError
from changeflow.languages.language import Language, language_of
from changeflow.languages.templating import say_in
from changeflow.places import new_environment
from changeflow.web.clients import FormKind

BUSY_SECONDS, DOWN_SECONDS = 5, 60
"""Seconds to wait before trying again: a writer finishes soon, a database that is down takes longer."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a request failed."""

    status: int
    title: str
    text: str
    retry: int | None = None
    """Seconds after which to try again."""
    headers: Mapping[str, str] | None = None


class TroubleError(Exception):
    """Ends a request with a page that says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.title)
        self.trouble = trouble


MALFORMED = Trouble(
    400,
    "This address is not valid",
    "It contains characters that our links do not use, so it may have been copied wrongly. "
    "Open the link from the message itself.",
)
TOO_LONG = Trouble(
    414, "This address is too long", "Our links are never that long. Open the link from the message itself."
)
TOO_LARGE = Trouble(
    413,
    "Your answer is too long",
    "We have not saved your answer. Go back, shorten it to a few lines, and send it again.",
)
TOO_MANY_ROWS = Trouble(
    413,
    "Too many rows at once",
    "We have not saved any changes. Go back, and send the rows in several parts.",
)
FILE_TOO_LARGE = Trouble(
    413,
    "The file is too large",
    "We have not saved any changes. Go back and choose a smaller file. The page says how large it may be.",
)
WRONG_FORM = Trouble(
    415,
    "We could not read this form",
    "We have not saved your answer. Open the link in a web browser and send the form from there.",
)
BAD_FORM = Trouble(
    400,
    "We could not read this form",
    "Some of its characters are not valid. We have not saved your answer. Open the link again and type your answer.",
)
HEADERS_TOO_LARGE = Trouble(
    431, "The request is too large", "Your browser sent more than this page accepts. Try the link in a private window."
)
TOO_SLOW = Trouble(
    408,
    "The form took too long to arrive",
    "We have not saved your answer. Check your connection, open the link again and send your answer.",
    retry=5,
)
FULL = Trouble(
    503,
    "Too many people are using this at once",
    "We have not saved your answer. Try again in a few seconds.",
    retry=BUSY_SECONDS,
)
NOT_FOUND = Trouble(404, "Page not found", "The address may be incomplete. Open the link from the message itself.")


def too_large(kind: FormKind) -> Trouble:
    return {FormKind.TABLE: TOO_MANY_ROWS, FormKind.FILE: FILE_TOO_LARGE}.get(kind, TOO_LARGE)


def too_many(seconds: int) -> Trouble:
    when = "in a few seconds" if seconds < 20 else "in a minute"
    return Trouble(429, "Too many requests", f"We have not saved any changes. Try again {when}.", retry=seconds)


def wrong_method(allowed: str) -> Trouble:
    return Trouble(
        405,
        "This form cannot be sent from here",
        "We have not saved your answer. Open the link in a web browser.",
        headers={"Allow": allowed},
    )


def failed(reference: str) -> Trouble:
    return Trouble(
        500,
        "Something went wrong",
        "We have not saved any changes. Try again in a few minutes. If it happens again, tell the programme "
        f"office and give them this reference: {reference}.",
    )


UNAVAILABLE = (DatabaseError, AnchorError, CannotWriteError)
"""Errors that a reader cannot correct: the database, the audit's anchor or the disk is not available."""


def of_database(error: Exception) -> Trouble:
    """Return the page for a database or anchor that is not available, without its location."""
    if isinstance(error, DatabaseBusyError):
        return Trouble(
            503,
            "The service is busy",
            "We have not saved any changes, and your link still works. Try again in a few seconds.",
            retry=BUSY_SECONDS,
        )
    return Trouble(
        503,
        "The service is not available at the moment",
        "We have not saved any changes, and your link still works. Try again in a few minutes. If you still see this "
        "message after an hour, tell the programme office.",
        retry=DOWN_SECONDS,
    )


@lru_cache
def _environment(language: Language) -> Environment:
    return say_in(new_environment("pages"), language)


def page(name: str, values: Mapping[str, Any], *, language: str = "en", status: int = 200) -> Response:
    return HTMLResponse(render(name, values, language=language), status_code=status)


def render(name: str, values: Mapping[str, Any], *, language: str = "en") -> str:
    """Render a template below `templates/web/`."""
    return _environment(language_of(language)).get_template(f"web/{name}.html.j2").render(values)


API, SITE = "/api/", ("/p/", "/sign-", "/setup")
_OF_A_PROGRAMME = re.compile(r"/p/([a-z0-9][a-z0-9-]*)(?:/|$)")
PLAIN = ("/health", "/metrics")
"""Paths that machines read."""


def render_part(name: str, values: Mapping[str, Any], *, language: str = "en") -> Markup:
    """Render a template that is part of a page, to be kept in memory."""
    return Markup(render(name, values, language=language))  # noqa: S704  (the template has escaped its values)


def answer_to(trouble: Trouble, *, language: str = "en", path: str = "") -> Response:
    """Return a page that says why: for the API in the form of RFC 9457, and one line for `/health` and `/metrics`."""
    if path in PLAIN:
        response: Response = PlainTextResponse("not ok", status_code=trouble.status)
    elif path.startswith(API):
        problem = {"title": trouble.title, "status": trouble.status, "detail": trouble.text}
        response = JSONResponse(problem, status_code=trouble.status, media_type="application/problem+json")
    else:
        own = _OF_A_PROGRAMME.match(path)
        values = {
            "title": trouble.title,
            "text": trouble.text,
            "is_link": not path.startswith(SITE) and trouble.status in (404, 410),
            "is_site": path.startswith(SITE),
            "find": f"/p/{own[1]}/find" if own else "",
        }
        response = page("trouble", values, language=language, status=trouble.status)
    response.headers.update(trouble.headers or {})
    if trouble.retry is not None:
        response.headers["Retry-After"] = str(trouble.retry)
    return response
