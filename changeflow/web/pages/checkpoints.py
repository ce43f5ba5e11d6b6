"""Checkpoints after a go-live: what they found, and the form that records it."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.usecases.acts import mark_of_checkpoint
from changeflow.usecases.checkpoints import report_checkpoint
from changeflow.usecases.fact_pages import may_withdraw_about
from changeflow.usecases.people_forms import checkpoint_form, checkpoint_list, permit_checkpoint
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.sentences import sentence
from changeflow.web.acts import EMPTY, SentForm, answer_form, reason_in
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page
from changeflow.web.forms import FieldError, Form, line_in, past_day

router = APIRouter(prefix="/p/{programme}/people/checkpoints")
MOST = 500
"""The longest text, in characters."""
WHOLE = 100


@dataclass(frozen=True, slots=True)
class Share:
    """A share of people that a checkpoint asks for."""

    name: str
    label: str


SHARES = (
    Share("use", sentence("Share of people who work in the new way")),
    Share("proficiency", sentence("Share who do it correctly without help")),
    Share("experience", sentence("Share who find it no worse than before")),
)
ASKED = (
    ("sponsor_seen", sentence("Has the sponsor shown visible support?")),
    (
        "old_way_gone",
        sentence("Has the old way of working ended?"),
    ),
)


@router.api_route("", methods=READ_METHODS, name="checkpoints:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(
        request, programme, lambda visit: Page("checkpoints/index", {"lines": checkpoint_list(visit)}), section="people"
    )


@router.api_route("/{checkpoint:path}", methods=READ_METHODS, name="checkpoints:show")
async def show(request: Request, programme: str, checkpoint: str) -> Response:
    return await show_page(request, programme, lambda visit: _page(request, visit, checkpoint, EMPTY), section="people")


@router.post("/{checkpoint:path}", name="checkpoints:report")
async def report(request: Request, programme: str, checkpoint: str) -> Response:
    form = await read_own_form(request)
    return await answer_form(
        request,
        programme,
        form,
        allow=lambda visit: permit_checkpoint(visit, checkpoint),
        do=lambda change: report_checkpoint(_result(form, checkpoint, change), change, reason_in(form)),
        show=lambda visit, draft: _page(request, visit, checkpoint, draft),
        done=f"/p/{programme}/people/checkpoints/{quote(checkpoint)}?saved=1",
        mark=lambda found: mark_of_checkpoint(found, checkpoint),
        asks_why=True,
        section="people",
    )


def _result(form: Form, checkpoint: str, change: Change) -> CheckpointResult:
    shares = {share.name: _share(form, share.name) for share in SHARES}
    answers = {name: _answer(form, name) for name, _ in ASKED}
    evidence = line_in(form, "evidence", most=MOST, called="The evidence")
    said = line_in(form, "said", most=MOST, called="What people asked for")
    did = line_in(form, "did", most=MOST, called="What was done")
    if any(value is not None for value in shares.values()) and not evidence:
        raise FieldError("evidence", "Enter where the figures come from.")
    if all(value is None for value in (*shares.values(), *answers.values())) and not said:
        raise FieldError("use", "Enter at least one finding.")
    return CheckpointResult(
        task=checkpoint,
        on=past_day(form, "on", today=change.on, ask="Enter the day of the checkpoint."),
        use=shares["use"],
        proficiency=shares["proficiency"],
        experience=shares["experience"],
        sponsor_seen=answers["sponsor_seen"],
        old_way_gone=answers["old_way_gone"],
        evidence=evidence,
        said=said,
        did=did,
    )


def _share(form: Form, name: str) -> float | None:
    text = form.get(name).strip().removesuffix("%").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(WHOLE)) and int(text) <= WHOLE):
        raise FieldError(name, "Enter a whole percentage from 0 to 100, such as 85.")
    return int(text) / WHOLE


def _answer(form: Form, name: str) -> bool | None:
    return {"yes": True, "no": False}.get(form.get(name))


def _page(request: Request, visit: Visit, checkpoint: str, draft: SentForm) -> Page:
    saved = "saved" in request.query_params and not draft.fields
    values = {"shares": SHARES, "asked": ASKED, "most": MOST, "draft": draft, "saved": saved}
    values["c"] = checkpoint_form(visit, checkpoint)
    values["may_correct"] = may_withdraw_about(visit, checkpoint, ("checkpoint",))
    return Page("checkpoints/show", values)
