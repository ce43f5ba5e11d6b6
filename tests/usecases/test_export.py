"""Names and addresses in an exported folder: left out unless asked for, and kept when the folder is applied again."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import NotAllowedError
from changeflow.storage import versions
from changeflow.storage.database import session_scope
from changeflow.usecases import definitions
from changeflow.usecases.export import ExportRequest, export_folder
from tests.builders import a_folder
from tests.usecases.signed import FILES, NOW, PEOPLE, TODAY, apply, entries


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trust"


@pytest.fixture
def stored(sqlite: str, folder: Path) -> str:
    apply(folder, sqlite)
    return sqlite


class TestAddresses:
    def contacts(self, db: str) -> object:
        with session_scope(db) as session:
            return versions.contacts(session, "small")

    def exported(self, db: str, out: Path, actor: str | None = None) -> Path:
        asked = ExportRequest(actor=actor, now=NOW, addresses=True) if actor else None
        export_folder(out, db=db, programme=None, on=TODAY, asked=asked)
        return out

    @pytest.mark.slow
    def test_a_folder_has_none_and_applying_it_changes_nothing(self, sqlite: str, folder: Path, tmp_path: Path):
        away = PEOPLE.replace("manager\n", "manager,away,language\n", 1).replace(
            "lead,,,chief\n", "lead,,,chief,2027-02-01..2027-02-05,cy\n"
        ).replace("clerk,Payroll Clerk,", "clerk,Sam,")  # fmt: skip
        apply(folder, sqlite, people=away)
        before = self.contacts(sqlite)
        out = self.exported(sqlite, tmp_path / "out")
        for secret in ("@example.org", "Sam", "2027-02-05", "cy"):
            assert secret not in (out / "people.csv").read_text()
        assert "lead@" not in "".join(p.read_text() for p in out.rglob("*") if p.is_file())
        assert definitions.apply(out, db=sqlite, actor="office", now=NOW) == 1
        assert self.contacts(sqlite) == before
        assert entries(sqlite, "export") == []

    @pytest.mark.slow
    def test_with_them_it_is_as_it_was_and_noted(self, stored: str, tmp_path: Path):
        before = self.contacts(stored)
        out = self.exported(stored, tmp_path / "out", "office")
        assert "lead@example.org" in (out / "people.csv").read_text()
        assert definitions.apply(out, db=stored, actor="office", now=NOW) == 1
        assert self.contacts(stored) == before
        assert entries(stored, "export") == [("office", "version:1:addresses")]

    @pytest.mark.slow
    def test_who_may_not_have_them_gets_no_folder(self, stored: str, tmp_path: Path):
        with pytest.raises(NotAllowedError, match="cannot export names and addresses"):
            self.exported(stored, tmp_path / "out", "clerk")
        assert not (tmp_path / "out").exists()
        assert entries(stored, "refused") == [("clerk", "export-addresses")]

    @pytest.mark.slow
    def test_a_changed_plan_keeps_the_addresses_too(self, stored: str, tmp_path: Path):
        before = self.contacts(stored)
        out = self.exported(stored, tmp_path / "out")
        path = out / "programme.yaml"
        path.write_text(path.read_text().replace("A small programme", "A programme"))
        assert definitions.apply(out, db=stored, actor="office", now=NOW) == 2
        assert self.contacts(stored) == before

    def test_a_blank_cell_among_addresses_removes_one(self, stored: str, folder: Path):
        apply(folder, stored, people=PEOPLE.replace("clerk@example.org", ""))
        assert {p for p, c in self.contacts(stored).items() if c.email is None} == {"clerk"}  # type: ignore[attr-defined]

    def test_a_column_of_blank_addresses_removes_none(self, stored: str, folder: Path):
        people = "\n".join(
            ",".join("" if n == 3 and i else cell for n, cell in enumerate(line.split(",")))
            for i, line in enumerate(PEOPLE.splitlines())
        )
        before = self.contacts(stored)
        apply(folder, stored, people=people + "\n")
        assert self.contacts(stored) == before

    @pytest.mark.slow
    def test_a_person_who_is_new_has_no_address_and_a_name_follows_the_role(self, stored: str, folder: Path):
        without = "id,role,audience,groups\n" + "".join(
            ",".join([cells[0], cells[2], cells[4], cells[6]]) + "\n"
            for cells in (line.split(",") for line in PEOPLE.splitlines()[1:])
        )
        people = without.replace("Payroll Clerk", "Payroll Officer") + "new,Teacher,team,\n"
        apply(folder, stored, people=people)
        found = self.contacts(stored)
        assert (found["new"].name, found["new"].email) == ("Teacher", None)  # type: ignore[index]
        assert (found["clerk"].name, found["clerk"].email) == ("Payroll Officer", "clerk@example.org")  # type: ignore[index]
        assert (found["lead"].name, found["lead"].email) == ("Director of People", "lead@example.org")  # type: ignore[index]

    def test_only_a_folder_has_addresses(self, folder: Path, tmp_path: Path):
        a_folder(folder, **FILES)
        args = ["export", "xlsx", str(tmp_path / "x.xlsx"), "--from", str(folder), "--with-addresses"]
        result = CliRunner().invoke(app, args)
        assert result.exit_code == 4
        assert "--with-addresses cannot be used here: only a folder has addresses and explanations" in result.stderr
