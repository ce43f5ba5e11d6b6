"""Every message has one action an item and says why it matters for students; text and HTML have the same words."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from changeflow.agenda.reasons import REASONS, Reason
from changeflow.delivery.costs import LaterCost
from changeflow.delivery.message import Message, as_email
from changeflow.delivery.writing import Letter, LetterItem, Templates, write
from changeflow.errors import InputError
from changeflow.languages.language import language_of
from changeflow.places import templates_dir
from changeflow.values.sentences import sentence
from changeflow.values.words import LANGUAGES

DUE = date(2027, 1, 8)
SHIPPED = Templates()


def an_item(**more: Any) -> LetterItem:
    values: dict[str, Any] = {
        "reason": "task", "title": "Train <everybody> & all", "due_on": DUE, "link": "https://example.org/a/x",
        "programme": "A programme", "students": "More time for students", "owner": "Business Manager",
        "the_owner": sentence("the %(role)s", role="Business Manager"),
    }  # fmt: skip
    return LetterItem(**(values | more))


def a_message(
    *items: LetterItem,
    templates: Templates = SHIPPED,
    today: date = DUE,
    language: str = "en",
    name: str = "Headteacher, Ash School",
    is_named: bool = True,
) -> Message:
    letter = Letter(
        name=name, is_named=is_named, address="head@example.org", language=language, items=items or (an_item(),),
        office="Programme office", office_email="office@example.org", today=today, message_id="<x@example.org>",
        at=datetime(2027, 1, 8, 9, tzinfo=UTC), unsubscribe="https://example.org/u/y",
    )  # fmt: skip
    return write(letter, templates)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_the_registry_has_every_reason_and_every_template():
    assert list(REASONS) == list(Reason)
    used = {reason.template for reason in REASONS.values()}
    emails = templates_dir() / "emails"
    shared = {"due.j2", "words.j2", "message.html.j2", "message.txt.j2", "sign-in.j2", "invitation.j2", "trial.j2"}
    assert {path.name for path in emails.iterdir()} == {f"{name}.j2" for name in used} | shared
    for template in used:
        text = (emails / f"{template}.j2").read_text(encoding="utf-8")
        assert {"subject", "say", "action"} <= set(re.findall(r"macro (\w+)", text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("today", [date(2027, 1, 4), DUE, date(2027, 1, 12)])
@pytest.mark.parametrize("for_manager", [False, True])
def test_text_and_html_have_the_same_words_and_one_action(reason: str, today: date, for_manager: bool, language: str):
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
        # The text has every sentence of the page.
        sentence = " ".join(element.itertext())
        assert set(words(sentence)) <= set(words(message.text)), sentence
    assert "\n" not in message.subject
    assert "\n\n\n" not in message.text
    assert "{{" not in message.text + message.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", list(Reason))
def test_every_message_greets_its_reader_has_one_link_to_its_thing_and_takes_replies_to_the_office(
    reason: str, language: str
):
    greetings = {"en": ("Dear Head of Ash", "Dear colleague"), "cy": ("Annwyl Head of Ash", "Annwyl gydweithiwr")}
    for is_named, greeting in zip((True, False), greetings[language], strict=True):
        item = an_item(reason=reason, title="Payroll, wave 2: plan")
        message = a_message(item, language=language, name="Head of Ash" if is_named else "", is_named=is_named)
        assert f"{greeting}" in message.text
        assert [link for _, _, link, _ in html.iterlinks(message.html) if "/a/" in link] == [item.link]
        assert message.text.count("http") == 2, "the thing, and the choice of messages"
        mail = as_email(message)
        assert mail["Reply-To"] == mail["From"] == "Programme office <office@example.org>"
        assert "office@example.org" in message.text


@pytest.mark.parametrize("reason", [Reason.DECISION, Reason.GATE])
def test_evidence_against_a_decision_is_for_those_who_decide_and_not_for_managers(reason: str):
    """What a manager's message shows is decided where its content is made: here it shows whose decision it is."""
    asked = an_item(reason=reason, says="not yet", against=("Reason 1.",))
    mine, managers = a_message(asked).text, a_message(an_item(reason=reason, for_manager=True)).text
    assert "Reason 1." in mine
    assert "The evidence does not yet support going ahead." in mine
    assert "evidence does not" not in managers
    assert "Business Manager" in managers
    assert "Business Manager" not in mine


def test_welsh_days_are_welsh():
    message = a_message(today=date(2027, 1, 4), language="cy")
    assert message.subject == "Train <everybody> & all (erbyn Gwen 8 Ion)"
    assert "i’w gwblhau erbyn Dydd Gwener 8 Ionawr." in message.text


