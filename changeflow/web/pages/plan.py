"""The plan: its tasks as a table and a picture, and a page for each task."""

from enum import StrEnum
from typing import TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import UnknownThingError
from changeflow.reports.plan_page import BY, ONLY
from changeflow.reports.plan_rows import NONE_OF, Grouping, Only, PlanQuery, group_names
from changeflow.reports.task_page import MOST_LINKED
from changeflow.usecases.plan_pages import MOST_DAYS, plan, task_page
from changeflow.usecases.visits import Visit
from changeflow.web.dependencies import READ_METHODS, Page, show_page

router = APIRouter(prefix="/p/{programme}")
Word = TypeVar("Word", bound=StrEnum)
MOST_WORDS = 100
"""The longest text to search for."""
MOST_DIGITS = 6


@router.api_route("/plan", methods=READ_METHODS, name="plan:show")
async def show(request: Request, programme: str) -> Response:
    query = _query(request)

    def shown(visit: Visit) -> Page:
        names = {grouping.value: group_names(visit.programme, grouping) for grouping in Grouping}
        values = {"by": BY, "only": ONLY, "names": names, "none_of": NONE_OF}
        return Page("plan/show", {"r": plan(visit, query), **values})

    return await show_page(request, programme, shown, section="plan")


@router.api_route("/plan/{task:path}", methods=READ_METHODS, name="plan:task")
async def show_task(request: Request, programme: str, task: str) -> Response:
    days = _whole(request.query_params.get("later", "").strip())

    def shown(visit: Visit) -> Page:
        asked = request.query_params.get("later") is not None
        values = {"most_days": MOST_DAYS, "most_linked": MOST_LINKED, "asked": asked}
        return Page("plan/task", {"r": task_page(visit, task, days=days or None), **values})

    return await show_page(request, programme, shown, section="plan")


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
    """Return a word of a list; empty means none, and any other is no page of ours."""
    if given and given not in set(words):
        raise UnknownThingError("page", given)
    return words(given) if given else None
