"""The first start: from the printed address to a stored programme, without a session or a programme."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from dateutil.relativedelta import relativedelta
from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import ChangeflowError, CheckFailedError, ConflictError, InputError
from changeflow.intake.first_admin import FirstAdmin
from changeflow.logs import log
from changeflow.storage.accounts import SignIn
from changeflow.usecases import accounts, first_run
from changeflow.usecases.first_run import FirstProgramme
from changeflow.usecases.setup_tasks import ServerSetup, tasks_after, tasks_before
from changeflow.values.moments import local_day
from changeflow.web.dependencies import READ_METHODS, Page, Site, show_frame, show_page, site_of
from changeflow.web.errors import MISSING, problem_of
from changeflow.web.forms import FieldError, Form, errors_of, read_form, required_day
from changeflow.web.pages.sign_in import begin, kind_of, with_browser
from changeflow.web.responses import TroubleError
from changeflow.web.security import BROWSER, browser_token, set_cookie, token_in
from changeflow.web.setup_desk import SETUP, SETUP_OVER, STORED_ALREADY, SetupEntry, admin_in, check_here, own_form, to
from changeflow.web.setup_plan import check_names

router = APIRouter()
WAYS = {"import": "/setup/import", "template": "/setup/template", "sample": "/setup/sample"}
"""The ways to a first programme, and their pages."""


@router.api_route("/setup/start/{token}", methods=READ_METHODS, name="setup:door")
async def door(request: Request, token: str) -> Response:
    site = _opened(request, token)
    browser = browser_token(request, site.base_url)
    return with_browser(site, browser, show_frame(site, browser, "setup/start", {}))


@router.post("/setup/start/{token}", name="setup:enter")
async def enter(request: Request, token: str) -> Response:
    site = _opened(request, token)
    form = await read_form(request, site.limits)
    own_form(request, form, base_url=site.base_url, secret=site.secret(), cookie=BROWSER)
    # Another browser may have used the address while the form arrived.
    site = _opened(request, token)
    response = to("/setup")
    set_cookie(response, site.base_url, SETUP, site.setup.enter(site.clock()))
    return response


@router.api_route("/setup", methods=READ_METHODS, name="setup:tasks")
async def tasks(request: Request) -> Response:
    site = await at_desk(request)
    admin = admin_in(site.setup.files.draft())
    return to("/setup/you") if admin is None else shown(request, "setup/tasks", {"tasks": tasks_before(has_admin=True)})


@router.api_route("/setup/you", methods=READ_METHODS, name="setup:you")
async def you(request: Request) -> Response:
    site = await at_desk(request)
    return shown(request, "setup/you", {"entry": SetupEntry(site.setup.files.draft().get("you", {}))})


@router.post("/setup/you", name="setup:say_you")
async def say_you(request: Request) -> Response:
    form = await desk_form(request, "you")
    try:
        for name, check in first_run.OF_AN_ADMIN.items():
            with errors_of(name):
                check(form.get(name))
    except FieldError as error:
        return shown_again(request, "setup/you", form, error)
    return to("/setup")


@router.api_route("/setup/programme", methods=READ_METHODS, name="setup:ways")
async def ways(request: Request) -> Response:
    site = await at_desk(request)
    return shown(request, "setup/ways", {"entry": SetupEntry(site.setup.files.draft().get("way", {}))})


@router.post("/setup/programme", name="setup:choose")
async def choose(request: Request) -> Response:
    form = await desk_form(request, "way")
    if form.get("way") not in WAYS:
        return shown_again(request, "setup/ways", form, FieldError("way", "Choose how to begin."))
    return to(WAYS[form.get("way")])


@router.api_route("/setup/sample", methods=READ_METHODS, name="setup:sample")
async def sample(request: Request) -> Response:
    await at_desk(request)
    return shown(request, "setup/sample", {"entry": SetupEntry({})})


@router.post("/setup/sample", name="setup:store_sample")
async def store_sample(request: Request) -> Response:
    form = await desk_form(request)
    site = site_of(request)
    return await stored(request, "setup/sample", form, partial(first_run.store_sample, db=site.db, now=site.clock()))


@router.api_route("/setup/template", methods=READ_METHODS, name="setup:template")
async def template(request: Request) -> Response:
    site = await at_desk(request)
    known = site.setup.files.draft().get("template", {})
    return shown(
        request, "setup/template", {"entry": SetupEntry(known or {"start": _first_day(local_day(site.clock()))})}
    )


@router.post("/setup/template", name="setup:store_template")
async def store_template(request: Request) -> Response:
    form = await desk_form(request, "template")
    site = site_of(request)

    def store(admin: FirstAdmin) -> FirstProgramme:
        check_names(form.fields)
        start = required_day(form, "start", "Enter the day on which the programme starts, such as 4/1/2027.")
        texts = first_run.template_texts(form.get("name"), form.get("organisation"), start)
        return first_run.store_first(texts, admin, db=site.db, now=site.clock())

    return await stored(request, "setup/template", form, store)


@router.api_route("/p/{programme}/settings/setup", methods=READ_METHODS, name="settings:setup")
async def after(request: Request, programme: str) -> Response:
    site = site_of(request)
    server = ServerSetup(has_provider=site.provider is not None, has_mail=site.post.reaches_people)
    return await show_page(
        request, programme, lambda found: Page("settings/setup", {"tasks": tasks_after(found, server)})
    )


async def at_desk(request: Request) -> Site:
    """Return the site for the browser that sets up, while there is no programme; send everyone else away."""
    site = await check_session(request)
    if await site.work.read(first_run.has_programme, db=site.db):
        raise TroubleError(STORED_ALREADY)
    return site


async def check_session(request: Request) -> Site:
    """Return the site for the browser that sets up; refuse any other."""
    check_here(request)
    site = site_of(request)
    if not site.setup.files.is_current(token_in(request, site.base_url, SETUP), now=site.clock()):
        raise TroubleError(SETUP_OVER)
    return site


async def own_desk_form(request: Request) -> Form:
    """Read a form of the browser that sets up, whose time may be over: see `check_session`."""
    check_here(request)
    site = site_of(request)
    form = await read_form(request, site.limits)
    own_form(request, form, base_url=site.base_url, secret=site.secret())
    return form


async def desk_form(request: Request, step: str = "") -> Form:
    """Read a form of the browser that sets up. What was entered in a step is kept, even if the time is over."""
    form = await own_desk_form(request)
    if step:
        entered = {name: value for name, value in form.cleaned().items() if name != "form"}
        site = site_of(request)
        await site.work.write(site.setup.files.keep, step, entered)
    await check_session(request)
    return form


async def stored(
    request: Request,
    template: str,
    form: Form,
    store: Callable[[FirstAdmin], FirstProgramme],
    *,
    again: Callable[[ChangeflowError], Awaitable[Response]] | None = None,
) -> Response:
    """Store the first programme, sign its admin in, and open what is left to do.

    If something is wrong, show the form again: with `again`, or by its template.
    """
    site = site_of(request)
    admin = admin_in(site.setup.files.draft())
    if site.setup.done is not None:
        return await _come_in(request, site.setup.done)
    if admin is None:
        return to("/setup/you")
    try:
        first = await site.work.write(site.setup.once, partial(store, admin))
    except ConflictError:
        return to("/")
    except (InputError, CheckFailedError) as error:
        return await again(error) if again else shown_again(request, template, form, error)
    return await _come_in(request, first)


async def _come_in(request: Request, first: FirstProgramme) -> Response:
    """Sign the first admin in: here, or with the organisation's accounts if they are set up."""
    site, page = site_of(request), f"/p/{first.programme}/settings/setup"
    site.setup.finish(token_in(request, site.base_url, SETUP), site.clock())
    if site.provider is not None:
        return to(f"/sign-in?next={page}")
    fresh = await site.work.write(
        accounts.sign_in_here,
        first.programme,
        first.person,
        SignIn.MACHINE,
        kind=kind_of(request),
        db=site.db,
        now=site.clock(),
    )
    return await begin(request, replace(fresh, next=page))


def shown(request: Request, template: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
    """Answer with a page of the setup."""
    site = site_of(request)
    return show_frame(site, token_in(request, site.base_url, SETUP), template, values, status=status)


def shown_again(request: Request, template: str, form: Form, error: ChangeflowError) -> Response:
    """Show a form again with what was entered and what is wrong."""
    entry = SetupEntry(form.cleaned(), problem_of(error), error.field if isinstance(error, FieldError) else "")
    return shown(request, template, {"entry": entry}, status=entry.status)


def _opened(request: Request, token: str) -> Site:
    """Return the site if the printed address still works, and is opened on this machine."""
    check_here(request)
    site = site_of(request)
    if not site.setup.knows(token, site.clock()):
        log("refused", action="setup", door="unknown")
        raise TroubleError(MISSING)
    return site


def _first_day(today: date) -> str:
    """Return the first of the next month but one, as a day to begin with."""
    day = today + relativedelta(months=2, day=1)
    return f"{day.day}/{day.month}/{day.year}"
