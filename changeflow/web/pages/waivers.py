"""Waivers: a form to record that people with the mandate have waived a rule, for a scope and until a day."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.rules.catalogue import RULES
from changeflow.usecases.acts import mark_of_waivers
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.usecases.waivers import NotApprovedError, add_waiver, permit_waiver, waiver_form
from changeflow.values.finding import Waiver
from changeflow.values.moments import format_day
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, line_in, required_day

router = APIRouter(prefix="/p/{programme}/waivers")
MOST_REASON, MOST_APPROVERS = 500, 3
"""The longest reason, in characters, and how many people can approve."""


@router.api_route("", methods=READ_METHODS, name="waivers:new")
async def new(request: Request, programme: str) -> Response:
    asked = request.query_params.get("rule", "")
    empty = SentForm(fields={"rule": asked}) if asked in RULES else EMPTY
    return await show_page(request, programme, lambda found: _page(found, empty), section="plan")


@router.post("", name="waivers:add")
async def add(request: Request, programme: str) -> Response:
    form = await read_own_form(request)

    def save(change: Change) -> int:
        try:
            return add_waiver(_waiver(form, change), change)
        except NotApprovedError as error:
            raise FieldError("approver-1", error.who) from None

    return await answer_form(
        request,
        programme,
        form,
        allow=permit_waiver,
        do=save,
        show=_page,
        done=f"/p/{programme}/rules?saved=1#waivers",
        mark=mark_of_waivers,
        section="plan",
    )


def _waiver(form: Form, change: Change) -> Waiver:
    if (rule := form.get("rule")) not in RULES:
        raise FieldError("rule", "Choose the rule.")
    reason = line_in(form, "reason", most=MOST_REASON, called="The reason")
    if not reason:
        raise FieldError("reason", "Enter why the rule should not apply.")
    if not (owner := form.get("owner")):
        raise FieldError("owner", "Choose who is responsible for the waiver.")
    fields = [form.get(f"approver-{n}") for n in range(1, MOST_APPROVERS + 1)]
    if not (approvers := list(dict.fromkeys(filter(None, fields)))):
        raise FieldError("approver-1", "Choose who has approved it.")
    last = required_day(form, "expires", "Enter the last day on which the waiver applies.")
    if last < change.on:
        raise FieldError("expires", f"{format_day(last)} is in the past. Enter a later day.")
    return Waiver(
        rule=rule,
        reason=reason,
        owner=owner,
        approved_by=tuple(approvers),
        expires=last,
        service=form.get("service") or None,
        schools=(form.get("school"),) if form.get("school") else (),
    )


def _page(found: Visit, draft: SentForm) -> Page:
    form, seen = waiver_form(found)
    values = {"r": form, "seen": seen, "draft": draft, "most_reason": MOST_REASON, "most_approvers": MOST_APPROVERS}
    return Page("waivers/new", values)
