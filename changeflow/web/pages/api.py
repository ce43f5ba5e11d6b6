"""The API: what the pages show, as JSON, for other programs. It only reads."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse, Response

from changeflow import __version__
from changeflow.usecases import programs
from changeflow.usecases.programs import program_visit
from changeflow.usecases.visits import Visit
from changeflow.values.base import ID_PATTERN
from changeflow.web.api_models import (
    ApiProblem,
    DecisionsAnswer,
    PlanAnswer,
    ProgrammeSummary,
    Report,
    SchoolDate,
    WorkRow,
)
from changeflow.web.dependencies import site_of

router = APIRouter(prefix="/api/v1")
T = TypeVar("T")
KEY = "openapi.json"
Name = Annotated[str, Path(pattern=ID_PATTERN, max_length=100, description="The programme's id.")]
Text = Annotated[str | None, Query(max_length=100, pattern=r"^[a-z0-9/-]*$")]
REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"description": what, "content": {"application/problem+json": {"schema": ApiProblem.model_json_schema()}}}
    for code, what in (
        (400, "The address is not valid."),
        (401, "The token is missing, or does not work."),
        (404, "There is no such programme, or the token is for another."),
        (414, "The address is too long."),
        (422, "A parameter is not valid."),
        (429, "Too many requests. Retry-After says when to try again."),
        (503, "The database is busy or not available. Retry-After says when to try again."),
    )
}


async def _read(request: Request, programme: str, look: Callable[[Visit], T]) -> T:
    """Read for the program whose token the request has."""
    site = site_of(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    given = token.strip() if kind.lower() == "bearer" else ""

    def work() -> tuple[T, str, Sequence[str]]:
        with program_visit(given, programme, db=site.db, now=site.clock()) as found:
            return look(found), found.visitor.person, found.looks

    answer, person, looks = await site.work.read(work)
    await site.noted.note(site, given, person, programme, looks)
    return answer


@router.get("/programmes/{programme}", name="api:programme", responses=REFUSALS, response_model=ProgrammeSummary)
async def programme(request: Request, programme: Name) -> Any:  # noqa: ANN401  (the model checks it)
    """What the programme is, its version, and the day of its data."""
    return await _read(request, programme, programs.summary)


@router.get("/programmes/{programme}/plan", name="api:plan", responses=REFUSALS, response_model=PlanAnswer)
async def plan(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Tasks with dates and floats, milestones, waves and findings."""
    return await _read(request, programme, programs.plan)


@router.get("/programmes/{programme}/tasks", name="api:tasks", responses=REFUSALS, response_model=list[WorkRow])
async def tasks(request: Request, programme: Name, service: Text = None, state: Text = None, owner: Text = None) -> Any:  # noqa: ANN401
    """Open tasks, late ones first. Each filter takes an id, or a state."""
    return await _read(
        request, programme, lambda found: programs.work(found, service=service, state=state, owner=owner)
    )


@router.get(
    "/programmes/{programme}/go-lives", name="api:go_lives", responses=REFUSALS, response_model=list[SchoolDate]
)
async def go_lives(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Each school's go-lives, announced and forecast."""
    return await _read(request, programme, programs.dates_of_schools)


@router.get(
    "/programmes/{programme}/decisions", name="api:decisions", responses=REFUSALS, response_model=DecisionsAnswer
)
async def decisions(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Decisions that are needed, with their last responsible day, and decisions that were made."""
    return await _read(request, programme, programs.decision_log)


@router.get("/programmes/{programme}/report", name="api:report", responses=REFUSALS, response_model=Report)
async def report(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Today's report to the SRO. Figures about people are those that were published."""
    return await _read(request, programme, programs.report)


@router.get(f"/{KEY}", name="api:openapi", include_in_schema=False)
async def openapi() -> Response:
    return JSONResponse(_document())


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    """Describe the API by OpenAPI 3.1."""
    made = get_openapi(
        title="changeflow",
        version=__version__,
        summary="Read a change programme.",
        description="Send the token of a programme with each request: `Authorization: Bearer TOKEN`.",
        routes=router.routes,
    )
    made.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    return made
