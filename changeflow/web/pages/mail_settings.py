"""Settings: how messages are sent, and a test message to oneself."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import InputError, NotAllowedError
from changeflow.usecases.mail_settings import mail_view, trial_letter, trial_result
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.errors import problem_of
from changeflow.web.security import token_in

router = APIRouter(prefix="/p/{programme}/settings/mail")


@router.api_route("", methods=READ_METHODS, name="mail:show")
async def show(request: Request, programme: str) -> Response:
    return await _show(request, programme)


@router.post("", name="mail:test")
async def test(request: Request, programme: str) -> Response:
    await read_own_form(request)
    site, post = site_of(request), site_of(request).post
    token = token_in(request, site.base_url)
    try:
        letter = await site.work.write(trial_letter, token, programme, post.desk, db=site.db, now=site.clock())
    except NotAllowedError:
        raise
    except InputError as error:
        return await _show(request, programme, problem=problem_of(error))
    receipt = await site.work.mail(post.try_out, letter, db=site.db)

    def result(found: Visit) -> str:
        return trial_result(receipt, reaches_people=post.reaches_people and not found.is_sandbox)

    return await show_page(
        request, programme, lambda found: Page("settings/mail", _values(request, found, result=result(found)))
    )


async def _show(request: Request, programme: str, *, problem: str = "") -> Response:
    status = 422 if problem else 200
    return await show_page(
        request,
        programme,
        lambda found: Page("settings/mail", _values(request, found, problem=problem), status=status),
    )


def _values(request: Request, found: Visit, *, result: str = "", problem: str = "") -> dict[str, object]:
    return {"m": mail_view(found, site_of(request).post), "result": result, "problem": problem}
