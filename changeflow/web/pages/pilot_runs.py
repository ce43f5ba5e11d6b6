"""One period's parallel run: its totals, its contracts for those who may see them, and forms to explain differences."""

import re
from decimal import Decimal, InvalidOperation

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.pilots.marks import run_thing
from changeflow.usecases import run_pages
from changeflow.usecases.pilot_records import accept_rule
from changeflow.usecases.run_pages import GivenExplanation
from changeflow.usecases.visits import Visit
from changeflow.values.limits import MOST
from changeflow.values.months import next_period
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, line_in

router = APIRouter(prefix="/p/{programme}/pilots/{service}/runs/{period}")
MOST_TEXT, MOST_DIGITS, MOST_ROWS = 2000, 5, 25
ALONE = ("missing", "extra")
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@router.api_route("", methods=READ_METHODS, name="pilot-runs:show")
async def show(request: Request, programme: str, service: str, period: str) -> Response:
    return await show_page(
        request, programme, lambda found: _page(request, found, service, period, EMPTY), section="schools"
    )


@router.post("", name="pilot-runs:explain")
async def explain(request: Request, programme: str, service: str, period: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=lambda found: run_pages.permit_explain(found, service, period),
        do=lambda change: run_pages.explain_run(service, period, _given(form, period), change),
        show=lambda found, draft: _page(request, found, service, period, draft),
        done=f"/p/{programme}/pilots/{service}/runs/{period}?saved=1",
        tasks=(run_thing(service, period),),
        section="schools",
    )


@router.post("/rules", name="pilot-runs:accept")
async def accept(request: Request, programme: str, service: str, period: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=lambda found: run_pages.permit_explain(found, service, period),
        do=lambda change: accept_rule(service, form.get("rule"), change),
        show=lambda found, draft: _page(request, found, service, period, draft),
        done=f"/p/{programme}/pilots/{service}/runs/{period}?saved=rule",
        tasks=(run_thing(service, next_period(period)),),
        section="schools",
    )


def _page(request: Request, found: Visit, service: str, period: str, draft: SentForm) -> Page:
    asked = request.query_params
    in_full = asked.get("contracts") == "full"
    view = run_pages.run(found, service, period, in_full=in_full)
    place = draft.get("row") or asked.get("row", "")
    rows = {str(row.row): row for row in view.contracts or ()}
    saved = asked.get("saved", "") if not draft.fields else ""
    values = {"r": view, "draft": draft, "one": rows.get(place), "saved": saved, "none_sent": EMPTY}
    most = len(rows) if asked.get("all") else MOST_ROWS
    values |= {"most_text": MOST_TEXT, "most_rows": most}
    return Page("pilots/run", values)


def _given(form: Form, period: str) -> GivenExplanation:
    """Read an explanation: of one row, or of an element within a range."""
    reason = line_in(form, "reason", most=MOST_TEXT, called="The reason")
    if not reason:
        raise FieldError("reason", "Enter the reason.")
    until = form.get("until") or period
    if not _PERIOD.fullmatch(until):
        raise FieldError("until", "Choose the last month to which it applies.")
    row = form.get("row")
    if row:
        if not (row.isascii() and row.isdigit() and len(row) <= MOST_DIGITS):
            raise FieldError("reason", "Choose the difference in the list again.")
        evidence = line_in(form, "evidence", most=MOST_TEXT, called="The evidence")
        if not evidence:
            raise FieldError("evidence", "Enter the evidence, such as a letter or a calculation.")
        return GivenExplanation(reason=reason, until=until, row=int(row), evidence=evidence)
    element = line_in(form, "element", most=100, called="The element")
    if not element:
        raise FieldError("element", "Choose what differs.")
    if element in ALONE:
        return GivenExplanation(reason=reason, until=until, element=element)
    low, high = _amount_in(form, "low"), _amount_in(form, "high")
    if low > high:
        raise FieldError("low", "The lowest difference is higher than the highest. Swap them.")
    return GivenExplanation(reason=reason, until=until, element=element, between=(low, high))


def _amount_in(form: Form, name: str) -> Decimal:
    """Read an amount as people write it: `-12.50`, `£1,200`."""
    called = {"low": "lowest", "high": "highest"}[name]
    text = form.get(name).strip().replace("\u2212", "-").replace("£", "").replace(",", "").replace(" ", "")
    try:
        value = Decimal(text)
        if not value.is_finite() or abs(value) > MOST:
            raise InvalidOperation
    except InvalidOperation:
        raise FieldError(name, f"Enter the {called} difference as an amount, such as -12.50.") from None
    return value
