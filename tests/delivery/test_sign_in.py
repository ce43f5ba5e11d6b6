"""The message with a sign-in link: a short subject in each language, and the same words in text and HTML."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import html

from changeflow.delivery.message import as_email
from changeflow.delivery.sign_in import SignInLetter, write_sign_in
from changeflow.delivery.writing import Templates
from changeflow.values.words import LANGUAGES

LINK = "https://example.org/sign-in/link/x"
TEMPLATES = Templates()


def a_letter(**more: Any) -> SignInLetter:
    values: dict[str, Any] = {
        "name": "Headteacher, Ash School", "is_named": False, "address": "head@example.org", "language": "en",
        "link": LINK, "minutes": 10, "programme": "Central services", "office": "Programme office",
        "office_email": "office@example.org", "message_id": "<x@example.org>",
        "at": datetime(2027, 1, 8, 9, tzinfo=UTC),
    }  # fmt: skip
    return SignInLetter(**(values | more))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "programme", ["P", "A programme to bring the services of all schools together " * 3, "x" * 200]
)
def test_the_subject_is_under_60_characters(language: str, programme: str):
    message = write_sign_in(a_letter(language=language, programme=programme), TEMPLATES)
    assert 10 < len(message.subject) < 60
    assert message.subject.isprintable()
    assert message.language == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_html_have_the_same_words_and_the_link_once(language: str):
    message = write_sign_in(a_letter(language=language), TEMPLATES)
    page = html.fromstring(message.html)
    paragraphs = [" ".join(p.text_content().split()) for p in page.xpath("//main/p")]
    plain = " ".join(message.text.split())
    assert len(paragraphs) >= 7
    for paragraph in paragraphs:
        assert re.sub(r"(?<=office)(?=office@)", " ", paragraph).split(",")[0] in plain
    assert message.text.count(LINK) == 1
    assert page.xpath("//a/@href") == [LINK]


def test_markup_in_a_name_is_text():
    letter = a_letter(
        programme="<b>x</b> {{ 7*7 }}", name="<i>y</i>", is_named=True, office="<u>o</u>", office_email="<s>@o"
    )
    message = write_sign_in(letter, TEMPLATES)
    assert "<u>o" not in message.html
    assert "<s>" not in message.html
    assert "<b>x" not in message.html
    assert "<i>y" not in message.html
    assert "{{ 7*7 }}" in message.text


def test_the_link_is_not_in_the_letters_own_description():
    assert LINK not in repr(a_letter())


def test_it_becomes_an_email_from_the_office_that_no_one_can_switch_off():
    mail = as_email(write_sign_in(a_letter(), TEMPLATES))
    assert mail["From"] == "Programme office <office@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
