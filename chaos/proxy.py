"""A small TCP proxy that causes faults on request."""

import asyncio
import random
import socket
import struct
from contextlib import suppress
from enum import IntEnum
from typing import Any

from chaos.postroom import FORK
from tests.waiting import PATIENCE, wait_until

PACE = 0.01
"""Seconds between checks of which fault is wanted."""


class Fault(IntEnum):
    """What happens to a connection."""

    NONE = 0
    REFUSE = 1
    BLACK_HOLE = 2
    """It is accepted, and nothing is ever answered."""
    RESET = 3
    """It is cut at a random byte."""
    DELAY = 4
    LOST_REPLY = 5
    """The server accepts the whole message, but its 250 is lost."""


class Proxy:
    """The proxy, in a separate process; its port stays the same."""

    def __init__(self, target: int, *, longest_delay: float = 1.5, seed: int = 1) -> None:
        self._fault = FORK.RawValue("i", Fault.NONE)
        self._applied = FORK.RawValue("i", Fault.NONE)
        ready = FORK.Queue()
        line = _Line(target, self._fault, self._applied, longest_delay, seed)
        self._process = FORK.Process(target=_run, args=(line, ready), daemon=True)
        self._process.start()
        self.port: int = ready.get(timeout=PATIENCE)

    def spoil(self, fault: Fault) -> None:
        """Cause a fault in every connection from now on; it is active when this returns."""
        self._fault.value = fault
        wait_until(
            lambda: self._applied.value == fault,
            what=f"the fault {fault.name}",
            failed=lambda: "" if self._process.is_alive() else "the proxy has ended",
        )

    def mend(self) -> None:
        self.spoil(Fault.NONE)

    def close(self) -> None:
        self._process.terminate()
        self._process.join()


def _run(line: "_Line", ready: Any) -> None:
    asyncio.run(line.serve(ready))


class _Line:
    def __init__(self, target: int, fault: Any, applied: Any, longest_delay: float, seed: int) -> None:
        self.target, self.fault, self.applied = target, fault, applied
        self.longest_delay, self.random = longest_delay, random.Random(seed)

    async def serve(self, ready: Any) -> None:
        # It never listens: it only keeps the port from other programs while the proxy refuses connections.
        keeper = _bound(0)
        port = keeper.getsockname()[1]
        server = await asyncio.start_server(self.handle, sock=_bound(port))
        ready.put(port)
        while True:
            wanted = self.fault.value
            if wanted == Fault.REFUSE and server.is_serving():
                server.close()
            elif wanted != Fault.REFUSE and not server.is_serving():
                server = await asyncio.start_server(self.handle, sock=_bound(port))
            self.applied.value = wanted
            await asyncio.sleep(PACE)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = Fault(self.fault.value)
        if fault is Fault.BLACK_HOLE:
            with suppress(OSError):
                while await reader.read(65_536):
                    pass
            writer.close()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            _cut(writer)
            return
        talk = _Talk(fault, self.random.randrange(3_000), self.longest_delay, self.random)
        pumps = [
            asyncio.create_task(talk.pump(reader, up_writer, is_client=True)),
            asyncio.create_task(talk.pump(up_reader, writer, is_client=False)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        if talk.is_cut:
            _cut(writer)
        for pump in pumps:
            pump.cancel()
        for stream in (writer, up_writer):
            with suppress(OSError):
                stream.close()


class _Talk:
    """Both directions of one connection."""

    def __init__(self, fault: Fault, cut_at: int, longest_delay: float, chance: random.Random) -> None:
        self.fault, self.cut_at, self.longest_delay, self.random = fault, cut_at, longest_delay, chance
        self.is_cut, self.passed, self.tail, self.is_complete = False, 0, b"", False

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_client: bool) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                if self.fault is Fault.DELAY:
                    await asyncio.sleep(self.random.uniform(0, self.longest_delay))
                if is_client:
                    self.tail = (self.tail + chunk)[-5:]
                    # After the end of the message, none of the server's answers are forwarded.
                    self.is_complete = self.is_complete or self.tail.endswith(b"\r\n.\r\n")
                elif self.fault is Fault.LOST_REPLY and self.is_complete:
                    self.is_cut = True
                    return
                self.passed += len(chunk)
                if self.fault is Fault.RESET and self.passed > self.cut_at:
                    self.is_cut = True
                    return
                writer.write(chunk)
                await writer.drain()


def _bound(port: int) -> socket.socket:
    """Return a socket at a port that several sockets of this process can share."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made


def _cut(writer: asyncio.StreamWriter) -> None:
    """Close with a reset."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
