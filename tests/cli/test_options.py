"""No option is ignored without a word: it is used, or refused with the reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from tests.builders import a_folder

pytestmark = pytest.mark.slow

PAY = "contract,net\nA1,100.00\nA2,200.00\n"


def prepare(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Store a programme beside its folder, a Project file and the output of two payrolls, and go there."""
    patch.chdir(folder)
    patch.setenv("CHANGEFLOW_AS", "chief")
    patch.setenv("CHANGEFLOW_DB", f"sqlite:///{folder / 'test.db'}")
    a_folder(folder / "trust")
    for name in ("old.csv", "new.csv"):
        (folder / name).write_text(PAY)
    for command in ("apply trust --yes --at 2027-01-04", "export mspdi plan.xml --from trust"):
        done = CliRunner().invoke(app, command.split())
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepare(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One for all commands that are refused: each leaves it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        yield prepare(tmp_path_factory.mktemp("unchanged"), patch)


STORED = "works only for a stored programme"
CRITERIA = "the criteria of payroll were fixed before its runs began"
KEPT = "pilot reconcile old.csv new.csv --service payroll --period 2027-01 --at 2027-02-01"
REFUSED = {
    f"{KEPT} --key contract": ("--key", CRITERIA),
    f"{KEPT} --tolerance net=5": ("--tolerance", CRITERIA),
    f"{KEPT} --preset payroll": ("--preset", CRITERIA),
    f"{KEPT} --columns net=Neto --decimal .": ("--columns and --decimal", CRITERIA),
    f"{KEPT} --key contract --tolerance net=5": ("--key and --tolerance", CRITERIA),
    "pilot reconcile old.csv new.csv --preset payroll --tolerance net=5": ("--tolerance", "the preset payroll has"),
    "pilot reconcile old.csv new.csv --programme small": ("--programme", "nothing is stored"),
    "pilot reconcile old.csv new.csv --as lead": ("--as", "nothing is stored"),
    "pilot reconcile old.csv new.csv --at 2027-02-01": ("--at", "nothing is stored"),
    "pilot runs payroll --contracts": ("--contracts", "Say which, with --period"),
    "report sro trust --issue": ("--issue", STORED),
    "report sro trust --since baseline": ("--since", STORED),
    "report sro trust --as chief": ("--as", STORED),
    "report sro trust --programme small": ("--programme", STORED),
    "waves trust --programme small": ("--programme", STORED),
    "waves trust --db sqlite:///other.db": ("--db", STORED),
    "waves trust --why ash/payroll --format json": ("--format", "with --why the answer is text"),
    "level trust --programme small": ("--programme", STORED),
    "level trust --accept all --out page.html": ("--out", "decisions are written"),
    "level trust --refuse payroll/requirements --format json": ("--format", "decisions are written"),
    "simulate trust --programme small": ("--programme", STORED),
    "recover all-live trust --programme small": ("--programme", STORED),
    "why trust payroll/requirements --programme small": ("--programme", STORED),
    "why plan.xml 1 --at 2027-01-04": ("--at", "status date"),
    "what-if plan.xml --at 2027-01-04": ("--at", "status date"),
    "plan trust --format json --to all-live": ("--to", "JSON has every task"),
    "changes trust trust --since baseline": ("--since", STORED),
    "changes trust trust --at 2027-01-04": ("--at", STORED),
    "export folder out --from trust": ("--from", "can only be exported from the database"),
    "export xlsx out.xlsx --from trust --programme small": ("--programme", STORED),
    "export mspdi out.xml --from plan.xml --at 2027-01-04": ("--at", STORED),
}


@pytest.mark.parametrize("command", REFUSED)
def test_an_option_that_would_have_no_effect_is_refused(unchanged: Path, command: str):
    before = sorted(p.name for p in unchanged.rglob("*") if not p.name.startswith("test.db"))
    done = CliRunner().invoke(app, command.split())
    option, why = REFUSED[command]
    assert done.exit_code == 4, done.output
    assert f"{option} cannot be used here" in done.output
    assert why in done.output
    assert sorted(p.name for p in unchanged.rglob("*") if not p.name.startswith("test.db")) == before


def test_what_the_environment_says_is_meant_for_other_commands(place: Path):
    for command in ("plan trust", "report sro trust --out r.json", "pilot reconcile old.csv new.csv"):
        done = CliRunner().invoke(app, command.split())
        assert done.exit_code == 0, done.output


def test_an_outbox_is_refused_where_messages_leave_the_house(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHANGEFLOW_SMTP_URL", "smtp://127.0.0.1:9")
    done = CliRunner().invoke(app, ["nudge", "dispatch", "--outbox", "box", "--at", "2027-01-04T10:00"])
    assert (done.exit_code, "messages leave by the channel 'smtp'" in done.output) == (4, True)
    monkeypatch.setenv("CHANGEFLOW_CHANNEL", "file")
    assert CliRunner().invoke(app, ["nudge", "dispatch", "--outbox", "box", "--at", "2027-01-04T10:00"]).exit_code == 0


def test_only_what_is_gone_can_be_retired(place: Path):
    schools = place / "trust" / "schools.csv"
    schools.write_text(schools.read_text().replace("Ash School", "Ash Academy"))
    call = ["apply", "trust", "--yes", "--at", "2027-01-05", "--retire"]
    misspelt = CliRunner().invoke(app, [*call, "payroll/ash/trian"])
    assert (misspelt.exit_code, "payroll/ash/trian" in misspelt.output) == (4, True)
    there = CliRunner().invoke(app, [*call, "payroll/ash/train"])
    assert (there.exit_code, "is still in the folder" in there.output) == (4, True)
