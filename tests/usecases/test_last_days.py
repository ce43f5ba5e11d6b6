"""The last responsible day of a decision: on cases worked by hand, and against planning everything again for each day.

The gated programme goes live where a month opens. Its skills end on Friday 22 January 2027, the gate of wave 1 is asked
that evening, and the go-live is on Monday 1 February. Decided on Monday 1 February, it counts from that evening: the
next month opens on 1 March, 28 days later.
"""

import json
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from changeflow.agenda.decisions import decision_log, played_through
from changeflow.planning import last_days
from changeflow.planning.last_days import DecidedOn, LastDay, every_day, last_day
from changeflow.programme.programme import Programme
from changeflow.reports.documents import html_of, json_of
from changeflow.reports.last_days import format_cost, last_day_line, last_day_text
from changeflow.usecases.gates import decide
from changeflow.usecases.progress import finish_task
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.stored import judged
from changeflow.values.moments import day_of
from changeflow.values.words import Kind, Outcome
from tests.builders import PROGRAMME
from tests.usecases.gated import GATED, GO, PLAN, answer, change, planned, state, stored_with, up_to_the_go_live

MONTHLY = GATED.replace("per: wave, after: go-no-go}", "per: wave, starts_on: month, after: go-no-go}")
TWO_DAYS = GATED.replace("plan-agreed: {gate: plan,", "plan-agreed: {gate: plan, duration: 2d,")
LIVE = "payroll/w1/go-live"


@pytest.fixture
def monthly(db: str, tmp_path: Path) -> str:
    return stored_with(db, tmp_path, pathway=MONTHLY)


def found(db: str, task: str, on: date) -> LastDay:
    return last_day(state(db, on).programme, task)


@pytest.mark.slow
def test_a_decision_can_wait_until_its_go_live_would_miss_its_month(monthly: str):
    """Of January 2027, Friday 29 is the last working day."""
    one = found(monthly, GO, date(2027, 1, 4))
    assert (one.planned, one.day) == (date(2027, 1, 22), date(2027, 1, 29))
    assert one.dates[LIVE] == date(2027, 2, 1)
    run = one.later[0]
    assert run.first == date(2027, 2, 1)
    assert run.moved[0].task == LIVE, "the go-live that the gate opens leads"
    # Both waves have no other tie: wave 1 alone moves, and with it nothing that the milestone does not wait for.
    assert {(m.task, m.before, m.after, m.days) for m in run.moved} >= {
        (LIVE, date(2027, 2, 1), date(2027, 3, 1), 28),
    }
    assert "will slip by 28 days, from 1 Feb 2027 to 1 Mar 2027" in format_cost(one)


@pytest.mark.slow
def test_on_the_last_day_nothing_is_lost_and_on_the_next_day_it_is(monthly: str):
    up_to_the_go_live(monthly)
    for day in (25, 28, 29):
        programme = state(monthly, date(2027, 1, day)).programme
        assert last_day(programme, GO).day == date(2027, 1, 29)
        assert day_of(programme.timed(LIVE).early_start) == date(2027, 2, 1), f"forecast on the {day}th"
    assert last_day_line(programme, GO, today=date(2027, 1, 29)).today
    # On Saturday the next day on which people decide is Monday 1 February.
    for day in (date(2027, 1, 30), date(2027, 2, 1)):
        programme = state(monthly, day).programme
        assert day_of(programme.timed(LIVE).early_start) == date(2027, 3, 1)
        assert last_day(programme, GO).day == date(2027, 2, 26)


@pytest.mark.slow
def test_where_each_day_moves_a_date_the_planned_day_is_the_last(db: str, tmp_path: Path):
    """The plan gate of the gated programme: what follows begins the next morning, and the go-live slides with it."""
    stored_with(db, tmp_path)
    planned(db)
    one = found(db, PLAN, date(2027, 1, 5))
    assert one.planned == one.day == date(2027, 1, 5)
    moves = [(run.first, next(m.days for m in run.moved if m.task == LIVE)) for run in one.later[:4]]
    # The go-live of Friday 22: Monday 25, Tuesday 26, Wednesday 27; decided on Monday 11, Thursday 28.
    assert moves == [(date(2027, 1, day), days) for day, days in ((6, 3), (7, 4), (8, 5), (11, 6))]


@pytest.mark.slow
def test_a_decision_that_nothing_dated_waits_for_has_the_end_of_what_it_opens(db: str, tmp_path: Path):
    closing = PROGRAMME.replace(
        "  close: {kind: closure, duration: 1d, after: payroll/checkpoint, owner: chief}\n",
        "  agreed: {kind: decision, gate: closure, after: payroll/checkpoint, owner: chief}\n"
        "  close: {kind: closure, duration: 1d, after: agreed, owner: chief}\n",
    )
    stored_with(db, tmp_path, programme=closing)
    one = found(db, "programme/agreed", date(2027, 1, 4))
    assert list(one.dates) == ["programme/close"]
    assert one.day == one.planned


