"""Recorded facts: the list, and the forms that withdraw a wrong one or correct its day."""

from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import InputError
from changeflow.reports.fact_pages import KINDS
from changeflow.usecases.fact_corrections import correct_day
from changeflow.usecases.fact_pages import FactQuery, fact_page, facts_page, permit_fact
from changeflow.usecases.recorded import withdraw_fact
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, line_in, past_day

router = APIRouter(prefix="/p/{programme}/record/facts")
MOST_REASON, MOST_DIGITS = 500, 6
"""The longest reason, in characters, and the most digits of a page's number."""
WHY = "day-why"
"""The field that says why a day was wrong."""


@router.api_route("", methods=READ_METHODS, name="facts:index")
async def index(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        query = _query(request)
        page = facts_page(found, query)
        kept = {k: v for k, v in request.query_params.items() if k in ("kind", "about", "mine") and v}
        values = {
            "r": page,
            "query": query,
            "kinds": list(KINDS.items()),
            "older": f"?{urlencode({**kept, 'page': page.older})}" if page.older else "",
            "everything": f"?{urlencode(kept)}" if kept else "",
        }
        return Page("facts/index", values)

    return await show_page(request, programme, show, section="record")


@router.api_route("/{fact}", methods=READ_METHODS, name="facts:show")
async def show(request: Request, programme: str, fact: str) -> Response:
    return await show_page(request, programme, lambda found: _page(request, found, fact, "", EMPTY), section="record")


@router.post("/{fact}", name="facts:withdraw")
async def withdraw(request: Request, programme: str, fact: str) -> Response:
    form = await read_own_form(request)

    def save(change: Change) -> None:
        withdraw_fact(fact, _reason(form, "why"), change, must_count=True)

    return await answer_form(
        request,
        programme,
        form,
        allow=lambda found: permit_fact(found, fact),
        do=save,
        show=lambda found, draft: _page(request, found, fact, "withdraw", draft),
        done=f"/p/{programme}/record/facts/{quote(fact)}?withdrawn=1",
        section="record",
    )


@router.post("/{fact}/day", name="facts:day")
async def day(request: Request, programme: str, fact: str) -> Response:
    form = await read_own_form(request)

    def save(change: Change) -> None:
        ask = "Enter the day on which it happened."
        correct_day(fact, past_day(form, "day", today=change.on, ask=ask, missing=True), _reason(form, WHY), change)

    return await answer_form(
        request,
        programme,
        form,
        allow=lambda found: permit_fact(found, fact),
        do=save,
        show=lambda found, draft: _page(request, found, fact, "day", draft),
        done=f"/p/{programme}/record/facts/{quote(fact)}?corrected=1",
        section="record",
    )


def _reason(form: Form, field: str) -> str:
    reason = line_in(form, field, most=MOST_REASON, called="The reason")
    if not reason:
        raise FieldError(field, "Enter what is wrong with this entry.")
    return reason


def _query(request: Request) -> FactQuery:
    given = request.query_params
    page = given.get("page", "1")
    if not (page.isascii() and page.isdigit() and 0 < len(page) < MOST_DIGITS and int(page) > 0):
        raise InputError("This page does not exist. Open the list of recorded facts again.")
    about = given.get("about", "")[:300]
    return FactQuery(kind=given.get("kind", ""), about=about, mine=given.get("mine") == "1", page=int(page))


def _page(request: Request, found: Visit, fact: str, which: str, draft: SentForm) -> Page:
    """Show a fact; `which` is the form that `draft` is of."""
    values = {
        "r": fact_page(found, fact),
        "draft": draft if which != "day" else EMPTY,
        "other": draft if which == "day" else EMPTY,
        "most_reason": MOST_REASON,
        **{name: name in request.query_params and not draft.fields for name in ("withdrawn", "corrected")},
    }
    return Page("facts/show", values)
