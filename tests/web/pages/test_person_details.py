"""Details of people on pages: the list, the form, its effect, two people at once, and who may open what."""

from typing import Any

import pytest
from lxml import html

from changeflow.usecases.contact_details import GivenContact
from changeflow.usecases.person_details import FilledPerson, change_person
from tests import asked
from tests.every_role import NOW, World
from tests.web.pages.test_edits import hidden, stored
from tests.web.visiting import Browser, heading, signed_in, text_of

LIST = "/p/small/people/details"
VIEWER, HEAD, ADD = f"{LIST}/viewer", f"{LIST}/head", "/p/small/people/add"


def fields_of(page: Any) -> dict[str, str]:
    """Return the fields of the page's form, as a browser would send them."""
    [form] = html.fromstring(page.text).xpath("//form[@id='entry']")
    return {name: value for name, value in form.fields.items() if value is not None}


def send(browser: Browser, to: str, step: str, page: Any = None, **typed: str) -> Any:
    """Fill in the form and send it; a field that is typed as `-` is left unticked."""
    page = page or browser.get(to)
    fields = {name: value for name, value in (fields_of(page) | typed).items() if value != "-"}
    return browser.send(to, page, **{**fields, "step": step})


def publish(browser: Browser, to: str, **typed: str) -> Any:
    return send(browser, to, "save", send(browser, to, "check", **typed))


def test_the_list_finds_people_by_name_role_and_school(world: World):
    browser = signed_in(world.db, "chief")
    page = browser.get(LIST)
    assert heading(page) == "Change someone’s details"
    assert f'href="{VIEWER}"' in page.text
    found = browser.get(f"{LIST}?q=ash+HEAD")
    assert f'href="{HEAD}"' in found.text
    assert f'href="{VIEWER}"' not in found.text
    assert "1 person" in text_of(found)
    assert "all the words “no one at all”" in text_of(browser.get(f"{LIST}?q=no+one+at+all"))


@pytest.mark.thorough
def test_only_those_who_may_store_a_version_and_see_every_school_open_it(world: World):
    for person in ("viewer", "head", "patron", "accountant", "officer"):
        browser = signed_in(world.db, person)
        assert LIST not in browser.get("/p/small/people").text, person
        for path in (LIST, VIEWER, ADD):
            assert browser.get(path).status_code == 403, (person, path)
        assert browser.send(VIEWER, role="Clerk", step="check").status_code == 403
    for person in ("chief", "member", "lead", "manager", "provider", "chair", "admin"):
        browser = signed_in(world.db, person)
        assert f'href="{LIST}"' in browser.get("/p/small/people").text, person
        assert [browser.get(path).status_code for path in (LIST, VIEWER, ADD)] == [200, 200, 200], person
    assert signed_in(world.db, "chief").get(f"{LIST}/someone-else").status_code == 404
    admin = signed_in(world.db, "admin")
    assert f'href="{LIST}"' in admin.get("/p/small/settings/people").text
    assert f'href="{VIEWER}"' in admin.get("/p/small/settings/people/viewer").text


def test_the_form_opens_with_what_is_stored(world: World):
    fields = fields_of(signed_in(world.db, "admin").get(HEAD))
    assert {name: fields[name] for name in ("name", "role", "email", "audience", "school", "from_day")} == {
        "name": "Head",
        "role": "Head of Ash",
        "email": "head@example.org",
        "audience": "manager",
        "school": "ash",
        "from_day": "",
    }
    assert fields["groups-heads"]
    assert "groups-board" not in fields


@pytest.mark.slow
def test_an_address_is_shown_only_to_those_who_may_see_and_change_it(world: World):
    for person in ("chief", "chair"):
        page = signed_in(world.db, person).get(VIEWER)
        assert "viewer@example.org" not in page.text
        assert 'name="email"' in page.text
    for person in ("member", "manager", "lead"):
        page = signed_in(world.db, person).get(VIEWER)
        assert "viewer@example.org" not in page.text
        assert 'name="email"' not in page.text
        assert "only the SRO, the board or an admin can change it" in text_of(page)


