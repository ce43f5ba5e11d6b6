"""A wrong fact is withdrawn: everything is as if it had not been recorded, and both stay on record."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from changeflow.adkar.reinforcement import CheckpointResult
from changeflow.agenda.decisions import GateAnswer
from changeflow.cli import app
from changeflow.errors import ActorMissingError, CheckFailedError, InputError, UnknownThingError
from changeflow.pilots.entries import IssueRaised, IssueSeverity
from changeflow.programme.dates import dates_of
from changeflow.programme.facts import Announcement, Comment, Condition, Facts, Submission
from changeflow.programme.recorded import OF_SAME, RecordedFact
from changeflow.programme.recording import ReportedProgress
from changeflow.storage import facts
from changeflow.storage.database import session_scope
from changeflow.storage.tables.facts import WithdrawalRow
from changeflow.usecases import (
    announcements,
    checkpoints,
    filings,
    gates,
    governance,
    parallel_runs,
    pilot_records,
)
from changeflow.usecases.attendance import import_attendance
from changeflow.usecases.pilots import measure_criterion
from changeflow.usecases.progress import finish_task, record_comments, report_progress
from changeflow.usecases.recorded import withdraw_fact
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.words import Outcome
from tests import asked, audited
from tests.builders import PATHWAY, PEOPLE, SERVICE, a_folder
from tests.stored import fill_once, store_once

PLAN = "payroll/plan-agreed"
PEOPLE_OF_ASH = PEOPLE + (
    "manager,Programme Manager,Programme Manager,manager@example.org,lead,,,chief\n"
    "officer,Officer,Officer,officer@example.org,team,ash,,lead\n"
)
PATHWAY_OF_ALL = PATHWAY.replace("phase: design, duration: 5d,", "phase: design, duration: 5d, after: plan-agreed,") + (
    "  plan: {phase: plan, duration: 2d, owner: lead}\n"
    "  plan-agreed: {gate: plan, phase: plan, after: plan, owner: lead}\n"
    "  trial: {kind: pilot, phase: deploy, per: wave, duration: 5d, after: go-live}\n"
)
SERVICE_OF_ALL = SERVICE + (
    "class: payroll\n"
    "parallel_run: {key: contract, schemes: [{id: 120/A1, schools: [ash, beech]}]}\n"
    "pilot: {exit_criteria: [{id: queries, measure: Queries, at_most: 3}]}\n"
)
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
HEADER = "contract,net\n"


def change(db: str, *, actor: str | None = "manager", now: datetime = NOW) -> Change:
    return Change(db=db, programme=None, actor=actor, now=now, on=now.date())


@pytest.fixture
def trust(db: str, tmp_path: Path) -> str:
    """A payroll whose first wave went live on 25 January; today is 1 March."""
    day = date(2027, 1, 25)
    earlier = change(db, now=datetime(2027, 1, 25, 18, tzinfo=UTC))

    def fill() -> None:
        folder = a_folder(tmp_path / "trust", people=PEOPLE_OF_ASH, pathway=PATHWAY_OF_ALL, service=SERVICE_OF_ALL)
        store_once(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
        report_progress([ReportedProgress("payroll/w1/go-live", day, day)], earlier)
        finish_task("payroll/plan", date(2027, 1, 5), date(2027, 1, 4), earlier)

    fill_once("payroll that went live", db, tmp_path, fill)
    return db


def a_training(db: str, now: datetime, tmp_path: Path) -> None:
    file = tmp_path / "came.csv"
    file.write_text("session,person,on,evidence\npayroll/ash/train,officer,2027-02-01,Seen\n")
    assert import_attendance(file, change(db, now=now)) == 1


def a_run(db: str, now: datetime, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / f"{name}.csv").write_text(HEADER + "A1,100.00\nA2,200.00\n")
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    _, is_new = parallel_runs.reconcile_stored(
        old, new, service="payroll", period="2027-02", change=change(db, now=now)
    )
    assert is_new


def an_approval(db: str, now: datetime, tmp_path: Path) -> None:
    asked = tuple(Condition(text=f"Condition {n}", owner="manager", due=date(2027, 3, 20), before=None) for n in (1, 2))
    answer = GateAnswer(
        task=PLAN, outcome=Outcome.CONDITIONS, reason="Nearly", on=now.date(), by="lead", conditions=asked
    )
    gates.decide(answer, change(db, now=now))


def an_issue(db: str, now: datetime, tmp_path: Path) -> None:
    raised = IssueRaised(
        service="payroll", on=now.date(), by="-", text="Wrong tax code", severity=IssueSeverity.HARMS,
        blocks_next_wave=True,
    )  # fmt: skip
    assert pilot_records.raise_issue(raised, change(db, now=now)) is not None


def an_announcement(db: str, now: datetime, tmp_path: Path) -> None:
    said = Announcement(service="payroll", school="ash", day=date(2027, 9, 1), on=now.date(), how="letter")
    assert announcements.announce([said], change(db, now=now)) == 1


def a_comment(db: str, now: datetime, tmp_path: Path) -> None:
    with unit_of_work(change(db, now=now)) as work:
        said = Comment(task="payroll/ash/train", text="The room is too small", by="manager", on=now.date())
        assert record_comments(work, [said]) == 1


RECORDERS: dict[str, Callable[[str, datetime, Path], object]] = {
    "progress": lambda db, now, _: finish_task(
        "payroll/ash/train", date(2027, 2, 20), date(2027, 2, 10), change(db, now=now)
    ),
    "decision": an_approval,
    "attendance": a_training,
    "sponsor-act": lambda db, now, _: governance.note_act("Opened it", date(2027, 2, 1), change(db, now=now)),
    "checkpoint": lambda db, now, _: checkpoints.report_checkpoint(
        CheckpointResult(task="payroll/w1/checkpoint", on=date(2027, 2, 8), use=0.3, evidence="Log"),
        change(db, now=now),
    ),
    "confidence": lambda db, now, _: governance.set_confidence("red", "Late", "chief", change(db, now=now)),
    "run": a_run,
    "filing": lambda db, now, _: filings.record_submission(
        Submission(service="payroll", scheme="120/A1", period="2027-02", system="new"), change(db, now=now)
    ),
    "measure": lambda db, now, _: measure_criterion("payroll", "queries", "9", change(db, now=now)),
    "pilot-entry": an_issue,
    "announcement": an_announcement,
    "comment": a_comment,
}
WITHDRAWERS = {"decision": "lead", "confidence": "chief"}


def known(db: str, until: datetime | None = None) -> Facts:
    """Return the facts; a pilot's entries without their numbers, which are never given out twice."""
    with session_scope(db) as session:
        found = facts.load_facts(session, "small", until=until)
    return replace(found, pilot=tuple(e.model_copy(update={"number": 0}) for e in found.pilot))


