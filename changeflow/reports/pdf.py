"""Pages as PDF: the same HTML, laid out on paper. The engine comes whole in its wheel: docs/decisions/0011."""

import io


def pdf_of(page: str) -> bytes:
    """Lay a page out on A4; nothing is fetched, for a page of ours has everything in it."""
    # Loaded here: most commands write no PDF.
    import plutoprint

    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4, media=plutoprint.MEDIA_TYPE_PRINT)
    # Links within the page need an address to stand on.
    book.load_html(page, base_url="https://changeflow.invalid/")
    written = io.BytesIO()
    book.write_to_pdf_stream(written)
    return written.getvalue()
