"""Gates: who decides, on what evidence, once; conditions that become tasks; what waiting costs.

The small programme with a gate after its plan and one before each go-live. On a wall calendar of January 2027:

| task | dates |
|---|---|
| plan | Mon 4 to Tue 5, then the plan gate |
| requirements | Wed 6 to Tue 12 |
| delegation, capacity, system | Wed 13 to Tue 19 |
| train | Wed 20 to Thu 21 |
| skills | Fri 22, then the gate before go-live; go-live that evening |
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from changeflow.agenda.criteria import State
from changeflow.agenda.decisions import decision_log, delay_so_far, week_costs
from changeflow.agenda.due import due_days, due_things
from changeflow.agenda.gates import GateCase, weigh
from changeflow.errors import CheckFailedError, ConflictError, InputError, ProblemsError, UnknownThingError
from changeflow.programme.facts import Condition
from changeflow.reports.sro import slips_of
from changeflow.storage import audit
from changeflow.storage.database import session_scope
from changeflow.storage.tables.facts import ConditionRow, DecisionRow
from changeflow.usecases import apply as storing
from changeflow.usecases import facts, gates
from changeflow.usecases.facts import Change
from changeflow.usecases.gates import Answer, decide
from changeflow.usecases.stored import Stored, load
from changeflow.values.moments import day_of, last_day_of
from changeflow.values.words import Outcome
from tests.builders import PATHWAY, PEOPLE, PROGRAMME, SERVICE, a_folder

STEPS = """\
  plan: {phase: plan, duration: 2d, owner: lead}
  plan-agreed: {gate: plan, phase: plan, after: plan, owner: lead}
  go-no-go: {gate: go_live, phase: deploy, per: wave, after: skills, owner: sponsor}
