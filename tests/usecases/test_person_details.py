"""A person's details change in one version, and contact details outside it; addresses keep their own rules."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from changeflow.adkar.people import Contact, Move, Person
from changeflow.errors import CheckFailedError, ConflictError, InputError, NotAllowedError, UnknownThingError
from changeflow.intake.editing.kinds import edits_from
from changeflow.reports.person_details import options_for
from changeflow.storage import accounts, answers, invitations, versions
from changeflow.storage.answers import AnswerLink
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases import account_settings, definitions
from changeflow.usecases.accounts import SignInRefusedError
from changeflow.usecases.acts import StaleError
from changeflow.usecases.contact_details import GivenContact, mark_of_contact
from changeflow.usecases.editing import PlanDraft, preview, preview_undo, publish, undo
from changeflow.usecases.person_details import ChangedPerson, FilledPerson, add_person, change_person
from changeflow.usecases.stored import Stored, load
from tests import asked
from tests.every_role import FILE, NOW, PEOPLE, TODAY, World, stored_world, written
from tests.web.visiting import provider_token

SEPTEMBER = date(2027, 9, 1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return stored_world(tmp_path / "world")


def stored(world: World, on: date = TODAY) -> Stored:
    with read_scope(world.db) as session:
        return load(session, "small", on=on)


def person_of(world: World, person: str) -> Person:
    [found] = [p for p in stored(world).version.definition.people if p.id == person]
    return found


def contact_of(world: World, person: str) -> Contact:
    return stored(world).contacts[person]


def filled(
    world: World, person: str, *, name: str = "", email: str | None = None, language: str | None = None, **other: Any
) -> FilledPerson:
    """A person's details as they are stored, with some changed."""
    now = person_of(world, person)
    same = {
        "role": now.role,
        "audience": now.audience,
        "school": now.school_on(TODAY),
        "groups": frozenset(now.groups),
        "manager": now.manager,
        "services": frozenset(now.services),
    }
    return FilledPerson(**(same | other), contact=GivenContact(name=name, email=email, language=language))


def alter(world: World, person: str, by: str = "chief", **other: Any) -> ChangedPerson:
    return change_person(person, filled(world, person, **other), "Agreed", world.change(by))


@pytest.mark.slow
def test_a_role_manager_and_services_change_in_one_version(world: World):
    done = alter(world, "viewer", by="member", role="Clerk", manager="manager", services=frozenset({"payroll"}))
    now = person_of(world, "viewer")
    assert (now.role, now.manager, now.services) == ("Clerk", "manager", ("payroll",))
    assert done.lines == (("Role", "Clerk"), ("Manager", "Payroll Manager"), ("Services", "Payroll"))
    assert stored(world).version.number == 2
    assert ("member", "change-person", "person:viewer") in world.audited()


