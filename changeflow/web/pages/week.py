"""This week: record the progress of many tasks at once, row by row or from a spreadsheet."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from changeflow.errors import InputError, ProblemsError
from changeflow.reports.paste_page import paste_preview, problem_words
from changeflow.usecases.progress_import import MOST_PASTED, PastedRows, record_pasted
from changeflow.usecases.visits import Visit
from changeflow.usecases.week import (
    StaleRowsError,
    Week,
    WeekEntry,
    WeekProblemsError,
    WeekStatus,
    permit_week,
    record_week,
    week,
)
from changeflow.values.sentences import sentence
from changeflow.web.acts import EMPTY, SentForm, answer_form, reason_in
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import Form, day_in
from changeflow.web.responses import render_part

router = APIRouter(prefix="/p/{programme}")
WHAT, DAY, SEEN = "what:", "day:", "seen:"
"""How the names of a row's fields begin; the task's id follows."""
MOST_SHOWN = 40
"""The most problems of pasted rows to list."""


@router.api_route("/week", methods=READ_METHODS, name="week:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda visit: _week(request, visit, EMPTY), section="week")


@router.post("/week", name="week:record")
async def record(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_week,
        do=lambda change: record_week(*_entries(form), change, reason_in(form)),
        show=lambda visit, draft: _week(request, visit, draft),
        done=f"/p/{programme}/week?saved=1",
        section="week",
        asks_why=True,
    )


@router.api_route("/week/paste", methods=READ_METHODS, name="week:show_paste")
async def show_paste(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda visit: _paste(visit, EMPTY), section="week")


@router.post("/week/paste", name="week:paste")
async def paste(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_week,
        do=lambda change: record_pasted(_pasted(form), change, shown=form.get("preview"), reason=reason_in(form)),
        show=_paste,
        done=f"/p/{programme}/week?saved=1",
        section="week",
        asks_why=True,
    )


def _week(request: Request, visit: Visit, draft: SentForm) -> Page:
    typed = {name.removeprefix(WHAT): value for name, value in draft.fields.items() if name.startswith(WHAT) and value}
    typed |= {n.removeprefix(DAY): v for n, v in draft.fields.items() if n.startswith(DAY) and v.strip()}
    found = week(visit, also=typed)
    error = draft.error
    problems = error.problems if isinstance(error, WeekProblemsError) else {}
    stale = error.tasks if isinstance(error, StaleRowsError) else frozenset()
    names = {row.id: row.name for part in found.parts for row in part.rows}
    return Page(
        "week/show",
        {
            "is_empty": not found.parts,
            "count": len(names),
            "table": _table(visit, found, draft, problems, stale),
            "draft": draft,
            "problems": [(n, names.get(task, task), text) for n, (task, text) in enumerate(problems.items(), 1)],
            "stale": [names[task] for task in names if task in stale],
            "typed": sum(1 for name, value in draft.fields.items() if name.startswith(WHAT) and value),
            "saved": request.query_params.get("saved") is not None and not draft.fields,
        },
    )


def _table(visit: Visit, found: Week, draft: SentForm, problems: Mapping[str, str], stale: frozenset[str]) -> Markup:
    """Return the groups with their rows, kept in memory if nothing was typed, as for most readers."""
    values = {
        "programme": visit.programme,
        "parts": found.parts,
        "draft": draft,
        "problems": problems,
        "stale": stale,
        "statuses": STATUSES,
    }
    if draft.fields:
        return render_part("week/_rows", values, language=visit.language)
    language = visit.language
    return visit.view("week-table", lambda: render_part("week/_rows", values, language=language), found.whose, language)


STATUSES = {
    WeekStatus.STARTED: sentence("Started on"),
    WeekStatus.FINISHED: sentence("Finished on"),
    WeekStatus.NOT_YET: sentence("Not yet, by"),
}


def _entries(form: Form) -> tuple[list[WeekEntry], Mapping[str, str]]:
    """Read the rows that someone has filled in; return them, and what is wrong with those that cannot be read."""
    if form.has_controls:
        raise InputError(CONTROLS)
    entries, wrong = list[WeekEntry](), dict[str, str]()
    for task in dict.fromkeys(n.partition(":")[2] for n in form.fields if n.startswith((WHAT, DAY))):
        status, said = form.get(f"{WHAT}{task}"), form.get(f"{DAY}{task}").strip()
        if not (status or said):
            continue
        if status not in set(WeekStatus):
            wrong[task] = "Choose what happened on this day, or clear the day."
            continue
        try:
            day = day_in(said)
        except InputError as error:
            wrong[task] = str(error)
            continue
        if day is None:
            wrong[task] = "Enter the day, such as 31/3/2027."
        else:
            entries.append(WeekEntry(task=task, status=WeekStatus(status), day=day, seen=form.get(f"{SEEN}{task}")))
    return entries, wrong


CONTROLS = "Your text contained characters that cannot be shown. We have removed them. Check it again."


def _pasted(form: Form) -> str:
    if form.has_controls:
        raise InputError(CONTROLS)
    return form.get("text")


def _paste(visit: Visit, draft: SentForm) -> Page:
    permit_week(visit)
    problems, preview, mark, rows = list[str](), None, "", draft.result
    if isinstance(draft.error, ProblemsError):
        problems = [problem_words(problem) for problem in draft.error.problems]
    if isinstance(rows, PastedRows):
        mark, sheet, before, after = rows.mark, rows.sheet, rows.before.programme, rows.after.programme
        preview = paste_preview(sheet.typed, before, after, skipped=sheet.skipped, unused=sheet.unused)
    values = {
        "problems": problems[:MOST_SHOWN],
        "more": len(problems) - MOST_SHOWN,
        "p": preview,
        "mark": mark,
        "most": MOST_PASTED,
    }
    return Page("week/paste", {"draft": draft, **values})