def test_a_message_in_welsh_says_that_no_speaker_has_checked_it():
    note = language_of("cy").note
    message = a_message(language="cy")
    assert note in message.text
    assert note in message.html
    assert note not in a_message().text


def test_a_language_without_a_catalogue_is_english():
    assert a_message(language="pl").subject.endswith(" (due today)")


@pytest.mark.parametrize(
    ("today", "for_manager", "subject"),
    [
        (date(2027, 1, 4), False, "(due Fri 8 Jan)"),
        (DUE, False, "(due today)"),
        (date(2027, 1, 12), False, "(was due Fri 8 Jan)"),
        (date(2027, 1, 15), True, "(overdue)"),
    ],
)
def test_the_subject_says_when(today: date, for_manager: bool, subject: str):
    assert a_message(an_item(for_manager=for_manager), today=today).subject == f"Train <everybody> & all {subject}"


LONGEST_DAYS = {"en": date(2027, 9, 22), "cy": date(2027, 7, 23)}


@pytest.mark.usual(346)
@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("calendar", ["", "invited", "moved", "cancelled"])
@pytest.mark.parametrize("days_late", [-4, 0, 4])
@pytest.mark.parametrize("for_manager", [False, True])
@pytest.mark.parametrize(("language", "due_on"), LONGEST_DAYS.items())
def test_a_subject_is_short_and_has_at_most_one_colon(
    reason: str, calendar: str, days_late: int, for_manager: bool, language: str, due_on: date
):
    item = an_item(
        title="Payroll, pilot: go/no-go decision" if reason != Reason.CHECKPOINT else "Payroll, wave 2: checkpoint",
        reason=reason, calendar=calendar, for_manager=for_manager,
        due_on=due_on,
    )  # fmt: skip
    subject = a_message(item, today=due_on + timedelta(days=days_late), language=language).subject
    assert len(subject) <= 60
    assert subject.count(":") <= 1


@pytest.mark.parametrize("language", list(LONGEST_DAYS))
@pytest.mark.parametrize("others", [0, 1, 12])
@pytest.mark.parametrize("title", ["Payroll, pilot: judge the pilot against its exit criteria of larger schools", "Go"])
def test_a_long_title_is_cut_at_a_word_so_that_the_subject_says_when_and_how_many(
    language: str, others: int, title: str
):
    items = [an_item(title=title, due_on=LONGEST_DAYS[language]), *[an_item(title="Another")] * others]
    message = a_message(*items, today=LONGEST_DAYS[language] - timedelta(days=4), language=language)
    assert len(message.subject) <= 60
    assert str(LONGEST_DAYS[language].day) in message.subject
    assert others == 0 or str(others) in message.subject
    assert message.subject.startswith(title.split()[0].rstrip(","))
    assert title in message.text


def test_a_subject_loses_the_weekday_before_words_of_the_title():
    item = an_item(reason="evidence", title="Payroll, pilot: go/no-go decision", last_day=date(2027, 5, 28))
    assert a_message(item).subject == "Payroll, pilot: go/no-go decision (evidence by Fri 28 May)"
    assert a_message(item, an_item()).subject == "Payroll: go/no-go decision (evidence by 28 May) and 1 other"


def test_an_item_of_a_list_does_not_repeat_the_title_above_it():
    text = a_message(an_item(reason="evidence", last_day=date(2027, 5, 28)), an_item()).text
    assert "This decision is needed by Friday 28 May." in text
    assert "This is due today." in text
    assert "“" not in text


def test_the_subject_marks_an_assumed_day():
    subject = a_message(an_item(is_assumed=True), today=date(2027, 1, 4)).subject
    assert subject.endswith("(due Fri 8 Jan, provisional)")


def test_a_manager_is_given_the_owners_name():
    assert "The owner is the Business Manager." in a_message(an_item(for_manager=True), today=date(2027, 1, 15)).text


def test_a_decision_lists_the_five_most_severe_reasons_against():
    against = tuple(f"Reason <{n}>." for n in range(1, 8))
    message = a_message(an_item(reason="gate", says="not yet", against=against))
    assert [line for line in message.text.splitlines() if line.startswith("- ")] == [
        *(f"- Reason <{n}>." for n in range(1, 6)), "- and 2 more",
    ]  # fmt: skip
    page = html.fromstring(message.html)
    assert [item.text_content() for item in page.xpath("//li")] == [*against[:5], "and 2 more"]
    assert "evidence" not in a_message(an_item(reason="gate")).text.replace("See the evidence", "")


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ("not yet", "The evidence does not yet support going ahead."),
        ("go, with conditions", "The evidence supports going ahead, with conditions."),
        ("go", "The evidence supports going ahead."),
    ],
)
def test_a_decision_says_what_the_evidence_supports(says: str, sentence: str):
    assert sentence in a_message(an_item(reason="gate", says=says)).text


