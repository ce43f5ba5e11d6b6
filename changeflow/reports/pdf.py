"""Pages as PDF: the same HTML, laid out on paper. The engine comes whole in its wheel: docs/decisions/0011."""

import io

from changeflow.places import fonts_dir

FONTS = (("DejaVuSans.ttf", "normal"), ("DejaVuSans-Bold.ttf", "bold"))
"""Ours: a machine without any font would print white pages, and one with other fonts lacks our signs."""


def pdf_of(page: str) -> bytes:
    """Lay a page out on A4; nothing is fetched, for a page of ours has everything in it."""
    # Loaded here: most commands write no PDF.
    import plutoprint

    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4, media=plutoprint.MEDIA_TYPE_PRINT)
    # Links within the page need an address to stand on.
    book.load_html(page, user_style=_style(), base_url="https://changeflow.invalid/")
    written = io.BytesIO()
    book.write_to_pdf_stream(written)
    return written.getvalue()


def _style() -> str:
    faces = "".join(
        f'@font-face {{ font-family: "changeflow"; font-weight: {weight}; '
        f'src: url("{(fonts_dir() / name).as_uri()}"); }}\n'
        for name, weight in FONTS
    )
    return f'{faces}* {{ font-family: "changeflow" !important; }}\n'
