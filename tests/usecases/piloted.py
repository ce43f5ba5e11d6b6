"""The small programme as a payroll, with wave 1 (Ash and Beech) as its pilot.

Training ends on Thursday 21 January 2027; the parallel run is February and March, and the service goes live on 1 April,
the next pay period.
"""

from datetime import UTC, date, datetime
from pathlib import Path

from changeflow.agenda.gates import GateCase
from changeflow.programme.programme import Programme
from changeflow.rules.engine import Judged
from changeflow.storage.database import read_scope
from changeflow.usecases import parallel_runs, pilot_records
from changeflow.usecases.gates import case_of
from changeflow.usecases.stored import load, loaded
from changeflow.usecases.unit_of_work import Change
from tests.builders import PATHWAY, PEOPLE, PROGRAMME, SERVICE, a_folder
from tests.stored import store_once

RUN = """\
class: payroll
parallel_run:
  pay: net
  clean_runs: 2
  tolerances: [{element: gross, absolute: 0}, {element: net, absolute: 0.01}]
pilot: {exit_criteria: [{id: queries, measure: Queries, at_most: 3}]}
go_no_go: {sign: [lead]}
"""
TRIED = (
    PATHWAY.replace("per: wave, after: skills}", "per: wave, starts_on: pay_period, after: go-no-go}")
    + """\
  released: {gate: wave_release, phase: deploy, per: wave, after: [system-live, capacity], owner: sponsor}
  parallel-run: {kind: parallel_run, phase: deploy, per: wave, classes: [payroll], assured_by: [parallel, both],
    duration: 2pp, after: train}
  test-pack: {kind: test_pack, phase: deploy, per: wave, classes: [payroll], assured_by: [test_pack, both],
    duration: 5d, after: train}
  go-no-go: {gate: go_live, phase: deploy, per: wave, after: [skills, parallel-run, test-pack], owner: sponsor,
    after_previous_wave: pilot-review}
  pilot-review: {kind: pilot, phase: deploy, per: wave, waves: pilot, duration: 5d, after: go-live}
"""
)
PILOT = PROGRAMME.replace("schools: [ash, beech]}", "pilot: true, schools: [ash, beech]}")
TEAM = PEOPLE + "clerk,Payroll Clerk,Payroll Clerk,clerk@example.org,lead,,,lead\n"
PAY = "calendar: trust\npay_periods: {first_month: 2026-09, months: 36, payday: 28}\n"
GO, RELEASE, SIDE_BY_SIDE = "payroll/w1/go-no-go", "payroll/w1/released", "payroll/w1/parallel-run"
OLD = "contract,gross,net\nA1,100.00,80.00\nA2,200.00,160.00\nA3,300.00,240.00\nA4,400.00,320.00\n"
START = date(2027, 1, 4)
MARCH = date(2027, 3, 25)


def change(day: date, db: str, by: str = "lead") -> Change:
    now = datetime(day.year, day.month, day.day, 17, tzinfo=UTC)
    return Change(db=db, programme=None, actor=by, now=now, on=day)


def written(path: Path, service: str = SERVICE + RUN, programme: str = PILOT) -> Path:
    folder = a_folder(path, programme=programme, service=service, pathway=TRIED, people=TEAM)
    (folder / "calendars").mkdir(exist_ok=True)
    (folder / "calendars" / "trust.yaml").write_text(PAY)
    return folder


def store(db: str, path: Path, service: str = SERVICE + RUN, programme: str = PILOT) -> str:
    store_once(written(path, service, programme), db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    return db


def run(db: str, tmp_path: Path, new: str, *, period: str = "2027-02", day: date = MARCH, old: str = OLD):
    for name, text in (("old", old), ("new", new)):
        (tmp_path / f"{name}.csv").write_text(text)
    files = tmp_path / "old.csv", tmp_path / "new.csv"
    return parallel_runs.reconcile_stored(*files, service="payroll", period=period, change=change(day, db))


def explained(db: str, element: str = "gross", *, contract: str | None = "A2", period: str = "2027-02", **more: object):
    said: dict[str, object] = {"between": None, "reason": "Back-pay", "evidence": "Letter of 1 March"} | more
    return pilot_records.explain("payroll", period, element, change(MARCH, db), contract=contract, **said)  # type: ignore[arg-type]


def programme(db: str, day: date = MARCH) -> Programme:
    return loaded(None, db=db, on=day)


def judged_on(db: str, day: date) -> Judged:
    with read_scope(db) as session:
        return load(session, None, on=day).judged


def weighed(db: str, gate: str = GO) -> GateCase:
    return case_of(gate, db=db, programme=None, on=MARCH)[1]
