"""Each flow calls its use case through a real Prefect server, and does its work once when run twice."""

import importlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from changeflow.storage.database import engine_for
from changeflow.usecases import definitions
from changeflow.usecases.scheduled import FLOWS
from tests.builders import SERVICE, a_folder
from tests.flows.patient import Api

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
NOW = datetime(2027, 1, 8, 9, tzinfo=UTC)
TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    service = SERVICE + "tasks:\n  requirements: {owner: lead}\n"
    definitions.apply(a_folder(tmp_path / "trust", service=service), db=url, actor="chief", now=NOW)
    monkeypatch.setenv("CHANGEFLOW_DB", url)
    monkeypatch.setenv("CHANGEFLOW_OUTBOX", str(tmp_path / "outbox"))
    monkeypatch.setenv("CHANGEFLOW_REPORTS", str(tmp_path / "reports"))
    monkeypatch.delenv("CHANGEFLOW_SMTP_URL", raising=False)
    yield url
    engine_for(url).dispose()


def test_tick_dispatch_and_report_through_prefect(prefect_server: Api, stored: str, tmp_path: Path):
    from flows.agenda_tick import tick
    from flows.asks import adkar_rounds, gate_requests, health, pilot_checkpoints
    from flows.nudge import dispatch_nudges
    from flows.reinforcement import reinforcement_checkpoints
    from flows.sro import weekly_sro_report

    assert [t.new for t in tick(now=NOW)] == [1]
    assert [t.new for t in tick(now=NOW)] == [0], "running a flow twice does the work once"
    assert dispatch_nudges(now=NOW).sent == 1
    assert dispatch_nudges(now=NOW).sent == 0
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    assert [a.waiting + a.sent for a in reinforcement_checkpoints(now=NOW)] == [0]
    assert {(a.reason, a.sent) for a in gate_requests(now=NOW)} == {("gate", 0), ("decision", 0), ("evidence", 0)}
    assert [(a.reason, a.sent) for a in (*adkar_rounds(now=NOW), *pilot_checkpoints(now=NOW))] == [
        ("assessment", 0),
        ("feedback", 0),
    ]
    assert health(now=NOW) == ()
    assert len(health(now=NOW + timedelta(days=2))) == 1
    [path] = weekly_sro_report(now=NOW)
    assert path.read_text().startswith("<!doctype html>")
    assert path.with_suffix(".json").is_file()


@pytest.mark.thorough
def test_artifacts_show_what_a_run_did(prefect_server: Api, stored: str):
    from flows.agenda_tick import tick

    run = tick(now=NOW, return_state=True).state_details.flow_run_id
    [artifact] = prefect_server.ask("/artifacts/filter", {"flow_runs": {"id": {"any_": [str(run)]}}})
    assert artifact["key"] == "due"
    assert '"new": 1' in artifact["data"]


def test_every_deployment_has_a_flow_and_every_flow_a_deployment():
    deployments = yaml.safe_load((TOP / "prefect.yaml").read_text())["deployments"]
    assert {d["name"] for d in deployments} == set(FLOWS)
    for deployment in deployments:
        path, function = deployment["entrypoint"].split(":")
        module, expected, cron = FLOWS[deployment["name"]]
        assert (path, function) == (f"flows/{module}.py", expected)
        assert deployment["schedules"][0]["cron"] == cron
        assert hasattr(importlib.import_module(f"flows.{module}"), function)
