"""The payroll manager uploads two outputs, explains, compares again and signs; with the script and without."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from changeflow.values.months import month_in_words
from tests.browser.conftest import sign_in
from tests.browser.looking import DESK, needs_chromium
from tests.browser.sample import MANAGER, PROGRAMME, Served, serving
from tests.quick import thorough_first
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, needs_chromium, pytest.mark.thorough]
P = f"/p/{PROGRAMME}"
GATE = "payroll/w2/go-no-go"
HEADINGS = "contract,gross,tax,ni,pension,net"
LINES = [f"C{n},2000.00,200.00,150.00,100.00,1550.00" for n in range(10_001, 10_101)]
ODD = "C10050,2000.00,200.00,150.00,110.00,1540.00"
"""One contract with another pension contribution."""


@pytest.fixture(scope="module")
def site(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(stored, tmp_path_factory.mktemp("pilots")) as found:
        yield found


def output(folder: Path, name: str, lines: list[str]) -> str:
    path = folder / name
    path.write_text("\n".join([HEADINGS, *lines, ""]))
    return str(path)


def wait_for_comparison(page: Any, *, script: bool) -> None:
    """Wait until the page shows its columns; without the script, by its link."""
    columns = page.get_by_role("heading", name="Which columns were compared?")
    while not script and not columns.count():
        page.get_by_role("link", name="Check again").click()
        page.wait_for_timeout(300)
    if script:
        page.get_by_role("link", name="Show the result").click()
    columns.wait_for()


@pytest.mark.parametrize(
    ("month", "script"),
    thorough_first(1, [("2027-03", False), ("2027-05", True)]),
    ids=["without script", "with script"],
)
def test_the_payroll_manager_uploads_explains_and_signs(
    browser: Any, site: Served, tmp_path: Path, month: str, script: bool
):
    width = {"width": DESK, "height": 800}
    context = browser.new_context(base_url=site.base, viewport=width, java_script_enabled=script)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    sign_in(page, site, MANAGER)
    page.goto(f"{P}/pilots/payroll")
    page.get_by_role("link", name="Compare two outputs").click()
    page.get_by_label("Which month was paid?").select_option(month)
    page.get_by_label("Output of the old system").set_input_files(output(tmp_path, "old.csv", LINES))
    differing = [ODD if line[:6] == ODD[:6] else line for line in LINES]
    page.get_by_label("Output of the new system").set_input_files(output(tmp_path, "new.csv", differing))
    page.get_by_role("button", name="Upload and compare").click()
    wait_for_comparison(page, script=script)
    upload = page.url
    page.get_by_role("button", name="The columns are right: show the result").click()
    assert "1 contract with an unexplained difference" in page.locator("main").inner_text()
    page.get_by_role("button", name="Save this run").click()
    page.get_by_role("heading", name="Run saved").wait_for()
    for element in ("Net", "Pension"):
        page.get_by_role("link", name=f"Explain {element} of …0050").click()
        page.get_by_label("Reason").fill("Contribution of a late joiner")
        page.get_by_label("Evidence").fill("Letter of the pension scheme")
        page.get_by_role("button", name="Check what this changes").click()
        page.get_by_text("It explains 1 difference of this run").wait_for()
        page.get_by_role("button", name="Save the explanation").click()
        page.get_by_role("heading", name="Explanation saved").wait_for()
    page.goto(upload.partition("#")[0])
    page.get_by_role("button", name="Compare again").click()
    wait_for_comparison(page, script=script)
    page.get_by_role("button", name="The columns are right: show the result").click()
    said = page.locator("#effect").inner_text()
    clean = (
        f"In the {month_in_words(month)} run, all 100 contracts match within tolerance or have an explained difference"
    )
    assert clean in said
    page.get_by_role("button", name="Save this run").click()
    page.get_by_role("heading", name="Run saved").wait_for()
    assert "The run is clean" in page.locator("main").inner_text()
    page.goto(f"{P}/sign-off/{GATE}")
    page.get_by_label("Yes, I sign it off" if script else "No, not yet").check()
    page.get_by_label("Comment").fill("The runs agree" if script else "One more run")
    page.get_by_role("button", name="Check what this changes").click()
    page.locator("#effect").wait_for()
    page.get_by_role("button", name="Save my answer").click()
    page.get_by_role("heading", name="Answer saved").wait_for()
    page.goto(f"{P}/decisions/{GATE}")
    evidence = " ".join((page.locator("main").text_content() or "").split())
    assert clean in evidence
    assert ("“The runs agree”" if script else "“One more run”") in evidence
    context.close()
