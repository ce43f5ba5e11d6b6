"""Forms of a pilot: issues, feedback, improvements, lessons and measures of a service."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.reports.entry_forms import EntryField
from changeflow.usecases import pilot_forms
from changeflow.usecases.pilot_form import PilotForm
from changeflow.usecases.pilot_forms import FORMS
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, day_field, line_in

PREFIX = "/p/{programme}/pilots/{service}"
router = APIRouter(prefix=PREFIX)
LONGEST_ID = 200
ANCHORS = {
    "improvements": "feedback",
    "measures": "criteria",
    "checklist": "signatures",
    "repeat": "runs",
    "filings": "runs",
}
"""Where the pilot's page shows what a form has saved, unless it is under the form's own name."""
NUMBERS = {
    "days": "Enter the number of days as a whole number, such as 4.",
    "length": "Enter how long it takes as a whole number, such as 2.",
}
"""Fields with whole numbers, and the message for any other text."""


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


def given_in(form: Form, fields: tuple[EntryField, ...]) -> tuple[Mapping[str, str], date | None]:
    """Read a form's fields; raise a `FieldError` for the first that is wrong."""
    given, day = dict[str, str](), None
    for field in fields:
        if field.kind == "tick":
            given |= {name: value for name, value in form.fields.items() if name.startswith(f"{field.name}-")}
            continue
        value = _value(form, field)
        if field.missing and not value:
            raise FieldError(field.name, field.missing)
        if field.kind == "day":
            day = day_field(form, field.name)
        given[field.name] = value
    return given, day


def _value(form: Form, field: EntryField) -> str:
    """Read one field: a text, a choice, or a number where the form asks for one."""
    if field.kind in ("select", "choice"):
        value = line_in(form, field.name, most=LONGEST_ID * 10, called=field.label)
        known = {option for option, _ in field.options}
        return value if not known or value in known else ""
    value = line_in(form, field.name, most=field.most, called=field.called or field.label)
    if field.name in NUMBERS and value and not (value.isascii() and value.isdigit() and int(value) > 0):
        raise FieldError(field.name, NUMBERS[field.name])
    if field.name == "value" and value:
        try:
            if not Decimal(value).is_finite():
                raise InvalidOperation
        except InvalidOperation:
            raise FieldError("value", "Enter a number, such as 2.5.") from None
    return value


for _path, _form in FORMS.items():
    _add(_path, _form)
