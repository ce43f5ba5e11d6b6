"""Reports as tagged PDF/UA-1: Typst lays out `templates/print/` from the same data as the JSON.

The same report gives the same bytes on every machine: the file has no date and uses only the fonts bundled
with Typst. A character that they lack is printed as □, with a note at the end.
"""

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from changeflow.places import templates_dir

if TYPE_CHECKING:
    import typst

MISSING = "□"
PICTURE_FONT, FONT_SCALE = re.compile(r"(\d+)px system-ui,[^;}]*"), 1.15
"""The font of our pictures on screen. The one on paper is narrower, so it can be larger."""
UNKNOWN = re.compile(r"[^ -~\n\xa0-¬®-ſ‐–—‘’“”•…€−✓✗●○◀▶■□▲]")
"""Every character except those that Typst's fonts are known to have: Latin letters and our pages' symbols."""
LACKED = re.compile(r"[\ud800-\udfff\u2e80-\u9fff\uac00-\ud7a3\U0001f000-\U0010ffff]")
"""Ranges that Typst's fonts lack entirely, so single characters need no check."""
UNSEEN = ("Cc", "Cf")
"""Categories of invisible characters, which are left out."""
LONG_WORD, BREAKS = re.compile(r"\S{25,}"), re.compile(r"(\S{10})(?=\w{4})")
ZERO_WIDTH_SPACE = "\u200b"
PROBE = b'#set document(title: "?"); #set text(font: ("Libertinus Serif", "DejaVu Sans Mono")); #sys.inputs.text'


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One of a report's pictures."""

    name: str
    svg: str
    key: tuple[tuple[str, str], ...] = ()
    """A small SVG and its meaning, for each symbol that the picture does not explain."""

    @property
    def alt(self) -> str:
        """The picture's title and description, for people who cannot see it."""
        found = re.findall(r"<(?:title|desc) id=[^>]*>(.*?)</(?:title|desc)>", self.svg, re.DOTALL)
        return " ".join(f"{html.unescape(' '.join(text.split())).rstrip('.')}." for text in found)


def print_report(template: str, data: Mapping[str, Any], pictures: Iterable[Picture]) -> bytes:
    """Return the PDF of a report's data and pictures, laid out by `templates/print/TEMPLATE.typ`."""
    # Imported here because most commands print nothing.
    import typst

    drawn = {p.name: {"svg": PICTURE_FONT.sub(_font, p.svg), "alt": p.alt, "key": p.key} for p in pictures}
    unknown = frozenset(UNKNOWN.findall(unicodedata.normalize("NFC", "".join(_texts([data, drawn])))))
    try:
        return _laid_out(template, data, drawn, lacking=without_shape(unknown))
    except typst.TypstError as error:
        # Each character is in some font, but two that are drawn as one may not be.
        if "could not be displayed" not in str(error):
            raise
        return _laid_out(template, data, drawn, lacking=unknown)


def _laid_out(template: str, data: Mapping[str, Any], drawn: Mapping[str, Any], *, lacking: frozenset[str]) -> bytes:
    import typst

    report = json.dumps(_printable(data, lacking), ensure_ascii=False)
    inputs = {
        "report": report,
        "pictures": json.dumps(_printable(drawn, lacking, breaks=False), ensure_ascii=False),
        "lacks": "yes" if MISSING in report else "no",
    }
    folder = templates_dir() / "print"
    source = folder / f"{template}.typ"
    return bytes(
        typst.compile(source, root=folder, font_paths=_fonts(), sys_inputs=inputs, pdf_standards=["ua-1"], format="pdf")
    )


def _font(found: re.Match[str]) -> str:
    return f'{float(found[1]) * FONT_SCALE:.1f}px "Libertinus Serif"'


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _printable(value: object, lacking: frozenset[str], *, breaks: bool = True) -> object:
    """Make all text in a report's data printable; long words may break if `breaks`."""
    if isinstance(value, str):
        return _printable_text(value, lacking, breaks=breaks)
    if isinstance(value, Mapping):
        made = dict[str, object]()
        for key, part in value.items():
            name = _printable_text(key, lacking, breaks=breaks)
            while name in made:
                name += MISSING
            made[name] = _printable(part, lacking, breaks=breaks)
        return made
    if isinstance(value, list | tuple):
        return [_printable(part, lacking, breaks=breaks) for part in value]
    return value


def _printable_text(text: str, lacking: frozenset[str], *, breaks: bool) -> str:
    """Remove or replace characters that no font has.

    >>> _printable_text("Ysgol y Dŵr \N{ROCKET}, \x07Ash".encode().decode(), frozenset("\N{ROCKET}"), breaks=True)
    'Ysgol y Dŵr □, Ash'
    """
    if UNKNOWN.search(text):
        shown = unicodedata.normalize("NFC", text)
        text = UNKNOWN.sub(lambda m: _shown(m.group(), lacking), shown)
    if breaks and len(text) >= 25:
        return LONG_WORD.sub(lambda m: BREAKS.sub(rf"\1{ZERO_WIDTH_SPACE}", m.group()), text)
    return text


def _shown(character: str, lacking: frozenset[str]) -> str:
    if unicodedata.category(character) in UNSEEN:
        return " " if character in "\t\r\x85" else ""
    return MISSING if character in lacking else character


def without_shape(characters: frozenset[str]) -> frozenset[str]:
    """Return the characters that none of Typst's fonts has, found by halving."""
    lacked = frozenset(c for c in characters if LACKED.match(c))
    asked = tuple(sorted(c for c in characters - lacked if unicodedata.category(c) not in UNSEEN))
    return lacked | frozenset(_without_shape(asked))


@lru_cache(maxsize=4096)
def _without_shape(characters: tuple[str, ...]) -> tuple[str, ...]:
    import typst

    try:
        typst.compile(PROBE, font_paths=_fonts(), sys_inputs={"text": " ".join(characters)}, pdf_standards=["ua-1"])
    except typst.TypstError:
        if len(characters) < 2:
            return characters
        half = len(characters) // 2
        return _without_shape(characters[:half]) + _without_shape(characters[half:])
    return ()


@lru_cache(maxsize=1)
def _fonts() -> "typst.Fonts":
    """Return the fonts bundled with Typst, none of this machine's."""
    import typst

    return typst.Fonts(include_system_fonts=False)
