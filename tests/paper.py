"""Reads a PDF back: its words, and what its tags say to people who cannot see it."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject


@dataclass(frozen=True)
class Paper:
    pages: tuple[str, ...]
    """The words of each page, with single spaces between them."""
    title: str
    language: str
    is_tagged: bool
    tags: tuple[tuple[str, str], ...]
    """Each tag's kind, in reading order, with its alternative text."""

    @property
    def text(self) -> str:
        return " ".join(self.pages)

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.tags]

    @property
    def alternatives(self) -> list[str]:
        return [text for kind, text in self.tags if kind == "Figure"]


def read_paper(pdf: bytes) -> Paper:
    reader = PdfReader(io.BytesIO(pdf))
    root: Any = reader.trailer["/Root"]
    return Paper(
        pages=tuple(words(page.extract_text()) for page in reader.pages),
        title=str(reader.metadata.title if reader.metadata else ""),
        language=str(root.get("/Lang", "")),
        is_tagged=bool(root.get("/MarkInfo", {}).get("/Marked")),
        tags=tuple(_tags(root["/StructTreeRoot"])),
    )


def words(text: str) -> str:
    """Return the text without what only divides lines: a long word may break where it is as wide as its column."""
    return " ".join(text.replace("\u200b", "").replace("\u00ad", "").split())


def _tags(element: Any) -> Iterator[tuple[str, str]]:
    element = element.get_object() if hasattr(element, "get_object") else element
    if isinstance(element, ArrayObject):
        for child in element:
            yield from _tags(child)
    elif isinstance(element, DictionaryObject):
        if "/S" in element:
            yield str(element["/S"]).removeprefix("/"), str(element.get("/Alt", ""))
        if "/K" in element:
            yield from _tags(element["/K"])