def dates(db: str) -> object:
    with session_scope(db) as session:
        return dates_of(load(session, None, on=NOW.date()).programme)


def recorded(db: str, kind: str | None = None) -> list[RecordedFact]:
    with session_scope(db) as session:
        return facts.recorded(session, "small", kind)


def latest(db: str, kind: str) -> RecordedFact:
    return recorded(db, kind)[-1]


@pytest.mark.usual(6)
@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.parametrize("kind", RECORDERS)
def test_after_a_withdrawal_everything_is_as_if_it_had_not_been_recorded(trust: str, kind: str, tmp_path: Path):
    before, planned = known(trust), dates(trust)
    RECORDERS[kind](trust, NOW, tmp_path)
    with_it, planned_with_it = known(trust), dates(trust)
    assert with_it != before
    wrong = latest(trust, kind)

    by = WITHDRAWERS.get(kind, "manager")
    done = withdraw_fact(wrong.id, "It was another school", change(trust, actor=by, now=LATER))

    assert done.facts[0].id == wrong.id
    assert (known(trust), dates(trust)) == (before, planned)
    # Until it was withdrawn it counted; a comment's words are gone.
    until_then = before if kind == "comment" else with_it
    assert known(trust, until=LATER - timedelta(minutes=1)) == until_then
    assert known(trust, until=LATER) == before
    kept = next(f for f in recorded(trust, kind) if f.id == wrong.id)
    assert kept.withdrawn is not None
    assert (kept.withdrawn.reason, kept.withdrawn.at) == ("It was another school", LATER)

    # The same again is a new fact, and counts.
    RECORDERS[kind](trust, LATER + timedelta(hours=1), tmp_path)
    assert (known(trust), dates(trust)) == (with_it, planned_with_it)
    assert latest(trust, kind).id != wrong.id
    with session_scope(trust) as session:
        entries = list(audited.entries(session, "small"))
        assert not audited.verify(session)[1]
    withdrawn = [subject for _, _, _, action, subject in entries if action == "withdraw"]
    assert wrong.id in withdrawn
    assert "another school" not in str(entries), "the audit holds ids alone"


def test_every_kind_of_fact_is_tried():
    # Evidence moves nothing: tests/web/pages/test_evidence.py withdraws it.
    assert RECORDERS.keys() | {"condition", "evidence"} == OF_SAME.keys() == facts.TABLES.keys()