"""
GATED = (
    PATHWAY.replace("phase: design, duration: 5d,", "phase: design, duration: 5d, after: plan-agreed,").replace(
        "per: wave, after: skills}", "per: wave, after: go-no-go}"
    )
    + STEPS
)
TEAM = PEOPLE + "manager,Programme Manager,Programme Manager,manager@example.org,lead,,,chief\n"
PLAN = "payroll/plan-agreed"
GO = "payroll/w1/go-no-go"


def change(db: str, day: int, *, actor: str = "chief", month: int = 1) -> Change:
    now = datetime(2027, month, day, 17, tzinfo=UTC)
    return Change(db=db, programme=None, actor=actor, now=now, on=date(2027, month, day))


@pytest.fixture
def db_gated(db: str, tmp_path: Path) -> str:
    return stored_with(db, tmp_path)


def stored_with(db: str, tmp_path: Path, **files: str) -> str:
    folder = a_folder(tmp_path / "trust", **({"pathway": GATED, "people": TEAM} | files))
    storing.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    return db


def answer(
    task: str = PLAN, outcome: Outcome = Outcome.APPROVE, *, on: int = 5, reason: str = "Ready", **more: object
) -> Answer:
    return Answer(task=task, outcome=outcome, reason=reason, on=date(2027, 1, on), **more)  # type: ignore[arg-type]


def finish(db: str, task: str, first: int, last: int) -> None:
    facts.finish_task(task, date(2027, 1, last), date(2027, 1, first), change(db, last))


def planned(db: str) -> None:
    finish(db, "payroll/plan", 4, 5)


def up_to_the_go_live(db: str) -> None:
    planned(db)
    decide(answer(), change(db, 5, actor="lead"))
    finish(db, "payroll/requirements", 6, 12)
    for task in ("delegation", "w1/capacity", "w1/system-live"):
        finish(db, f"payroll/{task}", 13, 19)
    for school in ("ash", "beech"):
        finish(db, f"payroll/{school}/train", 20, 21)
    finish(db, "payroll/w1/skills", 22, 22)


def state(db: str, on: date) -> Stored:
    with session_scope(db) as session:
        return load(session, None, on=on)


def case(db: str, task: str, day: int) -> GateCase:
    return weigh(state(db, date(2027, 1, day)).judged, task)


def decisions(db: str) -> list[tuple[str, str, str, int]]:
    with session_scope(db) as session:
        rows = session.exec(select(DecisionRow).order_by(DecisionRow.id))  # type: ignore[arg-type]
        return [(r.task, r.outcome, r.by, r.round) for r in rows]


class TestWhoDecides:
    @pytest.mark.parametrize("actor", ["lead", "chief"])
    def test_whoever_owns_the_gate_or_the_sro(self, db_gated: str, actor: str):
        planned(db_gated)
        decide(answer(), change(db_gated, 5, actor=actor))
        assert decisions(db_gated) == [(PLAN, "approve", actor, 1)]

    def test_nobody_else(self, db_gated: str):
        planned(db_gated)
        with pytest.raises(InputError) as caught:
            decide(answer(), change(db_gated, 5, actor="manager"))
        assert str(caught.value) == (
            "The Programme Manager may not decide “Payroll: plan agreed”. The owner (Director of People) or the SRO "
            "(Chief Executive) may. What they have decided is recorded with --by. Nothing was recorded."
        )
        assert caught.value.exit_code == 4
        assert decisions(db_gated) == []

    def test_another_may_record_what_they_decided(self, db_gated: str):
        planned(db_gated)
        decide(answer(by="lead"), change(db_gated, 5, actor="manager"))
        assert decisions(db_gated) == [(PLAN, "approve", "lead", 1)]
        with session_scope(db_gated) as session:
            assert [e[2:] for e in audit.entries(session, "small")][-1] == ("manager", "gate:approve", PLAN)

    def test_a_flow_decides_nothing(self, db_gated: str):
        planned(db_gated)
        with pytest.raises(InputError, match="may not decide"):
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
                "decision stands; yours was not recorded."
            )
            assert caught.value.exit_code == 5
        assert len(decisions(db_gated)) == 1

    def test_of_many_at_once_one_stands(self, db_gated: str):
        planned(db_gated)

        def go(actor: str) -> str:
            try:
                decide(answer(), change(db_gated, 5, actor=actor))
            except ConflictError:
                return "told"
            return "stands"

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(go, ["lead", "chief", "lead", "chief"])) == ["stands", "told", "told", "told"]

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

    def test_a_rejected_gate_is_asked_anew_on_purpose_only(self, db_gated: str):
        planned(db_gated)
        decide(answer(outcome=Outcome.REJECT, reason="No time yet"), change(db_gated, 5))
        assert not state(db_gated, date(2027, 1, 5)).programme.is_done(PLAN)
        with pytest.raises(ConflictError, match=r"was rejected on 5 Jan 2027 .* ask anew with --again"):
            decide(answer(on=7), change(db_gated, 7))
        decide(answer(on=7, again=True), change(db_gated, 7))
        assert decisions(db_gated) == [(PLAN, "reject", "chief", 1), (PLAN, "approve", "chief", 2)]
        assert state(db_gated, date(2027, 1, 7)).programme.is_done(PLAN)


class TestEvidence:
    def test_an_approval_that_is_carried(self, db_gated: str):
        up_to_the_go_live(db_gated)
        found = case(db_gated, GO, 22)
        assert found.proposal is Outcome.APPROVE
        assert "Training is delivered at 2 of 2 schools." in found.of(State.MET)
        assert "R10 Delegation aligned before go-live: kept by the plan." in found.of(State.MET)
        assert not any("R12" in text or "R20" in text for text in found.of(State.MET)), "not asked of this service"

    def test_what_is_not_finished_is_open_and_an_approval_is_refused(self, db_gated: str):
        found = case(db_gated, PLAN, 4)
        assert found.proposal is Outcome.CONDITIONS
        assert found.of(State.OPEN) == ("Payroll: plan is not finished.",)
        with pytest.raises(CheckFailedError, match=r"(?s)does not carry a go .*plan is not finished.*with conditions"):
            decide(answer(on=4), change(db_gated, 4))
        assert decisions(db_gated) == []

    def test_a_lead_without_time_blocks_the_plan_gate_whatever_the_conditions(self, db: str, tmp_path: Path):
        stored_with(db, tmp_path, service=SERVICE + "required_days_per_week: 2.5\n")
        planned(db)
        text = "R05: Payroll's lead provider gives 2 days a week; 2.5 are needed."
        assert case(db, PLAN, 5).of(State.BLOCKS) == (text,)
        condition = Condition(text="Free a day", owner="lead", due=date(2027, 1, 11))
        with pytest.raises(CheckFailedError, match="a go, not even with conditions"):
            decide(answer(outcome=Outcome.CONDITIONS, conditions=(condition,)), change(db, 5))
        decide(answer(outcome=Outcome.REJECT), change(db, 5))

    def test_whose_requirements_warns_in_the_plan_and_blocks_the_design_gate(self, db: str, tmp_path: Path):
        gated = GATED.replace("[heads, board, local_governing_bodies]", "[board]") + (
            "  design-agreed: {gate: design, phase: design, after: requirements, owner: sponsor}\n"
        )
        stored_with(db, tmp_path, pathway=gated)
        found = case(db, "payroll/design-agreed", 12)
        assert found.of(State.BLOCKS) == (
            "R07: The requirements of Payroll do not come from headteachers, local governing bodies.",
        )
        assert not any("R07" in c.rule for c in case(db, PLAN, 5).criteria)

    def test_a_waiver_is_shown_as_what_it_is(self, db: str, tmp_path: Path):
        team = "needed_skills: [pensions], members"
        waived = SERVICE.replace("members", team, 1) + (
            "waivers:\n  - {rule: R06, reason: x, owner: lead, approved_by: chief, expires: 2027-12-31}\n"
        )
        stored_with(db, tmp_path, service=waived)
        assert case(db, PLAN, 5).of(State.WAIVED) == ("R06 A team with time and skills: waived until 31 Dec 2027.",)

    def test_training_is_delivered_not_planned(self, db_gated: str):
        planned(db_gated)
        decide(answer(), change(db_gated, 5))
        found = case(db_gated, GO, 22)
        text = "Training is delivered at 0 of 2 schools (100% are asked for); not at Ash School, Beech School."
        assert text in found.of(State.BLOCKS)

    def test_how_much_training_is_a_setting(self, db: str, tmp_path: Path):
        stored_with(db, tmp_path, programme=PROGRAMME + "policy: {trained_share: 0.5}\n")
        planned(db)
        decide(answer(), change(db, 5))
        finish(db, "payroll/requirements", 6, 12)
        finish(db, "payroll/ash/train", 20, 21)
        assert "Training is delivered at 1 of 2 schools." in case(db, GO, 22).of(State.MET)

    def test_a_pilot_needs_exit_criteria_before_it_starts(self, db: str, tmp_path: Path):
        piloted = PROGRAMME.replace("name: wave 1,", "name: wave 1, pilot: true,")
        steps = GATED + "  released: {gate: wave_release, per: wave, after: delegation, owner: sponsor}\n"
        stored_with(db, tmp_path, programme=piloted, pathway=steps)
        text = "Payroll has no exit criteria for its pilot: they are fixed before it starts."
        assert text in case(db, "payroll/w1/released", 12).of(State.OPEN)
        assert text not in case(db, "payroll/w2/released", 12).of(State.OPEN)

    def test_a_closure_waits_for_every_service(self, db: str, tmp_path: Path):
        tasks = PROGRAMME.replace("tasks:\n", "tasks:\n  closing: {gate: closure, after: payroll/checkpoint}\n")
        loose = tasks.replace("after: payroll/checkpoint, owner", "after: closing, owner").replace(
            "since: 2026-09-01", "since: 2026-09-01, until: 2027-01-31"
        )
        stored_with(db, tmp_path, programme=loose)
        found = case(db, "programme/closing", 12)
        assert any(text.startswith("R16: The sponsor's tenure ends on 31 Jan 2027") for text in found.of(State.BLOCKS))

    def test_a_gate_that_is_no_decision_is_a_mistake(self, db: str, tmp_path: Path):
        with pytest.raises(ProblemsError, match="is a gate, and its kind is training"):
            stored_with(db, tmp_path, pathway=GATED.replace("{gate: plan,", "{gate: plan, kind: training,"))


class TestBehindAGate:
    def test_nothing_begins_behind_a_gate_that_nobody_opened(self, db_gated: str):
        planned(db_gated)
        begin = [facts.ReportedProgress("payroll/requirements", date(2027, 1, 6))]
        with pytest.raises(CheckFailedError) as caught:
            facts.report_progress(begin, change(db_gated, 6))
        assert "lies behind the gate “Payroll: plan agreed”, which nobody has approved." in str(caught.value)
        decide(answer(), change(db_gated, 6))
        assert facts.report_progress(begin, change(db_gated, 6)) == 1

    def test_a_report_of_progress_is_no_decision(self, db_gated: str):
        planned(db_gated)
        with pytest.raises(InputError, match="is a gate: a decision finishes it"):
            finish(db_gated, PLAN, 5, 5)
        assert not state(db_gated, date(2027, 1, 5)).programme.is_done(PLAN)


class TestConditions:
    """The go-live of wave 1 is approved on the 22nd, when a post is to be filled by the 29th, before roles end."""

    CONDITION = Condition(
        text="The last post is filled", owner="lead", due=date(2027, 1, 29), before="payroll/w1/roles-end"
    )
    TASK = f"{GO}/condition-1"

    def approved(self, db: str, *conditions: Condition) -> None:
        up_to_the_go_live(db)
        given = conditions or (self.CONDITION,)
        decide(answer(GO, Outcome.CONDITIONS, on=22, conditions=given), change(db, 22))

    def test_a_condition_is_a_task_with_an_owner_and_a_day(self, db_gated: str):
        self.approved(db_gated)
        programme = state(db_gated, date(2027, 1, 22)).programme
        task = programme.roadmap.tasks[self.TASK]
        assert (task.name, task.owner, task.service) == ("Condition: The last post is filled", "lead", "payroll")
        assert programme.days_of(self.TASK) == (date(2027, 1, 29), date(2027, 1, 29))
        assert last_day_of(task.deadline or 0) == date(2027, 1, 29)

    def test_what_waits_for_it_waits(self, db_gated: str):
        """Wave 1 restructures from Wednesday 20 to Tuesday 26 and would end roles on the 27th: now on Monday 1 Feb."""
        before = state(db_gated, date(2027, 1, 4)).programme.days_of("payroll/w1/roles-end")
        assert before == (date(2027, 1, 27), date(2027, 1, 27))
        self.approved(db_gated)
        after = state(db_gated, date(2027, 1, 22)).programme.days_of("payroll/w1/roles-end")
        # The data date holds the restructure until the 25th: it ends on the 29th in any case.
        assert after == (date(2027, 2, 1), date(2027, 2, 1))
        links = state(db_gated, date(2027, 1, 22)).programme.roadmap.links
        assert [str(k) for k in links if k.origin == "decision"] == [
            f"{GO} -> {self.TASK}", f"{self.TASK} -> payroll/w1/roles-end",
        ]  # fmt: skip

    def test_its_owner_is_reminded_and_can_report_it(self, db_gated: str):
        self.approved(db_gated)
        on = date(2027, 1, 29)
        programme = state(db_gated, on).programme
        assert due_days(programme)[self.TASK] == on
        assert ("lead", self.TASK) in {(d.person, d.subject) for d in due_things(programme, today=on)}
        finish(db_gated, self.TASK, 28, 28)
        assert state(db_gated, on).programme.is_done(self.TASK)

    def test_one_that_had_its_day_is_open_at_the_next_gate(self, db_gated: str):
        self.approved(db_gated)
        text = "The condition “The last post is filled” was due on 29 Jan 2027 and is not met."
        assert text not in case(db_gated, "payroll/w2/go-no-go", 28).of(State.OPEN)
        assert text in case(db_gated, "payroll/w2/go-no-go", 29).of(State.OPEN)
        finish(db_gated, self.TASK, 28, 28)
        assert text not in case(db_gated, "payroll/w2/go-no-go", 29).of(State.OPEN)

    def test_one_that_nothing_waits_for_is_met_before_the_programme_closes(self, db_gated: str):
        self.approved(db_gated, Condition(text="Thank them", owner="lead", due=date(2027, 1, 30)))
        programme = state(db_gated, date(2027, 1, 22)).programme
        # The 30th is a Saturday: Friday is the last working day that it has.
        assert programme.days_of(self.TASK) == (date(2027, 1, 29), date(2027, 1, 29))
        assert f"{self.TASK} -> programme/close" in [str(k) for k in programme.roadmap.links]

    @pytest.mark.parametrize(
        ("outcome", "given", "message"),
        [
            (Outcome.CONDITIONS, (), "needs at least one condition"),
            (Outcome.APPROVE, (CONDITION,), "Conditions go with approve_with_conditions alone"),
            (Outcome.CONDITIONS, (Condition(text="x", owner="led", due=date(2027, 1, 29)),), "Did you mean 'lead'"),
            (Outcome.CONDITIONS, (Condition(text="x", owner="lead", due=date(2027, 1, 22)),), "give a later day"),
            (
                Outcome.CONDITIONS,
                (Condition(text="x", owner="lead", due=date(2027, 1, 29), before="payroll/w1/go-liv"),),
                "Did you mean 'payroll/w1/go-live'",
            ),
            (
                Outcome.CONDITIONS,
                (Condition(text="x", owner="lead", due=date(2027, 1, 29), before="payroll/w1/skills"),),
                "it cannot wait for its condition",
            ),
        ],
    )
    def test_what_cannot_be_is_told_and_nothing_is_kept(
        self, db_gated: str, outcome: Outcome, given: tuple[Condition, ...], message: str
    ):
        up_to_the_go_live(db_gated)
        with pytest.raises(InputError, match=message):
            decide(answer(GO, outcome, on=22, conditions=given), change(db_gated, 22))
        with session_scope(db_gated) as session:
            assert session.exec(select(ConditionRow)).all() == []
        assert len(decisions(db_gated)) == 1


PROGRESS = """\
task,started,finished
payroll/plan,2027-01-04,2027-01-05
payroll/requirements,2027-01-06,
"""
MINUTES = "task,outcome,by,on,reason,dissent\npayroll/plan-agreed,approve,lead,2027-01-05,Ready,One would wait\n"


class TestHistory:
    def files(self, tmp_path: Path, progress: str = PROGRESS, minutes: str = MINUTES) -> tuple[Path, Path]:
        (tmp_path / "progress.csv").write_text(progress)
        (tmp_path / "minutes.csv").write_text(minutes)
        return tmp_path / "progress.csv", tmp_path / "minutes.csv"

    def test_progress_and_the_decisions_between_it_are_taken_together(self, db_gated: str, tmp_path: Path):
        files = self.files(tmp_path)
        assert gates.import_history(*files, change(db_gated, 8, actor="manager")) == (3, 1)
        assert decisions(db_gated) == [(PLAN, "approve", "lead", 1)]
        programme = state(db_gated, date(2027, 1, 8)).programme
        assert programme.is_done(PLAN)
        [made] = programme.facts.decisions
        assert made.dissent == "One would wait"
        assert gates.import_history(*files, change(db_gated, 8, actor="manager")) == (0, 0)

    def test_without_the_decision_the_progress_is_refused(self, db_gated: str, tmp_path: Path):
        progress, _ = self.files(tmp_path)
        with pytest.raises(CheckFailedError, match="lies behind the gate"):
            facts.import_progress(progress, change(db_gated, 8))

    def test_a_decision_rests_on_what_was_done_by_its_day(self, db_gated: str, tmp_path: Path):
        early = MINUTES.replace("2027-01-05", "2027-01-04")
        with pytest.raises(ProblemsError) as caught:
            gates.import_history(*self.files(tmp_path, minutes=early), change(db_gated, 8))
        assert str(caught.value).startswith(
            "minutes.csv:2:1: The evidence does not carry a go for Payroll: plan agreed"
        )
        assert decisions(db_gated) == []
        assert not state(db_gated, date(2027, 1, 8)).programme.facts.progress

    def test_every_mistake_is_told_at_once(self, db_gated: str, tmp_path: Path):
        minutes = (
            "task,outcome,by,on,reason,condition,condition_owner,condition_due\n"
            "payroll/plan-agreed,maybe,lead,2027-01-05,Ready,,,\n"
            "payroll/plan-agreed,approve,manager,2027-01-05,Ready,,,\n"
            "payroll/plan-agred,approve,lead,2027-01-05,Ready,,,\n"
            "payroll/plan-agreed,go,lead,2027-02-30,Ready,,,\n"
            "payroll/plan-agreed,approve_with_conditions,lead,2027-01-05,Ready,Free a day,,2027-01-11\n"
        )
        with pytest.raises(ProblemsError) as caught:
            gates.import_history(*self.files(tmp_path, minutes=minutes), change(db_gated, 8))
        lines = str(caught.value).splitlines()
        assert [line.split(":")[1] for line in lines[:-1]] == ["2", "3", "4", "5", "6"]
        assert "Did you mean" in lines[2]
        assert lines[-1] == "5 problems found; nothing was changed."


class TestTheLog:
    def test_a_decision_ages_from_the_day_it_was_asked(self, db_gated: str):
        planned(db_gated)
        today = date(2027, 1, 12)
        programme = state(db_gated, today).programme
        log = {d.task.id: d for d in decision_log(programme, today=today)}
        assert (log[PLAN].asked_on, log[PLAN].waited, log[PLAN].late) == (date(2027, 1, 5), 7, 7)
        assert log[PLAN].is_waiting
        assert log[GO].asked_on is None
        assert not log[GO].is_waiting
        assert next(iter(log)) == PLAN, "what waits comes first"

    def test_its_delay_on_the_path_is_told_in_days(self, db_gated: str):
        """Due on Tuesday 5 January; if it is made on Tuesday the 12th, what follows begins four working days
        later: the go-live of Friday 22 is one of Thursday 28."""
        planned(db_gated)
        today = date(2027, 1, 12)
        programme = state(db_gated, today).programme
        log = {d.task.id: d for d in decision_log(programme, today=today)}
        [moved] = delay_so_far(programme, log[PLAN])
        assert (moved.milestone.id, moved.days) == ("all-live", 6)
        assert (day_of(moved.before), day_of(moved.after)) == (date(2027, 1, 22), date(2027, 1, 28))

    def test_another_week_costs_a_week(self, db_gated: str):
        planned(db_gated)
        programme = state(db_gated, date(2027, 1, 5)).programme
        log = {d.task.id: d for d in decision_log(programme, today=date(2027, 1, 5))}
        [moved] = week_costs(programme, slips_of(programme), log[PLAN])
        assert (moved.milestone.id, moved.days) == ("all-live", 7)

    def test_what_was_decided_tells_how_long_it_took(self, db_gated: str):
        planned(db_gated)
        decide(answer(on=8, reason="Late, but ready"), change(db_gated, 8))
        today = date(2027, 2, 1)
        programme = state(db_gated, today).programme
        [made] = [d for d in decision_log(programme, today=today) if not d.is_open]
        assert (made.waited, made.answers[0].reason) == (3, "Late, but ready")
