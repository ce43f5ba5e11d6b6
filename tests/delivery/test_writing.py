"""Every message: one action an item, why it matters for the students, in plain words; text and HTML say the same."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from changeflow.agenda.reasons import REASONS, Reason
from changeflow.delivery.message import Message
from changeflow.delivery.writing import LANGUAGES, Letter, LetterItem, Templates, write
from changeflow.errors import InputError
from changeflow.places import templates_dir

DUE = date(2027, 1, 8)
SHIPPED = Templates()


def an_item(**more: Any) -> LetterItem:
    values: dict[str, Any] = {
        "reason": "task", "title": "Train <everybody> & all", "due_on": DUE, "link": "https://example.org/a/x",
        "programme": "A programme", "students": "More time for students", "owner": "Business Manager",
        "the_owner": "the Business Manager",
    }  # fmt: skip
    return LetterItem(**(values | more))


def a_message(*items: LetterItem, templates: Templates = SHIPPED, today: date = DUE, language: str = "en") -> Message:
    letter = Letter(
        name="Headteacher, Ash School", address="head@example.org", language=language, items=items or (an_item(),),
        office="Programme office", office_email="office@example.org", today=today, message_id="<x@example.org>",
        at=datetime(2027, 1, 8, 9, tzinfo=UTC), unsubscribe="https://example.org/u/y",
    )  # fmt: skip
    return write(letter, templates)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_registry_has_every_reason_and_every_template(language: str):
    assert list(REASONS) == list(Reason)
    used = {reason.template for reason in REASONS.values()}
    assert {path.stem for path in (templates_dir() / "emails" / language).iterdir()} == {*used, "words"}
    for template in used:
        text = (templates_dir() / "emails" / language / f"{template}.j2").read_text(encoding="utf-8")
        assert {"subject", "say", "action"} <= set(re.findall(r"macro (\w+)", text))


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("today", [date(2027, 1, 4), DUE, date(2027, 1, 12)])
@pytest.mark.parametrize("for_manager", [False, True])
def test_text_and_html_say_the_same_with_one_action(reason: str, today: date, for_manager: bool, language: str):
    item = an_item(reason=reason, for_manager=for_manager, says="not yet", against=("Reason <1>.", "Reason 2."))
    message = a_message(item, today=today, language=language)
    page = html.fromstring(message.html)
    assert page.get("lang") == language == message.language
    assert [a.get("href") for a in page.xpath("//a")] == ["https://example.org/a/x", "https://example.org/u/y"]
    assert message.text.count("/a/x") == 1
    for part in (message.text, page.text_content()):
        assert "More time for students" in part
        assert "office@example.org" in part
    shown = page.xpath("//main//*[self::p or self::li][not(.//p)]")
    for element in shown:
        for link in element.xpath(".//a"):
            link.text = ""
        # Every sentence of the page stands in the text.
        said = " ".join(element.itertext())
        assert set(words(said)) <= set(words(message.text)), said
    assert "\n" not in message.subject
    assert "\n\n\n" not in message.text
    assert "{{" not in message.text + message.html


def test_welsh_days_are_welsh():
    assert a_message(today=date(2027, 1, 4), language="cy").subject.startswith("Tasg erbyn Dydd Gwener 8 Ionawr: ")


def test_a_language_without_templates_is_english():
    assert a_message(language="pl").subject.startswith("Due today: ")


@pytest.mark.parametrize(
    ("today", "for_manager", "subject"),
    [
        (date(2027, 1, 4), False, "Due on Friday 8 January: "),
        (DUE, False, "Due today: "),
        (date(2027, 1, 12), False, "Late since Friday 8 January: "),
        (date(2027, 1, 15), True, "Your team's task is late: "),
    ],
)
def test_the_subject_says_when(today: date, for_manager: bool, subject: str):
    assert a_message(an_item(for_manager=for_manager), today=today).subject == subject + "Train <everybody> & all"


def test_a_manager_is_told_whose_it_is():
    assert "The owner is the Business Manager." in a_message(an_item(for_manager=True), today=date(2027, 1, 15)).text


def test_a_decision_says_what_the_evidence_carries_the_gravest_five_first():
    against = tuple(f"Reason <{n}>." for n in range(1, 8))
    message = a_message(an_item(reason="gate", says="not yet", against=against))
    assert [line for line in message.text.splitlines() if line.startswith("- ")] == [
        *(f"- Reason <{n}>." for n in range(1, 6)), "- and 2 more",
    ]  # fmt: skip
    page = html.fromstring(message.html)
    assert [item.text_content() for item in page.xpath("//li")] == [*against[:5], "and 2 more"]
    assert "evidence" not in a_message(an_item(reason="gate")).text.replace("See the evidence", "")


def test_a_digest_has_one_link_an_item_and_says_why_once():
    items = [an_item(title=f"Task {n}", link=f"https://example.org/a/{n}") for n in range(3)]
    message = a_message(*items)
    assert message.subject == "3 things for you, first: Due today: Task 0"
    page = html.fromstring(message.html)
    assert [h.text_content() for h in page.xpath("//h2")] == ["Task 0", "Task 1", "Task 2"]
    assert [a.get("href") for a in page.xpath("//ol//a")] == [item.link for item in items]
    assert message.text.count("More time for students") == 1


def test_what_cannot_be_switched_off_says_so():
    assert "cannot be switched off" in a_message().text
    assert "Switch them off" in a_message(an_item(reason="feedback", is_optional=True)).text
    assert "Some of this is optional" in a_message(an_item(), an_item(is_optional=True)).text


class TestATrustsOwnTemplates:
    def own(self, folder: Path, say: str) -> Templates:
        (folder / "en").mkdir()
        macros = "{% macro subject(n) %}Ours{% endmacro %}{% macro action(n) %}Go{% endmacro %}"
        (folder / "en" / "task.j2").write_text(macros + "{% macro say(n) %}" + say + "{% endmacro %}")
        return Templates(folder)

    def test_they_win_and_the_rest_stays(self, tmp_path: Path):
        message = a_message(templates=self.own(tmp_path, "Do {{ n.title }}, in our words."))
        assert message.subject == "Ours"
        assert "Do Train <everybody> & all, in our words." in message.text
        assert "Do Train &lt;everybody&gt; &amp; all, in our words." in message.html
        assert "More time for students" in message.text

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("say", "what"),
        [
            ("{{ n.nothing }}", "nothing"),
            ("{% for a in range(99999) %}{% for b in range(99999) %}{% set c = a %}{% endfor %}{% endfor %}", "longer"),
            ("{{ 'x' * 10000000 }}", "too large"),
            ("{{ 9 ** 99999999 }}", "too large"),
            ("{{ ''.__class__.__mro__ }}", "unsafe"),
            ("{% include '../../../etc/passwd' %}", "passwd"),
            ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion"),
        ],
    )
    def test_what_loops_or_reaches_out_is_a_clear_error(self, tmp_path: Path, say: str, what: str):
        with pytest.raises(InputError, match=rf"(?s)The template en/task.j2 \(say\) cannot be used: .*{what}"):
            a_message(templates=self.own(tmp_path, say))

    def test_a_mistake_in_the_syntax_names_the_template(self, tmp_path: Path):
        with pytest.raises(InputError, match=r"en/task.j2 .* cannot be used"):
            a_message(templates=self.own(tmp_path, "{% if %}"))

    def test_a_folder_that_is_not_there(self, tmp_path: Path):
        with pytest.raises(InputError, match="is no folder"):
            Templates(tmp_path / "missing")
