"""Printed links that sign in without an account: only in a sandbox, only on this machine."""

from datetime import timedelta
from pathlib import Path

import pytest

from changeflow.errors import ConflictError, InputError
from changeflow.storage.accounts import SignIn
from changeflow.usecases import accounts, definitions
from changeflow.usecases.accounts import SignInRefusedError, make_sandbox
from changeflow.web.sign_in_doors import Doors, clock_from, doors_for
from tests.builders import a_folder
from tests.every_role import NOW, World, stored_world
from tests.web.visiting import Browser


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A programme in a database that is not a sandbox."""
    return stored_world(tmp_path_factory.mktemp("doors"))


@pytest.mark.slow
def test_a_database_that_is_no_sandbox_prints_no_link_and_has_no_other_day(real: World):
    with pytest.raises(InputError, match="--sign-in is for a sandbox, and this database is not one"):
        doors_for(None, people=["chief"], is_setup=False, host="127.0.0.1", db=real.db, now=NOW)
    with pytest.raises(InputError, match="--at is for a sandbox"):
        clock_from(NOW, db=real.db)


def test_a_link_of_a_sandbox_opens_no_other_database(real: World):
    doors = Doors()
    door = doors.add(SignIn.SANDBOX, "small", "chief", "Chief Executive")
    browser = Browser(real.db, doors=doors)
    page = browser.get(f"/sign-in/here/{door.token}")
    answer = browser.send(f"/sign-in/here/{door.token}", page)
    assert answer.status_code == 403
    assert browser.get("/p/small").status_code == 303
    with pytest.raises(SignInRefusedError, match="not a sandbox"):
        accounts.sign_in_here("small", "chief", SignIn.SANDBOX, kind="", db=real.db, now=NOW)


def test_no_link_is_printed_for_a_server_that_others_reach(real: World):
    with pytest.raises(InputError, match="on this machine only"):
        doors_for(None, people=[], is_setup=True, host="0.0.0.0", db=real.db, now=NOW)


@pytest.mark.slow
def test_only_an_empty_database_becomes_a_sandbox(real: World, tmp_path: Path):
    with pytest.raises(ConflictError, match="already has a programme"):
        make_sandbox(db=real.db, now=NOW)
    empty = f"sqlite:///{tmp_path / 'new.db'}"
    make_sandbox(db=empty, now=NOW)
    assert accounts.is_sandbox(db=empty)


@pytest.mark.slow
def test_a_sandbox_on_another_day_is_healthy_without_ticks(tmp_path: Path):
    db = f"sqlite:///{tmp_path / 'new.db'}"
    make_sandbox(db=db, now=NOW)
    definitions.apply(a_folder(tmp_path / "trust"), db=db, actor="chief", now=NOW)
    answer = Browser(db, now=NOW + timedelta(days=90)).get("/health")
    assert (answer.status_code, answer.text) == (200, "ok")


def test_any_other_database_is_not_healthy_without_ticks(real: World):
    answer = Browser(real.db).get("/health")
    assert (answer.status_code, answer.text.splitlines()[0]) == (503, "not ok")
    assert "no tick has run yet" in answer.text
