"""Single contracts are for the service manager and the lead provider alone: in folders, and when runs are compared."""

import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.errors import NotAllowedError
from changeflow.pilots.criteria import ExplainedVariance
from changeflow.pilots.issues import with_contracts
from changeflow.pilots.runs import MatchOutcome
from changeflow.storage import versions
from changeflow.storage.database import session_scope
from changeflow.usecases import definitions, parallel_runs
from changeflow.usecases.export import ExportRequest, export_folder
from changeflow.usecases.unit_of_work import Change
from tests import audited
from tests.builders import PEOPLE, SERVICE, a_folder

NOW = datetime(2027, 3, 25, 17, tzinfo=UTC)
TODAY = date(2027, 3, 25)
RUN = """\
parallel_run:
  pay: net
  tolerances: [{element: gross, absolute: 0}, {element: net, absolute: 0.01}]
  # What is agreed.
  explanations:
    - {element: net, key: C10043, period: 2027-03, between: [-80, 0], reason: Sick pay, explained_by: lead}
    - {element: net, between: [0, 0.5], reason: Rounding, explained_by: lead}  # for all
    - {element: gross, key: C10044, reason: Award, explained_by: lead}
  clean_runs: 2
"""
ESTATES = (
    SERVICE.replace("payroll", "estates").replace("Payroll", "Estates").replace("{person: lead", "{person: other", 1)
)
STAFF = (
    PEOPLE
    + "other,Director of Estates,Director of Estates,other@example.org,team,,,\n"
    + "manager,Payroll Manager,Payroll Manager,manager@example.org,team,,,\n"
)
OLD = "contract,gross,net\nA1001,100.00,80.00\nA1002,200.00,160.00\nA1003,300.00,240.00\n"
NEW = "contract,gross,net\nA1001,100.00,80.00\nA1002,212.00,170.00\n"


@pytest.fixture
def stored(sqlite: str, tmp_path: Path) -> str:
    apply(sqlite, tmp_path / "trust", SERVICE + "service_manager: manager\n" + RUN)
    return sqlite


def apply(db: str, folder: Path, payroll: str, actor: str = "lead") -> int:
    a_folder(folder, service=payroll, people=STAFF)
    (folder / "services/estates.yaml").write_text(ESTATES)
    return definitions.apply(folder, db=db, actor=actor, now=NOW)


def exported(db: str, out: Path, actor: str | None = None) -> Path:
    asked = ExportRequest(actor=actor, now=NOW, contracts=actor is not None)
    export_folder(out, db=db, programme=None, on=TODAY, asked=asked)
    return out


def explanations(db: str) -> tuple[ExplainedVariance, ...]:
    with session_scope(db) as session:
        [payroll] = [s for s in versions.required(session, "small").definition.services if s.service == "payroll"]
    assert payroll.parallel_run is not None
    return payroll.parallel_run.explanations


def entries(db: str, action: str) -> list[tuple[str, str]]:
    with session_scope(db) as session:
        return [(e[2], e[4]) for e in audited.entries(session, "small") if e[3] == action]


