"""The server itself, over real sockets: slow, broken and large requests end with a response that has our headers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from select import select

import pytest

from changeflow.errors import InputError
from changeflow.web.app import make_app
from changeflow.web.clients import Limits
from changeflow.web.guard import HEADERS
from changeflow.web.server import check_free, server_for
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow

FORM = b"POST /a/xyz HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
BASE = "https://change.example.org"


@contextmanager
def serving(*, header_seconds: float, limits: Limits) -> Iterator[int]:
    """Serve the pages over a missing database, because these tests never reach it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = server_for(make_app("sqlite:////nowhere/at/all.db", limits=limits, base_url=BASE), base_url=BASE)
        server.config.http.header_seconds = header_seconds  # type: ignore[union-attr]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        wait_until(
            lambda: server.started,
            what="the server",
            failed=lambda: "" if thread.is_alive() else "its thread has ended",
        )
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(PATIENCE)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Start a server that waits as long as a slow machine needs."""
    with serving(header_seconds=10 * PATIENCE, limits=Limits(body_seconds=10 * PATIENCE)) as port:
        yield port


@pytest.fixture(scope="module")
def hurried() -> Iterator[int]:
    """Start a server that waits for half a second."""
    with serving(header_seconds=0.5, limits=Limits(body_seconds=0.5)) as port:
        yield port


def answer_to(port: int, *pieces: bytes) -> bytes:
    """Send some bytes; return everything that comes back until the server closes the connection."""
    found = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection, suppress(ConnectionError):
        for piece in pieces:
            connection.sendall(piece)
        while chunk := connection.recv(65_536):
            found += chunk
    return found


def answer_in_time(port: int, *pieces: bytes) -> bytes:
    """Send to a hurried server, again if this machine was too slow for it to see any of the request."""
    return wait_until(lambda: answer_to(port, *pieces), what="an answer")


def assert_answer(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), head[:80]
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head.decode().split("\r\n")[1:])}
    for name, value in HEADERS.items():
        assert headers[name.lower()] == value
    assert headers["strict-transport-security"]
    assert headers["connection"] == "close"
    assert b"<h1>" in body
    assert "server" not in headers


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /a/x HTTP/x",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET /a/\xff HTTP/1.1",
        b"hello",
        b"GET  / HTTP/1.1",
    ],
)
def test_bytes_that_are_not_a_request_are_refused(port: int, request_line: bytes):
    assert_answer(answer_to(port, request_line + b"\r\nHost: x\r\n\r\n"), 400)


@pytest.mark.parametrize("line", [b"POST /a/xyz", b"GET /a/xyz", b"GET /health", b"POST /nowhere", b"GET /c/xyz.ics"])
@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\nanswer=done\r\n0\r\n\r\n",
        b"-1\r\n\r\n",
        b"\r\n\r\n",
        b"f" * 30 + b"\r\n",
        b"4\r\nanswer=done\r\n0\r\n\r\n",
        b"6\r\nanswer\r\nzz\r\n",
        b"0\r\nno header\r\n\r\n",
    ],
)
def test_a_malformed_chunk_is_refused(port: int, line: bytes, chunks: bytes):
    head = line + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    assert_answer(answer_to(port, head + form + chunks), 400)


def test_a_chunk_size_that_never_ends_is_refused(port: int):
    assert_answer(answer_to(port, FORM + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 100_000), 400)


def test_headers_that_never_end_are_cut_off(hurried: int):
    assert_answer(answer_in_time(hurried, b"GET /health HTTP/1.1\r\nHost: x\r\n"), 408)


def test_headers_that_arrive_too_slowly_are_cut_off(hurried: int):
    """Each piece arrives in time, but all of them together do not."""
    with socket.create_connection(("127.0.0.1", hurried), timeout=PATIENCE) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\n")

        def is_cut_off() -> bool:
            try:
                connection.sendall(b"X-Y: z\r\n")
            except ConnectionError:  # sent after the server has closed
                return True
            return bool(select([connection], [], [], 0)[0])

        assert wait_until(is_cut_off, what="the end of the connection")


def test_a_silent_connection_is_closed(hurried: int):
    assert answer_to(hurried) == b""


def test_a_second_request_that_never_ends_is_cut_off(hurried: int):
    answer = answer_in_time(hurried, b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\n")
    assert answer.startswith(b"HTTP/1.1 404")


def test_a_body_that_never_ends_is_cut_off(hurried: int):
    assert_answer(answer_in_time(hurried, FORM + b"Content-Length: 100\r\n\r\nanswer="), 408)


def test_headers_that_are_too_large_are_refused(port: int):
    assert_answer(answer_to(port, b"GET /health HTTP/1.1\r\nHost: x\r\nCookie: " + b"x" * 30_000), 431)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(port: int):
    assert_answer(answer_to(port, FORM + b"Content-Length: 999999999\r\n\r\n"), 413)


def test_a_missing_database_gives_a_503(port: int):
    answer = answer_to(port, b"GET /a/xyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert_answer(answer, 503)
    assert b"retry-after:" in answer.lower()
    assert b"nowhere/at/all" not in answer


def test_many_slow_connections_keep_no_one_out_and_all_of_them_end(port: int, hurried: int):
    for where in (port, hurried):
        slow = [socket.create_connection(("127.0.0.1", where), timeout=PATIENCE) for _ in range(100)]
        try:
            for connection in slow:
                with suppress(ConnectionError):
                    connection.sendall(b"GET /health HTTP/1.1\r\n")
            whole = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            assert answer_in_time(where, whole).startswith(b"HTTP/1.1 404")
            for connection in slow if where == hurried else ():
                with suppress(ConnectionError):
                    while connection.recv(65_536):
                        pass
        finally:
            for connection in slow:
                connection.close()


def test_the_server_trusts_no_forwarded_address_and_does_not_name_itself(tmp_path: Path):
    config = server_for(make_app(f"sqlite:///{tmp_path}/x.db"), base_url="http://127.0.0.1:8000", port=8000).config
    assert (config.proxy_headers, config.server_header, config.access_log) == (False, False, False)


def test_a_port_in_use_is_named_before_anything_is_served():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"Cannot listen on 127.0.0.1, port {port}: .*--port"):
            check_free("127.0.0.1", port)
    check_free("127.0.0.1", port)
