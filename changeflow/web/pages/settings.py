"""Settings about signing in: the people who may, and a person's own sessions."""

from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from changeflow.errors import ConflictError, InputError, NotAllowedError, UnknownThingError
from changeflow.usecases import account_settings
from changeflow.usecases.account_settings import NewInvitation
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.security import PAGES_HEADERS, drop_cookie, token_in

router = APIRouter(prefix="/p/{programme}/settings")


@router.api_route("/people", methods=READ_METHODS, name="settings:people")
async def people(request: Request, programme: str) -> Response:
    return await show_page(
        request, programme, lambda found: Page("settings/people", {"lines": account_settings.account_lines(found)})
    )


@router.api_route("/people/{person}", methods=READ_METHODS, name="settings:person")
async def person_page(request: Request, programme: str, person: str) -> Response:
    return await show_page(request, programme, _person(request, person))


@router.post("/people/{person}/invite", name="settings:invite")
async def invite(request: Request, programme: str, person: str) -> Response:
    form, site = await read_own_form(request), site_of(request)
    email = form.cleaned().get("email", "")
    change = partial(account_settings.invite, can_mail=site.post.reaches_people)
    return await _changed(request, programme, person, change, email)


@router.post("/people/{person}/withdraw", name="settings:withdraw")
async def withdraw(request: Request, programme: str, person: str) -> Response:
    await read_own_form(request)
    return await _changed(request, programme, person, account_settings.withdraw)


@router.post("/people/{person}/release", name="settings:release")
async def release(request: Request, programme: str, person: str) -> Response:
    await read_own_form(request)
    return await _changed(request, programme, person, account_settings.release)


@router.post("/people/{person}/end", name="settings:end_persons")
async def end_persons(request: Request, programme: str, person: str) -> Response:
    form = await read_own_form(request)
    return await _changed(request, programme, person, account_settings.end_persons_session, form.get("session"))


@router.api_route("/sessions", methods=READ_METHODS, name="settings:sessions")
async def sessions(request: Request, programme: str) -> Response:
    return await show_page(
        request,
        programme,
        lambda found: Page("settings/sessions", {"lines": account_settings.session_lines(found)}),
    )


@router.post("/sessions/end", name="settings:end")
async def end(request: Request, programme: str) -> Response:
    site = site_of(request)
    form = await read_own_form(request)
    token = token_in(request, site.base_url)
    is_this = await site.work.write(
        account_settings.end_session, token, programme, form.get("session"), db=site.db, now=site.clock()
    )
    return _signed_out(request) if is_this else _to(f"/p/{programme}/settings/sessions")


@router.post("/sessions/end-all", name="settings:end_all")
async def end_all(request: Request, programme: str) -> Response:
    site = site_of(request)
    await read_own_form(request)
    await site.work.write(
        account_settings.end_all_sessions, token_in(request, site.base_url), programme, db=site.db, now=site.clock()
    )
    return _signed_out(request)


async def _changed(
    request: Request, programme: str, person: str, change: Callable[..., NewInvitation | None], *given: str
) -> Response:
    """Change something about a person's account; show their page again, with the reason if it was refused."""
    site = site_of(request)
    token = token_in(request, site.base_url)
    try:
        mail = await site.work.write(change, token, programme, person, *given, db=site.db, now=site.clock())
    except (NotAllowedError, UnknownThingError):
        raise
    except (InputError, ConflictError) as error:
        return await show_page(request, programme, _person(request, person, error=str(error), entered=given))
    response = _to(f"/p/{programme}/settings/people/{quote(person)}{'?mail=1' if mail else ''}")
    if mail is not None:
        # Sent after the response, so that no one waits for the mail server.
        response.background = BackgroundTask(site.work.mail, site.post.invite, mail, db=site.db, now=site.clock())
    return response


def _person(
    request: Request, person: str, *, error: str = "", entered: tuple[str, ...] = ()
) -> Callable[[Visit], Page]:
    site = site_of(request)

    def show(found: Visit) -> Page:
        line = account_settings.account_line(found, person)
        values = {
            "line": line,
            "sessions": account_settings.person_sessions(found, person),
            "error": error,
            "entered": entered[0] if entered and "@" in entered[0] else "" if line.invited else line.email,
            "no_mail": account_settings.why_no_mail(found, can_mail=site.post.reaches_people),
            "is_mailed": request.query_params.get("mail") == "1",
            "sign_in_page": f"{site.base_url}/sign-in",
            "may_hand_over": found.may(Action.STORE_VERSION),
        }
        return Page("settings/person", values, status=422 if error else 200)

    return show


def _to(path: str) -> Response:
    return RedirectResponse(path, status_code=303, headers=PAGES_HEADERS)


def _signed_out(request: Request) -> Response:
    response = _to("/sign-in")
    drop_cookie(response, site_of(request).base_url)
    return response
