"""What machines read: whether all is well, and the numbers."""

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from changeflow.errors import DatabaseError
from changeflow.logs import log
from changeflow.usecases import monitoring
from changeflow.web.dependencies import READ_METHODS, site_of
from changeflow.web.responses import NOT_FOUND, answer_to, of_database

router = APIRouter()


@router.api_route("/health", methods=READ_METHODS)
async def health(request: Request) -> Response:
    site = site_of(request)
    return await site.work.read(_health, site.clients.may_watch(request), site.db, site.clock())


@router.api_route("/metrics", methods=READ_METHODS)
async def metrics(request: Request) -> Response:
    site = site_of(request)
    if not site.clients.may_watch(request):
        # The same response as for a missing page, so that strangers do not learn that it exists.
        log("refused", action="metrics")
        return answer_to(NOT_FOUND)
    return PlainTextResponse(await site.work.read(monitoring.metrics, db=site.db, now=site.clock()))


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
