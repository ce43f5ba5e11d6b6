"""The desk where the first programme is set up: a printed address that works once, and the browser that used it."""

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from changeflow.addresses import THIS_MACHINE
from changeflow.errors import ChangeflowError
from changeflow.intake.first_admin import FirstAdmin
from changeflow.logs import log
from changeflow.storage.setup_files import SetupFiles
from changeflow.usecases.accounts import SESSION_LIFE, new_token
from changeflow.usecases.first_run import FirstProgramme, checked_admin
from changeflow.web.clients import is_local
from changeflow.web.errors import FORGED, MISSING
from changeflow.web.forms import Form
from changeflow.web.responses import Trouble, TroubleError
from changeflow.web.security import PAGES_HEADERS, is_own_form, token_in
from changeflow.web.setup_plan import PlanMemory
from changeflow.web.sign_in_doors import SETUP_LIFE

SETUP = "changeflow-setup"
"""The cookie of the browser that sets up the first programme."""
SETUP_OVER = Trouble(
    403,
    "Open the setup address again",
    "This browser did not start the setup, or started it more than twelve hours ago. Stop changeflow and start it "
    "again: it prints a new address. What you entered so far is kept.",
)
STORED_ALREADY = Trouble(
    303, "A programme is stored already", "Go to the start page to continue.", headers={"Location": "/"}
)
AFTERWARDS = timedelta(minutes=10)
"""How long a second click on the last button still finds the stored programme."""


class SetupDesk:
    """The desk of one server. Only one browser at a time can be at it."""

    def __init__(self, url: str) -> None:
        self.files = SetupFiles(url)
        self.door, self.until = "", datetime.max.replace(tzinfo=UTC)
        self.done: FirstProgramme | None = None
        """The programme that was stored at this desk, so that a second click finds it."""
        self.plan = PlanMemory()
        self._lock = Lock()

    def open(self, now: datetime) -> str:
        """Return a new token for the printed address, instead of an earlier one."""
        self.files.remove_old(now)
        self.door, self.until = new_token(), now + SETUP_LIFE
        return self.door

    def knows(self, token: str, now: datetime) -> bool:
        """Return whether the printed address has this token and still works."""
        return bool(self.door) and hmac.compare_digest(self.door.encode(), token.encode()) and now < self.until

    def enter(self, now: datetime) -> str:
        """Use up the printed address; return the token for the browser's cookie."""
        self.door, token = "", new_token()
        self.files.begin(token, now=now, until=now + SESSION_LIFE)
        return token

    def once(self, store: Callable[[], FirstProgramme]) -> FirstProgramme:
        """Store the first programme; a second click gets what the first one stored."""
        with self._lock:
            if self.done is None:
                self.done = store()
            return self.done

    def finish(self, token: str, now: datetime) -> None:
        """Remove what was entered, and let the browser go."""
        self.files.clear()
        self.files.begin(token, now=now, until=now + AFTERWARDS)


@dataclass(frozen=True, slots=True)
class SetupEntry:
    """What someone has entered in one step, and what is wrong with it."""

    fields: Mapping[str, Any]
    problem: str = ""
    wrong_field: str = ""

    def get(self, name: str, default: str = "") -> Any:  # noqa: ANN401
        return self.fields.get(name, default)

    @property
    def status(self) -> int:
        return 422 if self.problem else 200


def check_here(request: Request, *, what: str = "setup") -> None:
    """Refuse a request from another machine, with the same answer as for a missing page."""
    if not is_local(request):
        log("refused", action=what)
        raise TroubleError(MISSING)


def admin_in(draft: Mapping[str, Any]) -> FirstAdmin | None:
    """Return the person who sets up, as far as a draft says who it is."""
    try:
        return checked_admin(draft.get("you", {}))
    except ChangeflowError:
        return None


def own_form(request: Request, form: Form, *, base_url: str, secret: bytes, cookie: str = SETUP) -> None:
    """Refuse a form that none of the setup pages sent in this browser."""
    if not is_own_form(request, base_url, secret, token_in(request, base_url, cookie), form.get("form")):
        log("refused", action="form", via="setup")
        raise TroubleError(FORGED)


def to(path: str) -> Response:
    return RedirectResponse(path, status_code=303, headers=PAGES_HEADERS)


def setup_lines(desk: SetupDesk, host: str, port: int, now: datetime) -> Iterator[str]:
    """Yield what `serve` prints if there is no programme yet: the address to set one up, or why there is none."""
    if host not in THIS_MACHINE:
        yield "There is no programme yet. To set one up, serve on 127.0.0.1 and open the address that is then printed."
        return
    yield f"Set up changeflow: http://{host}:{port}/setup/start/{desk.open(now)}"
    yield "This address works once, within 15 minutes, and only on this machine."
