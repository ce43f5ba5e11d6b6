"""The web application: GET shows, POST does."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from changeflow.adkar.elements import Element
from changeflow.agenda.answers import AnswerKind
from changeflow.errors import ChangeflowError, InputError
from changeflow.logs import log
from changeflow.resources import template_environment
from changeflow.settings import DEFAULT_BASE_URL
from changeflow.usecases import answering, calendars, watching
from changeflow.usecases.answering import Given, LinkError
from changeflow.values.limits import is_supported
from changeflow.values.moments import spoken_day

LARGEST_FORM = 20_000
"""Bytes: two thousand characters of any language, and the rest of the form."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""A link is a secret: no page keeps it, sends it on or lets itself be framed."""
Clock = Callable[[], datetime]


def make_app(db: str, *, base_url: str = DEFAULT_BASE_URL, clock: Clock = lambda: datetime.now(UTC)) -> FastAPI:
    """Return the application over a database; `base_url` is where people find it, `clock` says what time it is."""
    app = FastAPI(title="changeflow", docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guarded(request: Request, go_on: Callable[[Request], Any]) -> Response:
        response: Response = await go_on(request)
        route = request.scope.get("route")
        # The route's pattern, for the path itself has the link in it.
        log("request", method=request.method, route=getattr(route, "path", "unknown"), status=response.status_code)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.get("/a/{token}", response_class=HTMLResponse)
    def ask(token: str) -> Response:
        return _asked(token, db, clock())

    @app.post("/a/{token}", response_class=HTMLResponse)
    async def take(token: str, request: Request) -> Response:
        form = await _form(request)
        return await run_in_threadpool(_taken, token, form, db, clock())

    @app.get("/u/{token}", response_class=HTMLResponse)
    def choose(token: str) -> Response:
        try:
            off = answering.reach_of(token, db=db, now=clock())
        except LinkError as error:
            return _trouble(error)
        return _page("choose", {"is_off": off, "token": token})

    @app.post("/u/{token}", response_class=HTMLResponse)
    async def switch(token: str, request: Request) -> Response:
        form = await _form(request)
        return await run_in_threadpool(_switched, token, form.get("optional") != "on", db, clock())

    @app.get("/health", response_class=PlainTextResponse)
    def health() -> Response:
        troubles = watching.troubles(db=db, now=clock())
        return PlainTextResponse("\n".join(troubles) or "fine", status_code=503 if troubles else 200)

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> Response:
        return PlainTextResponse(watching.metrics(db=db, now=clock()))

    _add_calendars(app, db, base_url, clock)
    return app


def _add_calendars(app: FastAPI, db: str, base_url: str, clock: Clock) -> None:
    @app.post("/u/{token}/calendar", response_class=HTMLResponse)
    def subscribe(token: str) -> Response:
        try:
            made = calendars.new_feed(token, db=db, now=clock())
        except LinkError as error:
            return _trouble(error)
        return _page("calendar", {"address": f"{base_url}/c/{made}.ics"})

    @app.get("/c/{token}.ics")
    def calendar(token: str) -> Response:
        try:
            content = calendars.feed_of(token, db=db, now=clock())
        except LinkError as error:
            return _trouble(error)
        return Response(content, media_type="text/calendar; charset=utf-8")


async def _form(request: Request) -> dict[str, str]:
    """Read a form's fields; of one that is sent several times the last counts."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return {"too_large": "yes"}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    return {name: values[-1] for name, values in fields.items()}


def _asked(token: str, db: str, now: datetime, *, error: str = "", form: Mapping[str, str] | None = None) -> Response:
    try:
        question = answering.question_of(token, db=db, now=now)
    except LinkError as trouble:
        return _trouble(trouble)
    values = {"question": question, "error": error, "form": form or {}}
    return _page("answer", values, status=422 if error else 200)


def _taken(token: str, form: Mapping[str, str], db: str, now: datetime) -> Response:
    try:
        said = answering.answer(token, given_of(form), db=db, now=now)
    except LinkError as trouble:
        return _trouble(trouble)
    except ChangeflowError as error:
        # The link has not been used up: what is wrong can be put right on the same page.
        return _asked(token, db, now, error=str(error), form=form)
    return _page("said", {"said": said})


def _switched(token: str, off: bool, db: str, now: datetime) -> Response:
    try:
        answering.switch_optional(token, off=off, db=db, now=now)
    except LinkError as error:
        return _trouble(error)
    off_words = "Optional messages are switched off. The rest comes once a week, in one message."
    return _page("said", {"said": off_words if off else "You get all messages again, one a day at most."})


def given_of(form: Mapping[str, str]) -> Given:
    """Turn a form into an answer; what cannot be understood is an `InputError` in plain words."""
    if form.get("too_large"):
        raise InputError("That is too long. Please say it in a few lines.")
    kind = form.get("answer", "")
    if kind not in {k.value for k in AnswerKind}:
        raise InputError("Choose one of the answers.")
    scores = {element: form[element.value] for element in Element if form.get(element.value)}
    if any(value not in {"1", "2", "3", "4", "5"} for value in scores.values()):
        raise InputError("An answer is a number from 1 to 5.")
    return Given(
        kind=AnswerKind(kind),
        until=_day(form.get("until", "").strip()),
        to=form.get("to") or None,
        text=form.get("text", ""),
        scores={element: int(value) for element, value in scores.items()},
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d %B %Y", "%d %b %Y"):
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007  (a day has no time zone)
        except ValueError:
            continue
        if is_supported(day):
            return day
    raise InputError(f"“{text[:40]}” is not a day. Write it like 31/03/2027.")


def _trouble(error: LinkError) -> Response:
    return _page("trouble", {"text": str(error)}, status=410 if error.was_known else 404)


def _page(name: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    page = template_environment().get_template(f"web/{name}.html.j2")
    return HTMLResponse(page.render(**values, spoken_day=spoken_day), status_code=status)
