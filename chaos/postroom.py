"""A mail server that records every message that it has accepted."""

import asyncio
import json
import multiprocessing
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from enum import IntEnum
from multiprocessing.context import ForkContext
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from tests.waiting import PATIENCE

FORK: ForkContext = multiprocessing.get_context("fork")
LINK = re.compile(r"https?://\S+")


class Mood(IntEnum):
    """How the server answers."""

    WELL = 0
    BUSY = 1
    """It answers 451 to every second message."""
    STRICT = 2
    """It answers 550 to some addresses."""


REFUSED = ("p1@", "p2@")


@dataclass(frozen=True, slots=True)
class Letter:
    """One copy that arrived."""

    message_id: str
    to: str
    is_repeat: bool
    text: str


class Postroom:
    """The server, in a separate process."""

    def __init__(self, book: Path) -> None:
        self.book, self.mood = book, FORK.RawValue("i", Mood.WELL)
        book.touch()
        ready = FORK.Queue()
        self._process = FORK.Process(target=_serve, args=(book, self.mood, ready), daemon=True)
        self._process.start()
        self.port: int = ready.get(timeout=PATIENCE)

    def letters(self) -> list[Letter]:
        return [Letter(**json.loads(line)) for line in self.book.read_text(encoding="utf-8").splitlines()]

    def close(self) -> None:
        self._process.terminate()
        self._process.join()


def _serve(book: Path, mood: Any, ready: Any) -> None:
    class Handler:
        count = 0

        async def handle_RCPT(  # noqa: N802
            self,
            server: Any,
            session: Any,
            envelope: Any,
            address: str,
            options: Sequence[str],
        ) -> str:
            if mood.value == Mood.STRICT and address.startswith(REFUSED):
                return "550 5.1.1 No such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            self.count += 1
            if mood.value == Mood.BUSY and self.count % 2:
                return "451 4.3.2 Try again later"
            mail = message_from_bytes(envelope.content, policy=default)
            text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            letter = {
                "message_id": str(mail["Message-ID"]).strip(), "to": envelope.rcpt_tos[0],
                "is_repeat": mail["X-Changeflow-Repeat"] is not None, "text": LINK.sub("LINK", text),
            }  # fmt: skip
            with book.open("a", encoding="utf-8") as out:
                out.write(json.dumps(letter) + "\n")
            return "250 OK"

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(Handler()), "127.0.0.1", 0)
        ready.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())
