"""Every message: one action, one link, why it matters for the students, in plain words."""

from datetime import UTC, date, datetime

import pytest
from lxml import html

from changeflow.delivery.writing import REASONS, NudgeText, write

DUE = date(2027, 1, 8)


def a_nudge(**more: object) -> NudgeText:
    values: dict[str, object] = {
        "reason": "task", "name": "Headteacher, Ash School", "address": "head@example.org",
        "task": "Train <everybody> & all", "task_id": "payroll/ash/train", "due_on": DUE, "today": DUE,
        "for_manager": False, "owner_role": "Business Manager", "students": "More time for students",
        "programme": "A programme", "office": "Programme office", "office_email": "office@example.org",
        "message_id": "<x@example.org>", "at": datetime(2027, 1, 8, 9, tzinfo=UTC),
    }  # fmt: skip
    return NudgeText(**(values | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("today", [date(2027, 1, 4), DUE, date(2027, 1, 12)])
@pytest.mark.parametrize("for_manager", [False, True])
def test_every_message_has_one_action_and_says_why(reason: str, today: date, for_manager: bool):
    message = write(a_nudge(reason=reason, today=today, for_manager=for_manager))
    page = html.fromstring(message.html)
    assert page.get("lang") == "en"
    assert len(page.xpath("//a")) == 1
    assert message.text.count("mailto:") == 1
    assert "More time for students" in message.text
    assert "More time for students" in page.text_content()
    assert "Train <everybody> & all" in message.subject
    assert "Train &lt;everybody&gt; &amp; all" in message.html
    assert "\n" not in message.subject
    assert "\n\n\n\n" not in message.text


@pytest.mark.parametrize(
    ("today", "for_manager", "subject"),
    [
        (date(2027, 1, 4), False, "Due on Fri 8 Jan: "),
        (DUE, False, "Due today: "),
        (date(2027, 1, 12), False, "Late since Fri 8 Jan: "),
        (date(2027, 1, 15), True, "Your team's task is late: "),
    ],
)
def test_the_subject_says_when(today: date, for_manager: bool, subject: str):
    assert write(a_nudge(today=today, for_manager=for_manager)).subject.startswith(subject)


def test_a_manager_is_told_whose_it_is():
    assert "It is with the Business Manager." in write(a_nudge(for_manager=True, today=date(2027, 1, 15))).text


def test_a_decision_says_what_the_evidence_carries_the_gravest_five_first():
    against = tuple(f"Reason <{n}>." for n in range(1, 8))
    message = write(a_nudge(reason="gate", says="not yet", against=against))
    assert [line for line in message.text.splitlines() if line.startswith("- ")] == [
        *(f"- Reason <{n}>." for n in range(1, 6)), "- and 2 more",
    ]  # fmt: skip
    page = html.fromstring(message.html)
    assert [item.text_content() for item in page.xpath("//li")] == [*against[:5], "and 2 more"]
    assert "\n\nThe evidence says: not yet.\n- " in message.text
    assert "\n\n\n" not in message.text


def test_a_decision_that_asks_for_no_evidence_says_nothing_of_it():
    assert "evidence" not in write(a_nudge(reason="gate")).text
