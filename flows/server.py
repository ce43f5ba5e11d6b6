"""A Prefect server: the one that is given, or one of our own on this machine, which is started again when it dies."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from changeflow.errors import InputError

STARTUP_SECONDS = 600
"""A wait of this length is a fault. It ends as soon as the server answers or has ended, so it costs a user nothing."""
ANSWER_SECONDS = 30
"""For one answer of a server that starts on a busy machine."""
STOP_SECONDS = 60
OURS: Mapping[str, str] = {
    # Prefect's own few seconds fail runs on a busy disk.
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "60",
    # No flow keeps anything in Prefect's blocks, and a start without them is half a second shorter.
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
}
"""Settings of a server of our own, unless the environment says otherwise."""
Say = Callable[[str], None]


@contextmanager
def local_server(*, say: Say) -> Iterator[str]:
    """Use the server of PREFECT_API_URL, or start one on this machine for as long as the block lasts."""
    with server_for(say=say) as (url, _):
        yield url


@contextmanager
def server_for(*, say: Say) -> Iterator[tuple[str, "Server | None"]]:
    """Yield a server's address, and the server itself where it is our own."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    given = os.environ.get("PREFECT_API_URL")
    if given:
        yield given, None
        return
    server = Server(_free_port(), say=say)
    try:
        os.environ["PREFECT_API_URL"] = server.url
        yield server.url, server
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        server.stop()
        say("Stopped the Prefect server.")


class Server:
    """A Prefect server of our own, on this machine."""

    def __init__(self, port: int, *, say: Say) -> None:
        # Prefect's own database is another one than ours, and may be deleted at any time.
        os.environ.setdefault("PREFECT_HOME", str(Path(".prefect").resolve()))
        self.log = Path(os.environ["PREFECT_HOME"]) / "server.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.port, self.url = port, f"http://127.0.0.1:{port}/api"
        say(f"Starting a Prefect server at http://127.0.0.1:{port} (log: {self.log}) ...")
        self._process = self._start()

    def revive(self, *, say: Say) -> bool:
        """Start it again where it has died; tell whether it had."""
        if self._process.poll() is None:
            return False
        say("The Prefect server had died, and has been started again.")
        self._process = self._start()
        return True

    def stop(self) -> None:
        _stop(self._process)

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603
                [*command, "--no-ui"], env=OURS | os.environ, stdout=log, stderr=log, start_new_session=True
            )
        try:
            _wait_for(self.url, process, self.log)
        except BaseException:
            _stop(process)
            raise
        return process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise InputError(f"The Prefect server stopped at once; {log} says why.")
        try:
            with urlopen(f"{url}/health", timeout=ANSWER_SECONDS) as answer:  # noqa: S310  (an address of our own making)
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.3)
    raise InputError(f"The Prefect server did not answer within {STARTUP_SECONDS} s; {log} says why.")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
