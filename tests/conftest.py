"""Fixtures that many tests share: databases, and the sample programme."""

import gc
import io
import os
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from _pytest.doctest import DoctestModule
from hypothesis import HealthCheck, settings
from typer.main import get_command

from changeflow import logs
from changeflow.intake.folder import Folder, read_folder
from changeflow.storage import database, keys
from changeflow.storage.database import engine_for, upgrade
from tests.engines import hurry, share_statements, share_with
from tests.postgres import create_database, start_server
from tests.quick import draws, left_out
from tests.sharing import compiled_once, shared, shared_folder
from tests.waiting import PATIENCE

# If a test has started Java, Python's garbage collector calls Java's. In a forked process that call would wait for
# ever, for threads that do not exist there.
os.register_at_fork(after_in_child=gc.disable)

SAMPLE = Path(__file__).resolve().parent.parent / "templates" / "programmes" / "trust-central-services"

# On a busy machine, an example that takes milliseconds may take minutes; no test should fail because of that.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("any-machine"), max_examples=20)
settings.register_profile("usual", settings.get_profile("any-machine"), max_examples=draws(100))
settings.load_profile("usual")


BOTH_DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
SECOND_DATABASE = ("sqlite", pytest.param("postgresql", marks=(pytest.mark.slow, pytest.mark.thorough)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Also run a test marked `both_databases` on PostgreSQL, where its SQL, locks or way of sending differ.

    `make test` does so with those marked `both_databases(usual=True)`.
    """
    if "db" in metafunc.fixturenames and (mark := metafunc.definition.get_closest_marker("both_databases")):
        databases = BOTH_DATABASES if mark.kwargs.get("usual") else SECOND_DATABASE
        metafunc.parametrize("db", databases, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[Any], list[Any]]:
    """Look for doctests only in files that have one: searching a module takes as long as reading its tests."""
    found = yield
    if any(isinstance(c, DoctestModule) for c in found) and b">>>" not in file_path.read_bytes():
        return [c for c in found if not isinstance(c, DoctestModule)]
    return found


SLOW_AS_A_WHOLE = re.compile(rb"^pytestmark = .*\bpytest\.mark\.slow\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """If only quick tests are to run, skip modules in which every test is slow, before they are imported."""
    if config.option.markexpr != "not slow" or not fnmatch(collection_path.name, "test_*.py"):
        return None
    return True if SLOW_AS_A_WHOLE.search(collection_path.read_bytes()) else None


def pytest_sessionstart() -> None:
    # Otherwise the state that this machine has seen of PostgreSQL databases would be in the account's own folder.
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="changeflow-state-")
    # By default, Python looks for garbage after every 700 objects, also in everything that was imported, which takes an
    # eighth of the time.
    gc.set_threshold(100_000, 20, 20)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    shutil.rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the level leaves out.

    Begin with modules that fork the test process, while it is small: later, a fork takes several times as long. Next
    come modules in which every test is slow, so that no worker is left with one of them at the end.
    """
    _choose_cases(items)
    for mark in left_out():
        if left := [item for item in items if item.get_closest_marker(mark)]:
            config.hook.pytest_deselected(items=left)
            items[:] = [item for item in items if not item.get_closest_marker(mark)]
    items.sort(
        key=lambda item: [name not in {mark.name for mark in _marks_of_module(item)} for name in ("forks", "slow")]
    )


def _choose_cases(items: list[pytest.Item]) -> None:
    """Mark the further cases of tests of which `make test` takes some: the ones that it takes are spread evenly."""
    cases = defaultdict[str, list[pytest.Item]](list)
    for item in items:
        if item.get_closest_marker("usual") and not item.get_closest_marker("whole"):
            cases[item.nodeid.partition("[")[0]].append(item)
    for alike in cases.values():
        [number] = alike[0].get_closest_marker("usual").args
        taken = {n * len(alike) // number for n in range(number)}
        for item in (item for n, item in enumerate(alike) if n not in taken):
            item.add_marker(pytest.mark.thorough)


def _marks_of_module(item: pytest.Item) -> list[pytest.Mark]:
    module = item.getparent(pytest.Module)
    return module.own_markers if module is not None else []


@pytest.fixture(scope="session")
def sample() -> Folder:
    return read_folder(SAMPLE)


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sample as the demo stores it, with its messages: one folder for all workers of the test run, to be copied."""
    from tests.browser.sample import store_sample

    folder = shared_folder(tmp_path_factory, "demo")

    @contextmanager
    def store() -> Iterator[str]:
        home = folder / "home"
        home.mkdir()
        store_sample(home)
        yield str(home)

    with shared(folder, store) as found:
        yield Path(found)


def sample_copy(into: Path) -> Path:
    """Copy the sample, because storing a folder records its version in the folder."""
    return Path(shutil.copytree(SAMPLE, into / "sample", dirs_exist_ok=True))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL server. Tests use `postgres` instead, which also gives its databases a key."""
    # Not in pytest's own folder: if we are root, the server runs as another user, and another session closes that
    # folder to other users.
    with tempfile.TemporaryDirectory(prefix="changeflow-pg-") as folder:
        server = start_server(Path(folder) / "data")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # No test here cuts the power (those in chaos/ do, on servers of their own), so commits need not wait for
            # the disk.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        share_with(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL server. Until the test ends, its databases keep their key in a separate file.

    It is only until then, because SQLite files that other tests share keep their keys beside them.
    """
    key = tmp_path_factory.getbasetemp() / "postgres.key"
    before = keys.keep_in(key)
    with pytest.MonkeyPatch.context() as patched:
        # For the processes that a test starts.
        patched.setenv("CHANGEFLOW_KEY_FILE", str(key))
        yield postgres_server
    keys.keep_in(before)


@pytest.fixture(scope="session", autouse=True)
def _patient_databases() -> Iterator[None]:
    """Let a writer wait as long as a busy machine needs. Tests of the limit set their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "BUSY_SECONDS", int(PATIENCE))
        patch.setitem(database._SERVER_OPTIONS, "connect_timeout", int(PATIENCE))
        patch.setattr("changeflow.web.lanes.LONGEST_WAIT", PATIENCE)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_engines() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        share_statements(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_command_line() -> Iterator[None]:
    """Build the command line once: building it for each call in a test takes as long as most commands do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def _compile_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # numba takes a while to load, and tests that have not loaded it compile little or nothing.
    with compiled_once(shared_folder(tmp_path_factory, "numba")) if "numba" in sys.modules else nullcontext():
        yield


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with every table and no rows, to be copied, because migrating takes a thousand times as long."""
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres_server: str) -> str:
    """The name of a PostgreSQL database with every table and no rows, to be copied."""
    _migrate(create_database(postgres_server, "migrated"))
    return "migrated"


@pytest.fixture
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without rows: on SQLite and, in tests marked `both_databases`, also on PostgreSQL."""
    if getattr(request, "param", "sqlite") == "sqlite":
        url = _sqlite_copy(request.getfixturevalue("migrated_file"), tmp_path)
    else:
        url = new_database(request.getfixturevalue("postgres"), copy_of=request.getfixturevalue("migrated_database"))
    yield url
    engine_for(url).dispose()


@pytest.fixture
def sqlite(migrated_file: Path, tmp_path: Path) -> Iterator[str]:
    url = _sqlite_copy(migrated_file, tmp_path)
    yield url
    engine_for(url).dispose()


@pytest.fixture(params=BOTH_DATABASES)
def empty_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, once on each kind of database, for tests of the migrations."""
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'test.db'}" if is_file else new_database(request.getfixturevalue("postgres"))
    yield url
    engine_for(url).dispose()


def new_database(uri: str, *, copy_of: str | None = None) -> str:
    return create_database(uri, f"test_{uuid4().hex[:12]}", copy_of=copy_of)


def _migrate(url: str) -> None:
    upgrade(url)
    # Nothing may be connected to a file that is copied. SQLite writes its log into the file when the last connection
    # closes.
    engine_for(url).dispose()


def _sqlite_copy(migrated: Path, folder: Path) -> str:
    return f"sqlite:///{shutil.copyfile(migrated, folder / 'test.db')}"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What changeflow logs during a test, as lines of JSON."""
    stream = io.StringIO()
    logs.begin("json", stream=stream)
    yield stream
    logs.begin("off")
