"""Decisions: what waits, what was decided, the evidence for each, and the form to decide."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import UnknownThingError
from changeflow.reports.decision_form import LABELS
from changeflow.usecases import briefs, decisions, gates
from changeflow.usecases.evidence import evidence_on
from changeflow.usecases.fact_pages import may_withdraw_about
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.decision_forms import MOST_CONDITION, MOST_ROWS, MOST_TEXT, answer_in, rows_in
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.downloads import MEDIA, WRITERS, download
from changeflow.web.forms import Form

router = APIRouter(prefix="/p/{programme}")
ALWAYS = {"most_rows": MOST_ROWS, "most_text": MOST_TEXT, "most_condition": MOST_CONDITION, "labels": LABELS}
ADD = "add"
"""The value of the form's field `step` that asks for more rows."""


@router.api_route("/decisions", methods=READ_METHODS, name="decisions:index")
async def index(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        return Page("decisions/index", {"decisions": decisions.decisions(found)})

    return await show_page(request, programme, show, section="decisions")


@router.api_route("/decisions/{gate:path}.{form}", methods=READ_METHODS, name="decisions:file")
async def file(request: Request, programme: str, gate: str, form: str) -> Response:
    def show(found: Visit) -> Response:
        page = decisions.go_no_go(found, gate)
        if form not in MEDIA:
            raise UnknownThingError("file", form)
        made = found.view("go-no-go-file", lambda: WRITERS[form](page), page.gate, form)
        return download(made, name=f"go-no-go-{page.gate.replace('/', '-')}", form=form)

    return await show_page(request, programme, show)


@router.api_route("/decisions/{gate:path}", methods=READ_METHODS, name="decisions:show")
async def show_one(request: Request, programme: str, gate: str) -> Response:
    is_own = request.query_params.get("by") != "other"
    saved = request.query_params.get("saved") is not None
    return await show_page(
        request,
        programme,
        lambda found: _page(found, gate, Form({}), EMPTY, is_own=is_own, saved=saved),
        section="decisions",
    )


@router.post("/decisions/{gate:path}", name="decisions:decide")
async def decide(request: Request, programme: str, gate: str) -> Response:
    return await _decide(request, programme, gate, is_own=True)


@router.post("/recorded-decisions/{gate:path}", name="decisions:record")
async def record(request: Request, programme: str, gate: str) -> Response:
    return await _decide(request, programme, gate, is_own=False)


async def _decide(request: Request, programme: str, gate: str, *, is_own: bool) -> Response:
    form = await read_own_form(request)

    def allow(found: Visit) -> None:
        (decisions.permit_decide if is_own else decisions.permit_record)(found, gate)

    def show(found: Visit, draft: SentForm) -> Page:
        return _page(found, gate, form, draft, is_own=is_own)

    if form.get("step") == ADD:

        def add(found: Visit) -> Page:
            allow(found)
            return show(found, SentForm(fields=form.cleaned()))

        return await show_page(request, programme, add, section="decisions")
    return await answer_form(
        request,
        programme,
        form,
        allow=allow,
        do=lambda change: gates.decide(answer_in(form, gate, today=change.on, is_own=is_own), change),
        show=show,
        done=f"/p/{programme}/decisions/{quote(gate)}?saved=1",
        tasks=(gate,),
        section="decisions",
    )


def _page(found: Visit, gate: str, form: Form, draft: SentForm, *, is_own: bool, saved: bool = False) -> Page:
    page = decisions.decision(found, gate)
    go_live = decisions.go_no_go(found, gate) if decisions.is_go_live(found, gate) else None
    deciding = decisions.deciding(found, gate)
    rows = rows_in(form, more=form.get("step") == ADD)
    values = {"d": page, "r": go_live, "places": briefs.places(found), "deciding": deciding, "draft": draft}
    added = evidence_on(found, page.task)
    may_correct = may_withdraw_about(found, gate, ("decision", "condition"))
    own = is_own and (deciding is None or deciding.may_decide)
    asked = {"rows": rows, "is_own": own, "saved": saved, "added": added, "may_correct": may_correct}
    return Page("decisions/show", {**values, **ALWAYS, **asked})
