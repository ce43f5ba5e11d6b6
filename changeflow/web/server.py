"""The server: uvicorn, with a limit on how long a request may take to arrive, and our headers on its own responses."""

import asyncio
import gc
import socket
import sys
from collections.abc import Mapping
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from changeflow.collector import Sweeper
from changeflow.errors import InputError
from changeflow.web.clients import LARGEST_HEADERS
from changeflow.web.guard import headers_for
from changeflow.web.responses import HEADERS_TOO_LARGE, MALFORMED, Trouble, answer_to

HEADER_SECONDS = 10
"""How long a request's line and headers may take to arrive, however many pieces they come in."""
MOST_CONNECTIONS = 500
SWEEP_SECONDS = 30
"""The shortest time in seconds between sweeps of all memory. A change leaves about 10 MB that only a sweep finds."""
SWITCH_SECONDS = 0.0005
"""A page must not wait long for a thread that computes, and Python's default of five milliseconds adds up."""
TOO_SLOW = Trouble(
    408, "The request took too long to arrive", "Check your connection and open the link again.", retry=5
)


class Protocol(H11Protocol):
    """One connection. It is closed if its headers arrive too slowly, or if there are too many connections."""

    answer_headers: Mapping[str, str] = {}
    header_seconds: float = HEADER_SECONDS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
            return
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            # In the middle of a request's headers, or between two requests.
            self._wait_for_headers()
        else:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait_for_headers()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is not valid HTTP, with the reason as far as it is known."""
        are_headers = self.conn.our_state is h11.IDLE
        is_too_large = are_headers and ("too large" in msg or len(self.conn.trailing_data[0]) > LARGEST_HEADERS)
        self._refuse(HEADERS_TOO_LARGE if is_too_large else MALFORMED)

    def _wait_for_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.header_seconds, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.conn.trailing_data[0] and self.conn.our_state is h11.IDLE:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, trouble: Trouble) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # The application may be waiting for the rest of the request: tell it that the client has gone.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        response = answer_to(trouble)
        named = {name.lower() for name, _ in response.raw_headers}
        more = [(n.lower().encode(), v.encode()) for n, v in self.answer_headers.items()]
        headers = [*response.raw_headers, *(h for h in more if h[0] not in named), (b"connection", b"close")]
        for event in (
            h11.Response(status_code=trouble.status, headers=headers),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def server_for(app: Any, *, base_url: str, **options: Any) -> uvicorn.Server:  # noqa: ANN401
    """Return a server of the application; `options` are uvicorn's, such as `host` and `port`."""
    protocol = type("OurProtocol", (Protocol,), {"answer_headers": headers_for(base_url)})
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        # Uvicorn's own log would write every link, and links are secret.
        access_log=False,
        log_level="error",
        # clients.py identifies the client: uvicorn would trust any header that comes from this machine.
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=LARGEST_HEADERS,
        timeout_keep_alive=5,
        **options,
    )
    return uvicorn.Server(config)


def check_free(host: str, port: int) -> None:
    """Raise an `InputError` if another program already listens at an address.

    Call this before announcing the server.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InputError(f"Cannot listen on {host}, port {port}: {why}. Choose another port with --port.") from None


def run(app: Any, *, base_url: str, host: str, port: int) -> None:  # noqa: ANN401
    """Serve until stopped."""
    sys.setswitchinterval(SWITCH_SECONDS)
    # Everything loaded by now stays, so the collector can skip it.
    gc.collect()
    gc.freeze()
    app.state.site.work.sweeper = Sweeper(SWEEP_SECONDS)
    server_for(app, base_url=base_url, host=host, port=port).run()
