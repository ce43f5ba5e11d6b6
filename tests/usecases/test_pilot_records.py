"""What is recorded while a pilot runs, and what it does to gates, runs and the plan."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from changeflow.agenda.asks import asks
from changeflow.agenda.criteria import State
from changeflow.agenda.decisions import GateAnswer
from changeflow.agenda.reasons import Reason
from changeflow.errors import CheckFailedError, InputError, ProblemsError, UnknownThingError
from changeflow.pilots.entries import (
    FeedbackGiven,
    ImprovementPlanned,
    IssueRaised,
    IssueSeverity,
    IssueUpdate,
    LessonProposed,
)
from changeflow.pilots.issues import issues, lessons_of
from changeflow.programme.recording import ReportedProgress
from changeflow.roadmap.analysis.why import explain as why
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.usecases import definitions, gates, pilot_records, pilots, progress
from changeflow.usecases.export import export_folder
from changeflow.usecases.stored import judged
from changeflow.values.moments import day_of, last_day_of, minute_of
from changeflow.values.words import Outcome
from tests.builders import PROGRAMME, SERVICE
from tests.usecases.piloted import (
    GO,
    MARCH,
    OLD,
    RELEASE,
    RUN,
    SIDE_BY_SIDE,
    START,
    change,
    programme,
    run,
    store,
    weighed,
    written,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trust"


@pytest.fixture
def stored(db: str, folder: Path) -> str:
    return store(db, folder)


def raised(db: str, severity: int, **more: object) -> int | None:
    values = {"service": "payroll", "on": MARCH, "by": "", "text": "It stops", "severity": IssueSeverity(severity)}
    return pilot_records.raise_issue(IssueRaised.model_validate(values | more), change(MARCH, db))


def blocks(db: str, gate: str = GO) -> tuple[str, ...]:
    return tuple(t for t in weighed(db, gate).of(State.BLOCKS) if t.startswith("Issue"))


class TestIssues:
    @pytest.mark.slow
    def test_what_stops_the_service_blocks_every_gate_of_it(self, stored: str):
        assert raised(stored, 1, school="ash") == 1
        assert blocks(stored) == blocks(stored, "payroll/w2/go-no-go") == blocks(stored, "payroll/w2/released")
        assert blocks(stored) == ("Issue 1 at Ash School (stops the service) has been open for 0 days: It stops",)
        update = IssueUpdate(service="payroll", on=MARCH, by="", issue=1, words="Mended", state="fixed")
        pilot_records.update_issue(update, change(MARCH, stored))
        assert blocks(stored) == ()

    @pytest.mark.slow
    def test_what_holds_up_the_next_wave_lets_its_own_go_on(self, stored: str):
        raised(stored, 3, school="ash", blocks_next_wave=True)
        raised(stored, 3, text="Everywhere", blocks_next_wave=True)
        raised(stored, 3, text="Nowhere")
        assert blocks(stored) == ()
        assert len(blocks(stored, "payroll/w2/released")) == 2

    def test_what_is_said_has_to_be_there(self, stored: str):
        with pytest.raises(UnknownThingError, match="elm"):
            raised(stored, 1, school="elm")
        with pytest.raises(UnknownThingError, match="clark"):
            raised(stored, 1, owner="clark")
        update = IssueUpdate(service="payroll", on=MARCH, by="", issue=7, words="Mended")
        with pytest.raises(UnknownThingError, match="issue"):
            pilot_records.update_issue(update, change(MARCH, stored))
        with pytest.raises(InputError, match="text"):
            pilot_records.entry_of(IssueRaised, service="payroll", on=MARCH, by="", text="", severity=1)
        assert programme(stored).facts.pilot == ()

    @pytest.mark.slow
    @pytest.mark.both_databases
    def test_two_at_once_get_two_numbers_and_a_double_click_one(self, stored: str):
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda n: raised(stored, 2, text=f"No. {n % 4}"), range(8)))
        assert sorted(n for n in found if n) == [1, 2, 3, 4]
        assert len(issues(programme(stored).facts.pilot)) == 4


class TestFeedback:
    @pytest.mark.slow
    def test_it_is_tied_to_an_item_of_the_agreement(self, stored: str):
        said = FeedbackGiven(service="payroll", on=MARCH, by="", side="user", text="It was late", item="pay in")
        assert pilot_records.give_feedback(said, change(MARCH, stored)) == 1
        [kept] = programme(stored).facts.pilot
        assert isinstance(kept, FeedbackGiven)
        assert (kept.item, kept.by) == ("Pay in time", "lead")
        with pytest.raises(UnknownThingError, match="item of the agreement"):
            pilot_records.give_feedback(said.model_copy(update={"item": "parking"}), change(MARCH, stored))

    @pytest.mark.slow
    def test_an_improvement_takes_up_what_was_said(self, stored: str):
        item = ImprovementPlanned(service="payroll", on=MARCH, by="", text="Earlier", owner="lead", feedback=(1,))
        with pytest.raises(UnknownThingError, match="feedback"):
            pilot_records.plan_improvement(item, change(MARCH, stored))
        said = FeedbackGiven(service="payroll", on=MARCH, by="", side="provider", text="Forms come late")
        pilot_records.give_feedback(said, change(MARCH, stored))
        assert pilot_records.plan_improvement(item, change(MARCH, stored)) == 1
        assert pilot_records.make_improvement("payroll", 1, "A reminder goes out", change(MARCH, stored)) == 1
        with pytest.raises(UnknownThingError, match="improvement"):
            pilot_records.make_improvement("payroll", 2, "Nothing", change(MARCH, stored))


class TestFreezing:
    LOOSER = (
        ("at_most: 3", "at_most: 9", "exit_criteria"),
        ("sign: [lead]", "sign: []", "go_no_go"),
        ("element: net, absolute: 0.01", "element: net, absolute: 5", "parallel_run: tolerances"),
        ("clean_runs: 2", "clean_runs: 1", "parallel_run: clean_runs"),
    )

    def begun(self, db: str, tmp_path: Path) -> None:
        for task, first, last in (
            ("requirements", 4, 8),
            ("delegation", 11, 15),
            ("w1/capacity", 11, 15),
            ("w1/system-live", 11, 15),
        ):
            progress.finish_task(f"payroll/{task}", date(2027, 1, last), date(2027, 1, first), change(MARCH, db))
        answer = GateAnswer(task=RELEASE, outcome=Outcome.APPROVE, reason="Ready", on=date(2027, 1, 18))
        gates.decide(answer, change(MARCH, db, "chief"))
        run(db, tmp_path, OLD)

    @pytest.mark.slow
    def test_before_it_begins_everything_may_change(self, stored: str, folder: Path):
        for old, new, _ in self.LOOSER:
            text = (folder / "services/payroll.yaml").read_text().replace(old, new)
            (folder / "services/payroll.yaml").write_text(text)
        assert definitions.apply(folder, db=stored, actor="chief", now=change(MARCH, stored).now) == 2

    @pytest.mark.usual(1)
    @pytest.mark.slow
    @pytest.mark.parametrize(("old", "new", "what"), LOOSER)
    def test_once_it_has_begun_nobody_moves_the_goalposts(
        self, stored: str, folder: Path, tmp_path: Path, old: str, new: str, what: str
    ):
        self.begun(stored, tmp_path)
        (folder / "services/payroll.yaml").write_text((SERVICE + RUN).replace(old, new))
        with pytest.raises(CheckFailedError, match=what):
            definitions.apply(folder, db=stored, actor="chief", now=change(MARCH, stored).now, on=MARCH)

    @pytest.mark.slow
    def test_what_explains_and_what_it_costs_may_still_be_written(self, stored: str, folder: Path, tmp_path: Path):
        self.begun(stored, tmp_path)
        text = (SERVICE + RUN).replace(
            "  clean_runs: 2\n", "  clean_runs: 2\n  cost_a_period: 900\n  ends: 2027-04-30\n"
        )
        (folder / "services/payroll.yaml").write_text(text)
        assert definitions.apply(folder, db=stored, actor="chief", now=change(MARCH, stored).now, on=MARCH) == 2


class TestRepeating:
    @pytest.mark.slow
    def test_one_more_period_moves_the_go_live_and_why_says_so(self, stored: str):
        """Two periods are February and March; one more is April, and the go-live is on 4 May instead of 1 April."""
        before = programme(stored, START)
        assert day_of(before.timed("payroll/w1/go-live").early_start) == date(2027, 4, 1)
        name = pilot_records.repeat(SIDE_BY_SIDE, "1pp", "March was not clean", change(START, stored))
        assert name == f"{SIDE_BY_SIDE}-again-1"
        after = programme(stored, START)
        assert last_day_of(after.timed(name).early_finish) == date(2027, 4, 30)
        assert day_of(after.timed("payroll/w1/go-live").early_start) == date(2027, 5, 4)
        assert after.schedule is not None
        assert "it is repeated (March was not clean)" in why(after.roadmap, after.schedule, "payroll/w1/go-live").text

    @pytest.mark.slow
    def test_a_second_one_comes_after_the_first(self, stored: str):
        first = pilot_records.repeat(SIDE_BY_SIDE, "1pp", "Not clean", change(START, stored))
        second = pilot_records.repeat(SIDE_BY_SIDE, "1pp", "Still not clean", change(START, stored))
        assert pilot_records.repeat(SIDE_BY_SIDE, "1pp", "Still not clean", change(START, stored)) is None
        after = programme(stored, START)
        assert first is not None
        assert second is not None
        assert after.timed(second).early_start >= after.timed(first).early_finish
        assert day_of(after.timed("payroll/w1/go-live").early_start) == date(2027, 6, 1)

    def test_a_pilot_that_failed_holds_up_the_next_wave(self, stored: str):
        before = programme(stored, START).timed("payroll/w2/go-live").early_start
        name = pilot_records.repeat("payroll/w1/pilot-review", "20d", "Queries were above three", change(START, stored))
        after = programme(stored, START)
        assert after.timed("payroll/w2/go-live").early_start > before
        assert after.guarantees(after.roadmap.tasks[name or ""], before=after.roadmap.tasks["payroll/w2/go-live"])

    @pytest.mark.slow
    def test_what_cannot_be_repeated_is_said(self, stored: str):
        with pytest.raises(UnknownThingError, match="pilot, parallel run or test pack"):
            pilot_records.repeat("payroll/w1/go-live", "1pp", "Once more", change(MARCH, stored))
        with pytest.raises(InputError, match="not a duration"):
            pilot_records.repeat(SIDE_BY_SIDE, "soon", "Once more", change(MARCH, stored))
        progress.finish_task(GO.replace("go-no-go", "skills"), date(2027, 1, 22), None, change(MARCH, stored))
        begin = ReportedProgress("payroll/w1/go-no-go", date(2027, 3, 20))
        progress.report_progress([begin], change(MARCH, stored))
        with pytest.raises(CheckFailedError, match="has begun"):
            pilot_records.repeat(SIDE_BY_SIDE, "1pp", "Once more", change(MARCH, stored))


class TestLessons:
    TRAIN = LessonProposed(
        service="payroll", on=MARCH, by="", step="train", duration="9d", reason="Two days were too few"
    )

    @pytest.mark.slow
    def test_it_shows_what_it_would_move_and_changes_nothing_before_it_is_accepted(self, stored: str):
        effect = pilot_records.propose_lesson(self.TRAIN, change(START, stored))
        assert effect.tasks == ("payroll/cedar/train",)
        assert "payroll/cedar/train" in {m.task for m in effect.moved if m.minutes > 0}
        before = programme(stored, START)
        assert before.roadmap.tasks["payroll/cedar/train"].duration.amount == 2 * before.minutes_per_day
        assert pilot_records.propose_lesson(self.TRAIN, change(START, stored)).number == effect.number, "said twice"

    @pytest.mark.slow
    @pytest.mark.both_databases
    def test_accepted_it_is_a_version_and_the_pilot_stays_as_it_was(self, stored: str):
        pilot_records.propose_lesson(self.TRAIN, change(START, stored))
        taken = pilot_records.answer_lesson("payroll", 1, "Agreed", change(START, stored, "chief"), accepted=True)
        assert taken.version == 2
        after = programme(stored, START)
        days = {
            t: after.roadmap.tasks[f"payroll/{t}/train"].duration.amount / after.minutes_per_day
            for t in ("ash", "cedar")
        }
        assert days == {"ash": 2, "cedar": 9}
        with pytest.raises(CheckFailedError, match="was already accepted: Agreed"):
            pilot_records.answer_lesson("payroll", 1, "No", change(START, stored), accepted=False)

    @pytest.mark.slow
    def test_the_folder_that_is_written_out_has_it(self, stored: str, tmp_path: Path):
        pilot_records.propose_lesson(self.TRAIN, change(START, stored))
        pilot_records.answer_lesson("payroll", 1, "Agreed", change(START, stored), accepted=True)
        out = tmp_path / "again"
        assert export_folder(out, db=stored, programme=None, on=START) == 2
        assert "cedar/train" in (out / "services/payroll.yaml").read_text()
        found = definitions.difference(out, db=stored, on=START)
        assert (found.is_same, found.moved) == (True, ())

    @pytest.mark.slow
    def test_declined_it_is_kept_and_nothing_moves(self, stored: str):
        pilot_records.propose_lesson(self.TRAIN, change(START, stored))
        assert (
            pilot_records.answer_lesson("payroll", 1, "Too dear", change(START, stored), accepted=False).version is None
        )
        assert lessons_of(programme(stored, START).facts.pilot, "payroll")[1][1] is not None

    def test_what_is_no_lesson_is_said(self, stored: str):
        propose = pilot_records.propose_lesson
        with pytest.raises(InputError, match="must change something"):
            propose(self.TRAIN.model_copy(update={"duration": None}), change(START, stored))
        with pytest.raises(UnknownThingError, match="step"):
            propose(self.TRAIN.model_copy(update={"step": "trane"}), change(START, stored))
        with pytest.raises(InputError, match="There is no task 'nowhere'"):
            propose(self.TRAIN.model_copy(update={"also_after": ("nowhere",)}), change(START, stored))
        with pytest.raises(InputError, match="begun in every wave"):
            propose(self.TRAIN.model_copy(update={"step": "pilot-review"}), change(START, stored))
        assert programme(stored, START).facts.pilot == ()


def test_names_in_what_a_pilot_asks_for_are_checked_with_their_places(tmp_path: Path):
    text = """\
