"""A running server refuses answers once its database file has been replaced, and a restore is refused while it runs."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from changeflow.errors import DatabaseInUseError
from changeflow.storage.backup import backup
from changeflow.storage.database import engine_for
from changeflow.usecases import definitions
from changeflow.usecases.restoration import restore
from tests.builders import a_folder
from tests.waiting import PATIENCE, wait_until
from tests.web.test_answers import OWNED, Browser, moment, sent_on, token_in


@pytest.fixture
def stored(sqlite: str, tmp_path: Path) -> str:
    definitions.apply(a_folder(tmp_path / "trust", service=OWNED), db=sqlite, actor="chief", now=moment(4))
    return sqlite


def replace(folder: Path) -> None:
    shutil.copyfile(folder / "copy.db", folder / "put.db")
    (folder / "put.db").replace(folder / "test.db")


def overwrite(folder: Path) -> None:
    shutil.copyfile(folder / "copy.db", folder / "test.db")


def remove(folder: Path) -> None:
    (folder / "test.db").unlink()


def answers(file: Path) -> int:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM answer").fetchone()[0])


@pytest.mark.slow
@pytest.mark.usual(1)
@pytest.mark.parametrize("fault", [replace, overwrite, remove])
def test_pages_answer_503_on_every_route_and_lose_no_answer(stored: str, tmp_path: Path, fault: Callable[[Path], None]):
    [message] = sent_on(stored, 8)
    backup(stored, tmp_path / "copy.db", at=moment(8, 10))
    client, token = Browser(stored, moment(8, 10)), token_in(message)
    assert client.get(f"/a/{token}").status_code == 200
    fault(tmp_path)
    for _ in range(2):
        assert client.post(f"/a/{token}", data={"answer": "seen"}).status_code == 503
        assert client.get(f"/a/{token}").status_code == 503
        assert client.get(f"/u/{token_in(message, 'u')}").status_code == 503
        health = client.get("/health")
        assert (health.status_code, health.text.splitlines()[0]) == (503, "not ok")
    if fault is not remove:
        assert answers(tmp_path / "copy.db") == 0
        assert (tmp_path / "test.db").read_bytes() == (tmp_path / "copy.db").read_bytes()


def answers_at(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/health", timeout=PATIENCE)
    except httpx.TransportError:
        return False
    return True


@contextmanager
def serving(db: str) -> Iterator[tuple[int, str]]:
    """Run the command itself; yield its process id and its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "changeflow", "serve", "--db", db, "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers_at(port), what="the server's first answer", failed=server.poll)
        yield server.pid, f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@pytest.mark.thorough
@pytest.mark.slow
def test_an_answer_that_a_server_has_taken_is_never_lost_to_a_restore(stored: str, tmp_path: Path):
    """The attack: restore while a server runs, answer, restart, look for the answer."""
    [message] = sent_on(stored, 8)
    backup(stored, tmp_path / "copy.db", at=moment(8, 10))
    engine_for(stored).dispose()
    token, file = token_in(message), tmp_path / "test.db"
    with serving(stored) as (process, address):
        with pytest.raises(DatabaseInUseError, match=rf"process {process} \(.*serve"):
            restore(tmp_path / "copy.db", db=stored, now=moment(8, 11), replace=True)
        # Links last thirty days by the server's own clock, which differs: what matters is whether it saves.
        before = httpx.get(f"{address}/a/{token}", timeout=PATIENCE).status_code
        assert before in (200, 410)
        replace(tmp_path)
        assert httpx.post(f"{address}/a/{token}", data={"answer": "seen"}, timeout=PATIENCE).status_code == 503
        assert httpx.get(f"{address}/health", timeout=PATIENCE).status_code == 503
        os.kill(process, signal.SIGSTOP)
        # A stopped process still has the file open.
        with pytest.raises(DatabaseInUseError):
            restore(tmp_path / "copy.db", db=stored, now=moment(8, 11), replace=True)
        os.kill(process, signal.SIGCONT)
    assert file.read_bytes() == (tmp_path / "copy.db").read_bytes()
    # Once it is killed, it no longer blocks a restore, and its log is not applied to the other file.
    restore(tmp_path / "copy.db", db=stored, now=moment(8, 11), replace=True)
    assert answers(file) == 0
    with serving(stored) as (_, address):
        assert httpx.get(f"{address}/a/{token}", timeout=PATIENCE).status_code in (200, 410)
