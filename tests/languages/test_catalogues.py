"""The catalogues have every message, complete in every language, and write days and numbers as that language does."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from changeflow.languages.language import CATALOGUES, LOCALES, NOTE, language_of
from changeflow.values.sentences import counted_sentence, sentence
from changeflow.values.words import LANGUAGES
from tests.languages.extracting import LIST, extracted

OTHERS = [code for code in LANGUAGES if code != "en"]
DAY = date(2027, 1, 8)


def catalogue(code: str) -> Catalog:
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def messages(read: Catalog) -> Iterator[Message]:
    return (message for message in read if message.id)


def listed(read: Catalog) -> dict[str | tuple[str, ...], list[str]]:
    return {message.id: sorted(file for file, _ in message.locations) for message in messages(read)}


def names(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


def tags(text: str) -> list[str]:
    """Return the tags in a text, which a translation may not change."""
    return sorted(re.findall(r"<[^>]*>|[<>]", text))


def forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


@pytest.mark.slow
def test_the_list_has_every_message_of_the_templates_and_the_code():
    with LIST.open("rb") as file:
        known = listed(read_po(file))
    assert len(known) > 150
    assert known == listed(extracted()), "run `make messages`, and translate what is new"


@pytest.mark.slow
@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_message_and_no_other(code: str):
    read = catalogue(code)
    assert listed(read) == listed(extracted()), "run `make messages`, and translate what is new"
    assert [m.id for m in messages(read) if m.fuzzy or not all(forms(m))] == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_plural_form_by_the_rule_of_its_language(code: str):
    read, of_numbers = catalogue(code), Locale.parse(code).plural_form
    tags = ["zero", "one", "two", "few", "many", "other"]
    used = [tag for tag in tags if tag in {*of_numbers.rules, "other"}]
    assert read.num_plurals == len(used)
    for number in range(200):
        [message] = [m for m in messages(read) if m.id == ("%(num)s day", "%(num)s days")]
        said = language_of(code).say(counted_sentence("%(num)s day", "%(num)s days", number))
        assert said == forms(message)[used.index(of_numbers(number))] % {"num": number}
    for message in messages(read):
        assert len(forms(message)) == (read.num_plurals if isinstance(message.id, tuple) else 1)


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_same_values_and_the_same_ending(code: str):
    for message in messages(catalogue(code)):
        for form in forms(message):
            original = message.id[-1] if isinstance(message.id, tuple) else message.id
            assert names(form) == names(original), form
            assert tags(form) == tags(original), form
            assert form == form.strip()
            assert form[-1] in ".?!:" if original[-1] in ".?!:" else form[-1] not in ".?!:", form


def test_a_sentence_is_said_in_each_language():
    said = sentence("%(day)s is over a year away. Enter an earlier date, or say what is holding it up.", day=DAY)
    assert said.startswith("8 Jan 2027 is over a year away.")
    assert language_of("en").say(said).startswith("8 January 2027 is over a year away.")
    assert language_of("cy").say(said).startswith("Mae 8 Ionawr 2027 dros flwyddyn i ffwrdd.")


def test_a_text_that_is_no_message_is_left_as_it_is():
    assert language_of("cy").say("Payroll, pilot: go/no-go decision") == "Payroll, pilot: go/no-go decision"


def test_a_sentence_in_a_sentence_is_translated_too():
    owner = sentence("the %(role)s", role="Headteacher")
    said = sentence("The owner is %(owner)s. Please ask them what is holding it up.", owner=owner)
    assert said == "The owner is the Headteacher. Please ask them what is holding it up."
    assert "mae: Headteacher." in language_of("cy").say(said)


def test_a_long_number_has_separators():
    said = sentence("Your text is too long: write at most %(most)s characters.", most=2000)
    assert language_of("en").say(said).endswith("at most 2,000 characters.")


def test_only_an_unchecked_language_says_that_it_is():
    assert [code for code in LANGUAGES if language_of(code).note] == ["cy"]
    assert language_of("cy").note != NOTE


def test_an_unknown_language_is_english():
    assert language_of("pl").code == "en"


def test_every_language_has_a_catalogue_and_ways_to_write_days():
    assert {path.stem for path in CATALOGUES.glob("*.po")} == set(OTHERS)
    assert {Locale.parse(LOCALES.get(code, code)).language for code in LANGUAGES} == set(LANGUAGES)
