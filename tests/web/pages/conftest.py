"""The programme with a person in every role, which the tests of the pages read or copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from changeflow.storage.database import engine_for
from changeflow.usecases.first_run import open_first
from tests.browser.sample import database_in
from tests.every_role import World, stored_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A stored world that tests only read."""
    made = stored_world(tmp_path_factory.mktemp("pages"))
    yield made
    engine_for(made.db).dispose()


@pytest.fixture
def own_world(world: World, tmp_path: Path) -> Iterator[World]:
    """A copy of the world that a test may change."""
    made = world.copy(tmp_path / "world")
    yield made
    engine_for(made.db).dispose()


@pytest.fixture
def stored_sample(demo_home: Path, tmp_path: Path) -> Iterator[str]:
    """The database of the sample as the demo leaves it, for a test to change."""
    shutil.copytree(demo_home, tmp_path, ignore=shutil.ignore_patterns("*.lock"), dirs_exist_ok=True)
    db = database_in(tmp_path)
    yield db
    engine_for(db).dispose()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database without a programme."""
    folder = tmp_path_factory.mktemp("empty")
    db = f"sqlite:///{folder / 'changeflow.db'}"
    assert open_first(db=db)
    engine_for(db).dispose()
    return folder


@pytest.fixture
def first(empty: Path, tmp_path: Path) -> Iterator[str]:
    shutil.copytree(empty, tmp_path / "first")
    db = f"sqlite:///{tmp_path / 'first' / 'changeflow.db'}"
    yield db
    engine_for(db).dispose()