@pytest.mark.slow
def test_the_effect_is_shown_and_the_details_are_published_once(own_world: World):
    browser = signed_in(own_world.db, "member")
    checked = send(browser, VIEWER, "check", role="Clerk", school="ash", from_day="1/9/2027")
    said = text_of(checked)
    assert "No single school; Ash School from 1 Sep 2027" in said
    assert "What this would change" in said
    assert stored(own_world).version.number == 1
    saved, again = send(browser, VIEWER, "save", checked), send(browser, VIEWER, "save", checked)
    assert [(one.status_code, one.headers["location"]) for one in (saved, again)] == [(303, f"{LIST}?saved=1")] * 2
    assert stored(own_world).version.number == 2
    assert "Published" in text_of(browser.get(f"{LIST}?saved=1"))
    assert "Changed the details of the Clerk" in text_of(signed_in(own_world.db, "chief").get("/p/small/record"))
    assert "Schools: No single school; Ash School from 1 Sep 2027." in text_of(browser.get(VIEWER))


@pytest.mark.slow
def test_an_address_is_corrected_and_the_old_one_no_longer_signs_in(own_world: World):
    theirs = signed_in(own_world.db, "viewer")
    assert theirs.get("/p/small").status_code == 200
    browser = signed_in(own_world.db, "admin")
    checked = send(browser, VIEWER, "check", email="right@example.org")
    assert "<dt>Email address</dt><dd>right@example.org</dd>" in checked.text
    assert theirs.get("/p/small").status_code == 200
    assert send(browser, VIEWER, "save", checked).status_code == 303
    assert theirs.get("/p/small").status_code == 404
    assert signed_in(own_world.db, "right").get("/p/small").status_code == 200
    assert stored(own_world).version.number == 1


