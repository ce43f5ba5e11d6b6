"""Compare both outputs of a parallel run: upload them, check the columns, save the run."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from changeflow.errors import ConflictError, InputError
from changeflow.intake.opening import WORKBOOKS
from changeflow.pilots.marks import run_thing
from changeflow.reconciliation.sources import MOST_BYTES
from changeflow.storage.ledger_files import LedgerFiles, PartOfUpload
from changeflow.usecases import ledger_comparison, ledger_pairs
from changeflow.usecases.acts import mark_of
from changeflow.usecases.ledger_pairs import Arrived
from changeflow.usecases.visits import Visit
from changeflow.web.acts import EMPTY, SentForm, answer_form
from changeflow.web.dependencies import READ_METHODS, Page, read_own_form, show_page, site_of
from changeflow.web.errors import problem_of
from changeflow.web.forms import FieldError, Form
from changeflow.web.security import PAGES_HEADERS, token_in
from changeflow.web.uploads import Upload, own_upload

router = APIRouter(prefix="/p/{programme}/pilots/{service}/compare")
ENDINGS = (".csv", ".txt", ".tsv", ".parquet", *WORKBOOKS)
SIDES = {"old": "the old output", "new": "the new output", "ids": "the list of changed ids"}
MOST_OF_IDS = 20_000_000
PIECE = 1_000_000
"""Bytes that are written at a time."""
MARKS = (".", ",", "")
MOST_ROWS = 10


@router.api_route("", methods=READ_METHODS, name="ledgers:new")
async def new(request: Request, programme: str, service: str) -> Response:
    return await show_page(request, programme, lambda found: _upload_page(found, service, EMPTY), section="schools")


@router.post("", name="ledgers:upload")
async def upload(request: Request, programme: str, service: str) -> Response:
    def allow(found: Visit) -> None:
        ledger_pairs.check_upload(found, service)

    async with own_upload(request, programme, allow=allow) as (form, sent):
        try:
            number = await _take(request, programme, service, form, sent)
        except (InputError, ConflictError) as error:
            draft = SentForm(fields=form.cleaned(), problem=problem_of(error), error=error)
            return await show_page(
                request, programme, lambda found: _upload_page(found, service, draft), section="schools"
            )
    site_of(request).calculations.wake()
    return _to(programme, service, number)


async def _take(request: Request, programme: str, service: str, form: Form, sent: Mapping[str, Upload]) -> int:
    """Keep the files that have arrived; return the number of the upload."""
    site, arrived = site_of(request), dict[str, Arrived]()
    _check(sent)
    try:
        for side, file in sent.items():
            arrived[side] = Arrived(await asyncio.to_thread(_moved, LedgerFiles(site.db), file), file.name)
        return await site.work.write(
            ledger_pairs.add_pair, token_in(request, site.base_url), programme, service, form.get("period"), arrived,
            db=site.db, now=site.clock(),
        )  # fmt: skip
    finally:
        for one in arrived.values():
            one.part.drop()


@router.api_route("/{number:number}", methods=READ_METHODS, name="ledgers:show")
async def show(request: Request, programme: str, service: str, number: int) -> Response:
    return await show_page(request, programme, lambda found: _page(found, service, number, EMPTY), section="schools")


@router.post("/{number:number}", name="ledgers:save")
async def save(request: Request, programme: str, service: str, number: int) -> Response:
    form = await read_own_form(request)

    def allow(found: Visit) -> None:
        ledger_pairs.permit_upload(found, service)
        ledger_pairs.own_pair(found, service, number)

    return await answer_form(
        request,
        programme,
        form,
        allow=allow,
        do=lambda change: ledger_comparison.store_pair(service, number, change),
        show=lambda found, draft: _page(found, service, number, draft),
        done=f"/p/{programme}/pilots/{service}/runs/{quote(form.get('period'))}?saved=run",
        mark=lambda known: mark_of(known, (run_thing(service, form.get("period")),)),
        section="schools",
    )


@router.post("/{number:number}/again", name="ledgers:again")
async def again(request: Request, programme: str, service: str, number: int) -> Response:
    form, site = await read_own_form(request), site_of(request)
    token = token_in(request, site.base_url)
    decimals = {side: form.get(side) for side in ("old", "new") if form.get(side, "x") in MARKS}
    await site.work.write(
        ledger_pairs.compare_again, token, programme, service, number, decimals, db=site.db, now=site.clock()
    )
    site.calculations.wake()
    return _to(programme, service, number)


@router.post("/{number:number}/stop", name="ledgers:stop")
async def stop(request: Request, programme: str, service: str, number: int) -> Response:
    await read_own_form(request)
    site = site_of(request)
    token = token_in(request, site.base_url)
    await site.work.write(ledger_pairs.stop_comparison, token, programme, service, number, db=site.db, now=site.clock())
    return _to(programme, service, number)


@router.post("/{number:number}/delete", name="ledgers:delete")
async def delete(request: Request, programme: str, service: str, number: int) -> Response:
    await read_own_form(request)
    site = site_of(request)
    token = token_in(request, site.base_url)
    await site.work.write(ledger_pairs.discard_pair, token, programme, service, number, db=site.db, now=site.clock())
    where = f"/p/{programme}/pilots/{service}?deleted=1#runs"
    return RedirectResponse(where, status_code=303, headers=PAGES_HEADERS)


def _to(programme: str, service: str, number: int) -> Response:
    where = f"/p/{programme}/pilots/{service}/compare/{number}"
    return RedirectResponse(where, status_code=303, headers=PAGES_HEADERS)


def _upload_page(found: Visit, service: str, draft: SentForm) -> Page:
    values = {"u": ledger_pairs.upload(found, service), "draft": draft, "most": MOST_BYTES // 1_000_000}
    return Page("pilots/compare", {**values, "endings": ",".join(ENDINGS)}, status=draft.status)


def _page(found: Visit, service: str, number: int, draft: SentForm) -> Page:
    view = ledger_pairs.pair(found, service, number, with_contracts=draft.effect is not None)
    return Page("pilots/pair", {"v": view, "draft": draft, "most_rows": MOST_ROWS})


def _check(sent: Mapping[str, Upload]) -> None:
    """Raise unless both outputs have arrived, each as a file that can be read."""
    for side in ("old", "new"):
        if side not in sent:
            raise FieldError(side, f"Choose {SIDES[side]}.")
    for side, file in sent.items():
        if side not in SIDES:
            raise FieldError("old", "Choose one file in each field.")
        ending = f".{file.name.rpartition('.')[2].lower()}"
        allowed = (".csv", ".txt", ".tsv") if side == "ids" else ENDINGS
        if ending not in allowed:
            kinds = "CSV" if side == "ids" else "CSV, Excel (.xlsx) or Parquet"
            raise FieldError(side, f"We cannot read {file.name[:80]}. Choose a {kinds} file.")
        most = MOST_OF_IDS if side == "ids" else MOST_BYTES
        if file.size > most:
            raise FieldError(side, f"{file.name[:80]} is larger than {most // 1_000_000} MB.")
        if not file.size:
            raise FieldError(side, f"{file.name[:80]} is empty.")


def _moved(files: LedgerFiles, sent: Upload) -> PartOfUpload:
    """Copy a file that has arrived into the store, piece by piece."""
    part = files.begin()
    try:
        sent.file.seek(0)
        while piece := sent.file.read(PIECE):
            part.write(piece)
    except BaseException:
        part.drop()
        raise
    return part