parallel_run:
  schemes: [{id: A, schools: [ash]}, {id: A, schools: [ash, elm]}]
pilot:
  exit_criteria:
    - {id: q, measure: Queries, at_most: 3, owner: leed}
    - {id: q, measure: Queries again, at_most: 3}
go_no_go:
  sign: [cheef]
  confirm: [{id: print, what: Payslips, owner: nobody}]
"""
    with pytest.raises(ProblemsError) as raised:
        definitions.difference(written(tmp_path / "t", SERVICE + text), db=f"sqlite:///{tmp_path / 'x.db'}")
    start = (SERVICE + text).count("\n", 0, (SERVICE + text).index("parallel_run:")) + 1
    assert sorted((p.line - start, p.what) for p in raised.value.problems) == [
        (1, "'ash' is in two schemes: A and A."),
        (1, "The scheme 'A' is listed twice."),
        (1, "There is no school 'elm'."),
        (4, "There is no person 'leed'."),
        (5, "The exit criterion 'q' is listed twice."),
        (7, "There is no person 'cheef'."),
        (8, "There is no person 'nobody'."),
    ]


def test_users_and_providers_are_asked_while_the_pilot_is_judged(stored: str):
    """No one of the small programme is at a school; who provides the service is asked all the same."""
    before = programme(stored)
    at = minute_of(datetime(2027, 3, 22, 9))
    begun = {"payroll/w1/go-live": TaskProgress(at, at), "payroll/w1/pilot-review": TaskProgress(at)}
    known = replace(before.facts, progress=begun)
    asked = asks(judged(before.definition, facts=known, on=MARCH), today=MARCH)
    assert [(d.subject, d.person) for d in asked if d.reason is Reason.FEEDBACK] == [
        ("payroll/w1/pilot-review#feedback", "lead")
    ]


@pytest.mark.slow
def test_a_small_trust_goes_without_a_pilot_and_its_reason_is_looked_at(db: str, tmp_path: Path):
    """Three schools are fewer than the ten from which on rule R11 wants a pilot."""
    criteria = "exit_criteria: [{id: queries, measure: Queries, at_most: 3}]"
    text = RUN.replace(criteria, "skipped: Three only")
    store(db, tmp_path / "t", SERVICE + text, programme=PROGRAMME)
    case = weighed(db)
    assert "There is no pilot. Reason given: Three only." in case.of(State.NOTED)
    assert not [t for t in case.of(State.BLOCKS, State.OPEN) if "R11" in t]


def test_a_measure_is_a_number(stored: str):
    for text in ("few", "", "NaN"):
        with pytest.raises(InputError, match="is not a number"):
            pilots.measure_criterion("payroll", "queries", text, change(MARCH, stored))
    pilots.measure_criterion("payroll", "queries", "2.5", change(MARCH, stored))
    assert programme(stored).facts.criteria == {"payroll": {"queries": "2.5"}}
