"""The check of an installation prints each finding with its remedy; its exit code says whether all is well."""

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.cli import app
from changeflow.settings import VARIABLES

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the empty database of all commands, whose files only their owner can read."""
    monkeypatch.chdir(tmp_path)
    of_tests = {name for name in os.environ if name.startswith("CHANGEFLOW_")}  # such as those that CI sets
    for name in VARIABLES | of_tests | {"PREFECT_API_URL"}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CHANGEFLOW_DB", sqlite)
    (tmp_path / "test.db").chmod(0o600)
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.mark.slow
def test_what_needs_attention_is_printed_with_its_remedy_and_exits_with_3(place: Path):
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 3
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("attention")] == [
        "attention    Backup: No backups are known: CHANGEFLOW_BACKUPS does not name the folder with the copies."
    ]
    assert any(line.startswith("             → Copy the database on a timer") for line in lines)
    assert done.stderr == "1 thing needs attention.\n"


@pytest.mark.slow
def test_where_all_is_well_the_exit_code_is_0_and_json_says_so(place: Path, monkeypatch: pytest.MonkeyPatch):
    copy = CliRunner().invoke(app, ["db", "backup", "copies/one.db"])
    assert copy.exit_code == 0, copy.output
    monkeypatch.setenv("CHANGEFLOW_BACKUPS", "copies")
    done = CliRunner().invoke(app, ["doctor", "--format", "json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["ok"] is True
    assert {tuple(row) for row in found["checks"]} == {("check", "state", "text", "remedy")}
    assert CliRunner().invoke(app, ["doctor"]).stdout.endswith("Nothing needs attention.\n")


@pytest.mark.slow
def test_settings_that_cannot_be_used_are_findings_and_secrets_are_not_printed(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    (place / "secret").write_text("hunter2")
    for name, value in {
        "WORKERS": "many", "PROXIES": "proxy.example.org", "LOG": "loud", "BASE_URL": "change.example.org",
        "OIDC_ISSUER": "https://login.microsoftonline.com/common/v2.0", "OIDC_CLIENT_ID": "changeflow",
        "OIDC_CLIENT_SECRET_FILE": "secret", "SMTP_URL_FILE": "missing", "METRICS_TOKEN": "hunter2", "BASEURL": "x",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CHANGEFLOW_{name}", value)
    done = CliRunner().invoke(app, ["doctor"])
    found = [line for line in done.stdout.splitlines() if line.startswith("attention    Settings: ")]
    for name in ("WORKERS", "PROXIES", "LOG", "BASE_URL", "OIDC_ISSUER", "SMTP_URL_FILE", "BASEURL"):
        assert sum(f"CHANGEFLOW_{name}" in line.split() or f"CHANGEFLOW_{name}." in line for line in found) == 1, name
    assert "hunter2" not in done.output


def test_the_known_variables_are_those_of_the_manual():
    page = (TOP / "docs" / "cli.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(CHANGEFLOW_[A-Z_]+)`", page))
    files = {f"{name}_FILE" for name in VARIABLES}
    assert named - files == VARIABLES - files
    assert named <= VARIABLES