@pytest.mark.slow
def test_a_decision_whose_followers_are_done_holds_nothing_up(db: str, tmp_path: Path):
    follows = PROGRAMME.replace(
        "  close: {kind: closure, duration: 1d, after: payroll/checkpoint, owner: chief}\n",
        "  named: {kind: decision, owner: chief}\n  told: {kind: work, duration: 1d, after: named, owner: chief}\n"
        "  sent: {kind: work, duration: 1d, after: told, owner: chief}\n"
        "  close: {kind: closure, duration: 1d, after: payroll/checkpoint, owner: chief}\n",
    )
    stored_with(db, tmp_path, programme=follows)
    finish_task("programme/told", date(2027, 1, 5), date(2027, 1, 5), change(db, 6))
    one = found(db, "programme/named", date(2027, 1, 6))
    assert (one.later, last_day_text(one)) == ((), "No other date depends on it.")


@pytest.mark.slow
def test_a_deadline_that_is_met_to_the_minute_is_met(db: str, tmp_path: Path):
    """What follows the decision takes five days on the clock, from the first of a month: it ends at the midnight after
    Friday 5 March if the decision is made in February, and that day is its deadline. From Monday 1 March on it ends on
    5 April."""
    due = PROGRAMME.replace(
        "  close: {",
        "  named: {kind: decision, owner: chief}\n"
        "  settled: {kind: work, duration: 5ed, starts_on: month, after: named, owner: chief, deadline: 2027-03-05}\n"
        "  close: {",
    )
    stored_with(db, tmp_path, programme=due)
    one = found(db, "programme/named", date(2027, 1, 4))
    assert one.day == date(2027, 2, 26)
    [run] = one.later
    assert (run.first, [m.after for m in run.moved]) == (date(2027, 3, 1), [date(2027, 4, 5)])


def test_every_coming_day_is_in_the_table_with_the_dates_that_it_moves(monthly: str):
    """From today to 29 January nothing moves. In each month after it the go-live is in the next: from Monday 1 February
    to Friday 26 February it is on Monday 1 March, then on 1 April, 4 May, and so on, for a year after 29 January.
    """
    programme = state(monthly, date(2027, 1, 4)).programme
    first, *runs = every_day(programme, GO)
    assert (first.first, first.last, first.moved) == (date(2027, 1, 4), date(2027, 1, 29), ())
    after = [(r.first, r.last, next(m.after for m in r.moved if m.task == LIVE)) for r in runs]
    assert after[:4] == [
        (date(2027, 2, 1), date(2027, 2, 26), date(2027, 3, 1)),
        (date(2027, 3, 1), date(2027, 3, 31), date(2027, 4, 1)),
        (date(2027, 4, 1), date(2027, 4, 30), date(2027, 5, 4)),
        (date(2027, 5, 4), date(2027, 5, 28), date(2027, 6, 1)),
    ]
    assert len(after) == 12
    assert after[-1] == (date(2028, 1, 4), date(2028, 1, 28), date(2028, 2, 1))
    line = last_day_line(programme, GO, today=date(2027, 1, 4))
    assert line.by_day.get()[1].moved[LIVE] == "2027-03-01"
    assert line.names[LIVE] == "Payroll, wave 1: go live"


def test_only_json_asks_for_every_day(monthly: str, monkeypatch: pytest.MonkeyPatch):
    """The page of the report shows the next ten days. Finding the others would take a quarter of its time."""
    planned(monthly)
    asked = list[str]()

    def ask(programme: Programme, gate: str) -> tuple[DecidedOn, ...]:
        asked.append(gate)
        return every_day(programme, gate)

    monkeypatch.setattr("changeflow.reports.last_days.every_day", ask)
    report = sro_of_stored(None, db=monthly, today=date(2027, 1, 5))
    html_of(report)
    assert asked == []
    needed = json.loads(json_of(report))["decisions"]
    assert asked == [decision["task"] for decision in needed] != []
    assert all(decision["last_day"]["by_day"] for decision in needed)
    json_of(report)
    assert len(asked) == len(needed), "the days are kept"


@pytest.mark.parametrize("pathway", [GATED, MONTHLY])
def test_the_table_has_the_same_as_each_single_day(db: str, tmp_path: Path, pathway: str):
    """Bisection finds the runs; here each working day is asked for itself, and what moves never moves back."""
    stored_with(db, tmp_path, pathway=pathway)
    programme = state(db, date(2027, 1, 4)).programme
    found = last_days._Search(programme, programme.roadmap.tasks[GO])
    runs = every_day(programme, GO)
    for run, after in pairwise(runs):
        assert run.last < after.first
        assert run.most < after.most
    number = 0
    while found.coming.day(number) <= runs[-1].last:
        day = found.coming.day(number)
        [run] = [r for r in runs if r.first <= day <= r.last]
        assert found.moved(number) == run.moved, day
        number += 1