@pytest.mark.slow
def test_withdrawing_twice_changes_nothing_and_says_so(trust: str, tmp_path: Path):
    RECORDERS["progress"](trust, NOW, tmp_path)
    wrong = latest(trust, "progress")
    call = ["fact", "withdraw", wrong.id, "--reason", "Wrong", "--db", trust, "--as", "manager", "--at", "2027-03-01"]
    first, second = CliRunner().invoke(app, call), CliRunner().invoke(app, call)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "was already withdrawn; nothing changed" in second.output
    with session_scope(trust) as session:
        assert len(session.exec(select(WithdrawalRow)).all()) == 1
        assert [a for _, _, _, a, _ in audited.entries(session, "small")].count("withdraw") == 1


@pytest.mark.slow
def test_an_earlier_report_counts_again(trust: str):
    task = "payroll/requirements"
    start = ReportedProgress(task, date(2027, 2, 1))
    report_progress([start], change(trust))
    finish_task(task, date(2027, 2, 12), date(2027, 2, 1), change(trust))
    first = known(trust)
    finish_task(task, date(2027, 2, 26), date(2027, 2, 1), change(trust, now=LATER))
    withdraw_fact(latest(trust, "progress").id, "Another task", change(trust, now=LATER))
    assert known(trust) == first
    # What counts now is known: nothing new to record.
    assert finish_task(task, date(2027, 2, 12), date(2027, 2, 1), change(trust, now=LATER)) == 0


class TestDecisions:
    @pytest.mark.slow
    def test_its_conditions_and_the_gates_finish_go_with_it(self, trust: str, tmp_path: Path):
        an_approval(trust, NOW, tmp_path)
        done = withdraw_fact(latest(trust, "decision").id, "Another gate", change(trust, actor="lead", now=LATER))
        assert sorted(f.kind for f in done.facts) == ["condition", "condition", "decision", "progress"]
        assert known(trust).decision(PLAN) is None

    @pytest.mark.slow
    def test_only_who_may_decide_withdraws_it(self, trust: str, tmp_path: Path):
        an_approval(trust, NOW, tmp_path)
        with pytest.raises(
            InputError, match=r"cannot withdraw decision-1\. Only the owner \(Director of People\) or the SRO"
        ):
            withdraw_fact("decision-1", "Wrong", change(trust, actor="manager"))
        withdraw_fact("decision-1", "Wrong", change(trust, actor="chief", now=LATER))

    @pytest.mark.slow
    def test_the_finish_that_it_meant_is_withdrawn_with_it_alone(self, trust: str, tmp_path: Path):
        an_approval(trust, NOW, tmp_path)
        finish = next(f for f in recorded(trust, "progress") if f.values["task"] == PLAN)
        with pytest.raises(CheckFailedError, match=r"A decision recorded this\. Withdraw decision-1 instead"):
            withdraw_fact(finish.id, "Wrong", change(trust))

    @pytest.mark.slow
    def test_a_condition_keeps_its_task_when_another_is_withdrawn(self, trust: str, tmp_path: Path):
        an_approval(trust, NOW, tmp_path)
        first, second = recorded(trust, "condition")
        withdraw_fact(first.id, "No one asked for it", change(trust, actor="lead", now=LATER))
        [left] = known(trust).decisions[0].conditions
        assert left.text == "Condition 2"
        with session_scope(trust) as session:
            tasks = load(session, None, on=NOW.date()).programme.roadmap.tasks
        assert f"{PLAN}/condition-2" in tasks
        assert f"{PLAN}/condition-1" not in tasks
        with pytest.raises(CheckFailedError, match=r"the approval's only condition\. Withdraw decision-1"):
            withdraw_fact(second.id, "Nor for this", change(trust, actor="lead", now=LATER))

    @pytest.mark.slow
    def test_work_that_has_begun_behind_the_gate_is_named(self, trust: str, tmp_path: Path):
        an_approval(trust, NOW, tmp_path)
        finish_task("payroll/requirements", date(2027, 3, 1), date(2027, 2, 20), change(trust))
        call = ["fact", "withdraw", "decision-1", "--reason", "Wrong", "--db", trust, "--as", "lead"]
        done = CliRunner().invoke(app, [*call, "--at", "2027-03-01T18:00"])
        assert done.exit_code == 0
        assert "Already begun behind this gate: Payroll: requirements" in done.output

    @pytest.mark.slow
    def test_a_refusal_of_an_earlier_round_goes_alone(self, trust: str):
        no = GateAnswer(task=PLAN, outcome=Outcome.REJECT, reason="No", on=NOW.date(), by="lead")
        gates.decide(no, change(trust))
        yes = replace(no, outcome=Outcome.APPROVE, reason="Yes", again=True)
        gates.decide(yes, change(trust))
        done = withdraw_fact("decision-1", "Never said", change(trust, actor="lead", now=LATER))
        assert [f.id for f in done.facts] == ["decision-1"]
        found = known(trust)
        assert [d.reason for d in found.decisions] == ["Yes"]
        assert PLAN in found.progress


