"""A change made on a page, in three steps: fill in the form, check its effect, save.

Nothing that someone has typed is lost: on a mistake, a change by someone else or another effect, the page comes back
with the form as it was sent.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TypeVar

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from changeflow.errors import (
    ChangeflowError,
    CheckFailedError,
    ConflictError,
    DatabaseBusyError,
    HiddenThingError,
    InputError,
    NotAllowedError,
    UnknownThingError,
)
from changeflow.logs import log
from changeflow.programme.programme import Programme
from changeflow.programme.typed_progress import LONGEST_COMMENT
from changeflow.reports.effects import Effect
from changeflow.reports.own_school import effect_for_school
from changeflow.usecases.acts import (
    OtherEffectError,
    ReasonNeededError,
    StaleError,
    change_by,
    confirm,
    mark_of,
    rehearse,
)
from changeflow.usecases.drafts import NameTakenError
from changeflow.usecases.editing import EditConflictsError
from changeflow.usecases.own_school import own_school
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit, visit
from changeflow.values.base import TaskId
from changeflow.web.dependencies import Page, Site, show_page, site_of
from changeflow.web.errors import problem_of
from changeflow.web.forms import LINE_BREAKS, FieldError, Form, has_controls
from changeflow.web.security import PAGES_HEADERS, token_in

T = TypeVar("T")
CHECK, SAVE = "check", "save"
"""The values of a form's field `step`; without one, a form is checked."""
CAUSE = "cause"
"""The field that says why an announced date or a decision moves. It is asked for once the effect is known."""
DRAFT_NAME = "draft_name"
"""The field for the name of a draft."""
OF_STEPS = ("form", "step", "seen", "effect", "checked", "preview", CAUSE, "draft", DRAFT_NAME)
"""Fields that change nothing in a form's effect: those that no one types, and those that appear after the check."""
NOT_A_CHOICE = "One of your choices is not, or no longer, available. Choose again."
MOST_SAVED, LOCKS = 4096, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SentForm:
    """A form between its steps."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """As sent, to be shown again."""
    effect: Effect | None = None
    """What the change would do; None before it was checked, or if it cannot be made."""
    mark: str = ""
    """The mark of the whole effect, of which people of one school see only a part."""
    once: str = field(default_factory=lambda: secrets.token_hex(8))
    """Identifies this copy of the form: only the same copy sent again is a double click."""
    problem: str = ""
    """What is wrong with the form."""
    is_stale: bool = False
    """Whether someone else has changed the same thing since the page was opened; the page now shows their version."""
    is_other: bool = False
    """Whether the effect is no longer the one that was checked."""
    error: ChangeflowError | None = None
    """The error behind the problem, if a page shows more of it."""
    asks_why: bool = False
    """Whether the form asks why dates move if its effect needs a reason."""
    result: object = None
    """What the use case returned when it was rehearsed."""

    def get(self, name: str, default: str = "") -> str:
        return self.fields.get(name, default)

    @property
    def wrong_field(self) -> str:
        """The field that the problem is about; empty if it is about the form."""
        if isinstance(self.error, NameTakenError):
            return DRAFT_NAME
        return self.error.field if isinstance(self.error, FieldError) else ""

    @property
    def checked(self) -> str:
        """A short string for what was typed: a form that has changed since it was checked is checked again."""
        return mark_of_fields(self.fields)

    @property
    def status(self) -> int:
        if isinstance(self.error, DatabaseBusyError):
            return 503
        if self.is_stale or self.is_other or isinstance(self.error, EditConflictsError):
            return 409
        return 422 if self.problem else 200


EMPTY = SentForm()


def mark_of_fields(fields: Mapping[str, str]) -> str:
    typed = sorted((name, value) for name, value in fields.items() if name not in OF_STEPS)
    return hashlib.sha256(repr(typed).encode()).hexdigest()[:16]


class SavedForms:
    """The forms that were saved last: a second click on a button sends the same form again."""

    def __init__(self) -> None:
        self._saved: OrderedDict[str, None] = OrderedDict()
        self._locks = [Lock() for _ in range(LOCKS)]

    def save(self, key: str, do: Callable[[], object], *, is_marked: bool) -> None:
        """Save a form. If it fails because it was saved before, it counts as saved.

        A form `is_marked` if it shows which copy it is, or which state it is about. Another may be meant twice, so only
        some of its errors come from a second click.
        """
        of_copies = (ConflictError, InputError, CheckFailedError) if is_marked else ()
        with self._locks[hash(key) % LOCKS]:
            try:
                do()
            except NotAllowedError:
                raise
            except (StaleError, OtherEffectError, NameTakenError, *of_copies):
                if key not in self._saved:
                    raise
            self._saved[key] = None
            while len(self._saved) > MOST_SAVED:
                self._saved.popitem(last=False)


SAVED = SavedForms()


async def done_or_draft(site: Site, form: Form, work: Callable[[], T]) -> T | SentForm:
    """Do what a form asks for and return the result, or the form with what is wrong."""
    try:
        return await site.work.write(work)
    except StaleError as error:
        return SentForm(fields=form.cleaned(), problem=problem_of(error), is_stale=True, error=error)
    except OtherEffectError as error:
        return SentForm(fields=form.cleaned(), effect=error.effect, is_other=True)
    except (NotAllowedError, HiddenThingError):
        raise
    except (InputError, ConflictError, CheckFailedError) as error:
        return SentForm(fields=form.cleaned(), problem=problem_of(error), error=error)


async def answer_form(
    request: Request,
    programme: str,
    form: Form,
    *,
    allow: Callable[[Visit], object],
    do: Callable[[Change], object],
    show: Callable[[Visit, SentForm], Page],
    done: str,
    tasks: tuple[TaskId, ...] = (),
    mark: Callable[[Programme], str] | None = None,
    section: str = "",
    is_plain: bool = False,
    asks_why: bool = False,
) -> Response:
    """Check or save a form that one of our pages sent. If it `is_plain`, it moves nothing, so it is saved at once.

    `allow` raises unless the person may make the change at all. It is called before what they typed is read, and the
    use case checks again. `do` makes the change by one use case. `show` returns the page again with the form; `done` is
    the page after saving. The form's field `seen` is the mark of some `tasks`, or of something else, which `mark`
    computes. With `asks_why`, its field `cause` must say why an announced date or a decision moves; `do` records it.
    """
    site = site_of(request)
    token = token_in(request, site.base_url)
    seen = (mark or (lambda found: mark_of(found, tasks)), form.get("seen")) if form.get("seen") else None
    reason = form.get(CAUSE).strip() if asks_why else None

    act = partial(_chosen, form, do)

    def work() -> SentForm | None:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            allow(found)
        change = change_by(token, programme, db=site.db, now=site.clock())
        fields = form.cleaned()
        key = hashlib.sha256(repr((site.db, token, done, sorted(fields.items()))).encode()).hexdigest()
        save = partial(SAVED.save, key, is_marked=_is_marked(form))
        if is_plain:
            save(partial(act, change))
            return None
        if form.get("step") != SAVE or form.get("checked", mark_of_fields(fields)) != mark_of_fields(fields):
            tried = rehearse(change, act, seen=seen)
            return SentForm(fields=fields, effect=tried.effect, result=tried.result)
        try:
            expected = form.get("effect").partition(".")[0]
            save(partial(confirm, change, act, expected=expected, seen=seen, reason=reason))
        except ReasonNeededError as missing:
            tried, wrong = rehearse(change, act, seen=seen), FieldError(CAUSE, str(missing))
            return SentForm(fields=fields, effect=tried.effect, result=tried.result, problem=str(wrong), error=wrong)
        return None

    draft = await done_or_draft(site, form, work)
    if draft is None:
        return RedirectResponse(done, status_code=303, headers=PAGES_HEADERS)
    shown = replace(draft, asks_why=asks_why)

    def page(found: Visit) -> Page:
        made = show(found, _for_reader(found, shown))
        return Page(made.template, made.values, status=shown.status)

    return await show_page(request, programme, page, section=section)


def _is_marked(form: Form) -> bool:
    """Return whether a form shows which copy it is, or which state it is about."""
    return bool(form.get("effect").partition(".")[2] or form.get("revision"))


def _chosen(form: Form, do: Callable[[Change], T], change: Change) -> T:
    """Make the change; a choice that the page did not offer, or offers no longer, is a mistake in the form.

    If the page itself is about something that does not exist, `show` says so.
    """
    _check_characters(form)
    try:
        return do(change)
    except HiddenThingError:
        raise
    except (UnknownThingError, ValidationError):
        log("refused", action="choice", via="session")
        raise InputError(NOT_A_CHOICE) from None


def _check_characters(form: Form) -> None:
    """Refuse characters that no one types, such as NUL, which PostgreSQL cannot store."""
    for name, value in form.fields.items():
        if has_controls(value, but=LINE_BREAKS):
            raise FieldError(name, "Your answer contained characters that cannot be shown. We have removed them.")


def reason_in(form: Form) -> str:
    """Return why dates move, as someone has said; empty if they have not."""
    said = "\n".join(line.rstrip() for line in form.get(CAUSE).splitlines()).strip()
    if len(said) > LONGEST_COMMENT:
        raise FieldError(CAUSE, f"Your reason has {len(said):,} characters. Shorten it to {LONGEST_COMMENT:,}.")
    return said


def _for_reader(found: Visit, draft: SentForm) -> SentForm:
    """Leave out of the effect what the person may not see; the form carries the mark of the whole effect."""
    own = own_school(found)
    if draft.effect is None:
        return draft
    seen = draft.effect if own is None else effect_for_school(draft.effect, own)
    return replace(draft, effect=seen, mark=draft.effect.mark)
