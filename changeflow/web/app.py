"""The web application: GET shows a page, POST changes something."""

from datetime import UTC, datetime

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route

from changeflow.errors import ChangeflowError
from changeflow.logs import log
from changeflow.phrases import printable
from changeflow.settings import DEFAULT_BASE_URL
from changeflow.storage.database import is_sqlite
from changeflow.storage.kept_forms import KeptForms
from changeflow.usecases.accounts import SignInNeededError, SignInRefusedError
from changeflow.usecases.link_answers import LinkError
from changeflow.usecases.messages import Desk
from changeflow.usecases.sign_in_mail import LinkPost
from changeflow.values.sentences import sentence
from changeflow.web.calculations import Calculations
from changeflow.web.clients import Clients, Limits, Windows
from changeflow.web.dependencies import Clock, Noted, Site, refuse_sign_in, sign_in_first
from changeflow.web.errors import MISSING, trouble_of
from changeflow.web.guard import Guard, headers_for
from changeflow.web.lanes import Work
from changeflow.web.pages import ROUTERS
from changeflow.web.provider import Provider
from changeflow.web.responses import NOT_FOUND, SITE, UNAVAILABLE, Trouble, answer_to, wrong_method
from changeflow.web.setup_desk import SetupDesk
from changeflow.web.sign_in_doors import Doors

NO_PROXY, LIMITS = Clients(), Limits()


def make_app(
    db: str,
    *,
    base_url: str = DEFAULT_BASE_URL,
    clock: Clock = lambda: datetime.now(UTC),
    clients: Clients = NO_PROXY,
    limits: Limits = LIMITS,
    anchor: str = "",
    doors: Doors | None = None,
    post: LinkPost | None = None,
    provider: Provider | None = None,
    setup: SetupDesk | None = None,
) -> FastAPI:
    """Return the application over a database.

    `base_url` is its public address, `clock` gives the time, `clients` says which proxies and monitors to trust,
    `anchor` is the audit's file outside the database, `doors` are the sign-in links that were printed, `post` sends
    sign-in links by email, `provider` is the organisation's identity provider, and at `setup` the first programme is
    set up.
    """
    app = FastAPI(title="changeflow", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.site = Site(
        db=db,
        base_url=base_url,
        clock=clock,
        work=Work(one_writer=is_sqlite(db)),
        clients=clients,
        limits=limits,
        doors=doors or Doors(),
        post=post or LinkPost(desk=Desk(base_url=base_url)),
        askers=Windows(limits.per_asker),
        provider=provider,
        calculations=Calculations(db, clock, base_url),
        noted=Noted(),
        kept=KeptForms(db),
        setup=setup or SetupDesk(db),
    )
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(LinkError, _link_failed)
    app.add_exception_handler(SignInNeededError, sign_in_first)
    app.add_exception_handler(SignInRefusedError, refuse_sign_in)
    app.add_exception_handler(ChangeflowError, _failed)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_middleware(
        Guard, clients=clients, limits=limits, headers=headers_for(base_url), base_url=base_url, anchor=anchor
    )
    return app


async def _failed(request: Request, error: Exception) -> Response:
    """Say why a use case refused. An error that no reader can correct is left to the guard."""
    if isinstance(error, UNAVAILABLE) or not isinstance(error, ChangeflowError):
        raise error
    return answer_to(trouble_of(error, changes=request.method == "POST"), path=request.url.path)


async def _not_valid(request: Request, error: Exception) -> Response:
    """Say which parameters of an address are not valid."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    names = ", ".join(dict.fromkeys(str(one["loc"][-1]) for one in found))
    text = f"These parts of the address are not valid: {printable(names)}."
    return answer_to(Trouble(422, "This address is not valid", text), path=request.url.path)


async def _refused(request: Request, error: Exception) -> Response:
    """Answer a request that no route accepts."""
    if not isinstance(error, HTTPException) or error.status_code != 405:
        is_site = request.url.path.startswith(SITE)
        return answer_to(MISSING if is_site else NOT_FOUND, path=request.url.path)
    routes = [r for r in request.app.routes if isinstance(r, Route) and r.matches(request.scope)[0] is not Match.NONE]
    allowed = ", ".join(sorted({"OPTIONS", *(method for route in routes for method in route.methods or ())}))
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allowed})
    return answer_to(wrong_method(allowed), path=request.url.path)


async def _link_failed(_: Request, error: Exception) -> Response:
    """Say why a link does not work."""
    if not isinstance(error, LinkError):
        return answer_to(NOT_FOUND)
    log("refused", action="link", was_known=error.was_known)
    title = sentence("This link is no longer needed") if error.is_settled else sentence("This link does not work")
    trouble = Trouble(410 if error.was_known else 404, title, error.text)
    return answer_to(trouble, language=error.language)
