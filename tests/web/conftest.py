"""The database that the tests of the pages use."""

from pathlib import Path

import pytest

from tests.web.asking import store_links


@pytest.fixture
def linked(db: str, tmp_path: Path) -> str:
    return store_links(db, tmp_path / "trust")
