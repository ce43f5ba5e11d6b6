"""Forms with files: read in parts into temporary files, never whole into memory, for people who may send them."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from changeflow.logs import log
from changeflow.usecases import accounts
from changeflow.usecases.accounts import SignInNeededError
from changeflow.usecases.visits import Visit, visit
from changeflow.web.dependencies import accepted, site_of
from changeflow.web.errors import FORGED
from changeflow.web.forms import Form, read_form
from changeflow.web.responses import BAD_FORM, TroubleError, too_large
from changeflow.web.security import is_own_form, token_in

MOST_FILES = 4


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that someone has sent. It is deleted when it is closed."""

    name: str
    """The name that the sender's browser gave it, without folders."""
    file: BinaryIO
    size: int


@asynccontextmanager
async def own_upload(
    request: Request, programme: str, *, allow: Callable[[Visit], object]
) -> AsyncGenerator[tuple[Form, Mapping[str, Upload]], None]:
    """Read a form, with or without files, that one of our pages sent; refuse any other.

    `allow` raises unless the person may send it. It is called first, so that strangers cannot fill the disk. Files that
    were left empty are not returned. Files of up to a megabyte stay in memory, and all are deleted at the end of the
    block.
    """
    site = site_of(request)
    token = token_in(request, site.base_url)

    def check() -> None:
        with visit(token, programme, db=site.db, now=site.clock()) as found:
            allow(found)

    try:
        if token:
            await site.work.read(check)
    except SignInNeededError:
        await _note_fields(request, token)
        raise
    fields, files = await _read(request) if token and _has_parts(request) else ({}, {})
    try:
        form = Form(fields) if _has_parts(request) else await read_form(request, site.limits)
        if not is_own_form(request, site.base_url, site.secret(), token, form.get("form")):
            log("refused", action="form", via="session")
            raise TroubleError(FORGED)
        form = accepted(request, form)
        yield form, {name: _upload(sent) for name, sent in files.items() if sent.filename}
    finally:
        for sent in files.values():
            sent.file.close()


async def desk_parts(request: Request) -> tuple[Form, Upload | None]:
    """Read a form with at most one file, for someone who may send it. The caller closes the file."""
    if not _has_parts(request):
        return await read_form(request, site_of(request).limits), None
    fields, files = await _read(request)
    sent = [file for file in files.values() if file.filename]
    return Form(fields), _upload(sent[0]) if sent else None


async def _note_fields(request: Request, token: str) -> None:
    """Read the fields of a form whose session has ended, for `sign_in_first` to keep. Its files are not kept."""
    site = site_of(request)
    if await site.work.read(accounts.owner_of, token, db=site.db) is None:
        return
    fields, files = await _read(request) if _has_parts(request) else ({}, {})
    for sent in files.values():
        sent.file.close()
    form = Form(fields) if _has_parts(request) else await read_form(request, site.limits)
    if is_own_form(request, site.base_url, site.secret(), token, form.get("form")):
        accepted(request, form)
        request.state.had_files = any(sent.filename for sent in files.values())


def _has_parts(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "multipart/form-data"


async def _read(request: Request) -> tuple[dict[str, str], dict[str, UploadFile]]:
    most = site_of(request).limits.of_form(request.scope["path"])

    async def pieces() -> AsyncGenerator[bytes, None]:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > most.bytes:
                raise TroubleError(too_large(most.kind))
            yield chunk

    parser = MultiPartParser(
        request.headers, pieces(), max_files=MOST_FILES, max_fields=most.fields, max_part_size=most.field_bytes
    )
    try:
        parts = (await parser.parse()).multi_items()
    except (MultiPartException, UnicodeError, KeyError):
        raise TroubleError(BAD_FORM) from None
    fields = {name: value for name, value in parts if isinstance(value, str)}
    files = {name: value for name, value in parts if isinstance(value, UploadFile)}
    return fields, files


def _upload(sent: UploadFile) -> Upload:
    name = (sent.filename or "").replace("\\", "/").rpartition("/")[2]
    return Upload(name, sent.file, sent.size or 0)
