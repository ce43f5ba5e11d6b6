"""Pilots: exit criteria, parallel runs, issues, feedback and lessons of each service."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.programme.mandates import Subject
from changeflow.usecases import ledger_pairs, pilot_pages
from changeflow.usecases.fact_pages import may_withdraw_about
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action
from changeflow.web.dependencies import READ_METHODS, Page, show_page

MAY = {
    "raise": Action.RAISE_ISSUE,
    "say": Action.GIVE_FEEDBACK,
    "plan": Action.PLAN_IMPROVEMENT,
    "propose": Action.PROPOSE_LESSON,
    "answer": Action.ANSWER_LESSON,
    "test": Action.RECORD_TEST,
    "repeat": Action.REPEAT_PILOT,
    "file": Action.RECORD_FILING,
}
"""Forms to which the page has a link, for people who may fill them in."""
OF_A_PILOT = ("pilot-entry", "measure", "run", "filing")
"""The kinds of fact that a pilot's page shows."""
router = APIRouter(prefix="/p/{programme}/pilots")


@router.api_route("", methods=READ_METHODS, name="pilots:index")
async def index(request: Request, programme: str) -> Response:
    def show(found: Visit) -> Page:
        return Page("pilots/index", {"pilots": pilot_pages.pilots(found)})

    return await show_page(request, programme, show, section="schools")


@router.api_route("/{service}", methods=READ_METHODS, name="pilots:show")
async def show_one(request: Request, programme: str, service: str) -> Response:
    def show(found: Visit) -> Page:
        values: dict[str, object] = {
            "p": pilot_pages.pilot(found, service),
            "uploads": ledger_pairs.lines_for(found, service),
        }
        values["may"] = {name: found.may(action, Subject(service=service)) for name, action in MAY.items()}
        values["may_correct"] = may_withdraw_about(found, service, OF_A_PILOT)
        asked = {name: request.query_params.get(name) for name in ("deleted", "saved")}
        return Page("pilots/show", {**values, **asked})

    return await show_page(request, programme, show, section="schools")
