"""The web application: GET shows a page, POST changes something."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from typing import TypeVar

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route

from changeflow.agenda.due import AnswerKind
from changeflow.delivery.costs import cost_in_words
from changeflow.errors import ChangeflowError, DatabaseBusyError, DatabaseError
from changeflow.languages.language import language_of
from changeflow.settings import DEFAULT_BASE_URL
from changeflow.storage.database import is_sqlite
from changeflow.usecases import calendar_feeds, link_answers, monitoring
from changeflow.usecases.link_answers import LinkError
from changeflow.usecases.stored import NotKeptError, Stored, kept_only
from changeflow.values.moments import local_day
from changeflow.values.sentences import sentence
from changeflow.web.clients import Clients, Limits
from changeflow.web.forms import Form, given_of, read_form
from changeflow.web.guard import Guard, headers_for
from changeflow.web.responses import NOT_FOUND, UNAVAILABLE, Trouble, answer_to, of_database, page, wrong_method

Clock = Callable[[], datetime]
READ_METHODS = ["GET", "HEAD"]
NO_PROXY, LIMITS = Clients(), Limits()
T = TypeVar("T")
OPTIONAL_OFF = sentence("Optional messages are switched off. The others come once a week, in one message.")
OPTIONAL_ON = sentence("You will now get every message as before, at most one a day.")

READERS, JUDGES, WRITERS = 3, 1, 2
"""Threads per lane. They are few because Python runs one at a time, and each further thread makes the others wait."""
LONGEST_WAIT = 10
"""Seconds that a writer waits for its turn before it gets "busy"."""


class Work:
    """Runs use cases off the event loop.

    Readers use programmes that are already loaded. A page whose programme must be judged first moves to its own lane,
    one page at a time: of many that need the same programme, the first judges it and the others find it loaded. SQLite
    allows one writer at a time: writers take turns here, because in the database they would poll.
    """

    def __init__(self, *, one_writer: bool) -> None:
        self._readers = ThreadPoolExecutor(READERS, "read")
        self._judges = ThreadPoolExecutor(JUDGES, "judge")
        self._writers = ThreadPoolExecutor(1 if one_writer else WRITERS, "write")

    async def read(self, function: Callable[..., T], *args: object, **more: object) -> T:
        """Run a use case that only reads."""

        def quickly() -> T:
            with kept_only():
                return function(*args, **more)

        try:
            return await asyncio.wrap_future(_run(self._readers, quickly))
        except NotKeptError:
            return await self.judge(function, *args, **more)

    async def judge(self, function: Callable[..., T], *args: object, **more: object) -> T:
        """Run a use case that reads and may have to judge a programme first."""
        return await asyncio.wrap_future(_run(self._judges, lambda: function(*args, **more)))

    async def write(self, function: Callable[..., T], *args: object, **more: object) -> T:
        """Run a use case that writes."""
        running = _run(self._writers, lambda: function(*args, **more))
        waiting = asyncio.wrap_future(running)
        done, _ = await asyncio.wait({waiting}, timeout=LONGEST_WAIT)
        # Wait for a write that has begun: it may be saved, and then "busy" would be wrong.
        if not done and running.cancel():
            raise DatabaseBusyError
        return await waiting


def _run(lane: ThreadPoolExecutor, function: Callable[[], T]) -> "Future[T]":
    """Run a function in a lane, in the caller's context."""
    return lane.submit(copy_context().run, function)


