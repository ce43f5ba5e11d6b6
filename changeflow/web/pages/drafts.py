"""Drafts: changes to the plan that are not published yet, and their comparison with the current plan."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.usecases import draft_odds, edit_pages
from changeflow.usecases.acts import mark_of_plan
from changeflow.usecases.draft_comparison import comparison_page
from changeflow.usecases.drafts import LONGEST_NAME
from changeflow.usecases.visits import Visit
from changeflow.values.limits import number_in
from changeflow.web.acts import DRAFT_NAME, EMPTY, SentForm
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.forms import FieldError, Form
from changeflow.web.new_versions import answer_at_once, answer_publishing, draft_name_in
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/drafts")


@router.api_route("", methods=READ_METHODS, name="drafts:index")
async def index(request: Request, programme: str) -> Response:
    def shown(found: Visit) -> Page:
        values: dict[str, object] = {"drafts": edit_pages.draft_list(found), "kinds": edit_pages.edits_for(found)}
        values |= {done: done in request.query_params for done in ("saved", "discarded", "copied")}
        return Page("drafts/index", values)

    return await show_page(request, programme, shown, section="plan")


@router.api_route("/{number:number}", methods=READ_METHODS, name="drafts:show")
async def show(request: Request, programme: str, number: int) -> Response:
    is_renamed = "renamed" in request.query_params
    return await show_page(request, programme, lambda found: _page(found, number, EMPTY, is_renamed), section="plan")


@router.post("/{number:number}", name="drafts:publish")
async def publish(request: Request, programme: str, number: int) -> Response:
    form = await read_own_form(request)
    return await answer_publishing(
        request,
        programme,
        form,
        do=lambda reason, change: edit_pages.publish_draft(number, form.get("revision"), reason, change),
        show=lambda found, sent: _page(found, number, sent),
    )


@router.post("/{number:number}/edits/{place:number}/removed", name="drafts:remove-edit")
async def remove_edit(request: Request, programme: str, number: int, place: int) -> Response:
    form = await read_own_form(request)
    return await answer_at_once(
        request,
        programme,
        form,
        do=lambda change: edit_pages.remove_edit(number, place, form.get("revision"), change),
        show=lambda found, sent: _page(found, number, sent),
        done=f"drafts/{number}",
    )


@router.post("/{number:number}/discarded", name="drafts:discard")
async def discard(request: Request, programme: str, number: int) -> Response:
    form = await read_own_form(request)
    return await answer_at_once(
        request,
        programme,
        form,
        do=lambda change: edit_pages.discard_draft(number, form.get("revision"), change),
        show=lambda found, sent: _page(found, number, sent),
        done="drafts?discarded=1",
    )


@router.post("/{number:number}/name", name="drafts:rename")
async def rename(request: Request, programme: str, number: int) -> Response:
    form = await read_own_form(request)
    return await answer_at_once(
        request,
        programme,
        form,
        do=lambda change: edit_pages.rename_draft(number, form.get("revision"), _name_in(form), change),
        show=lambda found, sent: _page(found, number, sent),
        done=f"drafts/{number}?renamed=1",
    )


@router.post("/{number:number}/copies", name="drafts:copy")
async def copy(request: Request, programme: str, number: int) -> Response:
    form = await read_own_form(request)
    return await answer_at_once(
        request,
        programme,
        form,
        do=lambda change: edit_pages.copy_draft(number, form.get("revision"), _name_in(form), change),
        show=lambda found, sent: _page(found, number, sent),
        done="drafts?copied=1",
    )


@router.api_route("/{number:number}/comparison", methods=READ_METHODS, name="drafts:compare")
async def compare(request: Request, programme: str, number: int) -> Response:
    other = request.query_params.get("with", "")

    def shown(found: Visit) -> Page:
        return Page("drafts/comparison", {"c": comparison_page(found, number, other)})

    return await show_page(request, programme, shown, section="plan")


@router.post("/{number:number}/odds", name="drafts:odds")
async def start_odds(request: Request, programme: str, number: int) -> Response:
    form, site = await read_own_form(request), site_of(request)
    token = token_in(request, site.base_url)
    await site.work.write(draft_odds.ask_draft_odds, token, programme, number, db=site.db, now=site.clock())
    site.calculations.wake()
    return _to_comparison(programme, number, form)


@router.post("/{number:number}/odds/stop", name="drafts:stop-odds")
async def stop_odds(request: Request, programme: str, number: int) -> Response:
    form, site = await read_own_form(request), site_of(request)
    token = token_in(request, site.base_url)
    await site.work.write(draft_odds.stop_draft_odds, token, programme, number, db=site.db, now=site.clock())
    return _to_comparison(programme, number, form)


def _to_comparison(programme: str, number: int, form: Form) -> Response:
    """Return to the comparison from which the form came: of another draft with this one, perhaps."""
    shown, beside = form.get("shown") or str(number), form.get("with")
    numbers = [n for n in (shown, beside) if number_in(n)]
    where = f"/p/{programme}/drafts/{numbers[0] if numbers else number}/comparison"
    address = f"{where}?with={numbers[1]}" if len(numbers) > 1 else where
    return RedirectResponse(f"{address}#likelihood", status_code=303, headers=PAGES_HEADERS)


def _name_in(form: Form) -> str:
    name = draft_name_in(form)
    if not name:
        raise FieldError(DRAFT_NAME, "Enter a name for the draft.")
    return name


def _page(found: Visit, number: int, draft: SentForm, is_renamed: bool = False) -> Page:
    page = edit_pages.draft_page(found, number)
    values = {"d": page, "draft": draft, "seen": mark_of_plan(found.programme), "is_renamed": is_renamed}
    return Page("drafts/show", {**values, "most_name": LONGEST_NAME})