@pytest.mark.slow
def test_each_day_costs_what_planning_it_all_again_says(monthly: str):
    """Every open decision, on each day from its planned one on: decided in the facts, joined, judged and scheduled."""
    planned(monthly)
    programme = state(monthly, date(2027, 1, 5)).programme
    for gate in (t for t in programme.tasks(kind=Kind.DECISION) if not programme.is_done(t.id)):
        one = last_day(programme, gate.id)
        in_time = _planned_again(programme, gate.id, one.planned)
        assert one.dates.items() <= in_time.items()
        day = one.planned
        while day <= one.day:
            assert _planned_again(programme, gate.id, day) == in_time, f"{gate.id} on {day}"
            day += timedelta(days=1)
        assert every_day(programme, gate.id)[1].moved == one.later[0].moved
        for run in every_day(programme, gate.id)[1:3]:
            for day in {run.first, run.last}:
                again = _planned_again(programme, gate.id, day)
                moved = {t: at for t, at in again.items() if at > in_time[t]}
                assert moved == {m.task: m.after for m in run.moved}, f"{gate.id} on {day}"


def _planned_again(programme: Programme, gate: str, day: date) -> dict[str, date]:
    facts = played_through(programme, programme.roadmap.tasks[gate], Outcome.APPROVE, on=day)
    plan = judged(programme.definition, facts=facts, on=programme.on).programme
    counts = {t.id for t in plan.tasks(kind=Kind.GO_LIVE)} | {m.task for m in plan.milestones}
    return {t: day_of(plan.timed(t).early_finish) for t in sorted(counts)}


@pytest.mark.slow
def test_a_gate_of_a_board_waits_for_its_last_meeting_that_does_no_harm(db: str, tmp_path: Path):
    """The board meets on 25 and 28 January and on 10 February: the 28th still serves the go-live of 1 February."""
    meetings = "calendar: trust\nmeetings:\n  - {id: board, name: Board, dates: [2027-01-25, 2027-01-28, 2027-02-10]}\n"
    (tmp_path / "trust" / "calendars").mkdir(parents=True)
    (tmp_path / "trust" / "calendars" / "trust.yaml").write_text(meetings)
    stored_with(db, tmp_path, pathway=MONTHLY.replace("{gate: go_live,", "{gate: go_live, starts_on: meeting/board,"))
    one = found(db, GO, date(2027, 1, 4))
    assert (one.planned, one.day, one.later[0].first) == (date(2027, 1, 25), date(2027, 1, 28), date(2027, 2, 10))
    up_to_the_go_live(db)
    for on, day in ((26, date(2027, 1, 28)), (28, date(2027, 1, 28)), (29, date(2027, 2, 10))):
        assert found(db, GO, date(2027, 1, on)).day == day


class TestSinceWhen:
    def asked_on(self, db: str, task: str, on: date) -> date | None:
        log = decision_log(state(db, on).programme, today=on)
        return next(d.asked_on for d in log if d.task.id == task)

    @pytest.mark.slow
    def test_a_decision_that_takes_days_is_asked_on_its_first_day(self, db: str, tmp_path: Path):
        """Its plan ends on Tuesday 5 January: it is asked on Wednesday the 6th, and on the 5th no one waits for it."""
        stored_with(
            db, tmp_path, pathway=GATED.replace("plan-agreed: {gate: plan,", "plan-agreed: {gate: plan, duration: 2d,")
        )
        planned(db)
        assert self.asked_on(db, PLAN, date(2027, 1, 5)) is None
        assert self.asked_on(db, PLAN, date(2027, 1, 6)) == date(2027, 1, 6)

    @pytest.mark.slow
    def test_its_time_runs_from_then_on(self, db: str, tmp_path: Path):
        """Two days from Wednesday 6 January are over on the 7th; on Monday the 11th it can be made that day."""
        stored_with(
            db, tmp_path, pathway=GATED.replace("plan-agreed: {gate: plan,", "plan-agreed: {gate: plan, duration: 2d,")
        )
        planned(db)
        ends = [day_of(state(db, date(2027, 1, day)).programme.timed(PLAN).early_finish) for day in (6, 7, 8, 9, 11)]
        assert ends == [date(2027, 1, day) for day in (7, 7, 8, 11, 11)]

    @pytest.mark.slow
    def test_a_refused_gate_is_asked_again_on_its_next_day(self, monthly: str):
        """Refused on Friday 22 January: asked again on Monday 1 February, when the next month has opened."""
        up_to_the_go_live(monthly)
        decide(answer(GO, Outcome.REJECT, on=22, reason="Not yet"), change(monthly, 22))
        assert self.asked_on(monthly, GO, date(2027, 1, 29)) is None
        assert self.asked_on(monthly, GO, date(2027, 2, 1)) == date(2027, 2, 1)
        assert found(monthly, GO, date(2027, 1, 29)).day == date(2027, 2, 26)
