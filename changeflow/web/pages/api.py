"""The API: what the pages show, as JSON, for other programs. It only reads."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Path, Query, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse, Response

from changeflow import __version__
from changeflow.reports.decision_pages import DecisionPage
from changeflow.reports.issued_list import IssuedLine
from changeflow.reports.pilot_pages import PilotLine, PilotPage
from changeflow.reports.record import VersionLine, VersionPage
from changeflow.reports.record_words import RecordKind
from changeflow.reports.schools import SchoolList, SchoolPage
from changeflow.usecases import issued_pages, jobs, people_pages, pilot_pages, programs, record, rule_pages, schools
from changeflow.usecases.finding import Hits, find
from changeflow.usecases.people_pages import PeopleView
from changeflow.usecases.plan_pages import TaskPage, task_page
from changeflow.usecases.programs import program_visit
from changeflow.usecases.record import RecordFilter, RecordPage
from changeflow.usecases.rule_pages import RulesView
from changeflow.usecases.visits import Visit
from changeflow.usecases.wave_boards import board
from changeflow.values.base import ID_PATTERN
from changeflow.web.api_models import (
    ApiProblem,
    Calculation,
    DecisionsAnswer,
    PlanAnswer,
    ProgrammeSummary,
    Report,
    SchoolDate,
    WorkRow,
)
from changeflow.web.api_views import WavesAnswer, list_of, model_of
from changeflow.web.dependencies import site_of
from changeflow.web.pages.reports import written

router = APIRouter(prefix="/api/v1")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
KEY = "openapi.json"
Name = Annotated[str, Path(pattern=ID_PATTERN, max_length=100, description="The programme's id.")]
Text = Annotated[str | None, Query(max_length=100, pattern=r"^[a-z0-9/-]*$")]
Id = Annotated[str, Path(pattern=ID_PATTERN, max_length=100)]
PathId = Annotated[str, Path(pattern=r"^[a-z0-9-]+(?:/[a-z0-9-]+)*$", max_length=300)]
Words = Annotated[str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Number = Annotated[int, Path(ge=1, le=999_999_999)]
DAY = r"^\d{4}-\d{2}-\d{2}$"
REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"description": what, "content": {"application/problem+json": {"schema": ApiProblem.model_json_schema()}}}
    for code, what in (
        (400, "The address is not valid."),
        (401, "The token is missing, or does not work."),
        (404, "There is no such programme or part of it, or the token is for another."),
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


def _get(path: str, name: str, model: Any) -> Callable[[F], F]:  # noqa: ANN401  (a type)
    """Let a function respond to a path below a programme's; its result has the form of a model."""
    return router.get(f"/programmes/{{programme}}{path}", name=f"api:{name}", responses=REFUSALS, response_model=model)


@_get("", "programme", ProgrammeSummary)
async def programme(request: Request, programme: Name) -> Any:  # noqa: ANN401  (the model checks it)
    """What the programme is, its version, and the day of its data."""
    return await _read(request, programme, programs.summary)


