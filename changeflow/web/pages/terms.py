"""Settings: term dates of an authority from its calendar or a list, checked row by row, then published."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.errors import InputError
from changeflow.intake.term_guesses import TermRow, TermUse
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.term_import import (
    LONGEST_NAME,
    MOST_ROWS,
    ReadTerms,
    TermRowsError,
    mark_of_calendars,
    now_of,
    publish_terms,
    read_terms,
    terms_page,
)
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.limits import number_in
from changeflow.values.moments import format_day, format_days
from changeflow.web.acts import EMPTY, SentForm
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.errors import problem_of
from changeflow.web.forms import FieldError, Form, day_field, line_in
from changeflow.web.new_versions import answer_publishing
from changeflow.web.uploads import Upload, own_upload

router = APIRouter(prefix="/p/{programme}/settings/terms")
USES = (
    (TermUse.TERM.value, "Term"),
    (TermUse.HALF_TERM.value, "Half-term"),
    (TermUse.CLOSED.value, "Closed days"),
    (TermUse.NONE.value, "Leave out"),
)
MOST_PROBLEMS = 40
"""The most mistakes of a calendar to list."""


@router.api_route("", methods=READ_METHODS, name="terms:show")
async def show(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: _page(found, EMPTY))


@router.post("", name="terms:read")
async def read(request: Request, programme: str) -> Response:
    """Read a calendar, and show what it seems to mean. Nothing is stored."""
    async with own_upload(request, programme, allow=permit_editing) as (form, files):
        content = _content(form, files.get("file"))

        def shown(found: Visit) -> Page:
            calendar = form.get("calendar")
            try:
                if calendar not in dict(terms_page(found).calendars):
                    raise FieldError("calendar", "Choose whose term dates these are.")
                read = read_terms(content, calendar, found.programme, found.today)
            except InputError as error:
                return _page(found, SentForm(fields=form.cleaned(), problem=problem_of(error), error=error))
            return _review(found, SentForm(fields=_fields(read, calendar)))

        return await show_page(request, programme, shown)


@router.post("/review", name="terms:publish")
async def publish(request: Request, programme: str) -> Response:
    form = await read_own_form(request)

    def do(reason: str, change: Change) -> int:
        return publish_terms(_rows(form), form.get("calendar"), reason, change)

    return await answer_publishing(request, programme, form, do=do, show=_review, mark=mark_of_calendars, section="")


def _content(form: Form, sent: Upload | None) -> bytes:
    if sent is None:
        return form.get("text").encode()
    sent.file.seek(0)
    return sent.file.read()


def _page(found: Visit, draft: SentForm) -> Page:
    values = {"t": terms_page(found), "draft": draft, "day": format_day, "days": format_days}
    return Page("settings/terms", values, status=draft.status)


def _review(found: Visit, draft: SentForm) -> Page:
    page, calendar = terms_page(found), draft.get("calendar")
    wrong: Mapping[tuple[int, str], str] = {}
    if isinstance(draft.error, TermRowsError):
        wrong = {(number, field): text for number, field, text in draft.error.problems}
    numbers = range(1, _count(draft.fields) + 1)
    values = {
        "t": page,
        "draft": draft,
        "whose": dict(page.calendars).get(calendar, ""),
        "numbers": numbers,
        "now": {n: now_of(_row(draft.fields, n), calendar, found.programme) for n in numbers},
        "wrong": wrong,
        "uses": USES,
        "most_name": LONGEST_NAME,
        "seen": mark_of_calendars(found.programme),
    }
    return Page("settings/terms_review", values)


def _fields(read: ReadTerms, calendar: str) -> dict[str, str]:
    """Return rows as the fields of their form."""
    unread = [f"Line {line}: {text}" for line, text in read.problems[:MOST_PROBLEMS]]
    if more := len(read.problems) - len(unread):
        unread.append(f"And {more} more.")
    fields = {"calendar": calendar, "rows": str(len(read.rows)), "unread": "\n".join(unread)}
    if read.left_out:
        one = read.left_out == 1
        what = "1 event that does" if one else f"{read.left_out} events that do"
        fields["others"] = f"{what} not look like term dates {'is' if one else 'are'} not listed."
    for number, row in enumerate(read.rows, 1):
        days = {"first": row.first_day, "last": row.last_day}
        fields |= {f"{name}-{number}": f"{day.day}/{day.month}/{day.year}" for name, day in days.items() if day}
        texts = {"use": row.use.value, "name": row.name, "said": row.said, "doubt": row.doubt}
        fields |= {f"{name}-{number}": text for name, text in texts.items()}
        fields[f"line-{number}"] = str(row.line or "")
    return fields


def _count(fields: Mapping[str, str]) -> int:
    text = fields.get("rows", "")
    return min(number_in(text), MOST_ROWS)


def _rows(form: Form) -> Mapping[int, TermRow]:
    """Read the rows that are not left out; raise a `TermRowsError` with every mistake."""
    rows, wrong = dict[int, TermRow](), list[tuple[int, str, str]]()
    for number in range(1, _count(form.fields) + 1):
        if form.get(f"use-{number}") in ("", TermUse.NONE.value):
            continue
        try:
            rows[number] = _checked(form, number)
        except FieldError as error:
            wrong.append((number, error.field.partition("-")[0], problem_of(error)))
    if wrong:
        raise TermRowsError(wrong)
    if not rows:
        raise InputError("Choose what at least one row is. No changes saved.")
    return rows


def _checked(form: Form, number: int) -> TermRow:
    use = form.get(f"use-{number}")
    if use not in dict(USES):
        raise FieldError(f"use-{number}", "Choose what this is.")
    name = line_in(form, f"name-{number}", most=LONGEST_NAME, called="The name")
    if not name:
        raise FieldError(f"name-{number}", "Enter a name.")
    days = []
    for field in ("first", "last"):
        day = day_field(form, f"{field}-{number}")
        if day is None:
            raise FieldError(f"{field}-{number}", f"Enter the {field} day.")
        days.append(day)
    if days[1] < days[0]:
        raise FieldError(f"last-{number}", "The last day is before the first day. Correct one of them.")
    return TermRow(use=TermUse(use), name=name, first_day=days[0], last_day=days[1], said="")


def _row(fields: Mapping[str, str], number: int) -> TermRow:
    """Return a row as far as it can be read, to compare it with the plan."""
    form = Form(fields)
    try:
        return _checked(form, number)
    except FieldError:
        return TermRow(use=TermUse.NONE, name="", first_day=None, last_day=None, said="")