def test_a_decision_says_what_deciding_later_costs():
    days = {"from_day": date(2027, 1, 11), "before": date(2027, 5, 31), "after": date(2027, 6, 1)}
    cost = LaterCost(name="Payroll, pilot: go-live", days=1, more=2, **days)
    assert (
        "If you decide on Monday 11 January or later, “Payroll, pilot: go-live” will slip by 1 day, "
        "from 31 May 2027 to 1 June 2027. 2 other dates will move too."
    ) in a_message(an_item(reason="gate", cost=cost)).text


def test_a_digest_has_one_link_an_item_and_gives_the_benefit_once():
    items = [an_item(title=f"Task {n}", link=f"https://example.org/a/{n}") for n in range(3)]
    message = a_message(*items)
    assert message.subject == "Task 0 (due today) and 2 others"
    page = html.fromstring(message.html)
    assert [h.text_content() for h in page.xpath("//h2")] == ["Task 0", "Task 1", "Task 2"]
    assert [a.get("href") for a in page.xpath("//ol//a")] == [item.link for item in items]
    assert message.text.count("More time for students") == 1


def test_a_message_says_whether_it_can_be_switched_off():
    assert "you cannot switch them off" in a_message().text
    assert "You can stop messages like this one" in a_message(an_item(reason="feedback", is_optional=True)).text
    assert "Some of these messages are optional" in a_message(an_item(), an_item(is_optional=True)).text


def test_a_reason_that_no_catalogue_has_is_marked_as_english():
    against = (
        "R21: Payroll goes live in a pause.",
        sentence("%(who)s has not signed this off yet.", who="Headteacher"),
    )
    page = html.fromstring(a_message(an_item(reason="gate", says="not yet", against=against), language="cy").html)
    assert [(li.get("lang"), li.text) for li in page.xpath("//li")] == [
        ("en", against[0]), (None, "Nid yw Headteacher wedi cymeradwyo hyn eto."),
    ]  # fmt: skip


class TestATrustsOwnTemplates:
    def own(self, folder: Path, say: str) -> Templates:
        (folder / "en").mkdir()
        macros = "{% macro subject(n) %}Ours{% endmacro %}{% macro action(n) %}Go{% endmacro %}"
        (folder / "en" / "task.j2").write_text(macros + "{% macro say(n) %}" + say + "{% endmacro %}")
        return Templates(folder)

    @pytest.mark.slow
    def test_they_replace_the_shipped_ones_and_the_rest_stays(self, tmp_path: Path):
        message = a_message(templates=self.own(tmp_path, "Do {{ n.title }}, in our words."))
        assert message.subject == "Ours"
        assert "Do Train <everybody> & all, in our words." in message.text
        assert "Do Train &lt;everybody&gt; &amp; all, in our words." in message.html
        assert "More time for students" in message.text

    @pytest.mark.thorough
    @pytest.mark.slow
    def test_they_are_for_the_language_of_their_folder(self, tmp_path: Path):
        templates = self.own(tmp_path, "Do {{ n.title }}, in our words.")
        assert "i’w gwblhau heddiw" in a_message(templates=templates, language="cy").text
        (tmp_path / "en").rename(tmp_path / "cy")
        assert "in our words." in a_message(templates=Templates(tmp_path), language="cy").text

    @pytest.mark.slow
    def test_they_can_compare_the_code_of_the_language(self, tmp_path: Path):
        templates = self.own(tmp_path, "{% if language == 'en' %}English{% else %}another language{% endif %}.")
        assert "English." in a_message(templates=templates).text

    @pytest.mark.usual(3)
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

    def test_a_missing_folder_is_an_error(self, tmp_path: Path):
        with pytest.raises(InputError, match="is not a folder"):
            Templates(tmp_path / "missing")


def test_markup_in_a_persons_name_is_text_in_html():
    letter = Letter(
        name="<i>y</i>", address="y@example.org", language="en", items=(an_item(),), office="<u>o</u>",
        office_email="<s>@o", today=DUE, message_id="<x@example.org>", at=datetime(2027, 1, 8, 9, tzinfo=UTC),
    )  # fmt: skip
    message = write(letter, SHIPPED)
    for markup in ("<i>y", "<u>o", "<s>", "<everybody>"):
        assert markup in message.text, markup
        assert markup not in message.html
