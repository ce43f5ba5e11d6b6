"""Details of people: everyone with a search, a form for each, and one for a new person."""

from dataclasses import replace
from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.reports.edit_form_parts import ticked
from changeflow.reports.person_details import FIELDS
from changeflow.usecases.acts import mark_of_people
from changeflow.usecases.contact_details import GivenContact
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.person_details import (
    FilledPerson,
    PersonPage,
    add_person,
    change_person,
    new_person_page,
    people_found,
    person_page,
)
from changeflow.web.acts import SentForm, answer_form, reason_in
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.entry_fields import given_in
from changeflow.web.forms import Form

router = APIRouter(prefix="/p/{programme}/people")
MOST_LETTERS = 100


@router.api_route("/details", methods=READ_METHODS, name="person_details:index")
async def index(request: Request, programme: str) -> Response:
    words, saved = request.query_params.get("q", "").strip()[:MOST_LETTERS], "saved" in request.query_params
    return await show_page(
        request,
        programme,
        lambda found: Page("person_details/index", {"p": people_found(found, words), "text": words, "saved": saved}),
        section="people",
    )


@router.api_route("/details/{person}", methods=READ_METHODS, name="person_details:show")
async def show(request: Request, programme: str, person: str) -> Response:
    return await show_page(
        request, programme, lambda found: _page(person_page(found, person), SentForm()), section="people"
    )


@router.post("/details/{person}", name="person_details:publish")
async def publish(request: Request, programme: str, person: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_editing,
        do=lambda change: change_person(person, _filled(form), reason_in(form), change),
        show=lambda found, sent: _page(person_page(found, person), sent),
        done=f"/p/{programme}/people/details?saved=1",
        mark=mark_of_people,
        section="people",
        asks_why=True,
    )


@router.api_route("/add", methods=READ_METHODS, name="person_details:new")
async def new(request: Request, programme: str) -> Response:
    return await show_page(
        request, programme, lambda found: _page(new_person_page(found), SentForm()), section="people"
    )


@router.post("/add", name="person_details:add")
async def add(request: Request, programme: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_editing,
        do=lambda change: add_person(_filled(form), reason_in(form), change),
        show=lambda found, sent: _page(new_person_page(found), sent),
        done=f"/p/{programme}/people/details?saved=1",
        mark=mark_of_people,
        section="people",
        asks_why=True,
    )


def _filled(form: Form) -> FilledPerson:
    given, _ = given_in(form, FIELDS)
    contact = GivenContact(
        name=given["name"],
        email=given["email"] if "email" in form.fields else None,
        language=given["language"] if "language" in form.fields else None,
        seen=form.fields.get("seen_contact"),
    )
    return FilledPerson(
        role=given["role"],
        audience=given["audience"],
        school=given["school"] or None,
        from_day=date.fromisoformat(given["from_day"]) if given["from_day"] else None,
        hub=given["hub"] or None,
        groups=frozenset(ticked(given, "groups")),
        manager=given["manager"] or None,
        services=frozenset(ticked(given, "services")),
        contact=contact,
    )


def _page(page: PersonPage, draft: SentForm) -> Page:
    sent = draft if draft.fields else replace(draft, fields=page.now)
    return Page("person_details/show" if page.person else "person_details/new", {"p": page, "draft": sent})
