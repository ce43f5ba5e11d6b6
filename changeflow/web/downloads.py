"""Reports to download: the page, the PDF and the JSON of a report, as the commands write them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from starlette.responses import Response

from changeflow.reports.documents import html_of, json_of, pdf_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MEDIA = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "json": "application/json"}
"""The media types of a report's files, by the ending of the address."""
WRITERS: "Mapping[str, Callable[[DataclassInstance], str | bytes]]" = {"html": html_of, "pdf": pdf_of, "json": json_of}


def download(content: str | bytes, *, name: str, form: str) -> Response:
    """Respond with a file that the browser saves; an HTML page opens in the browser instead."""
    where = "inline" if form == "html" else "attachment"
    headers = {"Content-Disposition": f'{where}; filename="{name}.{form}"'}
    return Response(content, media_type=MEDIA[form], headers=headers)
