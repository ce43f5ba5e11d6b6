"""Approvals with conditions: each becomes a task with an owner and a day, and work waits for it."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from changeflow.agenda.criteria import State
from changeflow.agenda.due import due_days, due_things
from changeflow.errors import InputError
from changeflow.programme.facts import Condition
from changeflow.storage.database import session_scope
from changeflow.storage.tables.facts import ConditionRow
from changeflow.usecases.gates import decide
from changeflow.values.moments import last_day_of
from changeflow.values.words import Outcome
from tests.usecases.gated import GO, answer, case, change, decisions, finish, state, stored_with, up_to_the_go_live


@pytest.fixture
def db_gated(db: str, tmp_path: Path) -> str:
    return stored_with(db, tmp_path)


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

    @pytest.mark.slow
    def test_a_condition_is_a_task_with_an_owner_and_a_day(self, db_gated: str):
        self.approved(db_gated)
        programme = state(db_gated, date(2027, 1, 22)).programme
        task = programme.roadmap.tasks[self.TASK]
        assert (task.name, task.owner, task.service) == (
            "Payroll, wave 1: the last post is filled (condition)",
            "lead",
            "payroll",
        )
        assert programme.days_of(self.TASK) == (date(2027, 1, 29), date(2027, 1, 29))
        assert last_day_of(task.deadline or 0) == date(2027, 1, 29)

    @pytest.mark.slow
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

    @pytest.mark.slow
    def test_its_owner_is_reminded_and_can_report_it(self, db_gated: str):
        self.approved(db_gated)
        on = date(2027, 1, 29)
        programme = state(db_gated, on).programme
        assert due_days(programme)[self.TASK] == on
        assert ("lead", self.TASK) in {(d.person, d.subject) for d in due_things(programme, today=on)}
        finish(db_gated, self.TASK, 28, 28)
        assert state(db_gated, on).programme.is_done(self.TASK)

    @pytest.mark.slow
    def test_one_that_had_its_day_is_open_at_the_next_gate(self, db_gated: str):
        self.approved(db_gated)
        text = "The condition “The last post is filled” was due on 29 Jan 2027 and has not been met."
        assert text not in case(db_gated, "payroll/w2/go-no-go", 28).of(State.OPEN)
        assert text in case(db_gated, "payroll/w2/go-no-go", 29).of(State.OPEN)
        finish(db_gated, self.TASK, 28, 28)
        assert text not in case(db_gated, "payroll/w2/go-no-go", 29).of(State.OPEN)

    @pytest.mark.slow
    def test_one_that_nothing_waits_for_is_met_before_the_programme_closes(self, db_gated: str):
        self.approved(db_gated, Condition(text="Thank them", owner="lead", due=date(2027, 1, 30)))
        programme = state(db_gated, date(2027, 1, 22)).programme
        # The 30th is a Saturday: Friday is the last working day that it has.
        assert programme.days_of(self.TASK) == (date(2027, 1, 29), date(2027, 1, 29))
        assert f"{self.TASK} -> programme/close" in [str(k) for k in programme.roadmap.links]

    @pytest.mark.usual(1)
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("outcome", "given", "message"),
        [
            (Outcome.CONDITIONS, (), "needs at least one condition"),
            (Outcome.APPROVE, (CONDITION,), "Only approve_with_conditions can have conditions"),
            (Outcome.CONDITIONS, (Condition(text="x", owner="led", due=date(2027, 1, 29)),), "Did you mean 'lead'"),
            (Outcome.CONDITIONS, (Condition(text="x", owner="lead", due=date(2027, 1, 22)),), "Give a day after"),
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
