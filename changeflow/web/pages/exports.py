"""Exports: the programme as files for other programs, in one click."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from changeflow.usecases.acts import change_by
from changeflow.usecases.export_downloads import (
    ExportFile,
    export_file,
    exports_page,
    permit_address_export,
    permit_contract_export,
    private_folder,
)
from changeflow.usecases.visits import Visit, visit
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.security import PAGES_HEADERS, token_in

router = APIRouter(prefix="/p/{programme}/exports")


@router.api_route("", methods=READ_METHODS, name="exports:index")
async def index(request: Request, programme: str) -> Response:
    return await show_page(request, programme, lambda found: Page("exports/index", {"r": exports_page(found)}))


@router.api_route("/{export}", methods=READ_METHODS, name="exports:file")
async def file(request: Request, programme: str, export: str) -> Response:
    return await show_page(request, programme, lambda found: _download(export_file(found, export)))


@router.post("/addresses", name="exports:addresses")
async def addresses(request: Request, programme: str) -> Response:
    return await _private(request, programme, permit_address_export, addresses=True)


@router.post("/contracts", name="exports:contracts")
async def contracts(request: Request, programme: str) -> Response:
    return await _private(request, programme, permit_contract_export, contracts=True)


async def _private(request: Request, programme: str, allow: Callable[[Visit], None], **asked: bool) -> Response:
    """Answer with the folder and the personal data in it that were asked for; the audit records it."""
    site = site_of(request)
    await read_own_form(request)
    token = token_in(request, site.base_url)

    def work() -> ExportFile:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            allow(found)
        return private_folder(change_by(token, programme, db=site.db, now=site.clock()), **asked)

    return _download(await site.work.write(work))


def _download(found: ExportFile) -> Response:
    headers = {**PAGES_HEADERS, "Content-Disposition": f'attachment; filename="{found.name}"'}
    return Response(found.content, media_type=found.media, headers=headers)
