"""From the printed address to a dated programme, without a script: the first start with a plan of Microsoft Project."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from changeflow.web.app import make_app
from tests.browser.axe import Kinds
from tests.browser.examples import OF_SETUP
from tests.browser.looking import needs_chromium, problems
from tests.browser.sample import free_port, is_up
from tests.intake.trust_plan import trust_plan
from tests.waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.slow, needs_chromium]
MOST_STEPS = 25
"""Clicks and filled fields."""
COLUMNS, START = "/setup/import/columns", "/setup/start/{token}"
PAGES = ("/setup", "/setup/you", "/setup/programme", "/setup/sample", "/setup/template", "/setup/import",
         "/setup/import/about", "/setup/import/tasks", "/setup/import/dates")  # fmt: skip


@contextmanager
def first_start(home: Path) -> Iterator[str]:
    """Serve a database that does not exist yet; yield the address that is printed."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("CHANGEFLOW_")}
    own |= {"CHANGEFLOW_DB": f"sqlite:///{home / 'new.db'}", "CHANGEFLOW_BASE_URL": base, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "changeflow", "serve", "--port", str(port)]
    with (home / "printed").open("w") as printed:
        server = subprocess.Popen(command, env=own, stdout=printed, stderr=subprocess.STDOUT)
        try:
            [address] = wait_until(
                lambda: re.findall(r"Set up changeflow: (http://\S+)", (home / "printed").read_text()),
                what="the printed address",
                failed=lambda: server.poll() is not None and (home / "printed").read_text(),
            )
            wait_until(lambda: is_up(base), what="the server")
            yield address
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)


class Person:
    """Someone without a script, whose clicks and filled fields are counted."""

    def __init__(self, page: Any) -> None:
        self.page, self.steps = page, 0

    def press(self, role: str, name: str) -> None:
        self.steps += 1
        self.page.get_by_role(role, name=name, exact=True).first.click()

    def fill(self, label: str, text: str) -> None:
        self.steps += 1
        self.page.get_by_label(label, exact=True).fill(text)


@pytest.mark.thorough
def test_the_printed_address_leads_to_a_dated_programme(browser: Any, tmp_path: Path) -> None:
    with first_start(tmp_path) as address:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(address)
        someone = Person(page)
        someone.press("button", "Start")
        for label, text in (("Your name", "Programme Director"), ("Your role", "Programme Director")):
            someone.fill(label, text)
        someone.fill("Your email address", "director@example.org")
        someone.press("button", "Continue")
        someone.press("link", "Your programme")
        found = looked_at_columns(browser, page, tmp_path)
        someone.press("radio", "Import a plan")
        someone.press("button", "Continue")
        someone.steps += 1
        page.get_by_label("Choose a plan").set_input_files(str(trust_plan(tmp_path)))
        someone.press("button", "Upload")
        someone.fill("Name of your organisation", "A trust")
        someone.press("button", "Continue")
        someone.press("button", "Continue")
        assert page.get_by_role("heading", name="Dates side by side").is_visible()
        found += looked_at(browser, page)
        someone.press("button", "Store the programme")
        someone.press("link", "See the plan")
        page.get_by_role("heading", name="Plan", exact=True).wait_for()
        assert "Payroll, Ash Primary: train staff" in page.get_by_role("main").inner_text()
        assert someone.steps <= MOST_STEPS
        assert found == []


def test_every_page_of_the_setup_is_looked_at():
    routes = make_app("sqlite:////nowhere.db").routes
    paths = {r.path for r in routes if r.path.startswith(OF_SETUP) and "GET" in r.methods}  # type: ignore[attr-defined]
    assert paths == {*PAGES, COLUMNS, START}


def looked_at_columns(browser: Any, page: Any, folder: Path) -> list[str]:
    """Look at the columns of a spreadsheet, with cells that cannot be used, and leave it for another plan."""
    sheet = folder / "tasks.csv"
    sheet.write_text("Work item,Start,Finish\nBuild payroll,4/1/2027,soon\n", encoding="utf-8")
    base = page.url.partition("/setup")[0]
    looking = browser.new_context(base_url=base, storage_state=page.context.storage_state()).new_page()
    looking.goto("/setup/import")
    looking.get_by_label("Choose a plan").set_input_files(str(sheet))
    looking.get_by_role("button", name="Upload").click()
    looking.get_by_role("heading", name="What is in the columns?").wait_for()
    found = problems(looking, every_text=False)
    looking.get_by_label("Read Work item as").select_option("Task")
    looking.get_by_role("button", name="Continue").click()
    looking.get_by_role("heading", name="There is a problem").wait_for()
    return found + problems(looking, every_text=False)


def looked_at(browser: Any, page: Any) -> list[str]:
    """Look at every page of the setup, with what has been entered, in a browser with a script; return what is wrong."""
    base = page.url.partition("/setup")[0]
    context = browser.new_context(base_url=base, storage_state=page.context.storage_state())
    looking, found = context.new_page(), list[str]()
    kinds: Kinds = {}
    for path in PAGES:
        looking.goto(path)
        found += [f"{path}: {text}" for text in problems(looking, every_text=False, kinds=kinds)]
    return found
