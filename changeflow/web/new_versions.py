"""Publish the next version of the plan from a form, by whichever page, or add its edits to a draft."""

from collections.abc import Callable

from fastapi import Request
from starlette.responses import Response

from changeflow.programme.programme import Programme
from changeflow.usecases.acts import mark_of_plan
from changeflow.usecases.drafts import LONGEST_NAME
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.web.acts import DRAFT_NAME, SentForm, answer_form, reason_in
from changeflow.web.dependencies import Page
from changeflow.web.forms import FieldError, Form, line_in


async def answer_publishing(
    request: Request,
    programme: str,
    form: Form,
    *,
    do: Callable[[str, Change], object],
    show: Callable[[Visit, SentForm], Page],
    mark: Callable[[Programme], str] = mark_of_plan,
    section: str = "plan",
) -> Response:
    """Check or publish a change of the plan; `do` gets the reason, and `show` what it returned.

    `mark` computes the mark of what the page showed, as for `answer_form`.
    """
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_editing,
        do=lambda change: do(reason_in(form), change),
        show=show,
        done=f"/p/{programme}/record/versions?saved=1",
        mark=mark,
        section=section,
        asks_why=True,
    )


async def answer_adding(
    request: Request,
    programme: str,
    form: Form,
    *,
    add: Callable[[str, str, Change], object],
    show: Callable[[Visit, SentForm], Page],
) -> Response:
    """Add a form's edits to a draft; `add` gets the draft's number, or nothing and the name of a new one."""

    def do(change: Change) -> object:
        number, name = form.get("draft"), draft_name_in(form)
        if not number and not name:
            raise FieldError(DRAFT_NAME, "Enter a name for the new draft, or choose one.")
        return add(number, name, change)

    return await answer_at_once(request, programme, form, do=do, show=show, done="drafts?saved=1")


async def answer_at_once(
    request: Request,
    programme: str,
    form: Form,
    *,
    do: Callable[[Change], object],
    show: Callable[[Visit, SentForm], Page],
    done: str,
) -> Response:
    """Save a form that is about drafts. It moves nothing in the plan, so it has no effect to check."""
    return await answer_form(
        request,
        programme,
        form,
        allow=permit_editing,
        do=do,
        show=show,
        done=f"/p/{programme}/{done}",
        section="plan",
        is_plain=True,
    )


def draft_name_in(form: Form) -> str:
    return line_in(form, DRAFT_NAME, most=LONGEST_NAME, called="The name")
