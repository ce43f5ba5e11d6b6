"""The pages of heads and change leads are in Welsh for readers of Welsh.

A page is translated if its template empties the block `lang`. Such a page has no text outside the catalogue, and shows
none of its English messages. On any other page, the part that is in English is marked as English.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from lxml import html

from changeflow.delivery.channels import ChannelSettings
from changeflow.languages.language import CATALOGUES, language_of
from changeflow.storage.database import engine_for
from changeflow.usecases import definitions
from changeflow.usecases.sign_in_mail import LinkPost
from tests.every_role import FILE, NOW, PEOPLE, World, stored_world, written
from tests.languages.extracting import TOP
from tests.web.test_matrix import FORMS, READS, filled
from tests.web.visiting import Browser, signed_in

WEB, MACROS = TOP / "templates" / "web", TOP / "templates" / "macros"
SHARED = ("forms", "evidence", "schools")
"""The macros that translated pages use."""
PARTS = ("week/_rows", "schools/_table", "shell")
"""Templates that are a part of translated pages."""
TRANSLATED = re.compile(r"\{% block lang %\}\{% endblock %\}")
WORD = re.compile(r"[A-Za-z]{2,}")
STEPS = {"Plan", "Checkpoint"}
"""Steps of the small programme, whose names are not translated."""
LEAST = 3
"""The words of a message that has values."""
READERS = ("head", "lead", "owner")
"""A head, a change lead, and the owner of a decision and of tasks."""


def translated() -> list[Path]:
    found = [path for path in sorted(WEB.rglob("*.j2")) if TRANSLATED.search(path.read_text())]
    return [path for path in found if path.name != "frame.html.j2"]


def untranslated_in(text: str) -> list[str]:
    """Return the words of a template outside its messages: between tags, and in the attributes that people read."""
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{% trans\b.*?%\}.*?\{% endtrans %\}", "", text, flags=re.DOTALL)
    read_out = re.findall(r'\b(?:aria-label|placeholder|data-label|title|alt)="([^"]*)"', text)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "\0", text, flags=re.DOTALL)
    shown = re.sub(r"<[^>]*>", "\n", text).split("\n")
    plain = [re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", words, flags=re.DOTALL) for words in (*shown, *read_out)]
    return [words.strip("\0 ") for words in plain if WORD.search(words) and "=" not in words]


@pytest.mark.parametrize(
    "path",
    [*translated(), *(WEB / f"{part}.html.j2" for part in PARTS), *(MACROS / f"{name}.html.j2" for name in SHARED)],
    ids=lambda path: path.relative_to(TOP / "templates").as_posix(),
)
def test_a_translated_template_has_no_words_outside_the_catalogue(path: Path):
    assert untranslated_in(path.read_text()) == []


@cache
def english() -> frozenset[str]:
    """Return the messages of the catalogue that are sentences or labels of their own, as a reader of English sees them.

    Those that are the same in Welsh, and names of the programme's people, are left out.
    """
    names = {name for line in PEOPLE.splitlines() for name in line.split(",")} | STEPS
    with (CATALOGUES / "cy.po").open("rb") as file:
        read = read_po(file, locale="cy")
    texts = [(i, s) for m in read if m.id for i, s in zip(_forms(m.id), _forms(m.string), strict=False)]
    plain = [(re.sub(r"<[^>]*>", "", text), said) for text, said in texts if "%(" not in text]
    return frozenset(text.replace("%%", "%") for text, said in plain if text != said) - names


@cache
def english_sentences() -> re.Pattern[str]:
    """Return a pattern of the catalogue's messages that have values and enough words to be recognised."""
    with (CATALOGUES / "cy.po").open("rb") as file:
        read = read_po(file, locale="cy")
    found = {re.sub(r"<[^>]*>", "", text) for m in read if m.id for text in _forms(m.id) if "%(" in text}
    literal = [re.split(r"%\(\w+\)s", text) for text in sorted(found)]
    long = [parts for parts in literal if len(re.findall(r"\w+", " ".join(parts))) >= LEAST]
    return re.compile("|".join(".{1,80}?".join(map(re.escape, parts)).strip() for parts in long))


