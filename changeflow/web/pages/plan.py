"""The plan: its tasks as a table and a picture, and a page for each task."""

from enum import StrEnum
from typing import TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import InputError, UnknownThingError
from changeflow.programme.recording import task_subject
from changeflow.reports.plan_page import BY, ONLY
from changeflow.reports.plan_rows import NONE_OF, Grouping, Only, PlanQuery
from changeflow.reports.task_page import KINDS_OF_FACT, MOST_LINKED
from changeflow.usecases.comments import comment_on, comments_on, withdraw_comment
from changeflow.usecases.decisions import may_open
from changeflow.usecases.edit_pages import edits_for
from changeflow.usecases.evidence import evidence_on
from changeflow.usecases.fact_pages import may_withdraw_about
from changeflow.usecases.own_school import own_school
from changeflow.usecases.plan_pages import MOST_DAYS, names_of, permit_task, plan, task_page
from changeflow.usecases.progress import TaskReport, TaskStatus, report_task
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action
from changeflow.web.acts import EMPTY, SentForm, answer_form, reason_in
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import Form, day_in, text_in

router = APIRouter(prefix="/p/{programme}")
Word = TypeVar("Word", bound=StrEnum)
MOST_WORDS = 100
"""The longest text to search for."""
MOST_DIGITS = 6


@router.api_route("/plan", methods=READ_METHODS, name="plan:show")
async def show(request: Request, programme: str) -> Response:
    query = _query(request)

    def shown(visit: Visit) -> Page:
        names = {grouping.value: names_of(visit, grouping) for grouping in Grouping}
        values: dict[str, object] = {"by": BY, "only": ONLY, "names": names, "none_of": NONE_OF}
        values["edits"], values["is_limited"] = edits_for(visit), own_school(visit) is not None
        values["all_selected"] = request.query_params.get("select") == "all"
        return Page("plan/show", {"r": plan(visit, query), **values})

    return await show_page(request, programme, shown, section="plan")


@router.api_route("/plan/{task:path}", methods=READ_METHODS, name="plan:task")
async def show_task(request: Request, programme: str, task: str) -> Response:
    return await show_page(request, programme, lambda visit: _task(request, visit, task, EMPTY), section="plan")


@router.post("/plan/{task:path}", name="plan:report")
async def report(request: Request, programme: str, task: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=lambda visit: permit_task(visit, task, Action.REPORT_PROGRESS),
        do=lambda change: report_task(task, _reported(form), change),
        show=lambda visit, draft: _task(request, visit, task, draft),
        done=f"/p/{programme}/plan/{quote(task)}?saved=1",
        tasks=(task,),
        section="plan",
        asks_why=True,
    )


@router.post("/comments/{task:path}", name="plan:comment")
async def comment(request: Request, programme: str, task: str) -> Response:
    form = await read_own_form(request)
    known = form.get("withdraw")

    def save(change: Change) -> None:
        if known:
            withdraw_comment(task, known, change)
        else:
            comment_on(task, text_in(form, "text", called="Your comment"), change)

    return await answer_form(
        request,
        programme,
        form,
        allow=lambda visit: permit_task(visit, task, Action.COMMENT),
        do=save,
        show=lambda visit, draft: _task(request, visit, task, draft),
        done=f"/p/{programme}/plan/{quote(task)}?{'withdrawn' if known else 'said'}=1#comments",
        section="plan",
        is_plain=True,
    )


def _task(request: Request, visit: Visit, task: str, draft: SentForm) -> Page:
    later = request.query_params.get("later")
    found = task_page(visit, task, days=_whole((later or "").strip()) or None)
    values: dict[str, object] = {"most_days": MOST_DAYS, "most_linked": MOST_LINKED, "asked": later is not None}
    values["is_limited"] = own_school(visit) is not None
    values["opens_decision"] = found.task.is_decision and may_open(visit, visit.programme.roadmap.tasks[task])
    values["comments"], values["may_comment"] = comments_on(visit, task), visit.may(Action.COMMENT)
    values["edits"] = edits_for(visit, task)
    values["evidence"] = evidence_on(visit, task)
    values["may_add_evidence"] = visit.may(Action.ADD_EVIDENCE, task_subject(visit.programme.roadmap.tasks[task]))
    values["may_correct"] = may_withdraw_about(visit, task, (*KINDS_OF_FACT, "attendance"))
    # A form on the page is either a comment or a report of progress.
    is_comment = "text" in draft.fields
    values["draft"], values["comment"] = (EMPTY, draft) if is_comment else (draft, EMPTY)
    for done in ("saved", "said", "withdrawn"):
        values[done] = done in request.query_params and not draft.fields
    return Page("plan/task", {"r": found, **values})


def _reported(form: Form) -> TaskReport:
    """Read what someone says about a task."""
    status, left = form.get("status"), form.get("left").strip()
    if status not in set(TaskStatus):
        raise InputError("Choose whether the task has started or is finished.")
    if left and not _whole(left):
        raise InputError("Write the days still needed as a whole number, such as 3.")
    if (day := day_in(form.get("day").strip())) is None:
        raise InputError("Enter the day on which it started or finished.")
    return TaskReport(TaskStatus(status), day, _whole(left) or None, reason_in(form))


def _whole(text: str) -> int:
    """Return a short whole number; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < MOST_DIGITS else 0


def _query(request: Request) -> PlanQuery:
    given = {key: value.strip() for key, value in request.query_params.items()}
    return PlanQuery(
        by=_one_of(Grouping, given.get("by", "")) or Grouping.WAVE,
        only=_one_of(Only, given.get("only", "")),
        wave=given.get("wave", ""),
        service=given.get("service", ""),
        school=given.get("school", ""),
        words=given.get("q", "")[:MOST_WORDS],
        page=max(1, _whole(given.get("page", ""))),
    )


def _one_of(words: type[Word], given: str) -> Word | None:
    """Return a word if it is in a list, or an empty one; any other word is an unknown page."""
    if given and given not in set(words):
        raise UnknownThingError("page", given)
    return words(given) if given else None
