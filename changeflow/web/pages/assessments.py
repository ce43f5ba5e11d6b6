"""Answers to the questions about the change, given on paper or elsewhere, recorded as a round by pasting them.

No answer is shown again, not even to the person who pasted it.
"""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.errors import CheckFailedError, ConflictError, InputError, NotAllowedError, ProblemsError
from changeflow.intake.tables import PastedText
from changeflow.reports.paste_page import problem_words
from changeflow.usecases.acts import change_by
from changeflow.usecases.assessments import import_assessments, permit_import
from changeflow.usecases.visits import Visit, visit
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.errors import problem_of
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/people/assessments")
MOST_SHOWN = 40
"""The most mistakes to list."""


@router.api_route("", methods=READ_METHODS, name="assessments:show")
async def show(request: Request, programme: str) -> Response:
    return await _show(request, programme, [])


@router.post("", name="assessments:record")
async def record(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    site = site_of(request)
    token = token_in(request, site.base_url)

    def work() -> None:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            permit_import(found)
        if not form.get("answers").strip():
            raise InputError("Paste the rows with the answers, with their line of headings.")
        import_assessments(PastedText(form.get("answers")), change_by(token, programme, db=site.db, now=site.clock()))

    try:
        await site.work.write(work)
    except ProblemsError as error:
        return await _show(request, programme, [problem_words(one) for one in error.problems])
    except NotAllowedError:
        raise
    except (InputError, ConflictError, CheckFailedError) as error:
        return await _show(request, programme, [problem_of(error)])
    where = f"/p/{programme}/people/assessments?saved=1"
    return RedirectResponse(where, status_code=303, headers=PAGES_HEADERS)


async def _show(request: Request, programme: str, problems: list[str]) -> Response:
    def shown(found: Visit) -> Page:
        permit_import(found)
        values = {
            "problems": problems[:MOST_SHOWN],
            "more": len(problems) - MOST_SHOWN,
            "saved": "saved" in request.query_params and not problems,
        }
        return Page("assessments/show", values, status=422 if problems else 200)

    return await show_page(request, programme, shown, section="people")
