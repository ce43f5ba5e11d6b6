"""Every form of every page, with an odd value in each field in turn: no page fails, and nothing typed is lost."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import pytest
from lxml import html

from changeflow.delivery.channels import ChannelSettings
from changeflow.usecases.sign_in_mail import LinkPost
from tests.every_role import World
from tests.web.visiting import Browser, signed_in

ODD = itertools.cycle(
    ["\x00x", "no-such-thing", "<b>x</b>{{ 7*7 }}", "2027-02-30", "x" * 3000, "-1", "99999999999999999999", "\u202ex"]
)
TYPED = ("text", "search", "email", "number", "textarea")
ALLOWED = {200, 303, 403, 404, 409, 413, 422}
"""400 is for addresses and forms that no page has, and 500 for our own faults."""
ENDS = ("/sign-out", "/sessions/end", "/sessions/end-all")


@dataclass(frozen=True)
class Found:
    """A form of a page: where it is, where it goes, and its fields as (name, kind, value)."""

    page: str
    to: str
    fields: tuple[tuple[str, str, str], ...]


def forms_of(browser: Browser, first: str) -> Iterator[Found]:
    """Yield each kind of form once, from pages that links lead to, with at most two pages of a kind."""
    waiting, visited, kinds, known = [first], set[str](), dict[str, int](), set[tuple[str, ...]]()
    while waiting:
        if (path := waiting.pop(0)) in visited:
            continue
        visited.add(path)
        answer = browser.get(path)
        if answer.status_code != 200 or "text/html" not in answer.headers["content-type"]:
            continue
        page = html.fromstring(answer.text)
        for link in page.xpath("//main//a/@href | //nav//a/@href"):
            to = urlsplit(urljoin(path, link))
            kind = "/".join(to.path.split("/")[:5])
            if not to.netloc and to.path.startswith(first) and kinds.setdefault(kind, 0) < 2:
                kinds[kind] += 1
                waiting.append(to.path)
        for form in page.xpath("//form[@method='post']"):
            fields = tuple(fields_of(form))
            to = urlsplit(urljoin(path, form.get("action") or path)).path
            key = ("/".join(to.split("/")[:4]), *(name.partition(":")[0] for name, _, _ in fields))
            if key not in known and not to.endswith(ENDS):
                known.add(key)
                yield Found(path, to, fields)


def fields_of(form: html.HtmlElement) -> Iterator[tuple[str, str, str]]:
    taken = set[str]()
    for control in form.xpath(".//input[@name] | .//textarea[@name] | .//select[@name] | .//button[@name]"):
        name, kind = control.get("name"), control.get("type") or control.tag
        kind = "text" if control.tag == "input" and kind == "input" else kind
        if kind in ("radio", "submit") and name in taken:
            continue
        taken.add(name)
        options = [value for value in control.xpath(".//option/@value") if value]
        value = control.text if control.tag == "textarea" else options[0] if options else control.get("value")
        yield name, kind, value or ("A sensible text" if kind in TYPED else "1" if kind == "checkbox" else "")


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("person", ["chief", "head"])
def test_an_odd_value_in_any_field_is_answered_and_loses_nothing(person: str, own_world: World):
    post = LinkPost(channels=ChannelSettings(outbox=own_world.home / "outbox"), pause=lambda _: None)
    browser, tried = signed_in(own_world.db, person, post=post), 0
    for form in list(forms_of(browser, "/p/small")):
        for odd, _, _ in [field for field in form.fields if field[0] not in ("form", "seen", "step")]:
            value = next(ODD)
            sent = {name: value if name == odd else text for name, kind, text in form.fields if kind != "file"}
            page = browser.get(form.page)
            sent |= {name: text for name, text in fields_now(page.text) if name in ("form", "seen")}
            answer = browser.send(form.to, page, **{n: v for n, v in sent.items() if n != "form"})
            where = f"{form.to}: {odd} = {value[:30]!r}"
            assert answer.status_code in ALLOWED, where
            tried += 1
            if answer.status_code in (409, 422):
                shown = html.fromstring(answer.text)
                kept = " ".join([shown.text_content(), *shown.xpath("//input/@value")])
                typed = {text for name, kind, text in form.fields if kind in TYPED and name in sent and name != odd}
                assert {text for text in typed if text not in kept} == set(), where
            if answer.status_code < 500:
                assert "<b>x</b>" not in answer.text, where
    assert tried > (60 if person == "chief" else 5)


def fields_now(page: str) -> Iterator[tuple[str, str]]:
    for field in html.fromstring(page).xpath("//main//input[@type='hidden'][@name]"):
        yield field.get("name"), field.get("value") or ""
