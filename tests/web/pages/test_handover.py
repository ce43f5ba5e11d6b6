"""Handing over the work of someone who leaves, on pages: the list, the form, its effect, and two people at once."""

from datetime import timedelta
from typing import Any

import pytest

from changeflow.intake.editing.kinds import edits_from
from changeflow.usecases import editing
from changeflow.usecases.handover import FilledHandover, hand_over
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change
from tests.browser.sample import NOW as SAMPLE_NOW
from tests.browser.sample import PROGRAMME, SRO
from tests.every_role import TODAY, World
from tests.web.pages.test_edits import check, publish, stored
from tests.web.visiting import heading, signed_in, text_of

LIST = "/p/small/people/hand-over"
OWNER = f"{LIST}/owner"
TO_MEMBER = {"last_day": "24/3/2027", "by": "member", "roles": "now"}


@pytest.mark.slow
def test_the_list_shows_who_has_work_or_roles(world: World):
    page = signed_in(world.db, "chief").get(LIST)
    assert heading(page) == "Hand over someone’s work"
    assert f'href="{OWNER}"' in page.text
    assert f'href="{LIST}/viewer"' not in page.text
    assert f'href="{LIST}"' in signed_in(world.db, "chief").get("/p/small/people").text
    assert f'href="{OWNER}"' in signed_in(world.db, "admin").get("/p/small/settings/people/owner").text
    assert f'href="{LIST}"' not in signed_in(world.db, "viewer").get("/p/small/people").text
    assert signed_in(world.db, "viewer").get(LIST).status_code == 403
    assert signed_in(world.db, "chief").get(f"{LIST}/someone-else").status_code == 404


def test_the_form_lists_what_passes_on_and_what_stays(world: World):
    said = text_of(signed_in(world.db, "chief").get(OWNER))
    for part in ("Decisions (6)", "Checkpoints (4)", "Tasks (6)", "Roles (2)", "Issues and improvements (2)"):
        assert part in said, part
    assert "Payroll: confirms “A desk is there” before the go-live" in said
    assert "can no longer sign in" in said
    assert "not leaving after all" not in said


@pytest.mark.slow
def test_work_and_roles_are_handed_over_and_the_person_is_signed_out(own_world: World):
    theirs = signed_in(own_world.db, "owner")
    assert theirs.get("/p/small").status_code == 200
    browser = signed_in(own_world.db, "chief")
    checked = check(browser, OWNER, **TO_MEMBER)
    assert "What this would change" in text_of(checked)
    assert stored(own_world).version.number == 1
    missing = publish(browser, OWNER, checked, **TO_MEMBER)
    assert missing.status_code == 422
    assert "This change needs a reason." in text_of(missing)
    saved = publish(browser, OWNER, missing, **TO_MEMBER, cause="They retire.")
    assert (saved.status_code, saved.headers["location"]) == (303, f"{LIST}?saved=1")
    assert "Last day 24 Mar 2027; Team Member takes over" in text_of(browser.get(f"{LIST}?saved=1"))
    assert theirs.get("/p/small").status_code in (303, 404)
    record = text_of(browser.get("/p/small/record"))
    assert "Handed over the work of the Owner" in record


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"last_day": "32/3/2027"}, "is not a date"),
        ({"last_day": "31/3/2027", "by": "", "role": ""}, "Choose who takes over, or enter the role"),
        ({"last_day": "31/3/2027", "by": "member"}, "Choose when the roles are handed over."),
        ({"last_day": "31/3/2027", "by": "someone-else"}, "One of your choices is not, or no longer, available."),
        (
            {"last_day": "31/3/2027", "role": "Clerk", "email": "member@example.org", "roles": "later"},
            "Someone else in the programme",
        ),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(world: World, fields: dict[str, str], said: str):
    answer = check(signed_in(world.db, "chief"), OWNER, **fields)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert f'value="{fields["last_day"]}"' in answer.text


@pytest.mark.slow
def test_a_handover_by_someone_else_is_shown_beside_ones_own(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = check(browser, OWNER, **TO_MEMBER)
    summer = FilledHandover(person="owner", last_day=TODAY + timedelta(days=90), by="chair")
    hand_over(summer, "", own_world.change("chief"))
    late = publish(browser, OWNER, checked, **TO_MEMBER, cause="They retire.")
    assert late.status_code == 409
    assert "Last day 23 Jun 2027; Chair of Trustees takes over." in text_of(late)
    assert 'value="24/3/2027"' in late.text
    again = check(browser, OWNER, late, **TO_MEMBER)
    assert publish(browser, OWNER, again, **TO_MEMBER, cause="They retire.").status_code == 303


@pytest.mark.slow
def test_a_later_visit_shows_what_is_stored_and_can_take_it_back(own_world: World):
    hand_over(FilledHandover(person="owner", last_day=TODAY, by="chair"), "", own_world.change("chief"))
    browser = signed_in(own_world.db, "chief")
    page = browser.get(OWNER)
    assert 'value="25/3/2027"' in page.text
    assert "Leave empty if they are not leaving after all." in text_of(page)
    assert '<option value="chair" selected>' in page.text
    checked = check(browser, OWNER, page, last_day="", by="chair")
    assert publish(browser, OWNER, checked, last_day="", by="chair").status_code == 303
    assert "Last day" not in text_of(browser.get(LIST))


@pytest.mark.thorough
@pytest.mark.slow
def test_who_signs_can_be_replaced_after_the_pilot_was_released_but_only_by_a_successor(stored_sample: str):
    """The payroll manager signs go-lives, and measures a criterion of the released pilot."""
    change = Change(db=stored_sample, programme=PROGRAMME, actor=SRO, now=SAMPLE_NOW, on=SAMPLE_NOW.date())
    fields: Any = {"kind": "replace-person", "person": "payroll-manager", "by": "payroll-adviser-1"}
    [edit] = edits_from([fields])
    draft = editing.PlanDraft(programme=PROGRAMME, base=1, edits=(edit,))
    assert "The criteria of a pilot are fixed before it starts" in editing.preview(draft, change).refused
    last_day = SAMPLE_NOW.date() - timedelta(days=1)
    filled = FilledHandover(person="payroll-manager", last_day=last_day, by="payroll-adviser-1", passes_roles=True)
    hand_over(filled, "They leave.", change)
    found = loaded(PROGRAMME, db=stored_sample, on=SAMPLE_NOW.date())
    assert "payroll-adviser-1" in found.service("payroll").go_no_go.sign
    assert "payroll-manager" not in found.service("payroll").go_no_go.sign
