"""Calculations: start one, see how far it has got, stop it, and read its result."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from changeflow.usecases import jobs
from changeflow.usecases.acts import change_by
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.editing import PlanDraft
from changeflow.usecases.jobs import KINDS, RECOVERY
from changeflow.usecases.levelling_offers import levelled_dates, moves_left_out, use_levelled_dates
from changeflow.usecases.visits import Visit, visit
from changeflow.values.words import Action
from changeflow.web.acts import EMPTY, SentForm, done_or_draft
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.guard import HEADERS
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/calculations")


@router.api_route("", methods=READ_METHODS, name="calculations:index")
async def index(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        values = {"jobs": jobs.list_jobs(found), "kinds": KINDS, "may_start": found.may(Action.CALCULATE)}
        return Page("calculations/index", values)

    return await show_page(request, programme, show, section="plan")


@router.post("", name="calculations:start")
async def start(request: Request, programme: str) -> Response:
    site = site_of(request)
    form = await read_own_form(request)
    token = token_in(request, site.base_url)
    job = await site.work.write(jobs.ask_job, token, programme, form.get("kind"), db=site.db, now=site.clock())
    site.calculations.wake()
    return RedirectResponse(f"/p/{programme}/calculations/{job.id}", status_code=303, headers=PAGES_HEADERS)


@router.api_route("/{number:number}", methods=READ_METHODS, name="calculations:show")
async def show_one(request: Request, programme: str, number: int) -> Response:
    return await show_page(request, programme, lambda found: _page(found, number, EMPTY), section="plan")


@router.post("/{levelling:number}/draft", name="calculations:use")
async def use(request: Request, programme: str, levelling: int) -> Response:
    form, site = await read_own_form(request), site_of(request)
    token = token_in(request, site.base_url)

    def work() -> PlanDraft:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            permit_editing(found)
        return use_levelled_dates(levelling, change_by(token, programme, db=site.db, now=site.clock()))

    done = await done_or_draft(site, form, work)
    if isinstance(done, SentForm):
        return await show_page(request, programme, lambda found: _page(found, levelling, done), section="plan")
    return RedirectResponse(f"/p/{programme}/drafts/{done.id}", status_code=303, headers=PAGES_HEADERS)


def _page(found: Visit, number: int, draft: SentForm) -> Page:
    job = jobs.own_job(found, number)
    values = {"job": job, "kind": KINDS[job.kind], "may_stop": found.may(Action.CALCULATE), "draft": draft}
    levelled = levelled_dates(found, job)
    values |= {"levelled": levelled, "may_use": found.may(Action.STORE_VERSION)}
    if levelled is not None:
        values["left_out"] = moves_left_out(found.programme, levelled)
    return Page("calculations/show", values, status=draft.status)


@router.post("/{number:number}/stop", name="calculations:stop")
async def stop(request: Request, programme: str, number: int) -> Response:
    site = site_of(request)
    await read_own_form(request)
    token = token_in(request, site.base_url)
    kind = await site.work.write(jobs.cancel_job, token, programme, number, db=site.db, now=site.clock())
    page = "recovery" if kind == RECOVERY else "calculations"
    return RedirectResponse(f"/p/{programme}/{page}/{number}", status_code=303, headers=PAGES_HEADERS)


@router.api_route("/{number:number}/report.html", methods=READ_METHODS, name="calculations:report")
async def report(request: Request, programme: str, number: int) -> Response:
    def show(found: Visit) -> Response:
        page, _ = jobs.result_of_job(found, number)
        return HTMLResponse(page, headers={"Content-Security-Policy": HEADERS["Content-Security-Policy"]})

    return await show_page(request, programme, show)


@router.api_route("/{number:number}/report.json", methods=READ_METHODS, name="calculations:data")
async def data(request: Request, programme: str, number: int) -> Response:
    def show(found: Visit) -> Response:
        _, numbers = jobs.result_of_job(found, number)
        return Response(numbers, media_type="application/json")

    return await show_page(request, programme, show)
