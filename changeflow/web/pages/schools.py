"""Schools: what goes live where and when, and one school's page for its head."""

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from changeflow.reports.announcements import state_in_words
from changeflow.usecases import schools
from changeflow.usecases.own_school import sees_all
from changeflow.usecases.school_entries import school_entries
from changeflow.usecases.visits import Visit
from changeflow.values.moments import format_day
from changeflow.web.dependencies import READ_METHODS, Page, show_page
from changeflow.web.responses import render_part
from changeflow.web.security import PAGES_HEADERS

router = APIRouter(prefix="/p/{programme}/schools")


@router.api_route("", methods=READ_METHODS, name="schools:index")
async def index(request: Request, programme: str, only: str = "") -> Response:
    def show(found: Visit) -> Page | Response:
        seen = schools.schools(found, only=only)
        if seen.own and not seen.is_all:
            return RedirectResponse(f"/p/{found.name}/schools/{seen.own}", status_code=303, headers=PAGES_HEADERS)
        return Page("schools/index", {"seen": seen, "table": _table(found, seen), "office": _office(found)})

    return await show_page(request, programme, show, section="schools")


def _table(found: Visit, seen: schools.SchoolsSeen) -> Markup:
    """Write the table once for everyone who sees the same schools."""
    values = {"schools": seen.list, "here": f"/p/{found.name}", "in_words": state_in_words}
    own = seen.own if seen.list.schools else None
    language = found.language
    return found.view(
        "schools table",
        lambda: render_part("schools/_table", values, language=language),
        seen.only,
        seen.is_all,
        own,
        language,
    )


def _office(found: Visit) -> str:
    return found.definition.programme.office.email


@router.api_route("/{school}", methods=READ_METHODS, name="schools:show")
async def show_one(request: Request, programme: str, school: str) -> Response:
    def show(found: Visit) -> Page:
        page, since = schools.school(found, school), schools.calendar_since(found)
        values = {
            "s": page,
            "moves": schools.moves(found, page),
            "is_own": found.visitor.school == school,
            "calendar_since": format_day(since) if since else "",
            "in_words": state_in_words,
            "sees_all": sees_all(found),
            "entries": school_entries(found, school),
            "school": school,
            "saved": "saved" in request.query_params,
        }
        return Page("schools/show", values)

    return await show_page(request, programme, show, section="schools")
