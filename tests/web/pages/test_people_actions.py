"""The plan's actions for groups of people: who owns each, when it is due, and the material for it."""

from pathlib import Path

import httpx
import pytest
from lxml import html

from changeflow.errors import ProblemsError
from changeflow.storage import versions
from changeflow.storage.accounts import SignIn
from changeflow.storage.database import read_scope
from changeflow.usecases import accounts
from changeflow.usecases.evidence import NewEvidence, add_evidence
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change
from changeflow.values.words import Kind
from changeflow.web.security import SESSION
from tests.browser.sample import NOW, OFFICE, PROGRAMME
from tests.builders import SERVICE, a_folder
from tests.every_role import World
from tests.web.visiting import Browser, heading, signed_in, text_of

URL, SAMPLE = "/p/small/people/actions", f"/p/{PROGRAMME}/people/actions"
ODD = "<b>x</b> {{ 7*7 }}"


@pytest.mark.slow
def test_every_action_of_the_plan_is_shown_with_its_owner_and_material(stored_sample: str):
    programme = loaded(PROGRAMME, db=stored_sample, on=NOW.date())
    actions = list(programme.tasks(kind=Kind.ENGAGEMENT))
    assert len(actions) > 10
    given = NewEvidence(title=ODD, link="https://example.org/slides")
    add_evidence(actions[0].id, given, Change(db=stored_sample, programme=None, actor=OFFICE, now=NOW, on=NOW.date()))
    browser = Browser(stored_sample, now=NOW)
    browser.cookies[SESSION] = accounts.sign_in_here(
        PROGRAMME, OFFICE, SignIn.SANDBOX, kind="", db=stored_sample, now=NOW
    ).token
    page = browser.get(f"{SAMPLE}?show=all")
    assert (page.status_code, heading(page)) == (200, "Actions")
    shown = text_of(page)
    for task in actions:
        assert f"/plan/{task.id}" in page.text
        assert (programme.person(task.owner) if task.owner else "No owner") in shown
    assert ODD in shown
    assert "<b>x" not in page.text
    assert f"/evidence/{actions[0].id}#add" in page.text
    fewer = browser.get(SAMPLE)
    assert 0 < fewer.text.count("/plan/") < page.text.count("/plan/")


def test_a_plan_without_actions_says_where_they_come_from(world: World):
    assert "The plan has no such actions yet." in text_of(signed_in(world.db, "member").get(URL))


def test_another_choice_of_actions_is_refused(world: World):
    assert signed_in(world.db, "member").get(f"{URL}?show=x").status_code == 422


def test_people_of_one_school_do_not_see_it(world: World):
    assert signed_in(world.db, "head").get(URL).status_code == 403
    assert "/people/actions" not in signed_in(world.db, "head").get("/p/small/people").text


def owned(db: str, task: str) -> str | None:
    return loaded(PROGRAMME, db=db, on=NOW.date()).roadmap.tasks[task].owner


@pytest.mark.thorough
@pytest.mark.slow
def test_the_owner_of_an_action_is_chosen_on_its_page(stored_sample: str):
    programme = loaded(PROGRAMME, db=stored_sample, on=NOW.date())
    action = next(t for t in programme.tasks(kind=Kind.ENGAGEMENT) if t.is_added and not programme.is_done(t.id))
    browser = Browser(stored_sample, now=NOW)
    browser.cookies[SESSION] = accounts.sign_in_here(
        PROGRAMME, OFFICE, SignIn.SANDBOX, kind="", db=stored_sample, now=NOW
    ).token
    path, new = f"/p/{PROGRAMME}/task-edits/set-owner/{action.id}", "payroll-manager"
    assert path in browser.get(f"{SAMPLE}?show=all").text
    page = browser.get(path)
    checked = browser.send(path, page, **fields_of(page), owner=new)
    assert "What this would change" in text_of(checked)
    assert owned(stored_sample, action.id) == action.owner
    saved = browser.send(path, checked, **fields_of(checked), owner=new, step="save")
    assert saved.status_code == 303
    assert owned(stored_sample, action.id) == new
    role = browser.get(path)
    checked = browser.send(path, role, **fields_of(role), owner="lead_provider")
    assert browser.send(path, checked, **fields_of(checked), owner="lead_provider", step="save").status_code == 303
    lead = programme.service(action.service or "").lead_provider
    assert owned(stored_sample, action.id) == (lead.person if lead else None)
    with read_scope(stored_sample) as session:
        latest = versions.required(session, PROGRAMME)
    assert "action_owners" in latest.sources[f"services/{action.service}.yaml"]


def fields_of(page: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of the form on a page."""
    [form] = html.fromstring(page.text).xpath("//main//form")
    return {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}


def test_people_who_may_not_change_the_plan_are_not_offered_to(world: World):
    assert "set-owner" not in signed_in(world.db, "viewer").get(URL).text


def test_an_owner_of_an_action_must_be_known(tmp_path: Path):
    folder = a_folder(tmp_path / "trust", service=SERVICE + "action_owners: {w1/people-awareness: laed}\n")
    with pytest.raises(ProblemsError) as raised:
        plan_folder(folder)
    [problem] = raised.value.problems
    assert "There is no person, group or role 'laed'." in str(problem)
    assert problem.file == "services/payroll.yaml"