class TestFolders:
    @pytest.mark.slow
    def test_explanations_of_single_contracts_are_left_out(self, stored: str, tmp_path: Path):
        out = exported(stored, tmp_path / "out")
        written = "".join(p.read_text() for p in out.rglob("*") if p.is_file())
        for secret in ("C10043", "C10044", "Sick pay", "Award"):
            assert secret not in written
        text = (out / "services/payroll.yaml").read_text()
        assert "reason: Rounding, explained_by: lead}\n" in text
        assert entries(stored, "export") == []

    @pytest.mark.slow
    @pytest.mark.parametrize("others", [True, False])
    def test_comments_about_them_are_left_out_and_the_file_stays_valid(self, sqlite: str, tmp_path: Path, others: bool):
        """Comments may be before, in and after an entry. Without an entry for all contracts, the list is empty."""
        run = (
            RUN.replace("parallel_run:", "parallel_run:  # see C10043\n  # C10043 was ill")
            .replace("  clean_runs", "    # C10044: an award\n  clean_runs")
            .replace("explained_by: lead}\n", "explained_by: lead}  # C10044\n")
        )
        if not others:
            run = "".join(line for line in run.splitlines(keepends=True) if "Rounding" not in line)
        apply(sqlite, tmp_path / "trust", "# Payroll first.\n" + SERVICE + run)
        before, out = explanations(sqlite), exported(sqlite, tmp_path / "out")
        text = (out / "services/payroll.yaml").read_text()
        assert text.startswith("# Payroll first.\n")
        assert "C1004" not in text
        assert len(YAML(typ="safe").load(text)["parallel_run"]["explanations"]) == others
        assert definitions.apply(out, db=sqlite, actor="other", now=NOW) == 1
        assert explanations(sqlite) == before

    @pytest.mark.slow
    def test_applying_such_a_folder_keeps_them(self, stored: str, tmp_path: Path):
        before, out = explanations(stored), exported(stored, tmp_path / "out")
        assert definitions.difference(out, db=stored).is_same
        assert definitions.apply(out, db=stored, actor="other", now=NOW) == 1, "it is the same version"
        plan = out / "services/estates.yaml"
        for number in (2, 3):
            plan.write_text(plan.read_text().replace("gives: [", f"gives: [Report {number}, "))
            assert definitions.apply(out, db=stored, actor="other", now=NOW) == number
            assert explanations(stored) == before
        full = exported(stored, tmp_path / "full", "lead")
        assert "C10043" in (full / "services/payroll.yaml").read_text(), "also where the folder never had them"
        assert definitions.apply(full, db=stored, actor="other", now=NOW) == 3

    @pytest.mark.slow
    @pytest.mark.parametrize("actor", ["lead", "manager"])
    def test_who_runs_the_service_gets_them_when_they_ask(self, stored: str, tmp_path: Path, actor: str):
        out = exported(stored, tmp_path / "out", actor)
        path = out / "services/payroll.yaml"
        assert path.read_text() == SERVICE + "service_manager: manager\n" + RUN
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert entries(stored, "export") == [(actor, "version:1:contracts:payroll")]

    @pytest.mark.slow
    @pytest.mark.parametrize("actor", ["other", "chief"])
    def test_others_get_no_folder(self, stored: str, tmp_path: Path, actor: str):
        with pytest.raises(NotAllowedError, match="cannot see individual contracts of Payroll"):
            exported(stored, tmp_path / "out", actor)
        assert not (tmp_path / "out").exists()
        assert entries(stored, "refused") == [(actor, "read-contracts")]

    @pytest.mark.slow
    def test_a_folder_with_them_removes_one(self, stored: str, tmp_path: Path):
        out = exported(stored, tmp_path / "out", "lead")
        path = out / "services/payroll.yaml"
        path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "C10044" not in line))
        assert definitions.apply(out, db=stored, actor="lead", now=NOW) == 2
        assert [e.key for e in explanations(stored)] == ["C10043", None]

    @pytest.mark.slow
    def test_one_is_added_to_a_folder_without_them(self, stored: str, tmp_path: Path):
        out = exported(stored, tmp_path / "out")
        path, new = out / "services/payroll.yaml", "{element: net, key: C1, reason: Bonus, explained_by: lead}"
        path.write_text(path.read_text().replace("  clean_runs", f"    - {new}\n  clean_runs"))
        with pytest.raises(NotAllowedError, match="cannot explain differences in pay of Payroll"):
            definitions.apply(out, db=stored, actor="other", now=NOW)
        assert definitions.apply(out, db=stored, actor="lead", now=NOW) == 2
        assert [e.key for e in explanations(stored)] == ["C10043", None, "C10044", "C1"]

    @pytest.mark.slow
    def test_the_command_says_what_is_left_out(self, stored: str, tmp_path: Path):
        args = ["export", "folder", str(tmp_path / "out"), "--db", stored]
        said = CliRunner().invoke(app, args).stderr
        assert "Names and addresses and explanations of individual contracts are left out" in said


def a_rule(key: str | None, reason: str = "Award") -> ExplainedVariance:
    return ExplainedVariance(element="net", reason=reason, explained_by="lead", key=key)


A, B, ALL, OTHERS = a_rule("A"), a_rule("B"), a_rule(None), a_rule(None, "Rounding")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([ALL, OTHERS], [A, ALL, B, OTHERS]),
        ([OTHERS, ALL], [A, OTHERS, ALL, B]),
        ([ALL], [A, ALL, B]),
        ([], [A, B]),
        ([B, ALL, OTHERS], [A, B, ALL, OTHERS]),
    ],
)
def test_what_was_left_out_is_in_its_place_again(given: list[ExplainedVariance], kept: list[ExplainedVariance]):
    assert list(with_contracts(given, [A, ALL, B, OTHERS])) == kept


class TestReconciling:
    @pytest.fixture
    def files(self, tmp_path: Path) -> tuple[Path, Path]:
        paths = tmp_path / "old.csv", tmp_path / "new.csv"
        for path, text in zip(paths, (OLD, NEW), strict=True):
            path.write_text(text)
        return paths

    def reconciled(self, db: str, files: tuple[Path, Path], actor: str) -> parallel_runs.Reconciliation:
        change = Change(db=db, programme=None, actor=actor, now=NOW, on=TODAY)
        return parallel_runs.reconcile_stored(*files, service="payroll", period="2027-02", change=change)[0]

    @pytest.mark.slow
    def test_who_may_not_look_at_contracts_gets_the_counts(self, stored: str, files: tuple[Path, Path]):
        result = self.reconciled(stored, files, "chief")
        assert (result.variances, dict(result.keys)) == ((), {})
        assert result.count(MatchOutcome.UNEXPLAINED) == 1
        assert entries(stored, "look") == []

    @pytest.mark.slow
    def test_who_may_gets_them_and_is_noted(self, stored: str, files: tuple[Path, Path]):
        for _ in range(2):
            assert self.reconciled(stored, files, "manager").names_contracts
        assert entries(stored, "look") == [("manager", "run:payroll:2027-02:masked")] * 2

    @pytest.mark.slow
    @pytest.mark.parametrize(("actor", "is_shown"), [("chief", False), ("manager", True)])
    def test_the_command_prints_no_single_contract(
        self, stored: str, files: tuple[Path, Path], actor: str, is_shown: bool
    ):
        args = ["pilot", "reconcile", *map(str, files), "--service", "payroll", "--period", "2027-02"]
        result = CliRunner().invoke(app, [*args, "--db", stored, "--as", actor, "--at", "2027-03-25"])
        assert result.exit_code == 0, result.output
        assert ("1002" in result.stdout) is is_shown
        assert ("1003" in result.stdout) is is_shown
        assert ("170.00" in result.stdout) is is_shown
        assert (
            "Only the service manager and the lead provider see individual contracts" in result.stdout
        ) is not is_shown
