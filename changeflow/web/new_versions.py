"""Publish the next version of the plan from a form, by whichever page."""

from collections.abc import Callable

from fastapi import Request
from starlette.responses import Response

from changeflow.programme.programme import Programme
from changeflow.usecases.acts import mark_of_plan
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.web.acts import SentForm, answer_form, reason_in
from changeflow.web.dependencies import Page
from changeflow.web.forms import Form


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