@_get("/plan", "plan", PlanAnswer)
async def plan(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Tasks with dates and floats, milestones, waves and findings."""
    return await _read(request, programme, programs.plan)


@_get("/tasks", "tasks", list[WorkRow])
async def tasks(request: Request, programme: Name, service: Text = None, state: Text = None, owner: Text = None) -> Any:  # noqa: ANN401
    """Open tasks, late ones first. Each filter takes an id, or a state."""
    return await _read(
        request, programme, lambda found: programs.work(found, service=service, state=state, owner=owner)
    )


@_get("/tasks/{task:path}", "task", model_of(TaskPage))
async def task(request: Request, programme: Name, task: PathId) -> Any:  # noqa: ANN401
    """One task: its dates and why, what comes before and after it, its history, and why it has moved."""
    return await _read(request, programme, lambda found: task_page(found, task))


@_get("/go-lives", "go_lives", list[SchoolDate])
async def go_lives(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Each school's go-lives, announced and forecast."""
    return await _read(request, programme, programs.dates_of_schools)


@_get("/decisions", "decisions", DecisionsAnswer)
async def decisions(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Decisions that are needed, with their last responsible day, and decisions that were made."""
    return await _read(request, programme, programs.decision_log)


@_get("/decisions/{gate:path}", "decision", model_of(DecisionPage))
async def decision(request: Request, programme: Name, gate: PathId) -> Any:  # noqa: ANN401
    """One decision: its evidence, what each answer would mean, and the answers given."""
    return await _read(request, programme, lambda found: programs.decision(found, gate))


@_get("/search", "search", list_of(Hits))
async def search(request: Request, programme: Name, q: Words = "") -> Any:  # noqa: ANN401
    """Services, schools, decisions, people and tasks with all words in their name; `path` is below `/p/PROGRAMME`."""
    return await _read(request, programme, lambda found: find(found, q))


@_get("/calculations", "calculations", list[Calculation])
async def calculations(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Calculations that someone has started, the newest first."""
    return await _read(request, programme, programs.calculations)


@_get("/calculations/{number}", "calculation", Report)
async def calculation(request: Request, programme: Name, number: Number) -> Response:
    """The result of a finished calculation, as the command with `--format json` prints it."""
    text = await _read(request, programme, lambda found: jobs.result_of_job(found, number)[1])
    return Response(text, media_type="application/json")


@_get("/report", "report", Report)
async def report(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Today's report to the SRO. Figures about people are those that were published."""
    return await _read(request, programme, programs.report)


@_get("/schools", "schools", model_of(SchoolList))
async def school_list(request: Request, programme: Name, only: Literal["late"] | None = None) -> Any:  # noqa: ANN401
    """Every school with its go-lives; with `only=late`, those with a go-live later than announced."""
    return await _read(request, programme, lambda found: schools.schools(found, only=only or "").list)


@_get("/schools/{school}", "school", model_of(SchoolPage))
async def school(request: Request, programme: Name, school: Id) -> Any:  # noqa: ANN401
    """One school: what changes when, what its people have to do, how they are helped, and who to ask."""
    return await _read(request, programme, lambda found: schools.school(found, school))


@_get("/waves", "waves", WavesAnswer)
async def waves(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """The plan of waves in force: schools by waves, the workload of each team, deadlines, and limits exceeded."""
    return await _read(request, programme, lambda found: {"board": board(found)})


@_get("/people", "people", model_of(PeopleView))
async def people(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Figures of groups as they were published, and sponsorship. The audit records who read them."""
    return await _read(request, programme, people_pages.people)


@_get("/pilots", "pilots", list_of(PilotLine))
async def pilots(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """Each service's pilot in a line."""
    return await _read(request, programme, pilot_pages.pilots)


@_get("/pilots/{service}", "pilot", model_of(PilotPage))
async def pilot(request: Request, programme: Name, service: Id) -> Any:  # noqa: ANN401
    """One service's exit criteria, parallel runs in totals, signatures, issues, feedback and lessons."""
    return await _read(request, programme, lambda found: pilot_pages.pilot(found, service))


@_get("/rules", "rules", model_of(RulesView))
async def rules(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """The rules that the plan breaks, and every waiver."""
    return await _read(request, programme, rule_pages.rules)


@_get("/record", "record", model_of(RecordPage))
async def record_page(
    request: Request,
    programme: Name,
    person: Text = None,
    kind: RecordKind | None = None,
    first: Annotated[str | None, Query(alias="from", pattern=DAY)] = None,
    last: Annotated[str | None, Query(alias="to", pattern=DAY)] = None,
    before: Annotated[int | None, Query(ge=1, le=999_999_999)] = None,
    *,
    reading: bool = False,
) -> Any:  # noqa: ANN401
    """Entries of the audit in words, latest first, fifty at a time: `older` is the next `before`.

    Sign-ins and page views are left out without `reading` or `kind`.
    """
    wanted = RecordFilter(
        person=person or "",
        kind=kind or "",
        first_day=first or "",
        last_day=last or "",
        with_reading=reading,
        before=before,
    )
    return await _read(request, programme, lambda found: record.record(found, wanted))


@_get("/record/versions", "versions", list_of(VersionLine))
async def versions(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """The versions of the plan, latest first."""
    return await _read(request, programme, record.version_list)


@_get("/record/versions/{number}", "version", model_of(VersionPage))
async def version(request: Request, programme: Name, number: Number) -> Any:  # noqa: ANN401
    """One version of the plan, and what it changed."""
    return await _read(request, programme, lambda found: record.version_page(found, number))


@_get("/reports", "reports", list_of(IssuedLine))
async def reports(request: Request, programme: Name) -> Any:  # noqa: ANN401
    """The reports that were issued, latest first."""
    return await _read(request, programme, issued_pages.issued)


@_get("/reports/{number}", "issued_report", Report)
async def issued_report(request: Request, programme: Name, number: Number) -> Response:
    """One report as it was issued, byte for byte, with the proof of its dates."""
    text = await _read(request, programme, lambda found: written(found, number, "json"))
    return Response(text, media_type="application/json")


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
