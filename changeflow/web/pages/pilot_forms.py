"""Forms of a pilot: issues, feedback, improvements, lessons and measures of a service."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases import pilot_forms
from changeflow.usecases.pilot_form import PilotForm
from changeflow.usecases.pilot_forms import FORMS
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.entry_fields import given_in

PREFIX = "/p/{programme}/pilots/{service}"
router = APIRouter(prefix=PREFIX)
ANCHORS = {
    "improvements": "feedback",
    "measures": "criteria",
    "checklist": "signatures",
    "repeat": "runs",
    "filings": "runs",
}
"""Where the pilot's page shows what a form has saved, unless it is under the form's own name."""


def _add(path: str, form: PilotForm) -> None:
    """Add the routes for the page and the form of one kind."""
    anchor = ANCHORS.get(path.partition("/")[0], path.partition("/")[0])

    async def show(request: Request) -> Response:
        programme, service, key = _place(request)
        return await show_page(
            request, programme, lambda found: _page(found, form, service, key, EMPTY), section="schools"
        )

    async def save(request: Request) -> Response:
        programme, service, key = _place(request)
        sent = await read_own_form(request)
        return await answer_form(
            request,
            programme,
            sent,
            allow=lambda found: pilot_forms.permit(found, form, service, key),
            do=lambda change: form.do(service, key, *given_in(sent, form.fields), change),
            show=lambda found, draft: _page(found, form, service, key, draft),
            done=f"/p/{programme}/pilots/{service}?saved={anchor}#{anchor}",
            tasks=pilot_forms.things(form, service, key),
            section="schools",
        )

    name = path.partition("/{")[0].replace("/", "-")
    router.add_api_route(f"/{path}", show, methods=READ_METHODS, name=f"pilot-forms:{name}")
    router.add_api_route(f"/{path}", save, methods=["POST"], name=f"pilot-forms:save-{name}")


def _place(request: Request) -> tuple[str, str, str]:
    """Return the programme, the service and the thing that an address names."""
    found = request.path_params
    rest = (str(value) for name, value in found.items() if name not in ("programme", "service"))
    return found["programme"], found["service"], "/".join(rest)


def _page(found: Visit, form: PilotForm, service: str, key: str, draft: SentForm) -> Page:
    values = {"e": pilot_forms.page(found, form, service, key), "draft": draft, "service": service}
    return Page("pilots/entry", values)


for _path, _form in FORMS.items():
    _add(_path, _form)
