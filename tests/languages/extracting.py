"""Collect every message from the templates and the code, and bring the catalogues up to date: `make messages`.

`changeflow.pot` lists the messages. Each catalogue keeps its translations, gains what is new and loses what is gone;
a test then fails until the new messages are translated.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from changeflow.languages.language import CATALOGUES
from changeflow.values.words import LANGUAGES

TOP = Path(__file__).parents[2]
LIST = CATALOGUES / "changeflow.pot"
IN_PYTHON = {"sentence": None, "counted_sentence": (1, 2)}
IN_TEMPLATES = {"_": None, "gettext": None, "ngettext": (1, 2)}
JINJA = {
    "trimmed": "true",
    "newstyle_gettext": "true",
    "silent": "false",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
}
SINCE = datetime(2027, 1, 1, tzinfo=UTC)
"""A day that no run changes, so that the same messages always give the same file."""


def found() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Yield each message with the file it is in."""
    sources = [("python", IN_PYTHON, {}, (TOP / "changeflow").rglob("*.py"))]
    for folder in ("emails", "macros", "web"):
        method = "jinja2.ext:babel_extract"
        sources.append((method, IN_TEMPLATES, JINJA, (TOP / "templates" / folder).rglob("*.j2")))
    for method, keywords, options, paths in sources:
        for path in sorted(paths):
            for _, message, _, _ in extract_from_file(method, path, keywords=keywords, options=options):
                yield path.relative_to(TOP).as_posix(), message


def extracted() -> Catalog:
    """Return the messages of the templates and the code, by name of file."""
    catalogue = Catalog(
        project="changeflow", version="messages", charset="utf-8", creation_date=SINCE, revision_date=SINCE,
        fuzzy=False, msgid_bugs_address="CONTRIBUTING.md", last_translator="none", language_team="none",
        header_comment="# The messages of changeflow, in English. `make messages` writes this file.",
    )  # fmt: skip
    for file, message in sorted(found(), key=lambda each: (each[0], str(each[1]))):
        catalogue.add(message, locations=[(file, 1)])
    return catalogue


def written(catalogue: Catalog) -> str:
    """Return a catalogue as a file, with the names of files but no lines, which move too often."""
    out = BytesIO()
    write_po(out, catalogue, width=100, include_lineno=False, ignore_obsolete=True, sort_by_file=True)
    return out.getvalue().decode()


def main() -> None:
    messages = extracted()
    LIST.write_text(written(messages), encoding="utf-8")
    for code in LANGUAGES:
        path = CATALOGUES / f"{code}.po"
        if code == "en":
            continue
        with path.open("rb") as file:
            catalogue = read_po(file, locale=code)
        catalogue.update(messages, no_fuzzy_matching=True, update_header_comment=False)
        catalogue.project, catalogue.version = messages.project, messages.version
        catalogue.creation_date = catalogue.revision_date = SINCE
        path.write_text(written(catalogue), encoding="utf-8")


if __name__ == "__main__":
    main()
