"""From an error to a page: what happened, what to do, and who can help."""

import re

from changeflow.errors import (
    NOT_SAVED,
    ChangeflowError,
    ConflictError,
    InputError,
    NotAllowedError,
    UnknownThingError,
)
from changeflow.web.responses import Trouble

_RULE = re.compile(r" \(R\d\d\)")
"""A rule's code, which no page shows in a sentence."""
MISSING = Trouble(
    404,
    "Page not found",
    "The page may have been renamed or removed, or you may not have access to it. Check the address, or start again "
    "from the start page.",
)
FORGED = Trouble(
    403,
    "We could not accept this form",
    "We have not saved any changes. The page may have been open since before you signed in. Open it again, "
    "and send the form again.",
)
PROVIDER_DOWN = Trouble(
    503,
    "Signing in is not possible at the moment",
    "Your organisation’s sign-in service is not responding. Try again in a few minutes, or ask for a link by email.",
    retry=60,
)


def trouble_of(error: ChangeflowError, *, changes: bool = False) -> Trouble:
    """Return the page for an error of a use case; `changes` says that the request would have changed something."""
    unsaved = f" {NOT_SAVED}" if changes else ""
    if isinstance(error, UnknownThingError):
        return MISSING
    if isinstance(error, NotAllowedError):
        return Trouble(403, "You do not have access to this", _of_page(f"{error}{unsaved}"))
    if isinstance(error, ConflictError):
        return Trouble(409, "Someone else has changed this", _of_page(f"{error}{unsaved} Open the page again."))
    if isinstance(error, InputError):
        return Trouble(422, "We could not use what you entered", _of_page(str(error)))
    return Trouble(400, "We could not do this", _of_page(str(error)))


def problem_of(error: ChangeflowError) -> str:
    """Return what is wrong with a form, for the page that shows it again and says itself that nothing was saved."""
    return " ".join(_RULE.sub("", str(error)).replace(NOT_SAVED, "").split())


def _of_page(text: str) -> str:
    """Say once, in the words of the pages, that nothing was saved."""
    before, saved, after = text.partition(NOT_SAVED)
    return f"{before}We have not saved any changes.{after.replace(f' {NOT_SAVED}', '')}" if saved else text
