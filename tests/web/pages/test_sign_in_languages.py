"""The sign-in pages in the reader's language: chosen on the page, or else the browser's."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from lxml import html

from changeflow.languages.language import language_of
from changeflow.settings import ProviderSettings
from changeflow.web.provider import Provider
from tests.every_role import World
from tests.web.pages.test_sign_in import HEAD, a_browser, invite, mails
from tests.web.visiting import Browser, heading, text_of

NOTE = language_of("cy").note


def code(page: httpx.Response) -> str:
    [found] = html.fromstring(page.text).xpath("/html/@lang")
    return str(found)


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", None, "en-GB"),
        ("?lang=cy", None, "cy"),
        ("?lang=en", "cy", "en-GB"),
        ("?lang=fr", "cy", "cy"),
        ("?lang=%3Cb%3E", None, "en-GB"),
        ("", "cy", "cy"),
        ("", "cy-GB,cy;q=0.9,en;q=0.8", "cy"),
        ("", "en;q=0.3, cy;q=0.7", "cy"),
        ("", "fr,cy;q=0.2", "cy"),
        ("", "cy;q=0,en", "en-GB"),
        ("", "cy;q=x", "en-GB"),
        ("", "CY", "cy"),
        ("", ";;,q=1," * 100, "en-GB"),
    ],
)
def test_the_language_is_the_chosen_one_or_else_the_browsers(
    world: World, query: str, header: str | None, language: str
):
    page = Browser(world.db).get(f"/sign-in{query}", headers={"Accept-Language": header} if header else None)
    assert (page.status_code, code(page)) == (200, language)
    assert heading(page) == ("Mewngofnodi" if language == "cy" else "Sign in")
    assert (NOTE in text_of(page)) is (language == "cy"), "no speaker has checked it"
    assert "Accept-Language" in page.headers["Vary"]


def test_a_chosen_language_stays_from_page_to_page(own_world: World, tmp_path: Path):
    invite(own_world, "head")
    browser = a_browser(own_world, tmp_path / "out")
    page = browser.get("/sign-in?lang=cy&next=/p/small")
    [action] = html.fromstring(page.text).xpath("//main//form/@action")
    wrong = browser.send(action, page, email="x")
    assert (wrong.status_code, code(wrong)) == (422, "cy")
    assert "Rhowch gyfeiriad e-bost" in text_of(wrong)
    asked = browser.send(action, page, email=HEAD)
    assert heading(asked) == "Gwiriwch eich e-bost"
    assert html.fromstring(asked.text).xpath("//main//a/@href") == ["/sign-in?next=/&lang=cy"]
    assert len(mails(tmp_path / "out")) == 1


def test_the_other_language_is_one_link_away_and_keeps_the_wanted_page(world: World):
    [link] = html.fromstring(Browser(world.db).get("/sign-in?next=/p/small/plan").text).xpath("//main//nav//a")
    assert (link.text, link.get("lang"), link.get("href")) == ("Cymraeg", "cy", "/sign-in?next=/p/small/plan&lang=cy")
    [back] = html.fromstring(Browser(world.db).get(link.get("href")).text).xpath("//main//nav//a")
    assert (back.text, back.get("lang"), back.get("href")) == ("English", "en", "/sign-in?next=/p/small/plan&lang=en")


def test_a_refusal_is_in_the_readers_language(world: World):
    page = Browser(world.db).get(f"/sign-in/link/{'x' * 43}?lang=cy")
    assert (page.status_code, heading(page), code(page)) == (403, "Nid ydych wedi mewngofnodi", "cy")
    assert "Nid yw’r ddolen fewngofnodi hon yn gweithio mwyach." in text_of(page)


@pytest.mark.slow
def test_only_the_default_text_of_the_providers_button_is_translated(world: World):
    chosen = ProviderSettings(issuer="https://provider.example.org", client_id="x", client_secret="x")
    default = Browser(world.db, provider=Provider(chosen)).get("/sign-in?lang=cy")
    assert "Mewngofnodi â chyfrif eich sefydliad" in text_of(default)
    own = Browser(world.db, provider=Provider(replace(chosen, name="Trust account")))
    assert "Trust account" in text_of(own.get("/sign-in?lang=cy"))
