"""Gates: who decides, once, and on what evidence; what waits behind one."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from changeflow.agenda.criteria import State
from changeflow.cli import app
from changeflow.errors import CheckFailedError, ConflictError, InputError, ProblemsError, UnknownThingError
from changeflow.programme.facts import Condition
from changeflow.programme.recording import ReportedProgress
from changeflow.storage.database import session_scope
from changeflow.storage.tables.facts import DecisionRow
from changeflow.usecases import progress
from changeflow.usecases.gates import decide
from changeflow.values.words import Outcome
from tests import audited
from tests.builders import PROGRAMME, SERVICE
from tests.usecases.gated import (
    GATED,
    GO,
    PLAN,
    answer,
    case,
    change,
    decisions,
    finish,
    planned,
    state,
    stored_with,
    up_to_the_go_live,
)


@pytest.fixture
def db_gated(db: str, tmp_path: Path) -> str:
    return stored_with(db, tmp_path)


class TestWhoDecides:
    @pytest.mark.parametrize("actor", ["lead", "chief"])
    def test_the_owner_of_the_gate_or_the_sro(self, db_gated: str, actor: str):
        planned(db_gated)
        decide(answer(), change(db_gated, 5, actor=actor))
        assert decisions(db_gated) == [(PLAN, "approve", actor, 1)]

    def test_nobody_else(self, db_gated: str):
        planned(db_gated)
        with pytest.raises(InputError) as caught:
            decide(answer(), change(db_gated, 5, actor="manager"))
        assert str(caught.value) == (
            "The Programme Manager cannot decide “Payroll: plan agreed”. Only the owner (Director of People) or the "
            "SRO "
            "(Chief Executive) can do this. If one of them has decided, record it with --by. No changes saved."
        )
        assert caught.value.exit_code == 4
        assert decisions(db_gated) == []

    def test_another_may_record_what_they_decided(self, db_gated: str):
        planned(db_gated)
        decide(answer(by="lead"), change(db_gated, 5, actor="manager"))
        assert decisions(db_gated) == [(PLAN, "approve", "lead", 1)]
        with session_scope(db_gated) as session:
            assert [e[2:] for e in audited.entries(session, "small")][-1] == ("manager", "gate:approve", PLAN)

    def test_a_flow_decides_nothing(self, db_gated: str):
        planned(db_gated)
        with pytest.raises(InputError, match="cannot decide"):
            decide(answer(), change(db_gated, 5, actor="system"))

    def test_what_is_no_gate_is_told(self, db_gated: str):
        with pytest.raises(UnknownThingError, match="There is no gate 'payroll/plan'"):
            decide(answer("payroll/plan"), change(db_gated, 5))


class TestOnce:
    def test_the_first_decision_stands_and_the_second_is_told(self, db_gated: str):
        planned(db_gated)
        decide(answer(reason="The team is there"), change(db_gated, 5, actor="lead"))
        for second in (answer(outcome=Outcome.REJECT), answer(reason="The team is there")):
            with pytest.raises(ConflictError) as caught:
                decide(second, change(db_gated, 5))
            assert str(caught.value) == (
                "“Payroll: plan agreed” was approved on 5 Jan 2027 by the Director of People: The team is there. That "
                "decision stands. No changes saved."
            )
            assert caught.value.exit_code == 5
        assert len(decisions(db_gated)) == 1

    @pytest.mark.slow
    @pytest.mark.both_databases
    def test_of_many_at_once_one_stands(self, db_gated: str):
        planned(db_gated)

        def go(actor: str) -> str:
            try:
                decide(answer(), change(db_gated, 5, actor=actor))
            except ConflictError:
                return "refused"
            return "recorded"

        with ThreadPoolExecutor(4) as pool:
            outcomes = sorted(pool.map(go, ["lead", "chief", "lead", "chief"]))
        assert outcomes == ["recorded", "refused", "refused", "refused"]

    @pytest.mark.slow
    @pytest.mark.both_databases
    def test_the_database_keeps_a_round_to_one_answer_as_well(self, db_gated: str):
        planned(db_gated)
        decide(answer(), change(db_gated, 5))
        at = datetime(2027, 1, 5, tzinfo=UTC)
        twice = DecisionRow(
            programme_id="small", task=PLAN, outcome="reject", reason="x", by="chief", on=at.date(), at=at, round=1
        )
        with session_scope(db_gated) as session:
            session.add(twice)
            with pytest.raises(IntegrityError):
                session.flush()
            session.rollback()

    @pytest.mark.slow
    def test_a_rejected_gate_is_asked_anew_on_purpose_only(self, db_gated: str):
        planned(db_gated)
        decide(answer(outcome=Outcome.REJECT, reason="No time yet"), change(db_gated, 5))
        assert not state(db_gated, date(2027, 1, 5)).programme.is_done(PLAN)
        with pytest.raises(ConflictError, match=r"was rejected on 5 Jan 2027 .* add --again"):
            decide(answer(on=7), change(db_gated, 7))
        decide(answer(on=7, again=True), change(db_gated, 7))
        assert decisions(db_gated) == [(PLAN, "reject", "chief", 1), (PLAN, "approve", "chief", 2)]
        assert state(db_gated, date(2027, 1, 7)).programme.is_done(PLAN)


class TestEvidence:
    @pytest.mark.slow
    @pytest.mark.both_databases
    def test_an_approval_that_is_carried(self, db_gated: str):
        up_to_the_go_live(db_gated)
        found = case(db_gated, GO, 22)
        assert found.proposal is Outcome.APPROVE
        assert "Training has been delivered at 2 of 2 schools." in found.of(State.MET)
        assert "The plan complies with the rule “Scheme of delegation approved before go-live”." in found.of(State.MET)
        assert not any("R12" in text or "R20" in text for text in found.of(State.MET)), "not asked of this service"

    @pytest.mark.slow
    def test_what_is_not_finished_is_open_and_an_approval_is_refused(self, db_gated: str):
        found = case(db_gated, PLAN, 4)
        assert found.proposal is Outcome.CONDITIONS
        assert found.of(State.OPEN) == ("“Payroll: plan” is not complete yet.",)
        with pytest.raises(
            CheckFailedError, match=r"(?s)does not support approving .*plan” is not complete yet.*with conditions"
        ):
            decide(answer(on=4), change(db_gated, 4))
        assert decisions(db_gated) == []

    @pytest.mark.slow
    def test_a_lead_without_time_blocks_the_plan_gate_whatever_the_conditions(self, db: str, tmp_path: Path):
        stored_with(db, tmp_path, service=SERVICE + "required_days_per_week: 2.5\n")
        planned(db)
        text = "Payroll's lead provider has 2 days a week for it (at least 2.5 days needed)."
        assert case(db, PLAN, 5).of(State.BLOCKS) == (text,)
        condition = Condition(text="Free a day", owner="lead", due=date(2027, 1, 11))
        with pytest.raises(CheckFailedError, match="even with conditions"):
            decide(answer(outcome=Outcome.CONDITIONS, conditions=(condition,)), change(db, 5))
        decide(answer(outcome=Outcome.REJECT), change(db, 5))

    @pytest.mark.slow
    def test_whose_requirements_warns_in_the_plan_and_blocks_the_design_gate(self, db: str, tmp_path: Path):
        gated = GATED.replace("[heads, board, local_governing_bodies]", "[board]") + (
            "  design-agreed: {gate: design, phase: design, after: requirements, owner: sponsor}\n"
        )
        stored_with(db, tmp_path, pathway=gated)
        found = case(db, "payroll/design-agreed", 12)
        assert found.of(State.BLOCKS) == (
            "The requirements for Payroll have no input from headteachers and local governing bodies.",
        )
        assert not any("R07" in c.rule for c in case(db, PLAN, 5).criteria)

    @pytest.mark.slow
    def test_a_waiver_is_shown_as_what_it_is(self, db: str, tmp_path: Path):
        team = "needed_skills: [pensions], members"
        waived = SERVICE.replace("members", team, 1) + (
            "waivers:\n  - {rule: R06, reason: x, owner: lead, approved_by: chief, expires: 2027-12-31}\n"
        )
        stored_with(db, tmp_path, service=waived)
        assert case(db, PLAN, 5).of(State.WAIVED) == (
            "The rule “A team with time and skills” is waived until 31 Dec 2027.",
        )

    @pytest.mark.slow
    def test_training_is_delivered_not_planned(self, db_gated: str):
        planned(db_gated)
        decide(answer(), change(db_gated, 5))
        found = case(db_gated, GO, 22)
        text = (
            "Training has been delivered at 0 of 2 schools (all needed). Still to be trained: Ash School, Beech School."
        )
        assert text in found.of(State.BLOCKS)

    @pytest.mark.slow
    def test_how_much_training_is_a_setting(self, db: str, tmp_path: Path):
        stored_with(db, tmp_path, programme=PROGRAMME + "policy: {trained_share: 0.5}\n")
        planned(db)
        decide(answer(), change(db, 5))
        finish(db, "payroll/requirements", 6, 12)
        finish(db, "payroll/ash/train", 20, 21)
        assert "Training has been delivered at 1 of 2 schools." in case(db, GO, 22).of(State.MET)

    @pytest.mark.slow
    def test_a_pilot_needs_exit_criteria_before_it_starts(self, db: str, tmp_path: Path):
        piloted = PROGRAMME.replace("name: wave 1,", "name: wave 1, pilot: true,")
        steps = GATED + "  released: {gate: wave_release, per: wave, after: delegation, owner: sponsor}\n"
        stored_with(db, tmp_path, programme=piloted, pathway=steps)
        text = "Payroll has no exit criteria for its pilot. Set them before it starts."
        assert text in case(db, "payroll/w1/released", 12).of(State.OPEN)
        assert text not in case(db, "payroll/w2/released", 12).of(State.OPEN)

    @pytest.mark.slow
    def test_a_closure_waits_for_every_service(self, db: str, tmp_path: Path):
        tasks = PROGRAMME.replace("tasks:\n", "tasks:\n  closing: {gate: closure, after: payroll/checkpoint}\n")
        loose = tasks.replace("after: payroll/checkpoint, owner", "after: closing, owner").replace(
            "since: 2026-09-01", "since: 2026-09-01, until: 2027-01-31"
        )
        stored_with(db, tmp_path, programme=loose)
        found = case(db, "programme/closing", 12)
        assert any(text.startswith("The sponsor's tenure ends on 31 Jan 2027") for text in found.of(State.BLOCKS))

    def test_a_gate_that_is_no_decision_is_a_mistake(self, db: str, tmp_path: Path):
        with pytest.raises(ProblemsError, match="is a gate, but its kind is training"):
            stored_with(db, tmp_path, pathway=GATED.replace("{gate: plan,", "{gate: plan, kind: training,"))


class TestBehindAGate:
    @pytest.mark.slow
    def test_what_began_before_its_gate_is_recorded_and_a_finding_says_so(self, db_gated: str):
        planned(db_gated)
        begin = [ReportedProgress("payroll/requirements", date(2027, 1, 6))]
        assert progress.report_progress(begin, change(db_gated, 6)) == 1
        found = progress.out_of_order(["payroll/requirements"], change(db_gated, 6))
        assert next(f.message for f in found if f.rule == "R31") == (
            "“Payroll: requirements” started on 6 Jan 2027, too early. It depends on the gate “Payroll: plan agreed”."
        )

    @pytest.mark.slow
    def test_the_open_gate_is_the_first_thing_that_is_said(self, db_gated: str):
        """Requirements begin, and the gate before them is open: first the gate, with what takes the report back."""
        planned(db_gated)
        options = ["--db", db_gated, "--at", "2027-01-06", "--as", "lead"]
        said = CliRunner().invoke(app, ["task", "start", "payroll/requirements", *options]).stderr.splitlines()
        assert said[0].startswith("The gate “Payroll: plan agreed” has not been decided. If this is a mistake")
        assert said[1] == "payroll/requirements has begun."
        assert said[2].startswith("R31 ")
        fact = re.search(r"fact withdraw (progress-\d+) ", said[0])
        assert fact is not None
        assert CliRunner().invoke(app, ["fact", "withdraw", fact[1], "--reason", "Slip", *options]).exit_code == 0
        assert progress.open_gates("payroll/requirements", change(db_gated, 6)) == ()

    @pytest.mark.slow
    def test_a_report_of_progress_is_no_decision(self, db_gated: str):
        planned(db_gated)
        with pytest.raises(InputError, match="is a gate, which only a decision can finish"):
            finish(db_gated, PLAN, 5, 5)
        assert not state(db_gated, date(2027, 1, 5)).programme.is_done(PLAN)
