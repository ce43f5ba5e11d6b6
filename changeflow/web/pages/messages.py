"""Messages to people: what goes out next week, what was sent and answered, a test, and the switch."""

from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.delivery.channels import Sent
from changeflow.errors import ChangeflowError, CheckFailedError, ConflictError, InputError, NotAllowedError
from changeflow.usecases.acts import change_by
from changeflow.usecases.message_pages import messages_view
from changeflow.usecases.message_switch import SeenOnPage, permit_switch, switch_messages
from changeflow.usecases.message_weeks import (
    MessageWeek,
    ask_week,
    find_letter,
    message_week,
    note_week,
    open_letter,
    stop_week,
    test_letter,
)
from changeflow.usecases.visits import Visit, visit
from changeflow.values.moments import format_day
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.errors import problem_of
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/people/messages")
RESULTS = {
    Sent.YES: "Sent to your address.",
    Sent.LATER: "The test could not be sent at the moment. Try again in a few minutes.",
    Sent.NEVER: "The mail server refused your address.",
    Sent.MAYBE: "The test may have been sent: the mail server stopped answering.",
}
WRITTEN = "Written as a file on the server. It reached no one."
MOST_DIGITS = 12


@router.api_route("", methods=READ_METHODS, name="messages:show")
async def show(request: Request, programme: str) -> Response:
    return await _show(request, programme)


@router.post("", name="messages:switch")
async def switch(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    site, chosen, seen = site_of(request), form.get("switch"), form.get("seen")
    token = token_in(request, site.base_url)

    def allow() -> MessageWeek:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            permit_switch(found)
            return message_week(found)

    week = await site.work.read(allow)

    def work() -> None:
        if chosen not in ("on", "off"):
            raise InputError("Choose whether messages are on or off.")
        number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < MOST_DIGITS else 0
        change = change_by(token, programme, db=site.db, now=site.clock())
        kinds = tuple((kind.key, kind.name) for kind in week.kinds)
        seen_on_page = SeenOnPage(last_switch=number, kinds=kinds, is_current=week.is_current)
        switch_messages(change, is_on=chosen == "on", seen=seen_on_page)

    try:
        await site.work.write(work)
    except NotAllowedError:
        raise
    except (CheckFailedError, ConflictError, InputError) as error:
        return await _show(request, programme, error=error)
    where = f"/p/{programme}/people/messages?switched={chosen}"
    return RedirectResponse(where, status_code=303, headers=PAGES_HEADERS)


@router.api_route("/week", methods=READ_METHODS, name="messages:week")
async def show_week(request: Request, programme: str) -> Response:
    def shown(found: Visit) -> Page:
        week = message_week(found)
        if week.worked_out:
            note_week(found)
        return Page("messages/week", {"week": week})

    return await show_page(request, programme, shown, section="people")


@router.post("/week", name="messages:work-out")
async def work_out(request: Request, programme: str) -> Response:
    site, form = site_of(request), await read_own_form(request)
    act = stop_week if form.get("do") == "stop" else ask_week
    await site.work.write(act, token_in(request, site.base_url), programme, db=site.db, now=site.clock())
    site.calculations.wake()
    where = f"/p/{programme}/people/messages/week"
    return RedirectResponse(where, status_code=303, headers=PAGES_HEADERS)


@router.api_route("/week/{day}/{person}", methods=READ_METHODS, name="messages:letter")
async def show_letter(request: Request, programme: str, day: str, person: str) -> Response:
    return await _letter(request, programme, day, person)


@router.post("/week/{day}/{person}", name="messages:test")
async def test(request: Request, programme: str, day: str, person: str) -> Response:
    await read_own_form(request)
    site = site_of(request)
    token, on = token_in(request, site.base_url), _day(day)
    try:
        letter = await site.work.write(test_letter, token, programme, on, person, db=site.db, now=site.clock())
    except NotAllowedError:
        raise
    except InputError as error:
        return await _letter(request, programme, day, person, problem=problem_of(error))
    sent = await site.work.mail(site.post.send_test, letter, db=site.db)
    return await _letter(request, programme, day, person, sent=sent)


async def _show(request: Request, programme: str, *, error: ChangeflowError | None = None) -> Response:
    status = 200 if error is None else 409 if isinstance(error, ConflictError) else 422
    values = {
        "problem": problem_of(error) if error else "",
        "switched": request.query_params.get("switched", "") if error is None else "",
    }
    return await show_page(
        request,
        programme,
        lambda found: Page("messages/show", {"m": messages_view(found), **values}, status=status),
        section="people",
    )


async def _letter(
    request: Request, programme: str, day: str, person: str, *, sent: Sent | None = None, problem: str = ""
) -> Response:
    site = site_of(request)

    def shown(found: Visit) -> Page:
        message = find_letter(message_week(found), _day(day), person)
        open_letter(found, message)
        reaches = site.post.reaches_people and not found.is_sandbox
        values = {
            "message": message,
            "day": day,
            "words": format_day(date.fromisoformat(day), weekday=True),
            "result": (RESULTS[sent] if reaches or sent is not Sent.YES else WRITTEN) if sent else "",
            "problem": problem,
        }
        return Page("messages/letter", values, status=422 if problem else 200)

    return await show_page(request, programme, shown, section="people")


def _day(text: str) -> date | None:
    """Read the day in an address; None if it is not a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