def _forms(text: Any) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


@pytest.fixture(scope="module")
def welsh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The small programme, whose language is Welsh."""
    made = stored_world(tmp_path_factory.mktemp("welsh"))
    folder = written(made.home, programme=FILE + "language: cy\n", people=PEOPLE)
    definitions.apply(folder, db=made.db, actor="chief", now=NOW)
    engine_for(made.db).dispose()
    yield made
    engine_for(made.db).dispose()


def shown(page: Any) -> Iterator[str]:
    """Yield each text of a page that is not marked as English, and each attribute that is read out."""
    root = html.fromstring(page.text)
    for part in root.xpath("//*[@lang='en']"):
        part.drop_tree()
    for node in root.xpath("//body//text() | //@aria-label | //@placeholder | //@data-label"):
        yield " ".join(str(node).split())


def english_on(page: Any) -> list[str]:
    return [text for text in shown(page) if text in english() or english_sentences().search(text)]


def opened(browser: Browser) -> Iterator[tuple[str, Any]]:
    """Yield each page of the programme that the person may open, with its path."""
    for _, path, _ in READS:
        where = filled(path)
        page = browser.get(where)
        if page.status_code == 303:
            page = browser.get(page.headers["location"])
        if (
            page.status_code == 200
            and page.headers["content-type"].startswith("text/html")
            and not re.search(r"/report\.|\{form\}", path)
        ):
            yield where, page


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("person", READERS)
def test_no_page_shows_a_message_of_the_catalogue_in_english(person: str, welsh: World):
    browser = signed_in(welsh.db, person)
    found = {where: english_on(page) for where, page in opened(browser)}
    assert len(found) > 10
    assert {where: texts for where, texts in found.items() if texts} == {}


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("person", READERS)
def test_no_form_comes_back_with_a_message_of_the_catalogue_in_english(person: str, welsh: World):
    """Each form that the person may send is sent empty, and with something in it, up to its effect."""
    post = LinkPost(channels=ChannelSettings(outbox=welsh.home / "outbox"), pause=lambda _: None)
    browser = signed_in(welsh.db, person, post=post)
    found = {}
    for where, page in list(opened(browser)):
        if 'method="post"' not in page.text:
            continue
        for fields in ({}, {name: value for form in FORMS.values() for name, value in form.items()}):
            sent = browser.send(where, page, **fields)
            if sent.status_code in (200, 409, 422):
                found[where, len(fields)] = english_on(sent)
    assert found
    assert {where: texts for where, texts in found.items() if texts} == {}


@pytest.mark.slow
def test_every_page_is_marked_as_welsh_and_its_translation_as_unchecked(welsh: World):
    page = signed_in(welsh.db, "head").get("/p/small/schools/ash")
    root = html.fromstring(page.text)
    assert root.get("lang") == "cy"
    assert language_of("cy").note in root.text_content()
    assert "Beth sy’n newid, a phryd" in root.text_content()
    assert "as announced" not in root.text_content()


@pytest.mark.slow
def test_a_part_that_is_not_translated_says_that_it_is_english(welsh: World):
    root = html.fromstring(signed_in(welsh.db, "lead").get("/p/small/rules").text)
    assert root.get("lang") == "cy"
    [main] = root.xpath("//main")
    assert main.get("lang") == "en"
    assert "Cynllun" in " ".join(root.xpath("//nav//text()"))


@pytest.mark.slow
def test_a_reader_of_english_sees_the_same_page_in_english(welsh: World, world: World):
    assert html.fromstring(signed_in(world.db, "head").get("/p/small/me").text).get("lang") == "en-GB"
    assert "Fy mhethau" in signed_in(welsh.db, "head").get("/p/small/me").text
