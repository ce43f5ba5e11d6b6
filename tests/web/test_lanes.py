"""The threads of the web application: work that waits for one server does not hold up work for another."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from changeflow.delivery.channels import ChannelSettings
from changeflow.storage.database import engine_for
from changeflow.usecases.sign_in_mail import LinkPost
from changeflow.web.lanes import MAIL, PROVIDER, Work
from changeflow.web.provider import Provider
from tests.every_role import HOLDER, NOW, stored_world
from tests.waiting import PATIENCE, wait_until
from tests.web.identity_provider import providing
from tests.web.pages.test_sign_in import invite
from tests.web.pages.test_sign_in_provider import chosen, sign_in
from tests.web.visiting import Browser


def test_work_that_lets_a_stop_iteration_escape_fails_and_does_not_hang():
    nothing = iter(())

    async def write() -> object:
        return await asyncio.wait_for(Work(one_writer=True).write(next, nothing), PATIENCE)

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(write())


@contextmanager
def a_silent_mail_server() -> Iterator[tuple[str, list[socket.socket]]]:
    """Run a mail server that accepts connections and never sends anything; yield its address, and the connections."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield f"smtp://127.0.0.1:{server.getsockname()[1]}", taken
        server.shutdown(socket.SHUT_RDWR)
    for one in taken:
        one.close()


@pytest.mark.thorough
@pytest.mark.slow
def test_a_mail_server_that_hangs_does_not_stop_signing_in_with_the_provider(tmp_path: Path):
    world = stored_world(tmp_path)
    people = [person for person in HOLDER.values() if person not in ("admin", "system")]
    assert len(people) > MAIL + PROVIDER
    with providing(NOW) as provider, ThreadPoolExecutor(len(people)) as threads, a_silent_mail_server() as (url, taken):
        provider.person = {"sub": "chief-1", "email": "chief@example.org", "email_verified": True}
        post = LinkPost(channels=ChannelSettings(smtp_url=url), pause=lambda _: None)
        browser = Browser(world.db, provider=Provider(chosen(provider)), post=post)
        for person in people:
            invite(world, person)
            other = Browser(world.db)
            other.app = browser.app
            threads.submit(other.send, "/sign-in", other.get("/sign-in"), email=f"{person}@example.org")
        wait_until(lambda: len(taken) >= MAIL, what="the mail server to be asked")
        assert sign_in(browser, provider).status_code == 303
        assert len(taken) == MAIL, "the mail server is still silent"
    engine_for(world.db).dispose()
