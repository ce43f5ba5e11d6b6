"""Training: the sessions in numbers, and a form for each that records who came."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import InputError
from changeflow.programme.facts import Attendance
from changeflow.usecases.acts import mark_of_attendance
from changeflow.usecases.attendance import record_attendance
from changeflow.usecases.fact_pages import may_withdraw_about
from changeflow.usecases.people_forms import permit_training, session_form, training_list
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, line_in, past_day

router = APIRouter(prefix="/p/{programme}/people/training")
CAME, EVIDENCE = "came:", "evidence:"
"""How the names of a person's fields begin; their id follows."""
MOST_EVIDENCE = 200
"""The longest evidence, in characters."""


@router.api_route("", methods=READ_METHODS, name="training:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(
        request, programme, lambda visit: Page("training/index", {"sessions": training_list(visit)}), section="people"
    )


@router.api_route("/{session:path}", methods=READ_METHODS, name="training:show")
async def show(request: Request, programme: str, session: str) -> Response:
    return await show_page(request, programme, lambda visit: _page(request, visit, session, EMPTY), section="people")


@router.post("/{session:path}", name="training:record")
async def record(request: Request, programme: str, session: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=lambda visit: permit_training(visit),
        do=lambda change: record_attendance(_came(form, session, change), change),
        show=lambda visit, draft: _page(request, visit, session, draft),
        done=f"/p/{programme}/people/training/{quote(session)}?saved=1",
        mark=lambda found: mark_of_attendance(found, session),
        section="people",
    )


def _came(form: Form, session: str, change: Change) -> list[Attendance]:
    """Read who came; a person who is not ticked is left as recorded."""
    on = past_day(form, "on", today=change.on, ask="Enter the day of the session.", missing=True)
    people = [n.removeprefix(CAME) for n in form.fields if n.startswith(CAME)]
    for name in form.fields:
        if name.startswith(EVIDENCE) and form.get(name).strip() and name.removeprefix(EVIDENCE) not in people:
            raise FieldError(
                name, "You entered evidence for someone who is not ticked. Tick them, or remove the evidence."
            )
    if not people:
        raise InputError("Tick the people who came.")
    return [
        Attendance(
            task=session,
            person=person,
            on=on,
            evidence=line_in(form, f"{EVIDENCE}{person}", most=MOST_EVIDENCE, called="The evidence"),
        )
        for person in people
    ]


def _page(request: Request, visit: Visit, session: str, draft: SentForm) -> Page:
    saved = "saved" in request.query_params and not draft.fields
    values = {"s": session_form(visit, session), "draft": draft, "saved": saved, "most": MOST_EVIDENCE}
    values["may_correct"] = may_withdraw_about(visit, session, ("attendance",))
    return Page("training/show", values)
