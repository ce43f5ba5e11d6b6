"""The programme with a person in every role, which the tests of the pages read or copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from changeflow.storage.database import engine_for
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
