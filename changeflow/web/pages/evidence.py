"""Evidence about a task, decision or checkpoint: add a link or file, download a file, withdraw one's own."""

from collections.abc import Callable
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import InputError
from changeflow.intake.evidence_files import ENDINGS, MOST_BYTES
from changeflow.programme.recording import task_subject
from changeflow.usecases.decisions import may_open
from changeflow.usecases.evidence import (
    LONGEST_LINK,
    LONGEST_TITLE,
    NewEvidence,
    add_evidence,
    evidence_file,
    evidence_on,
    withdraw_evidence,
)
from changeflow.usecases.plan_pages import permit_task
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, show_page
from changeflow.web.forms import Form, has_controls
from changeflow.web.uploads import Upload, own_upload

router = APIRouter(prefix="/p/{programme}")


@router.api_route("/evidence/{task:path}", methods=READ_METHODS, name="evidence:index")
async def index(request: Request, programme: str, task: str) -> Response:
    return await show_page(request, programme, lambda found: _page(request, found, task, EMPTY), section="plan")


@router.post("/evidence/{task:path}", name="evidence:add")
async def add(request: Request, programme: str, task: str) -> Response:
    def allow(found: Visit) -> None:
        permit_task(found, task, Action.ADD_EVIDENCE)

    async with own_upload(request, programme, allow=allow) as (form, files):
        return await _add(request, programme, task, form, files.get("file"), allow)


async def _add(
    request: Request,
    programme: str,
    task: str,
    form: Form,
    sent: Upload | None,
    allow: Callable[[Visit], None],
) -> Response:
    known = form.get("withdraw")

    def save(change: Change) -> None:
        if known:
            withdraw_evidence(task, known, change)
        else:
            add_evidence(task, _given(form, sent), change)

    return await answer_form(
        request,
        programme,
        form,
        allow=allow,
        do=save,
        show=lambda found, draft: _page(request, found, task, draft),
        done=f"/p/{programme}/evidence/{quote(task)}?{'withdrawn' if known else 'saved'}=1",
        section="plan",
        is_plain=True,
    )


@router.api_route("/evidence-files/{number:number}", methods=READ_METHODS, name="evidence:file")
async def file(request: Request, programme: str, number: int) -> Response:
    def show(found: Visit) -> Response:
        made = evidence_file(found, number)
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(made.name)}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return Response(made.content, media_type=made.media, headers=headers)

    return await show_page(request, programme, show)


def _given(form: Form, sent: Upload | None) -> NewEvidence:
    title, link = form.get("title"), form.get("link")
    if sent is not None and has_controls(sent.name):
        raise InputError(
            "The name of the file contains characters that cannot be shown. Rename it, and choose it again."
        )
    if sent is None:
        return NewEvidence(title=title, link=link)
    sent.file.seek(0)
    return NewEvidence(title=title, link=link, name=sent.name, content=sent.file.read(MOST_BYTES + 1))


def _page(request: Request, found: Visit, task: str, draft: SentForm) -> Page:
    permit_task(found, task, Action.READ_PROGRAMME)
    seen = found.programme.roadmap.tasks[task]
    values = {
        "task": seen,
        "opens_decision": seen.gate is not None and may_open(found, seen),
        "evidence": evidence_on(found, task),
        "may_add": found.may(Action.ADD_EVIDENCE, task_subject(seen)),
        "draft": draft,
        "endings": ENDINGS,
        "most_title": LONGEST_TITLE,
        "most_link": LONGEST_LINK,
        **{name: name in request.query_params and not draft.fields for name in ("saved", "withdrawn")},
    }
    return Page("evidence/index", values)
