"""Pages, and the answers to what cannot be done: what happened, what to do, and when to try again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from changeflow.errors import AnchorError, CannotWriteError, DatabaseBusyError, DatabaseError
from changeflow.places import template_environment
from changeflow.values.moments import format_day

BUSY_SECONDS, DOWN_SECONDS = 5, 60
"""When to try again: a writer is done in seconds, a database that is down is not."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a request is not answered as it was meant."""

    status: int
    title: str
    text: str
    retry: int | None = None
    """Seconds after which to try again."""
    headers: Mapping[str, str] | None = None


class TroubleError(Exception):
    """Ends a request with an answer that says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.title)
        self.trouble = trouble


MALFORMED = Trouble(
    400,
    "This address is not complete",
    "The address has characters in it that no link of ours has. Open the link from the message itself.",
)
TOO_LONG = Trouble(
    414, "This address is too long", "No link of ours is that long. Open the link from the message itself."
)
TOO_LARGE = Trouble(
    413, "That is too much for one form", "No changes saved. Go back, say it in a few lines, and send it again."
)
WRONG_FORM = Trouble(
    415, "This form cannot be read", "No changes saved. Open the link in a web browser and send the form from there."
)
BAD_FORM = Trouble(
    400,
    "This form cannot be read",
    "Some of its characters cannot be read. No changes saved. Open the link again and type your answer.",
)
HEADERS_TOO_LARGE = Trouble(
    431, "The request is too large", "Your browser sent more than this page accepts. Open the link in a private window."
)
TOO_SLOW = Trouble(
    408,
    "The form took too long to arrive",
    "No changes saved. Check your connection, open the link again and send your answer.",
    retry=5,
)
FULL = Trouble(
    503, "Too many people are here at once", "No changes saved. Try again in a few seconds.", retry=BUSY_SECONDS
)
NOT_FOUND = Trouble(
    404, "There is no page here", "The address may be incomplete. Open the link from the message itself."
)


def too_many(seconds: int) -> Trouble:
    when = "in a few seconds" if seconds < 20 else "in a minute"
    return Trouble(429, "Too many requests", f"No changes saved. Wait a moment and try again {when}.", retry=seconds)


def wrong_method(allowed: str) -> Trouble:
    return Trouble(
        405, "This page cannot do that", "No changes saved. Open the link in a web browser.", headers={"Allow": allowed}
    )


def failed(reference: str) -> Trouble:
    return Trouble(
        500,
        "Something went wrong on our side",
        "No changes saved. Try again in a few minutes. If it happens again, tell the programme office and give "
        f"this reference: {reference}.",
    )


UNAVAILABLE = (DatabaseError, AnchorError, CannotWriteError)
"""What no answer of a reader's can put right: the database, the audit's anchor or the disk cannot take it now."""


def of_database(error: Exception) -> Trouble:
    """Return what to say where the database or its anchor cannot do it now. Where it is, is not for readers."""
    if isinstance(error, DatabaseBusyError):
        return Trouble(
            503,
            "The service is busy",
            "Your link still works and no changes were saved. Try again in a few seconds.",
            retry=BUSY_SECONDS,
        )
    return Trouble(
        503,
        "The service is not available at the moment",
        "Your link still works and no changes were saved. Try again in a few minutes. If it lasts longer than an "
        "hour, tell the programme office.",
        retry=DOWN_SECONDS,
    )


def page(name: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
    template = template_environment().get_template(f"web/{name}.html.j2")
    return HTMLResponse(template.render(**values, format_day=format_day), status_code=status)


def answer_to(trouble: Trouble, *, plain: bool = False) -> Response:
    """Return a page that says why, or one line for those who read `/health` and `/metrics`."""
    if plain:
        response: Response = PlainTextResponse("not ok", status_code=trouble.status)
    else:
        values = {"title": trouble.title, "text": trouble.text, "is_link": trouble.status in (404, 410)}
        response = page("trouble", values, status=trouble.status)
    response.headers.update(trouble.headers or {})
    if trouble.retry is not None:
        response.headers["Retry-After"] = str(trouble.retry)
    return response
