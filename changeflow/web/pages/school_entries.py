"""Forms of a school's page: its people raise an issue, and give feedback about a pilot at their school."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases.school_entries import KINDS, SERVICE, add_entry, entry_page, permit_entry, services_at
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.entry_fields import given_in
from changeflow.web.forms import FieldError

router = APIRouter(prefix="/p/{programme}/schools/{school}")


def _add(kind: str) -> None:
    """Add the routes for the page and the form of one kind."""

    async def show(request: Request, programme: str, school: str) -> Response:
        return await show_page(request, programme, lambda found: _page(found, school, kind, EMPTY), section="schools")

    async def save(request: Request, programme: str, school: str) -> Response:
        form = await read_own_form(request)

        def allow(found: Visit) -> None:
            permit_entry(found, school, kind)
            if form.get("service") not in dict(services_at(found, school)):
                raise FieldError("service", SERVICE.missing)

        def do(change: Change) -> object:
            given, _ = given_in(form, KINDS[kind].fields)
            return add_entry(school, kind, given, change)

        return await answer_form(
            request,
            programme,
            form,
            allow=allow,
            do=do,
            show=lambda found, draft: _page(found, school, kind, draft),
            done=f"/p/{programme}/schools/{school}?saved=1#said",
            section="schools",
        )

    router.add_api_route(f"/{kind}/new", show, methods=READ_METHODS, name=f"school-entries:{kind}")
    router.add_api_route(f"/{kind}/new", save, methods=["POST"], name=f"school-entries:save-{kind}")


def _page(found: Visit, school: str, kind: str, draft: SentForm) -> Page:
    entry, name = entry_page(found, school, kind), found.programme.school(school).name
    back = (f"/p/{found.name}/schools/{school}", name)
    return Page("pilots/entry", {"e": entry, "draft": draft, "service": "", "back": back})


for _kind in KINDS:
    _add(_kind)