@pytest.mark.slow
def test_a_name_sent_twice_is_saved_once(own_world: World):
    browser = signed_in(own_world.db, "member")
    checked = send(browser, VIEWER, "check", name="A Person")
    assert [send(browser, VIEWER, "save", checked).status_code for _ in range(2)] == [303, 303]
    audited = [action for _, action, _ in own_world.audited()]
    assert audited.count("change-person") == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"role": ""}, "Enter the role."),
        ({"school": "ash", "from_day": "32/3/2027"}, "is not a date"),
        ({"school": "elsewhere"}, "One of your choices is not, or no longer, available."),
        ({"groups-nothing": "1"}, "One of your choices is not, or no longer, available."),
        ({"email": "member@example.org"}, "Someone else in the programme has this address."),
        ({}, "These are the details as they are stored."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(world: World, typed: dict[str, str], said: str):
    answer = send(signed_in(world.db, "admin"), VIEWER, "check", **{"name": "A Person"} | typed if typed else {})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert fields_of(answer)["name"] == ("A Person" if typed else "")


@pytest.mark.slow
def test_a_change_by_someone_else_is_shown_beside_ones_own(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = send(browser, VIEWER, "check", role="Clerk")
    change_person("viewer", FilledPerson(role="Bursar", school="beech"), "", own_world.change("chair"))
    late = send(browser, VIEWER, "save", checked)
    assert late.status_code == 409
    assert "What is stored now" in text_of(late)
    assert "Bursar" in text_of(late)
    assert fields_of(late)["role"] == "Clerk"
    assert publish_again(browser, late).status_code == 303
    assert stored(own_world).programme.person("viewer") == "Clerk"


def publish_again(browser: Browser, late: Any) -> Any:
    return send(browser, VIEWER, "save", send(browser, VIEWER, "check", late))


@pytest.mark.slow
def test_a_name_that_someone_else_has_given_since_is_shown_beside_ones_own(own_world: World):
    browser = signed_in(own_world.db, "chief")
    checked = send(browser, VIEWER, "check", name="First")
    other = FilledPerson(role="Viewer", contact=GivenContact(name="Second"))
    change_person("viewer", other, "", own_world.change("chair"))
    late = send(browser, VIEWER, "save", checked)
    assert (late.status_code, fields_of(late)["name"]) == (409, "First")
    assert "Second" in text_of(late)
    assert publish_again(browser, late).status_code == 303
    assert stored(own_world).contacts["viewer"].name == "First"


@pytest.mark.slow
def test_powers_are_changed_only_by_those_who_may(own_world: World):
    refused = send(signed_in(own_world.db, "member"), VIEWER, "check", **{"groups-board": "1"})
    assert refused.status_code == 403
    assert "Only the SRO" in text_of(refused)
    assert publish(signed_in(own_world.db, "chief"), VIEWER, **{"groups-board": "1"}).status_code == 303
    [viewer] = [p for p in stored(own_world).version.definition.people if p.id == "viewer"]
    assert viewer.groups == ("board",)


@pytest.mark.slow
def test_the_form_says_who_may_give_powers(world: World):
    for path in (VIEWER, ADD):
        assert "Only the SRO or the board" in text_of(signed_in(world.db, "member").get(path))
        assert "Only the SRO or the board" not in text_of(signed_in(world.db, "chief").get(path))


@pytest.mark.slow
def test_a_forged_address_is_refused(own_world: World):
    browser = signed_in(own_world.db, "member")
    assert send(browser, VIEWER, "check", email="mine@example.org").status_code == 403
    assert stored(own_world).contacts["viewer"].email == "viewer@example.org"


@pytest.mark.slow
def test_a_person_is_added(own_world: World):
    browser = signed_in(own_world.db, "member")
    typed = {
        "role": "Clerk",
        "name": "A Person",
        "email": "clerk@example.org",
        "school": "ash",
        "from_day": "25/3/2027",
    }
    checked = send(browser, ADD, "check", **typed)
    assert "What this would change" in text_of(checked)
    assert [send(browser, ADD, "save", checked).status_code for _ in range(2)] == [303, 303]
    found = stored(own_world)
    assert [p.id for p in found.version.definition.people if p.role == "Clerk"] == ["clerk"]
    assert "A Person, Clerk" in text_of(browser.get(LIST))
    assert signed_in(own_world.db, "clerk").get("/p/small/me").status_code == 200
    undo = signed_in(own_world.db, "chief").get("/p/small/record/versions/2/undo")
    assert "What this version changed about people cannot be undone" in text_of(undo)


@pytest.mark.slow
def test_someone_who_was_erased_has_no_contact_details_to_fill_in(own_world: World):
    asked.erase("viewer", db=own_world.db, programme=None, actor="officer", now=NOW)
    browser = signed_in(own_world.db, "admin")
    page = browser.get(VIEWER)
    assert "This person’s data was erased at their request" in text_of(page)
    assert not {"name", "email", "language"} & fields_of(page).keys()
    assert publish(browser, VIEWER, school="ash").status_code == 303


@pytest.mark.thorough
def test_a_school_with_people_says_where_to_give_them_another(own_world: World):
    browser, form = signed_in(own_world.db, "chief"), "/p/small/edits/remove-school"
    publish(browser, VIEWER, school="cedar")
    page = browser.get(form)
    assert f'href="{LIST}"' in page.text
    refused = browser.send(form, page, step="check", seen=hidden(page, "seen"), school="cedar")
    assert "Give each of them another school on “Change someone’s details”, under People" in text_of(refused)
    assert publish(browser, VIEWER, school="beech", from_day="1/3/2027").status_code == 303
    page = browser.get(form)
    checked = browser.send(form, page, step="check", seen=hidden(page, "seen"), school="cedar")
    assert checked.status_code == 200
    assert "What this would change" in text_of(checked)