@pytest.mark.slow
def test_a_checkpoints_finish_goes_with_its_result(trust: str, tmp_path: Path):
    RECORDERS["checkpoint"](trust, NOW, tmp_path)
    done = withdraw_fact("checkpoint-1", "Another wave", change(trust, now=LATER))
    assert sorted(f.kind for f in done.facts) == ["checkpoint", "progress"]


@pytest.mark.slow
def test_who_recorded_it_and_the_sro_may_and_others_may_not(trust: str, tmp_path: Path):
    for kind in ("progress", "sponsor-act"):
        RECORDERS[kind](trust, NOW, tmp_path)
    with pytest.raises(InputError, match="The Officer at Ash School cannot withdraw sponsor-act-1"):
        withdraw_fact("sponsor-act-1", "Wrong", change(trust, actor="officer"))
    with pytest.raises(ActorMissingError):
        withdraw_fact("sponsor-act-1", "Wrong", change(trust, actor=None))
    withdraw_fact("sponsor-act-1", "Wrong", change(trust, actor="chief"))
    withdraw_fact(latest(trust, "progress").id, "Wrong", change(trust, actor="manager"))


def test_an_unknown_fact_and_a_missing_reason_are_errors(trust: str):
    with pytest.raises(UnknownThingError, match="progress-99"):
        withdraw_fact("progress-99", "Wrong", change(trust))
    with pytest.raises(InputError, match="Give the reason"):
        withdraw_fact("progress-1", "  ", change(trust))


@pytest.mark.slow
@pytest.mark.both_databases
def test_erasing_a_person_takes_the_withdrawals_of_their_rows_along(trust: str, tmp_path: Path):
    a_training(trust, NOW, tmp_path)
    withdraw_fact("attendance-1", "They were ill", change(trust, now=LATER))
    asked.erase("officer", db=trust, programme=None, actor="chief", now=LATER)
    with session_scope(trust) as session:
        assert not session.exec(select(WithdrawalRow)).all()
    file = tmp_path / "came.csv"
    file.write_text("session,person,on\npayroll/ash/train,lead,2027-02-01\n")
    import_attendance(file, change(trust, now=LATER))
    assert [a.person for a in known(trust).attendance] == ["lead"], "a row's number that is given out again counts"


@pytest.mark.slow
def test_the_list_says_what_became_of_each(trust: str, tmp_path: Path):
    for hours, kind in enumerate(("measure", "measure", "filing")):
        RECORDERS[kind](trust, NOW + timedelta(hours=hours), tmp_path)
    withdraw_fact("filing-1", "Never filed.", change(trust, now=LATER + timedelta(hours=2)))
    RECORDERS["filing"](trust, LATER + timedelta(hours=3), tmp_path)

    def lines(*more: str) -> list[str]:
        done = CliRunner().invoke(app, ["fact", "list", "--db", trust, "--at", "2027-03-02", *more])
        assert done.exit_code == 0, done.output
        return done.stdout.splitlines()

    about = lines("--about", "payroll/w1")
    assert [line.split()[0] for line in about] == ["progress-1"]
    assert "payroll/w1/go-live: started 25 Jan 2027, finished 25 Jan 2027 (Programme Manager)" in about[0]
    assert len(lines("--about", "payroll")) == len(lines()) == 6
    assert [line.partition("; ")[2] for line in lines("--kind", "measure")] == ["replaced by measure-2", ""]
    assert [line.partition("; ")[2] for line in lines("--kind", "filing")] == [
        "withdrawn on 1 Mar 2027 by Programme Manager: Never filed",
        "corrects filing-1",
    ]
    [first, second] = json.loads("\n".join(lines("--kind", "filing", "--format", "json")))
    assert (first["withdrawn"]["by"], second["corrects"]) == ("manager", "filing-1")
    refused = CliRunner().invoke(app, ["fact", "list", "--db", trust, "--kind", "measured"])
    assert (refused.exit_code, "measure" in refused.output) == (4, True)
