"""Exports in the browser: each file is what the command writes, and personal data needs the right role."""

import io
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from changeflow.usecases import definitions
from changeflow.usecases.export import export_folder, export_schedule
from tests.every_role import NOW, PAYROLL, TODAY, World, written
from tests.web.visiting import Browser, heading, signed_in, text_of

PAGE = "/p/small/exports"
EXPLAINED = """\
  explanations:
    - {element: gross, key: A2, reason: Back-pay, explained_by: manager}
"""


def files(answer: httpx.Response) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(answer.content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture(scope="module")
def viewer(world: World) -> Browser:
    return signed_in(world.db, "viewer")


@pytest.mark.slow
def test_the_folder_is_the_commands_own_without_names_and_addresses(viewer: Browser, world: World, tmp_path: Path):
    answer = viewer.get(f"{PAGE}/folder")
    assert answer.headers["content-disposition"] == 'attachment; filename="small-2027-03-25-folder.zip"'
    found = files(answer)
    export_folder(tmp_path / "out", db=world.db, programme=None, on=TODAY)
    written = {p.relative_to(tmp_path / "out"): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert found == {f"small/{name}": content for name, content in written.items()}
    assert b"@example.org" not in found["small/people.csv"]


@pytest.mark.slow
@pytest.mark.parametrize(("export", "form"), [("project", "mspdi"), ("calendar", "ics")])
def test_a_schedule_is_the_commands_own(viewer: Browser, world: World, tmp_path: Path, export: str, form: str):
    out = tmp_path / "out"
    said = export_schedule(form, out, source=None, db=world.db, programme=None, on=TODAY, now=NOW)
    assert viewer.get(f"{PAGE}/{export}").content == out.read_bytes()
    if form == "mspdi":
        assert viewer.get(f"{PAGE}/project-notes").text.splitlines() == list(said)


@pytest.mark.slow
def test_everything_is_in_one_file(viewer: Browser):
    found = files(viewer.get(f"{PAGE}/everything"))
    assert {"small/programme.yaml", "small/people.csv", "small-2027-03-25-progress.xlsx",
            "small-2027-03-25-project.xml", "small-2027-03-25-calendar.ics", "report-2027-03-25.pdf",
            "report-2027-03-25.json"} <= found.keys()  # fmt: skip
    assert found["small-2027-03-25-project.xml"] == viewer.get(f"{PAGE}/project").content
    assert found["report-2027-03-25.pdf"].startswith(b"%PDF-")
    assert found["small-2027-03-25-progress.xlsx"] == viewer.get(f"{PAGE}/workbook").content


@pytest.mark.slow
def test_names_and_addresses_are_exported_on_record_and_change_nothing_when_applied_again(own_world: World):
    browser = signed_in(own_world.db, "member")
    answer = browser.send(f"{PAGE}/addresses", browser.get(PAGE))
    found = files(answer)
    assert b"viewer@example.org" in found["small/people.csv"]
    entry = ("member", "export", "version:1:addresses")
    assert entry in own_world.audited()
    folder = own_world.home / "again"
    for name, content in found.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    assert definitions.apply(folder / "small", db=own_world.db, actor="chief", now=NOW) == 1


@pytest.mark.slow
def test_explanations_of_contracts_are_exported_on_record_by_those_who_may_see_them(own_world: World):
    service = written(own_world.home) / "services/payroll.yaml"
    service.write_text(PAYROLL.replace("  pay: net\n", f"  pay: net\n{EXPLAINED}"))
    definitions.apply(service.parents[1], db=own_world.db, actor="provider", now=NOW)
    browser = signed_in(own_world.db, "manager")
    page = browser.get(PAGE)
    assert "Export with explanations of contracts" in text_of(page)
    found = files(browser.send(f"{PAGE}/contracts", page))
    assert b"Back-pay" in found["small/services/payroll.yaml"]
    assert b"Back-pay" not in files(browser.get(f"{PAGE}/folder"))["small/services/payroll.yaml"]
    assert b"@example.org" not in found["small/people.csv"]
    assert any(e[:2] == ("manager", "export") and e[2].endswith(":contracts:payroll") for e in own_world.audited())
    other = signed_in(own_world.db, "estates-manager")
    assert "Export with explanations of contracts" not in text_of(other.get(PAGE))


@pytest.mark.slow
def test_the_page_offers_personal_data_only_to_those_who_may_have_it(world: World):
    offers = "Export with names and addresses"
    assert offers in text_of(signed_in(world.db, "officer").get(PAGE))
    assert offers not in text_of(signed_in(world.db, "viewer").get(PAGE))
    # No contract has been explained, so there is nothing more to export.
    assert "explanations of contracts" not in text_of(signed_in(world.db, "manager").get(PAGE)).partition("personal")[2]


def test_a_head_sees_no_exports(world: World):
    page = signed_in(world.db, "head").get(f"{PAGE}/workbook")
    assert (page.status_code, heading(page)) == (403, "You do not have access to this")


def test_an_unknown_export_is_not_found(viewer: Browser):
    assert viewer.get(f"{PAGE}/pdf").status_code == 404
