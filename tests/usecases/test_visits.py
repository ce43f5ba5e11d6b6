"""A visit: who may come in is decided before any work on the programme."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from changeflow.errors import UnknownThingError
from changeflow.programme.mandates import Subject
from changeflow.storage import audit, versions
from changeflow.storage.accounts import SignIn
from changeflow.storage.database import session_scope
from changeflow.usecases import accounts, definitions
from changeflow.usecases.accounts import SignInNeededError
from changeflow.usecases.person_details import FilledPerson, change_person
from changeflow.usecases.stored import NotKeptError, kept_only
from changeflow.usecases.visits import memberships, note_looks, visit
from changeflow.values.words import Action
from tests.every_role import NOW, World, store_another, stored_world
from tests.web.visiting import ISSUER


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = stored_world(tmp_path)
    store_another(made)
    return made


def signed_in(world: World, address: str, now: datetime = NOW) -> str:
    kind = {"kind": "Firefox", "next_page": "/"}
    return accounts.sign_in_by_provider(ISSUER, address, address, db=world.db, now=now, **kind).token


@pytest.mark.slow
def test_a_foreign_programme_is_refused_without_loading_it(world: World):
    own, token = signed_in(world, "another-lead@example.org"), signed_in(world, "viewer@example.org")
    with kept_only():
        with pytest.raises(NotKeptError), visit(own, "another", db=world.db, now=NOW):
            pass  # it is not loaded yet, so loading it would show
        with pytest.raises(UnknownThingError), visit(token, "another", db=world.db, now=NOW):
            pass


@pytest.mark.slow
def test_a_session_that_may_not_come_in_loads_nothing(world: World):
    token = accounts.sign_in_here("small", "admin", SignIn.MACHINE, kind="", db=world.db, now=NOW).token
    other = signed_in(world, "viewer@example.org")
    with session_scope(world.db) as session:
        definition = versions.required(session, "small").definition
        gone = definition.model_copy(update={"programme": definition.programme.model_copy(update={"admins": ()})})
        known = versions.required(session, "small")
        versions.append(session, gone, sources=known.sources, parent=known, at=NOW, by="chief")
        versions.touch(session, "small")
        audit.append(session, "small", at=NOW, actor="chief", action="apply", subject="version:2")
    with kept_only():
        with pytest.raises(SignInNeededError), visit(token, "small", db=world.db, now=NOW):
            pass
        with pytest.raises(NotKeptError), visit(other, "small", db=world.db, now=NOW):
            pass


@pytest.mark.slow
def test_a_head_who_moves_sees_and_heads_the_new_school_from_that_day(world: World):
    tomorrow = NOW + timedelta(days=1)
    filled = FilledPerson(
        role="Head of Ash", audience="manager", school="beech", from_day=tomorrow.date(), groups=frozenset({"heads"})
    )
    change_person("head", filled, "", replace(world.change("chief"), programme="small"))
    for now, own, other in ((NOW, "ash", "beech"), (tomorrow, "beech", "ash")):
        token = signed_in(world, "head@example.org", now)
        assert [m.first_page for m in memberships(token, db=world.db, now=now)] == [f"/p/small/schools/{own}"]
        with visit(token, "small", db=world.db, now=now) as found:
            assert found.visitor.school == own
            for action in (Action.REPORT_PROGRESS, Action.READ_SCHOOL):
                assert found.may(action, Subject(schools=frozenset({own}))), (own, action)
                assert not found.may(action, Subject(schools=frozenset({other}))), (own, action)


@pytest.mark.slow
def test_an_address_that_moves_to_another_person_is_theirs_at_the_next_request(world: World):
    token = signed_in(world, "viewer@example.org")
    with visit(token, "small", db=world.db, now=NOW) as found:
        assert found.visitor.person == "viewer"
    people = (world.home / "trust" / "people.csv").read_text()
    moved = people.replace("viewer@", "old-viewer@").replace("member@", "viewer@")
    (world.home / "trust" / "people.csv").write_text(moved)
    definitions.apply(world.home / "trust", db=world.db, actor="chief", now=NOW)
    with visit(token, "small", db=world.db, now=NOW) as found:
        assert found.visitor.person == "member"


@pytest.mark.slow
def test_a_reading_leaves_a_programme_and_its_views_as_they_are(world: World):
    token = signed_in(world, "viewer@example.org")
    with visit(token, "small", db=world.db, now=NOW) as found:
        before, view = found.stored, found.view("x", object)
    note_looks("viewer", "small", ["round:r1", "report:2"], db=world.db, now=NOW)
    signed_in(world, "member@example.org")
    with kept_only(), visit(token, "small", db=world.db, now=NOW) as found:
        assert found.stored is before
        assert found.view("x", object) is view
