"""Recovery options: what would bring a late date back, and what each option achieves."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.storage.jobs import Job
from changeflow.usecases.acts import change_by
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.editing import PlanDraft
from changeflow.usecases.recovery_drafts import use_option
from changeflow.usecases.recovery_pages import (
    ODDS,
    RecoveryTarget,
    ask_recovery,
    permit_calculating,
    recovery_index,
    recovery_result,
)
from changeflow.usecases.visits import Visit, visit
from changeflow.values.words import Action
from changeflow.web.acts import EMPTY, SentForm, done_or_draft
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.forms import FieldError, Form, day_field
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/recovery")
USUAL = SentForm(fields={"percent": "80"})
"""The form as it is first shown."""


@router.api_route("", methods=READ_METHODS, name="recovery:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _page(found, USUAL), section="plan")


@router.post("", name="recovery:start")
async def start(request: Request, programme: str) -> Response:
    form, site = await read_own_form(request), site_of(request)
    token = token_in(request, site.base_url)

    def work() -> Job:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            permit_calculating(found)
        return ask_recovery(token, programme, _target(form), db=site.db, now=site.clock())

    done = await done_or_draft(site, form, work)
    if isinstance(done, SentForm):
        return await show_page(request, programme, lambda found: _page(found, done), section="plan")
    site.calculations.wake()
    where = f"/p/{programme}/recovery/{done.id}"
    return RedirectResponse(where, status_code=303, headers=PAGES_HEADERS)


@router.api_route("/{calculation:number}", methods=READ_METHODS, name="recovery:show")
async def show(request: Request, programme: str, calculation: int) -> Response:
    return await show_page(request, programme, lambda found: _result(found, calculation, EMPTY), section="plan")


@router.post("/{calculation:number}", name="recovery:use")
async def use(request: Request, programme: str, calculation: int) -> Response:
    form, site = await read_own_form(request), site_of(request)
    token = token_in(request, site.base_url)

    def work() -> PlanDraft:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            permit_editing(found)
        change = change_by(token, programme, db=site.db, now=site.clock())
        return use_option(calculation, form.get("option"), change)

    done = await done_or_draft(site, form, work)
    if isinstance(done, SentForm):
        return await show_page(request, programme, lambda found: _result(found, calculation, done), section="plan")
    return RedirectResponse(f"/p/{programme}/drafts/{done.id}", status_code=303, headers=PAGES_HEADERS)


def _result(found: Visit, calculation: int, draft: SentForm) -> Page:
    job, name, result = recovery_result(found, calculation)
    values = {"job": job, "name": name, "r": result, "may_stop": found.may(Action.CALCULATE), "draft": draft}
    return Page("recovery/show", {**values, "may_use": found.may(Action.STORE_VERSION)}, status=draft.status)


def _target(form: Form) -> RecoveryTarget:
    if not (milestone := form.get("milestone")):
        raise FieldError("milestone", "Choose the milestone whose date should be met.")
    if (percent := form.get("percent")) not in {str(odds) for odds in ODDS}:
        raise FieldError("percent", "Choose how likely the date should be.")
    by = day_field(form, "by")
    return RecoveryTarget(milestone=milestone, by=by, percent=int(percent), assumes=form.get("assumes") == "yes")


def _page(found: Visit, draft: SentForm) -> Page:
    values = {"r": recovery_index(found), "draft": draft, "odds": [(str(odds), f"{odds}%") for odds in ODDS]}
    return Page("recovery/index", values, status=draft.status)