@pytest.mark.slow
def test_a_school_is_corrected_or_changes_from_a_day(world: World):
    alter(world, "viewer", school="ash")
    alter(world, "viewer", school="beech", from_day=SEPTEMBER)
    assert person_of(world, "viewer").moves == (Move(on=SEPTEMBER, school="beech"),)
    alter(world, "viewer", school="cedar")
    assert (person_of(world, "viewer").school, len(person_of(world, "viewer").moves)) == ("cedar", 1)
    done = alter(world, "viewer", school="cedar", from_day=SEPTEMBER)
    assert done.lines == (("School", "Cedar School"),)
    assert person_of(world, "viewer").moves == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({}, "These are the details as they are stored"),
        ({"role": ""}, "Enter the role"),
        ({"school": None, "from_day": SEPTEMBER}, "Choose the school that they move to"),
        ({"school": "ash", "from_day": date(1970, 1, 2)}, "The day is before .*. Check its year"),
        ({"manager": "viewer"}, "They cannot report to themselves"),
        ({"manager": "owner"}, "Owner reports to this person"),
        ({"email": "nowhere"}, "Enter an email address"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(other: dict[str, Any], why: str, world: World):
    alter(world, "owner", manager="viewer")
    before = world.dump()
    with pytest.raises(InputError, match=why):
        alter(world, "viewer", **other)
    assert world.dump() == before


@pytest.mark.slow
def test_a_day_on_which_the_person_is_at_the_school_already_is_refused(world: World):
    with pytest.raises(InputError, match=r"They are at Ash School on 1 Sep 2027 already\. Leave the day empty"):
        alter(world, "head", school="ash", from_day=SEPTEMBER)
    alter(world, "head", school="beech", from_day=SEPTEMBER)
    with pytest.raises(InputError, match=r"They already move to Beech School on 1 Sep 2027\. To move them later"):
        alter(world, "head", school="beech", from_day=SEPTEMBER + timedelta(days=1))


@pytest.mark.parametrize(
    "other", [{"school": "oak"}, {"groups": frozenset({"x"})}, {"services": frozenset({"x"})}, {"manager": "x"},
              {"hub": "x"}, {"audience": "x"}, {"language": "xx"}],
)  # fmt: skip
def test_a_choice_that_does_not_exist_is_refused(other: dict[str, Any], world: World):
    with pytest.raises(UnknownThingError):
        alter(world, "viewer", **other)


@pytest.mark.slow
@pytest.mark.usual(3)
@pytest.mark.parametrize(
    ("person", "other"),
    [
        ("viewer", {"groups": frozenset({"board"})}),
        ("viewer", {"groups": frozenset({"programme-office"})}),
        ("viewer", {"audience": "lead"}),
        ("head", {"school": "beech"}),
        ("head", {"groups": frozenset[str]()}),
    ],
)
def test_what_gives_or_takes_powers_needs_the_permission_to_change_roles(
    person: str, other: dict[str, Any], world: World
):
    before = world.dump()
    with pytest.raises(NotAllowedError, match="store a version that changes"):
        alter(world, person, by="member", **other)
    assert world.dump() == before
    alter(world, person, by="chair", **other)
    assert stored(world).version.number == 2


@pytest.mark.slow
def test_so_does_another_day_for_the_move_of_a_head(world: World):
    alter(world, "head", school="beech", from_day=SEPTEMBER)
    with pytest.raises(NotAllowedError, match="store a version that changes the head of Beech School"):
        alter(world, "head", by="member", school="beech", from_day=TODAY)
    alter(world, "head", by="chair", school="beech", from_day=TODAY)
    assert person_of(world, "head").moves == (Move(on=TODAY, school="beech"),)


@pytest.mark.slow
def test_a_school_that_a_head_has_left_leaves_the_programme_without_it(world: World):
    alter(world, "head", school="cedar")
    alter(world, "head", school="beech", from_day=TODAY - timedelta(days=30))
    draft = replace(leaving("cedar"), base=stored(world).version.number)
    publish(draft, "It closes.", world.change("member"))
    assert (person_of(world, "head").school, person_of(world, "head").moves) == ("beech", ())


def test_a_viewer_changes_no_one(world: World):
    with pytest.raises(NotAllowedError):
        alter(world, "owner", by="viewer", role="Clerk")
    with pytest.raises(NotAllowedError):
        alter(world, "owner", by="viewer", name="A Person")
    with pytest.raises(NotAllowedError):
        add_person(FilledPerson(role="Clerk"), "", world.change("viewer"))


class TestContactDetails:
    @pytest.mark.slow
    def test_a_name_changes_without_a_new_version(self, world: World):
        done = alter(world, "viewer", by="member", name="A Person")
        assert (contact_of(world, "viewer").name, stored(world).version.number) == ("A Person", 1)
        assert done.lines == (("Name", "A Person"),)
        assert stored(world).programme.person("viewer") == "A Person, Viewer"
        assert contact_of(world, "viewer").email == "viewer@example.org"
        alter(world, "viewer", name="")
        assert contact_of(world, "viewer").name == "Viewer"

    @pytest.mark.slow
    def test_a_name_that_is_only_the_role_follows_it_and_comes_back_when_that_is_undone(self, world: World):
        alter(world, "viewer", role="Clerk")
        assert contact_of(world, "viewer").name == "Clerk"
        undo(2, "Back", world.change("chief"))
        assert contact_of(world, "viewer").name == "Viewer"

    @pytest.mark.slow
    def test_details_that_someone_else_has_changed_since_are_not_overwritten(self, world: World):
        with read_scope(world.db) as session:
            seen = mark_of_contact(session, versions.contact(session, "small", "viewer"))
        alter(world, "viewer", by="admin", email="right@example.org")
        given = replace(filled(world, "viewer", name="A Person"), contact=GivenContact(name="A Person", seen=seen))
        with pytest.raises(StaleError):
            change_person("viewer", given, "", world.change("chief"))
        assert contact_of(world, "viewer").name == "Viewer"

    @pytest.mark.slow
    def test_a_language_is_shown_when_it_is_given_and_when_it_is_removed(self, tmp_path: Path):
        folder, db = written(tmp_path, programme=f"{FILE}nation: wales\n"), f"sqlite:///{tmp_path / 'test.db'}"
        definitions.apply(folder, db=db, actor="member", now=NOW)
        wales = World(tmp_path, db)
        assert alter(wales, "viewer", language="cy").lines == (("Language", "Welsh"),)
        assert contact_of(wales, "viewer").language == "cy"
        assert alter(wales, "viewer", language="").lines == (("Language", "The programme’s language"),)

    @pytest.mark.slow
    def test_nothing_is_stored_about_someone_who_was_erased(self, world: World):
        asked.erase("viewer", db=world.db, programme=None, actor="officer", now=NOW)
        with pytest.raises(InputError, match="was erased at their request"):
            alter(world, "viewer", name="A Person")
        alter(world, "viewer", school="ash")
        assert "viewer" not in stored(world).contacts
        with pytest.raises(InputError, match="Use another address"):
            alter(world, "signatory", by="admin", email="viewer@example.org")


class TestAddresses:
    @pytest.mark.parametrize("by", ["chief", "chair", "admin"])
    def test_the_sro_the_board_and_admins_change_one(self, by: str, world: World):
        alter(world, "viewer", by=by, email="right@example.org")
        assert contact_of(world, "viewer").email == "right@example.org"
        assert (by, "change-address", "person:viewer") in world.audited()

    @pytest.mark.parametrize("by", ["member", "manager", "provider", "lead"])
    def test_others_who_store_versions_do_not(self, by: str, world: World):
        before = world.dump()
        with pytest.raises(NotAllowedError, match="change a person's email address"):
            alter(world, "chief", by=by, email="mine@example.org")
        with pytest.raises(NotAllowedError):  # a guess is not confirmed
            alter(world, "chief", by=by, email="chief@example.org", name="A Person")
        assert world.dump() == before
        assert (by, "refused", "change-address") in world.audited()

    @pytest.mark.slow
    def test_the_old_address_gives_no_access_and_the_new_one_does(self, world: World):
        assert provider_token(world.db, "viewer", now=NOW)
        alter(world, "viewer", by="admin", email="right@example.org")
        with pytest.raises(SignInRefusedError):
            provider_token(world.db, "viewer", now=NOW)
        assert provider_token(world.db, "right", now=NOW)

    @pytest.mark.slow
    def test_an_invitation_and_links_to_the_old_address_end(self, world: World):
        invite(world, "viewer", "viewer@example.org")
        choice = replace(a_link("viewer"), action=answers.CHOICE)
        with session_scope(world.db) as session:
            links = {"digest": a_link("viewer"), "choice": choice, "used": a_link("viewer"), "another": a_link("owner")}
            answers.add_links(session, links, at=NOW)
            assert answers.use_link(session, "used", now=NOW)
        alter(world, "viewer", by="admin", email="right@example.org")
        with read_scope(world.db) as session:
            assert not invitations.invitations(session, "small")
        with session_scope(world.db) as session:
            answers.reopen_link(session, "used")
            assert not any(answers.use_link(session, one, now=NOW) for one in ("digest", "choice", "used"))
            assert answers.use_link(session, "another", now=NOW)

    @pytest.mark.slow
    def test_an_invitation_at_yet_another_address_stays_and_so_does_access_if_only_the_case_changes(self, world: World):
        invite(world, "viewer", "private@example.org")
        alter(world, "viewer", by="admin", email="right@example.org")
        invite(world, "owner", "owner@example.org")
        alter(world, "owner", by="admin", email="Owner@example.org")
        with read_scope(world.db) as session:
            assert {i.person for i in invitations.invitations(session, "small")} == {"viewer", "owner"}

    def test_an_address_that_someone_else_has_or_is_invited_at_is_refused(self, world: World):
        invite(world, "owner", "private@example.org")
        for address in ("Member@example.org", "private@example.org"):
            with pytest.raises(ConflictError, match="Someone else in the programme has"):
                alter(world, "viewer", by="admin", email=address)

    def test_no_one_changes_their_own(self, world: World):
        with pytest.raises(InputError, match="You cannot change your own address"):
            alter(world, "admin", by="admin", email="right@example.org")

    @pytest.mark.slow
    def test_an_empty_field_removes_it_only_for_someone_who_saw_it(self, world: World):
        alter(world, "viewer", by="chief", email="", name="A Person")
        assert contact_of(world, "viewer").email == "viewer@example.org"
        alter(world, "viewer", by="admin", email="", name="A Person")
        assert contact_of(world, "viewer").email is None

    @pytest.mark.slow
    def test_where_no_one_is_named_for_it_those_who_store_versions_change_one(self, tmp_path: Path):
        about = FILE.replace("sponsor: {person: chief, since: 2026-09-01}\n", "").replace("admins: [admin]\n", "")
        folder = written(tmp_path, programme=about, people=PEOPLE.replace(",,board,", ",,,"))
        other = World(tmp_path, f"sqlite:///{tmp_path / 'test.db'}")
        definitions.apply(folder, db=other.db, actor="member", now=NOW)
        alter(other, "viewer", by="member", email="right@example.org")
        assert contact_of(other, "viewer").email == "right@example.org"

    def test_the_mark_of_a_form_does_not_reveal_it(self, world: World):
        with read_scope(world.db) as session:
            contact = versions.contact(session, "small", "viewer")
            assert contact is not None
            mark, other = mark_of_contact(session, contact), contact.model_copy(update={"email": "x@example.org"})
            assert mark != mark_of_contact(session, other)
            assert accounts.address_of(session, "viewer@example.org") not in mark


def a_link(person: str) -> AnswerLink:
    return AnswerLink(programme="small", person=person, action="answer", subject="payroll/ash/plan", due_on=TODAY,
                      expires_at=NOW + timedelta(days=9))  # fmt: skip


def invite(world: World, person: str, address: str) -> None:
    token = provider_token(world.db, "admin", now=NOW)
    account_settings.invite(token, "small", person, address, db=world.db, now=NOW)


class TestAdding:
    @pytest.mark.slow
    def test_a_new_person_has_an_id_of_their_own_and_joins_on_a_day(self, world: World):
        new = FilledPerson(
            role="Viewer", school="ash", from_day=SEPTEMBER, contact=GivenContact(email="new@example.org")
        )
        assert add_person(new, "", world.change("member")).person == "viewer-2"
        now = person_of(world, "viewer-2")
        assert (now.role, now.school, now.joins, now.moves) == ("Viewer", "ash", SEPTEMBER, ())
        assert stored(world, SEPTEMBER).contacts["viewer-2"].email == "new@example.org"
        assert ("member", "add-person", "person:viewer-2") in world.audited()

    @pytest.mark.slow
    @pytest.mark.parametrize(("role", "id_"), [("Sponsor", "sponsor-2"), ("Heads", "heads-2"), ("System", "system-2")])
    def test_they_do_not_get_an_id_that_means_something_else(self, role: str, id_: str, world: World):
        assert add_person(FilledPerson(role=role), "", world.change("chief")).person == id_

    @pytest.mark.slow
    def test_someone_with_powers_needs_the_permission_to_change_roles(self, world: World):
        new = FilledPerson(role="Trustee", groups=frozenset({"board"}))
        with pytest.raises(NotAllowedError):
            add_person(new, "", world.change("member"))
        add_person(new, "", world.change("chief"))

    @pytest.mark.slow
    def test_an_address_that_someone_else_has_is_refused(self, world: World):
        new = FilledPerson(role="Clerk", contact=GivenContact(email="Member@example.org"))
        with pytest.raises(ConflictError, match="Someone else in the programme has this address"):
            add_person(new, "", world.change("chief"))

    @pytest.mark.slow
    def test_it_is_not_undone(self, world: World):
        add_person(FilledPerson(role="Clerk"), "", world.change("chief"))
        assert "use “Change someone’s details”" in preview_undo(2, world.change("chief")).refused


@pytest.mark.parametrize(
    ("about", "languages"),
    [({}, []), ({"nation": "wales"}, ["English", "Welsh"]), ({"language": "cy"}, ["English", "Welsh"])],
)
def test_a_language_is_offered_where_the_programme_has_welsh(about: dict[str, str], languages: list[str], world: World):
    programme = stored(world).programme
    own = programme.definition.programme.model_copy(update=about)
    changed = replace(programme, definition=programme.definition.model_copy(update={"programme": own}))
    assert [words for _, words in options_for(changed, None, TODAY)["language"]] == languages


@pytest.mark.slow
def test_undoing_gives_the_details_back_unless_they_have_changed_since(world: World):
    before = stored(world).version.definition
    alter(world, "viewer", school="ash", role="Clerk")
    alter(world, "viewer", school="beech")
    with pytest.raises(CheckFailedError):
        undo(2, "Back", world.change("chief"))
    undo(3, "Back", world.change("chief"))
    undo(2, "Back", world.change("chief"))
    assert stored(world).version.definition == before


def leaving(school: str) -> PlanDraft:
    return PlanDraft(programme="small", base=0, edits=edits_from([{"kind": "remove-school", "school": school}]))


@pytest.mark.slow
@pytest.mark.usual(1)
@pytest.mark.parametrize("day", [None, TODAY - timedelta(days=30)])
def test_a_school_can_leave_once_its_people_have_another_one(day: date | None, world: World):
    for person in [p.id for p in stored(world).version.definition.people if p.school == "cedar"]:
        alter(world, person, school=None)
    alter(world, "viewer", school="cedar")
    draft, change = replace(leaving("cedar"), base=stored(world).version.number), world.change("chief")
    assert "Give each of them another school on “Change someone’s details”" in preview(draft, change).refused
    alter(world, "viewer", school="beech", from_day=day)
    draft = replace(draft, base=stored(world).version.number)
    number = publish(draft, "It closes.", change)
    now = person_of(world, "viewer")
    assert (now.school, now.moves) == ("beech", ())
    assert all(s.id != "cedar" for s in stored(world).version.definition.schools)
    undo(number, "It stays.", change)
    assert any(s.id == "cedar" for s in stored(world).version.definition.schools)
