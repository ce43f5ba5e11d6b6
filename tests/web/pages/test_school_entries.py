"""A head raises an issue and gives feedback on the page of their school, and sees nothing of other schools."""

import pytest

from changeflow.pilots.entries import FeedbackGiven, IssueRaised, IssueSeverity
from changeflow.usecases import pilot_records
from changeflow.usecases.stored import loaded
from tests.every_role import TODAY, World
from tests.web.pages.test_people_forms import saved
from tests.web.visiting import heading, signed_in, text_of

ASH, BEECH = "/p/small/schools/ash", "/p/small/schools/beech"
ODD = "<b>x</b> {{ 7*7 }}"


def pilot(world: World) -> tuple[object, ...]:
    return loaded("small", db=world.db, on=TODAY).facts.pilot


@pytest.mark.slow
def test_a_head_raises_an_issue_and_gives_feedback_about_their_school(own_world: World):
    head = signed_in(own_world.db, "head")
    issue = saved(head, f"{ASH}/issues/new", service="payroll", text=ODD, severity="1")
    assert issue.status_code == 303
    feedback = saved(head, f"{ASH}/feedback/new", service="payroll", side="user", text="It is slow")
    assert feedback.status_code == 303
    raised = [e for e in pilot(own_world) if isinstance(e, IssueRaised) and e.text == ODD]
    assert [(e.school, e.by, e.severity, e.owner) for e in raised] == [("ash", "head", IssueSeverity(1), None)]
    given = [e for e in pilot(own_world) if isinstance(e, FeedbackGiven) and e.text == "It is slow"]
    assert [(e.school, e.by, e.side) for e in given] == [("ash", "head", "user")]
    page = head.get(feedback.headers["location"].partition("#")[0])
    assert ODD in text_of(page)
    assert "It is slow" in text_of(page)
    assert "<b>x" not in page.text


@pytest.mark.slow
def test_what_other_schools_say_is_not_shown(own_world: World):
    for school, text in (("beech", "Theirs"), ("ash", "Ours"), ("ash", "As at Beech School")):
        issue = IssueRaised(
            service="payroll", on=TODAY, by="member", text=text, severity=IssueSeverity(1), school=school
        )
        pilot_records.raise_issue(issue, own_world.change("member"))
    shown = text_of(signed_in(own_world.db, "head").get(ASH))
    assert "Ours" in shown
    assert "Theirs" not in shown
    assert "As at Beech" not in shown


@pytest.mark.parametrize("kind", ["issues", "feedback"])
def test_another_school_is_unknown_to_a_head(world: World, kind: str):
    head = signed_in(world.db, "head")
    assert head.get(f"{BEECH}/{kind}/new").status_code == 404
    answer = head.send(f"{BEECH}/{kind}/new", head.get(f"{ASH}/{kind}/new"), step="check", service="payroll", text="x")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("issues", {"text": "x", "severity": "1"}, "Choose the service it is about."),
        ("issues", {"service": "payroll", "severity": "1"}, "Enter what happened."),
        ("issues", {"service": "payroll", "text": "x"}, "Choose how severe it is."),
        ("feedback", {"service": "payroll", "text": "x"}, "Choose who says it."),
        ("feedback", {"service": "payroll", "side": "user"}, "Enter what they say."),
        ("feedback", {"service": "payroll", "side": "user", "text": "x\x07y"}, "cannot be shown"),
    ],
)
def test_what_is_wrong_is_said(world: World, kind: str, fields: dict[str, str], words: str):
    head = signed_in(world.db, "head")
    answer = head.send(f"{ASH}/{kind}/new", head.get(f"{ASH}/{kind}/new"), step="check", **fields)
    assert answer.status_code == 422
    assert words in text_of(answer)


def test_a_service_that_is_none_is_refused(world: World):
    head = signed_in(world.db, "head")
    page = head.get(f"{ASH}/issues/new")
    assert heading(page) == "Raise an issue"
    answer = head.send(f"{ASH}/issues/new", page, step="check", service="nothing", text="x")
    assert answer.status_code == 422
    assert "Choose the service it is about." in text_of(answer)