def make_app(
    db: str,
    *,
    base_url: str = DEFAULT_BASE_URL,
    clock: Clock = lambda: datetime.now(UTC),
    clients: Clients = NO_PROXY,
    limits: Limits = LIMITS,
    anchor: str = "",
) -> FastAPI:
    """Return the application over a database.

    `base_url` is its public address, `clock` gives the time, `clients` says which proxies and monitors to trust, and
    `anchor` is the audit's file outside the database.
    """
    app = FastAPI(title="changeflow", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    work = Work(one_writer=is_sqlite(db))

    @app.api_route("/", methods=READ_METHODS)
    async def start() -> Response:
        return page("start", {})

    @app.api_route("/a/{token}", methods=READ_METHODS)
    async def ask(token: str) -> Response:
        return await work.read(_asked, token, db, clock())

    @app.post("/a/{token}")
    async def take(token: str, request: Request) -> Response:
        form = await read_form(request, limits)
        ahead = None
        if form.get("answer") == AnswerKind.DONE:
            ahead = await work.judge(link_answers.prepare_done, token, db=db, now=clock())
        return await work.write(_taken, token, form, db, clock(), ahead)

    @app.api_route("/u/{token}", methods=READ_METHODS)
    async def choose(token: str) -> Response:
        return await work.read(_chosen, token, db, clock())

    @app.post("/u/{token}")
    async def switch(token: str, request: Request) -> Response:
        form = await read_form(request, limits, one_click=True)
        return await work.write(_switched, token, form.get("optional") != "on", db, clock())

    _add_calendars(app, db, base_url, clock, work, limits)
    _add_monitoring(app, db, clock, work, clients)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(LinkError, _link_failed)
    app.add_middleware(Guard, clients=clients, limits=limits, headers=headers_for(base_url), anchor=anchor)
    return app


def _add_calendars(app: FastAPI, db: str, base_url: str, clock: Clock, work: Work, limits: Limits) -> None:
    @app.post("/u/{token}/calendar")
    async def subscribe(token: str, request: Request) -> Response:
        form = await read_form(request, limits)
        return await work.write(_subscribed, token, form.get("replace"), db, base_url, clock())

    @app.api_route("/c/{token}.ics", methods=READ_METHODS)
    async def calendar(token: str) -> Response:
        return await work.read(_calendar, token, db, clock())


def _add_monitoring(app: FastAPI, db: str, clock: Clock, work: Work, clients: Clients) -> None:
    @app.api_route("/health", methods=READ_METHODS)
    async def health(request: Request) -> Response:
        return await work.read(_health, clients.may_watch(request), db, clock())

    @app.api_route("/metrics", methods=READ_METHODS)
    async def metrics(request: Request) -> Response:
        if not clients.may_watch(request):
            # The same answer as for a missing page, so that strangers do not learn that it exists.
            return answer_to(NOT_FOUND)
        return PlainTextResponse(await work.read(monitoring.metrics, db=db, now=clock()))


async def _refused(request: Request, error: Exception) -> Response:
    """Answer a request that no route accepts."""
    if not isinstance(error, HTTPException) or error.status_code != 405:
        return answer_to(NOT_FOUND)
    routes = [r for r in request.app.routes if isinstance(r, Route) and r.matches(request.scope)[0] is not Match.NONE]
    allowed = ", ".join(sorted({"OPTIONS", *(method for route in routes for method in route.methods or ())}))
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allowed})
    return answer_to(wrong_method(allowed))


async def _link_failed(_: Request, error: Exception) -> Response:
    """Say why a link does not work."""
    if not isinstance(error, LinkError):
        return answer_to(NOT_FOUND)
    trouble = Trouble(410 if error.was_known else 404, sentence("This link does not work"), error.text)
    return answer_to(trouble, language=error.language)


def _asked(token: str, db: str, now: datetime, *, error: str = "", form: Mapping[str, str] | None = None) -> Response:
    question = link_answers.question_of(token, db=db, now=now)
    cost = cost_in_words(question.cost, language_of(question.language)) if question.cost else ""
    values = {"question": question, "cost": cost, "error": error, "form": form or {}, "today": local_day(now)}
    return page("answer", values, language=question.language, status=422 if error else 200)


def _taken(token: str, form: Form, db: str, now: datetime, ahead: Stored | None) -> Response:
    try:
        taken = link_answers.answer(token, given_of(form), db=db, now=now, ahead=ahead)
    except (LinkError, *UNAVAILABLE):
        raise
    except ChangeflowError as error:
        # The link has not been used, so the reader can correct the answer on the same page.
        return _asked(token, db, now, error=error.text, form=form.cleaned())
    return page("thanks", {"message": taken.message}, language=taken.language)


def _chosen(token: str, db: str, now: datetime) -> Response:
    choice = link_answers.choice_of(token, db=db, now=now)
    return page("choose", {"is_off": choice.is_off, "token": token}, language=choice.language)


def _switched(token: str, off: bool, db: str, now: datetime) -> Response:
    choice = link_answers.switch_optional(token, off=off, db=db, now=now)
    message = OPTIONAL_OFF if choice.is_off else OPTIONAL_ON
    return page("thanks", {"message": message}, language=choice.language)


def _subscribed(token: str, replace: str, db: str, base_url: str, now: datetime) -> Response:
    feed = calendar_feeds.new_feed(token, db=db, now=now, replace=replace)
    address = f"{base_url}/c/{feed.token}.ics" if feed.token else None
    values = {"address": address, "since": feed.since, "mark": feed.mark}
    return page("calendar", values, language=feed.language)


def _calendar(token: str, db: str, now: datetime) -> Response:
    content = calendar_feeds.feed_of(token, db=db, now=now)
    return Response(content, media_type="text/calendar; charset=utf-8")


def _health(in_full: bool, db: str, now: datetime) -> Response:
    """Say whether all is well; list the problems only for those who run changeflow."""
    retry = None
    try:
        troubles = monitoring.troubles(db=db, now=now)
    except DatabaseError as error:
        trouble = of_database(error)
        troubles, retry = (f"The database does not respond: {type(error).__name__}.",), trouble.retry
    lines = ["not ok" if troubles else "ok", *(troubles if in_full else ())]
    headers = {"Retry-After": str(retry)} if retry else {}
    return PlainTextResponse("\n".join(lines), status_code=503 if troubles else 200, headers=headers)
