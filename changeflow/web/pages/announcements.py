"""Announced dates at each school, and forms to record an announcement or withdraw a wrong one."""

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.programme.facts import CHANNELS, Announcement
from changeflow.reports.announcements import state_in_words
from changeflow.usecases.acts import mark_of_dates
from changeflow.usecases.announcements import (
    announce,
    announce_forecast,
    announcements_page,
    permit_announcing,
    permit_withdrawing,
)
from changeflow.usecases.recorded import withdraw_fact
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, line_in, past_day, required_day

router = APIRouter(prefix="/p/{programme}/announcements")
MOST_REASON = 500
"""The longest reason, in characters."""


@router.api_route("", methods=READ_METHODS, name="announcements:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _page(request, found, EMPTY), section="schools")


@router.post("", name="announcements:announce")
async def record(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_announcing,
        do=lambda change: _announced(form, change),
        show=lambda found, draft: _page(request, found, draft),
        done=f"/p/{programme}/announcements?saved=1",
        mark=mark_of_dates,
        section="schools",
    )


@router.post("/withdrawn", name="announcements:withdraw")
async def withdraw(request: Request, programme: str) -> Response:
    form = await read_own_form(request)

    def save(change: Change) -> None:
        if not (wrong := form.get("announcement")):
            raise FieldError("announcement", "Choose the announcement that is wrong.")
        reason = line_in(form, "why", most=MOST_REASON, called="The reason")
        if not reason:
            raise FieldError("why", "Enter why it is wrong.")
        withdraw_fact(wrong, reason, change)

    return await answer_form(
        request,
        programme,
        form,
        allow=lambda found: permit_withdrawing(found, form.get("announcement")),
        do=save,
        show=lambda found, draft: _page(request, found, draft),
        done=f"/p/{programme}/announcements?withdrawn=1",
        mark=mark_of_dates,
        section="schools",
    )


@dataclass(frozen=True, slots=True)
class _Said:
    service: str
    schools: tuple[str, ...]
    how: str
    on: date
    day: date | None
    """The announced day; None for the days in the forecast."""


def _announced(form: Form, change: Change) -> int:
    """Record what a form says was announced; return the number of new announcements."""
    said = _said(form, change)
    if said.day is None:
        return len(announce_forecast(said.service, said.schools, how=said.how, on=said.on, change=change))
    one = said.day
    return announce(
        [Announcement(service=said.service, school=s, day=one, on=said.on, how=said.how) for s in said.schools], change
    )


def _said(form: Form, change: Change) -> _Said:
    service, school, which = form.get("service"), form.get("school"), form.get("which")
    if not service:
        raise FieldError("service", "Choose the service.")
    if which not in ("forecast", "other"):
        raise FieldError("which", "Choose which day was announced.")
    if which == "other" and not school:
        raise FieldError("school", "Choose the school for which another day was announced.")
    if form.get("how") not in CHANNELS:
        raise FieldError("how", "Choose how it was announced.")
    on = past_day(form, "on", today=change.on, ask="Enter the day of the announcement.")
    day = required_day(form, "day", "Enter the day that was announced.") if which == "other" else None
    return _Said(service, (school,) if school else (), form.get("how"), on, day)


def _page(request: Request, found: Visit, draft: SentForm) -> Page:
    is_withdrawal = "announcement" in draft.fields
    values = {
        "r": announcements_page(found),
        "in_words": state_in_words,
        "channels": [(c, c.capitalize()) for c in CHANNELS],
        "most_reason": MOST_REASON,
        "draft": EMPTY if is_withdrawal else draft,
        "wrong": draft if is_withdrawal else EMPTY,
        **{name: name in request.query_params and not draft.fields for name in ("saved", "withdrawn")},
    }
    return Page("announcements/index", values)
