"""Wave proposals: calculate them, compare them with the plan, and make a draft from one."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.usecases.acts import change_by
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.editing import PlanDraft
from changeflow.usecases.visits import Visit, visit
from changeflow.usecases.wave_offers import proposals_index, use_proposal, wave_offers
from changeflow.values.words import Action
from changeflow.web.acts import EMPTY, SentForm, done_or_draft
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/waves/proposals")


@router.api_route("", methods=READ_METHODS, name="wave-proposals:index")
async def index(request: Request, programme: str) -> Response:
    def shown(found: Visit) -> Page:
        return Page("waves/proposals", {"i": proposals_index(found)})

    return await show_page(request, programme, shown, section="schools")


@router.api_route("/{proposal:number}", methods=READ_METHODS, name="wave-proposals:show")
async def show(request: Request, programme: str, proposal: int) -> Response:
    return await show_page(request, programme, lambda found: _page(found, proposal, EMPTY), section="schools")


@router.post("/{proposal:number}", name="wave-proposals:use")
async def use(request: Request, programme: str, proposal: int) -> Response:
    form, site = await read_own_form(request), site_of(request)
    token = token_in(request, site.base_url)

    def work() -> PlanDraft:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            permit_editing(found)
            wave_offers(found, proposal)
        return use_proposal(proposal, form.get("plan"), change_by(token, programme, db=site.db, now=site.clock()))

    done = await done_or_draft(site, form, work)
    if isinstance(done, SentForm):
        return await show_page(request, programme, lambda found: _page(found, proposal, done), section="schools")
    return RedirectResponse(f"/p/{programme}/drafts/{done.id}", status_code=303, headers=PAGES_HEADERS)


def _page(found: Visit, number: int, draft: SentForm) -> Page:
    values = {"o": wave_offers(found, number), "draft": draft, "may_stop": found.may(Action.CALCULATE)}
    return Page("waves/proposal", values, status=draft.status)
