"""Data protection: requests from people about their data with the last day to answer, exports and erasures."""

import json
from collections.abc import Callable
from datetime import date
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.reports.data_protection import GROUNDS, KINDS, erasure_lines
from changeflow.usecases import subject_access
from changeflow.usecases.acts import change_by
from changeflow.usecases.data_protection import (
    data_protection_page,
    permit_erasure,
    permit_person_export,
    permit_requests,
    person_data_page,
)
from changeflow.usecases.data_requests import (
    ASK_ANSWERED,
    ASK_EXTENDED,
    ASK_RECEIVED,
    close_data_request,
    extend_data_request,
    record_data_request,
)
from changeflow.usecases.subject_access import Erased, ScoresReasonError
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit, visit
from changeflow.values.words import DataRequestKind, ErasureGround
from changeflow.web.acts import EMPTY, SentForm, answer_form, done_or_draft
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.forms import FieldError, Form, line_in, past_day
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/settings/data-protection")
MOST_REASON = 500
"""The longest reason, in characters."""
ALSO = "also:"
"""Begins the name of a field that says that another id is the same person's."""
SAVED = {
    "recorded": "The request has been recorded.",
    "answered": "The answer has been recorded.",
    "extended": "There is more time to answer.",
    "erased": "The data has been erased.",
}
"""What was saved, by the parameter of the address that the page has then."""


@router.api_route("", methods=READ_METHODS, name="data_protection:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _index(request, found, EMPTY))


@router.api_route("/{person}", methods=READ_METHODS, name="data_protection:person")
async def person_page(request: Request, programme: str, person: str) -> Response:
    return await show_page(request, programme, lambda found: _person(request, found, person, "", EMPTY))


@router.post("/{person}/requests", name="data_protection:request")
async def record(request: Request, programme: str, person: str) -> Response:
    form = await read_own_form(request)

    def save(change: Change) -> None:
        if (kind := form.get("kind")) not in set(DataRequestKind):
            raise FieldError("kind", "Choose what the person asks for.")
        received = past_day(form, "on", today=change.on, ask=ASK_RECEIVED)
        record_data_request(person, DataRequestKind(kind), received, change)

    return await answer_form(
        request,
        programme,
        form,
        allow=lambda found: person_data_page(found, person),
        do=save,
        show=lambda found, draft: _person(request, found, person, "request", draft),
        done=_path(programme, person, "recorded"),
        is_plain=True,
    )


@router.post("/requests/{number:number}/answered", name="data_protection:answered")
async def answered(request: Request, programme: str, number: int) -> Response:
    return await _day_of_request(request, programme, number, close_data_request, ASK_ANSWERED, "answered")


@router.post("/requests/{number:number}/extended", name="data_protection:extended")
async def extended(request: Request, programme: str, number: int) -> Response:
    return await _day_of_request(request, programme, number, extend_data_request, ASK_EXTENDED, "extended")


@router.post("/{person}/export", name="data_protection:export")
async def export(request: Request, programme: str, person: str) -> Response:
    """Answer with everything stored about a person, as a file; without a reason for scores, with the page again."""
    form, site = await read_own_form(request), site_of(request)
    token = token_in(request, site.base_url)

    def work() -> str:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            permit_person_export(found)
            person_data_page(found, person)
        change = change_by(token, programme, db=site.db, now=site.clock())
        received = past_day(form, "received", today=change.on, ask=ASK_RECEIVED)
        reason = line_in(form, "reason", most=MOST_REASON, called="The reason")
        try:
            done = subject_access.everything_about(person, received, change, reason=reason, also=_also(form))
        except ScoresReasonError:
            why = "The data includes assessment scores. Enter why they are needed, such as the person’s own request."
            raise FieldError("reason", why) from None
        return json.dumps(done.about, indent=2, ensure_ascii=False)

    done = await done_or_draft(site, form, work)
    if isinstance(done, SentForm):
        return await show_page(request, programme, lambda found: _person(request, found, person, "export", done))
    headers = {**PAGES_HEADERS, "Content-Disposition": f'attachment; filename="{quote(person)}.json"'}
    return Response(f"{done}\n", media_type="application/json", headers=headers)


@router.post("/{person}/erase", name="data_protection:erase")
async def erase(request: Request, programme: str, person: str) -> Response:
    form = await read_own_form(request)

    def save(change: Change) -> Erased:
        if (ground := form.get("ground")) not in set(ErasureGround):
            raise FieldError("ground", "Choose why to erase the data.")
        return subject_access.erase(person, change, also=_also(form), ground=ErasureGround(ground))

    def allow(found: Visit) -> None:
        permit_erasure(found)
        person_data_page(found, person)

    return await answer_form(
        request,
        programme,
        form,
        allow=allow,
        do=save,
        show=lambda found, draft: _person(request, found, person, "erase", draft),
        done=_path(programme, "", "erased"),
    )


async def _day_of_request(
    request: Request, programme: str, number: int, save: Callable[[int, date, Change], object], ask: str, what: str
) -> Response:
    """Save the day of an answer or extension; show the list of requests again if that cannot be. `ask` says what day
    to enter."""
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_requests,
        do=lambda change: save(number, past_day(form, "day", today=change.on, ask=ask), change),
        show=lambda found, draft: _index(request, found, draft, about=f"{what}-{number}"),
        done=_path(programme, "", what),
        is_plain=True,
    )


def _also(form: Form) -> list[str]:
    """Return the further ids of the person that the form names."""
    return [name.removeprefix(ALSO) for name, value in form.fields.items() if name.startswith(ALSO) and value]


def _path(programme: str, person: str, saved: str) -> str:
    own = f"/p/{programme}/settings/data-protection"
    return f"{own}/{quote(person)}?saved={saved}" if person else f"{own}?saved={saved}"


def _saved(request: Request, draft: SentForm) -> str:
    return "" if draft.fields else SAVED.get(request.query_params.get("saved", ""), "")


def _index(request: Request, found: Visit, draft: SentForm, *, about: str = "") -> Page:
    """Show the list of requests; `about` is the field that `draft` is about, if it is of one of their forms."""
    values = {"r": data_protection_page(found), "draft": draft, "about": about, "saved": _saved(request, draft)}
    return Page("data_protection/index", values, status=draft.status)


def _person(request: Request, found: Visit, person: str, which: str, draft: SentForm) -> Page:
    """Show a person's page; `which` is the form that `draft` is of."""
    result = draft.result
    if isinstance(result, Erased):
        # The numbers say what kinds of data there are about the person.
        found.note_look(f"person:{person}")
    values = {
        "r": person_data_page(found, person),
        "drafts": {name: draft if name == which else EMPTY for name in ("request", "export", "erase")},
        "kinds": [(kind.value, words) for kind, words in KINDS.items()],
        "grounds": [(ground.value, words) for ground, words in GROUNDS.items()],
        "erasure": erasure_lines(result.removed, result.stays) if isinstance(result, Erased) else None,
        "most_reason": MOST_REASON,
        "also": ALSO,
        "saved": _saved(request, draft),
    }
    return Page("data_protection/person", values, status=draft.status)
