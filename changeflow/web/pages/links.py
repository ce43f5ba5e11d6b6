"""The pages behind the links in messages. They work without script, and opening one changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.agenda.due import AnswerKind
from changeflow.delivery.costs import cost_in_words
from changeflow.errors import ChangeflowError, InputError
from changeflow.languages.language import language_of
from changeflow.usecases import calendar_feeds, link_answers
from changeflow.usecases.answer_causes import CauseNeededError
from changeflow.usecases.answer_undo import TOO_LATE
from changeflow.usecases.link_answers import LinkError, TakenAnswer
from changeflow.usecases.stored import Stored
from changeflow.values.moments import local_day
from changeflow.values.sentences import sentence
from changeflow.web.dependencies import READ_METHODS, site_of
from changeflow.web.forms import Form, day_in, given_of, read_form
from changeflow.web.responses import UNAVAILABLE, page

router = APIRouter()
OPTIONAL_OFF = sentence("Optional messages are switched off. The others come once a week, in one message.")
OPTIONAL_ON = sentence("You will get all messages again, combined into no more than one email a day.")


@router.api_route("/a/{token}", methods=READ_METHODS)
async def ask(token: str, request: Request) -> Response:
    site = site_of(request)
    return await site.work.read(_asked, token, site.db, site.clock())


@router.post("/a/{token}")
async def take(token: str, request: Request) -> Response:
    site = site_of(request)
    form = await read_form(request, site.limits)
    ahead = None
    if form.get("answer") == AnswerKind.DONE:
        ahead = await site.work.judge(link_answers.prepare_done, token, db=site.db, now=site.clock())
    return await site.work.write(_taken, token, form, site.db, site.clock(), ahead)


@router.post("/a/{token}/undo")
async def undo(token: str, request: Request) -> Response:
    site = site_of(request)
    form = await read_form(request, site.limits)
    return await site.work.write(_undone, token, form, site.db, site.clock())


@router.api_route("/u/{token}", methods=READ_METHODS)
async def choose(token: str, request: Request) -> Response:
    site = site_of(request)
    return await site.work.read(_chosen, token, site.db, site.clock())


@router.post("/u/{token}")
async def switch(token: str, request: Request) -> Response:
    site = site_of(request)
    form = await read_form(request, site.limits, one_click=True)
    return await site.work.write(_switched, token, form.get("optional") != "on", site.db, site.clock())


@router.post("/u/{token}/calendar")
async def subscribe(token: str, request: Request) -> Response:
    site = site_of(request)
    form = await read_form(request, site.limits)
    return await site.work.write(_subscribed, token, form.get("replace"), site.db, site.base_url, site.clock())


@router.api_route("/c/{token}.ics", methods=READ_METHODS)
async def calendar(token: str, request: Request) -> Response:
    site = site_of(request)
    return await site.work.read(_calendar, token, site.db, site.clock())


def _asked(
    token: str,
    db: str,
    now: datetime,
    *,
    error: str = "",
    form: Mapping[str, str] | None = None,
    moves: Sequence[str] | None = None,
) -> Response:
    if not error and (before := link_answers.just_answered(token, db=db, now=now)) is not None:
        return _thanked(token, before)
    question = link_answers.question_of(token, db=db, now=now)
    cost = cost_in_words(question.cost, language_of(question.language)) if question.cost else ""
    values = {"question": question, "cost": cost, "error": error, "form": form or {}, "today": local_day(now)}
    return page("answer", {**values, "moves": moves}, language=question.language, status=422 if error else 200)


def _taken(token: str, form: Form, db: str, now: datetime, ahead: Stored | None) -> Response:
    try:
        taken = link_answers.answer(token, given_of(form), db=db, now=now, ahead=ahead)
    except (LinkError, *UNAVAILABLE):
        raise
    except ChangeflowError as error:
        # The link has not been used, so the reader can correct the answer on the same page.
        moves = error.moves if isinstance(error, CauseNeededError) else None
        return _asked(token, db, now, error=error.text, form=form.cleaned(), moves=moves)
    return _thanked(token, taken)


def _thanked(
    token: str,
    taken: TakenAnswer,
    *,
    error: str = "",
    form: Mapping[str, str] | None = None,
    moves: Sequence[str] | None = None,
) -> Response:
    values: dict[str, object] = {"message": taken.message, "token": token, "taken": taken, "error": error}
    values |= {"form": form or {}, "moves": moves}
    return page("thanks", values, language=taken.language, status=422 if error else 200)


def _undone(token: str, form: Form, db: str, now: datetime) -> Response:
    """Take an answer back and ask again; or, if the form names a day, correct the day of a finish."""
    try:
        if "day" in form.fields:
            if (day := day_in(form.get("day").strip())) is None:
                raise InputError(sentence("Enter the day on which it was finished."))
            return _thanked(token, link_answers.correct_day(token, day, db=db, now=now, cause=form.get("cause")))
        link_answers.undo(token, db=db, now=now)
    except (LinkError, *UNAVAILABLE):
        raise
    except ChangeflowError as error:
        taken = link_answers.just_answered(token, db=db, now=now)
        if taken is None:
            raise LinkError(TOO_LATE, was_known=True) from None
        moves = error.moves if isinstance(error, CauseNeededError) else None
        return _thanked(token, taken, error=error.text, form=form.cleaned(), moves=moves)
    return _asked(token, db, now)


def _chosen(token: str, db: str, now: datetime) -> Response:
    choice = link_answers.choice_of(token, db=db, now=now)
    return page("choose", {"is_off": choice.is_off, "token": token}, language=choice.language)


def _switched(token: str, off: bool, db: str, now: datetime) -> Response:
    choice = link_answers.switch_optional(token, off=off, db=db, now=now)
    message = OPTIONAL_OFF if choice.is_off else OPTIONAL_ON
    values = {"message": message, "taken": None, "error": ""}
    return page("thanks", values, language=choice.language)


def _subscribed(token: str, replace: str, db: str, base_url: str, now: datetime) -> Response:
    feed = calendar_feeds.new_feed(token, db=db, now=now, replace=replace)
    address = f"{base_url}/c/{feed.token}.ics" if feed.token else None
    values = {"address": address, "since": feed.since, "mark": feed.mark}
    return page("calendar", values, language=feed.language)


def _calendar(token: str, db: str, now: datetime) -> Response:
    content = calendar_feeds.feed_of(token, db=db, now=now)
    return Response(content, media_type="text/calendar; charset=utf-8")
