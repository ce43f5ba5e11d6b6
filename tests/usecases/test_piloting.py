"""What is said while a pilot runs, and what it does to gates, runs and the plan.

The small programme, as a payroll: wave 1 (Ash and Beech) is the pilot. Training ends on Thursday 21 January 2027; the
parallel run is February and March, and the service goes live on 1 April, the next pay period.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from changeflow.agenda.asks import asks
from changeflow.agenda.criteria import State
from changeflow.agenda.reasons import Reason
from changeflow.errors import (
    ActorMissingError,
    CheckFailedError,
    ConflictError,
    InputError,
    ProblemsError,
    UnknownThingError,
)
from changeflow.intake.reconciling import reconcile
from changeflow.pilots.entries import (
    FeedbackGiven,
    ImprovementPlanned,
    IssueRaised,
    IssueSeverity,
    IssueUpdate,
    LessonProposed,
)
from changeflow.pilots.issues import issues
from changeflow.pilots.learning import lessons_of
from changeflow.programme.programme import Programme
from changeflow.reports.pilots import variances_text
from changeflow.reports.recorded import in_words
from changeflow.roadmap.tasks import TaskProgress
from changeflow.roadmap.why import explain as why
from changeflow.storage import audit
from changeflow.storage.database import session_scope
from changeflow.usecases import apply as storing
from changeflow.usecases import facts, gates, lessons, persons, pilot, piloting, withdrawing
from changeflow.usecases.export import export_folder
from changeflow.usecases.facts import Change
from changeflow.usecases.gates import case_of
from changeflow.usecases.retention import retain
from changeflow.usecases.stored import judged, load, loaded
from changeflow.values.moments import day_of, last_day_of, minute_of
from changeflow.values.words import Outcome
from tests.builders import PATHWAY, PEOPLE, PROGRAMME, SERVICE, a_folder

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
MARCH = date(2027, 3, 25)


def change(day: date, db: str, by: str = "lead") -> Change:
    now = datetime(day.year, day.month, day.day, 17, tzinfo=UTC)
    return Change(db=db, programme=None, actor=by, now=now, on=day)


def written(path: Path, service: str = SERVICE + RUN) -> Path:
    folder = a_folder(path, programme=PILOT, service=service, pathway=TRIED, people=TEAM)
    (folder / "calendars").mkdir(exist_ok=True)
    (folder / "calendars" / "trust.yaml").write_text(PAY)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "trust")


@pytest.fixture
def stored(db: str, folder: Path) -> str:
    storing.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    return db


def run(db: str, tmp_path: Path, new: str, *, period: str = "2027-02", day: date = MARCH, old: str = OLD):
    for name, text in (("old", old), ("new", new)):
        (tmp_path / f"{name}.csv").write_text(text)
    files = tmp_path / "old.csv", tmp_path / "new.csv"
    return pilot.reconcile_stored(*files, service="payroll", period=period, change=change(day, db))


def explained(db: str, element: str = "gross", *, contract: str | None = "A2", period: str = "2027-02", **more: object):
    said: dict[str, object] = {"between": None, "reason": "Back-pay", "evidence": "Letter of 1 March"} | more
    return piloting.explain("payroll", period, element, change(MARCH, db), contract=contract, **said)  # type: ignore[arg-type]


def programme(db: str, day: date = MARCH) -> Programme:
    return loaded(None, db=db, on=day)


class TestExplaining:
    def test_what_is_explained_counts_when_the_period_is_reconciled_again(self, stored: str, tmp_path: Path):
        new = OLD.replace("A2,200.00", "A2,212.00")
        first, _ = run(stored, tmp_path, new)
        assert (first.summary(service="", period="", on=MARCH).is_clean, len(first.unexplained)) == (False, 1)
        assert explained(stored) == 1
        assert explained(stored) is None, "the same, said twice"
        again, is_new = run(stored, tmp_path, new)
        assert is_new
        assert again.unexplained == ()
        assert [(r.explained, r.unexplained) for r in programme(stored).facts.runs_of("payroll")] == [(0, 1), (1, 0)]

    def test_the_list_of_facts_says_nothing_of_one_contracts_pay(self, stored: str, tmp_path: Path):
        """The list is open to everyone; contract-level pay is for the service's manager and lead provider."""
        run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.00"))
        explained(stored)
        explained(stored, contract=None, between=(Decimal(0), Decimal(20)), reason="Pay award")
        one, rule = withdrawing.recorded_facts(None, db=stored, on=MARCH, kind="pilot-entry")
        assert in_words(one) == "payroll, explanation 1: gross, 2027-02"
        assert not any(word in str(one.values) for word in ("A2", "Back-pay", "12.00", "Letter"))
        assert in_words(rule) == "payroll, explanation 2: gross, 2027-02, Pay award"

    def test_the_amount_is_explained_and_not_the_person(self, stored: str, tmp_path: Path):
        run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.00"))
        explained(stored)
        other, _ = run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.01"))
        assert len(other.unexplained) == 1

    def test_leavers_are_explained_one_by_one(self, stored: str, tmp_path: Path):
        new = OLD.replace("A4,400.00,320.00\n", "").replace("A3,300.00,240.00\n", "")
        run(stored, tmp_path, new)
        assert explained(stored, "missing", contract="A4", reason="Left in January") == 1
        again, _ = run(stored, tmp_path, new)
        found = again.summary(service="payroll", period="2027-02", on=MARCH)
        assert (found.missing, found.explained) == (1, 1)

    def test_what_cannot_be_explained_is_said(self, stored: str, tmp_path: Path):
        with pytest.raises(UnknownThingError, match="Reconcile the period first"):
            explained(stored)
        run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.00"))
        with pytest.raises(InputError, match="no such difference of that contract"):
            explained(stored, contract="A1")
        with pytest.raises(InputError, match="from where to where"):
            explained(stored, contract=None)
        with pytest.raises(InputError, match="reason"):
            explained(stored, reason="")
        with pytest.raises(InputError, match="needs what shows it"):
            explained(stored, evidence=" ")
        with pytest.raises(UnknownThingError, match="pay"):
            piloting.explain("pay", "2027-02", "net", change(MARCH, stored), contract=None, between=None,
                             reason="x", evidence="")  # fmt: skip

    def test_a_rule_is_proposed_and_applies_only_when_accepted(self, stored: str, tmp_path: Path):
        """A1 to A3 get 10, 20 and 30 more in February; in March A4 gets 25 more, for the same reason."""
        new = OLD.replace("100.00,", "110.00,").replace("200.00,", "220.00,").replace("300.00,", "330.00,")
        run(stored, tmp_path, new)
        for contract in ("A1", "A2", "A3"):
            explained(stored, contract=contract)
        [rule] = piloting.rules_for("payroll", db=stored, programme=None, on=MARCH)
        assert (rule.period, rule.between) == ("2027-03", (Decimal("10.00"), Decimal("30.00")))
        march = OLD.replace("400.00,", "425.00,")
        before, _ = run(stored, tmp_path, march, period="2027-03")
        assert len(before.unexplained) == 1
        piloting.accept_rule("payroll", rule.id, change(MARCH, stored))
        after, _ = run(stored, tmp_path, march, period="2027-03")
        assert after.unexplained == ()
        assert piloting.rules_for("payroll", db=stored, programme=None, on=MARCH) == ()
        with pytest.raises(UnknownThingError):
            piloting.accept_rule("payroll", rule.id, change(MARCH, stored))

    def test_what_is_explained_while_it_is_compared_is_a_conflict(
        self, stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        new = OLD.replace("A2,200.00", "A2,212.00")
        run(stored, tmp_path, new)

        def meanwhile(*files: Path, **more: object) -> object:
            explained(stored)
            return reconcile(*files, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(pilot, "reconcile", meanwhile)
        with pytest.raises(ConflictError, match="somebody explained something"):
            run(stored, tmp_path, new)
        assert len(programme(stored).facts.runs) == 1

    def test_a_file_that_changes_meanwhile_is_not_kept(
        self, stored: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def meanwhile(old: Path, new: Path, *more: object, **others: object) -> object:
            found = reconcile(old, new, *more, **others)  # type: ignore[arg-type]
            new.write_text(OLD.replace("A1", "A9"))
            return found

        monkeypatch.setattr(pilot, "reconcile", meanwhile)
        with pytest.raises(InputError, match="changed while it was read"):
            run(stored, tmp_path, OLD)
        assert programme(stored).facts.runs == ()


class TestKeeping:
    def test_lists_mask_contracts_and_whoever_looks_in_full_is_noted(self, stored: str, tmp_path: Path):
        old = OLD.replace("A", "CONTRACT-")
        run(stored, tmp_path, old.replace("200.00,", "212.00,"), old=old)
        found, kept = pilot.kept_variances("payroll", "2027-02", change(MARCH, stored))
        assert [v.difference for v in kept] == [Decimal("12.00")]
        assert "CONTRACT-2" not in "\n".join(variances_text(found, kept, in_full=False))
        pilot.kept_variances("payroll", "2027-02", change(MARCH, stored), in_full=True)
        with session_scope(stored) as session:
            assert list(audit.entries(session, "small"))[-1][2:] == ("lead", "look", "run:payroll:2027-02")
        nobody = Change(db=stored, programme=None, actor=None, now=datetime(2027, 3, 25, tzinfo=UTC), on=MARCH)
        with pytest.raises(ActorMissingError):
            pilot.kept_variances("payroll", "2027-02", nobody, in_full=True)

    def test_single_contracts_go_and_totals_stay(self, stored: str, tmp_path: Path):
        """Kept on 25 March 2027, for twelve months. What explained one contract explains nothing from then on."""
        new = OLD.replace("A2,200.00", "A2,212.00")
        run(stored, tmp_path, new)
        explained(stored)
        assert retain(db=stored, now=datetime(2028, 3, 25, 12, tzinfo=UTC))[0].contracts == 0
        [gone] = retain(db=stored, now=datetime(2028, 3, 26, 12, tzinfo=UTC))
        assert gone.contracts == 2
        found, kept = pilot.kept_variances("payroll", "2027-02", change(date(2028, 3, 26), stored))
        assert (found.unexplained, kept) == (1, [])
        again, _ = run(stored, tmp_path, new, day=date(2028, 3, 27))
        assert len(again.unexplained) == 1
        assert retain(db=stored, now=datetime(2028, 3, 26, 12, tzinfo=UTC))[0].contracts == 0

    def test_ones_own_words_are_exported_and_nobody_elses_contract(self, stored: str, tmp_path: Path):
        run(stored, tmp_path, OLD.replace("A2,200.00", "A2,212.00"))
        explained(stored)
        found = persons.everything_about(
            "lead", MARCH, db=stored, programme=None, actor="chief", now=change(MARCH, stored).now
        ).about
        [said] = found["what they said about pilots, or own"]
        assert "Back-pay" in said["content"]
        assert "A2" not in str(said)

    def test_a_run_is_of_a_month_that_has_begun(self, stored: str, tmp_path: Path):
        with pytest.raises(InputError, match="lies in the future"):
            run(stored, tmp_path, OLD, period="2027-04")
        with pytest.raises(InputError, match="is not a pay period"):
            run(stored, tmp_path, OLD, period="March")
        assert programme(stored).facts.runs == ()


def raised(db: str, severity: int, **more: object) -> int | None:
    values = {"service": "payroll", "on": MARCH, "by": "", "text": "It stops", "severity": IssueSeverity(severity)}
    return piloting.raise_issue(IssueRaised.model_validate(values | more), change(MARCH, db))


def blocks(db: str, gate: str = GO) -> tuple[str, ...]:
    return tuple(t for t in case_of(gate, db=db, programme=None, on=MARCH)[1].of(State.BLOCKS) if t.startswith("Issue"))


class TestIssues:
    def test_what_stops_the_service_blocks_every_gate_of_it(self, stored: str):
        assert raised(stored, 1, school="ash") == 1
        assert blocks(stored) == blocks(stored, "payroll/w2/go-no-go") == blocks(stored, "payroll/w2/released")
        assert blocks(stored) == ("Issue 1 at Ash School, stops the service, open for 0 days: It stops",)
        update = IssueUpdate(service="payroll", on=MARCH, by="", issue=1, words="Mended", state="fixed")
        piloting.update_issue(update, change(MARCH, stored))
        assert blocks(stored) == ()

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
            piloting.update_issue(update, change(MARCH, stored))
        with pytest.raises(InputError, match="text"):
            piloting.entry_of(IssueRaised, service="payroll", on=MARCH, by="", text="", severity=1)
        assert programme(stored).facts.pilot == ()

    def test_two_at_once_get_two_numbers_and_a_double_click_one(self, stored: str):
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda n: raised(stored, 2, text=f"No. {n % 4}"), range(8)))
        assert sorted(n for n in found if n) == [1, 2, 3, 4]
        assert len(issues(programme(stored).facts.pilot)) == 4


class TestFeedback:
    def test_it_is_tied_to_an_item_of_the_agreement(self, stored: str):
        said = FeedbackGiven(service="payroll", on=MARCH, by="", side="user", text="It was late", item="pay in")
        assert piloting.give_feedback(said, change(MARCH, stored)) == 1
        [kept] = programme(stored).facts.pilot
        assert isinstance(kept, FeedbackGiven)
        assert (kept.item, kept.by) == ("Pay in time", "lead")
        with pytest.raises(UnknownThingError, match="item of the agreement"):
            piloting.give_feedback(said.model_copy(update={"item": "parking"}), change(MARCH, stored))

    def test_an_improvement_takes_up_what_was_said(self, stored: str):
        item = ImprovementPlanned(service="payroll", on=MARCH, by="", text="Earlier", owner="lead", feedback=(1,))
        with pytest.raises(UnknownThingError, match="feedback"):
            piloting.plan_improvement(item, change(MARCH, stored))
        said = FeedbackGiven(service="payroll", on=MARCH, by="", side="provider", text="Forms come late")
        piloting.give_feedback(said, change(MARCH, stored))
        assert piloting.plan_improvement(item, change(MARCH, stored)) == 1
        assert piloting.make_improvement("payroll", 1, "A reminder goes out", change(MARCH, stored)) == 1
        with pytest.raises(UnknownThingError, match="improvement"):
            piloting.make_improvement("payroll", 2, "Nothing", change(MARCH, stored))


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
            facts.finish_task(f"payroll/{task}", date(2027, 1, last), date(2027, 1, first), change(MARCH, db))
        answer = gates.Answer(task=RELEASE, outcome=Outcome.APPROVE, reason="Ready", on=date(2027, 1, 18))
        gates.decide(answer, change(MARCH, db, "chief"))
        run(db, tmp_path, OLD)

    def test_before_it_begins_everything_may_change(self, stored: str, folder: Path):
        for old, new, _ in self.LOOSER:
            text = (folder / "services/payroll.yaml").read_text().replace(old, new)
            (folder / "services/payroll.yaml").write_text(text)
        assert storing.apply(folder, db=stored, actor="chief", now=change(MARCH, stored).now) == 2

    @pytest.mark.parametrize(("old", "new", "what"), LOOSER)
    def test_once_it_has_begun_nobody_moves_the_goalposts(
        self, stored: str, folder: Path, tmp_path: Path, old: str, new: str, what: str
    ):
        self.begun(stored, tmp_path)
        (folder / "services/payroll.yaml").write_text((SERVICE + RUN).replace(old, new))
        with pytest.raises(CheckFailedError, match=what):
            storing.apply(folder, db=stored, actor="chief", now=change(MARCH, stored).now, on=MARCH)

    def test_what_explains_and_what_it_costs_may_still_be_written(self, stored: str, folder: Path, tmp_path: Path):
        self.begun(stored, tmp_path)
        text = (SERVICE + RUN).replace(
            "  clean_runs: 2\n", "  clean_runs: 2\n  cost_a_period: 900\n  ends: 2027-04-30\n"
        )
        (folder / "services/payroll.yaml").write_text(text)
        assert storing.apply(folder, db=stored, actor="chief", now=change(MARCH, stored).now, on=MARCH) == 2


class TestRepeating:
    def test_one_more_period_moves_the_go_live_and_why_says_so(self, stored: str):
        """Two periods are February and March; one more is April, and the go-live is on 1 May instead of 1 April."""
        before = programme(stored, date(2027, 1, 4))
        assert day_of(before.timed("payroll/w1/go-live").early_start) == date(2027, 4, 1)
        name = piloting.repeat(SIDE_BY_SIDE, "1pp", "March was not clean", change(date(2027, 1, 4), stored))
        assert name == f"{SIDE_BY_SIDE}-again-1"
        after = programme(stored, date(2027, 1, 4))
        assert last_day_of(after.timed(name).early_finish) == date(2027, 4, 30)
        assert day_of(after.timed("payroll/w1/go-live").early_start) == date(2027, 5, 1)
        assert after.schedule is not None
        assert (
            "it is done once more: March was not clean" in why(after.roadmap, after.schedule, "payroll/w1/go-live").text
        )

    def test_a_second_one_comes_after_the_first(self, stored: str):
        day = date(2027, 1, 4)
        first = piloting.repeat(SIDE_BY_SIDE, "1pp", "Not clean", change(day, stored))
        second = piloting.repeat(SIDE_BY_SIDE, "1pp", "Still not clean", change(day, stored))
        assert piloting.repeat(SIDE_BY_SIDE, "1pp", "Still not clean", change(day, stored)) is None
        after = programme(stored, day)
        assert first is not None
        assert second is not None
        assert after.timed(second).early_start >= after.timed(first).early_finish
        assert day_of(after.timed("payroll/w1/go-live").early_start) == date(2027, 6, 1)

    def test_a_pilot_that_failed_holds_up_the_next_wave(self, stored: str):
        day = date(2027, 1, 4)
        before = programme(stored, day).timed("payroll/w2/go-live").early_start
        name = piloting.repeat("payroll/w1/pilot-review", "20d", "Queries were above three", change(day, stored))
        after = programme(stored, day)
        assert after.timed("payroll/w2/go-live").early_start > before
        assert after.guarantees(after.roadmap.tasks[name or ""], before=after.roadmap.tasks["payroll/w2/go-live"])

    def test_what_cannot_be_repeated_is_said(self, stored: str):
        with pytest.raises(UnknownThingError, match="pilot, parallel run or test pack"):
            piloting.repeat("payroll/w1/go-live", "1pp", "Once more", change(MARCH, stored))
        with pytest.raises(InputError, match="not a duration"):
            piloting.repeat(SIDE_BY_SIDE, "soon", "Once more", change(MARCH, stored))
        facts.finish_task(GO.replace("go-no-go", "skills"), date(2027, 1, 22), None, change(MARCH, stored))
        begin = facts.ReportedProgress("payroll/w1/go-no-go", date(2027, 3, 20))
        facts.report_progress([begin], change(MARCH, stored))
        with pytest.raises(CheckFailedError, match="has begun"):
            piloting.repeat(SIDE_BY_SIDE, "1pp", "Once more", change(MARCH, stored))


class TestVouching:
    def test_who_must_sign_signs_for_themselves(self, stored: str):
        with pytest.raises(
            InputError, match=r"may not sign “Payroll: go no go, wave 1”. The signatory \(Director of People\) may."
        ):
            piloting.sign(GO, "", change(MARCH, stored, "chief"), agrees=True)
        piloting.sign(GO, "Pensions differ", change(MARCH, stored), agrees=False)
        case = case_of(GO, db=stored, programme=None, on=MARCH)[1]
        assert "The Director of People does not sign (25 Mar 2027): Pensions differ." in case.of(State.BLOCKS)
        piloting.sign(GO, "", change(MARCH, stored), agrees=True)
        case = case_of(GO, db=stored, programme=None, on=MARCH)[1]
        assert "The Director of People has signed (25 Mar 2027)." in case.of(State.MET)

    def test_a_way_back_that_ends_before_the_go_live_is_none(self, stored: str):
        with pytest.raises(InputError, match="true until a day"):
            piloting.confirm(GO, "way-back", "Licence", None, change(MARCH, stored))
        piloting.confirm(GO, "way-back", "Licence", date(2027, 3, 31), change(MARCH, stored))
        assert any(
            "only, until 31 Mar 2027" in t for t in case_of(GO, db=stored, programme=None, on=MARCH)[1].of(State.OPEN)
        )
        piloting.confirm(GO, "way-back", "Licence, longer", date(2028, 3, 31), change(MARCH, stored))
        assert any("Licence, longer" in t for t in case_of(GO, db=stored, programme=None, on=MARCH)[1].of(State.MET))

    def test_what_nobody_asks_for_cannot_be_confirmed(self, stored: str):
        with pytest.raises(UnknownThingError, match="item to confirm"):
            piloting.confirm(GO, "weather", "Sunny", None, change(MARCH, stored))
        with pytest.raises(UnknownThingError, match="gate before a go-live"):
            piloting.confirm(RELEASE, "way-back", "Licence", MARCH, change(MARCH, stored))


PACK = """\
assurance:
  method: test_pack
  rationale: Two staff only
  cases: [{id: sick, what: Sick pay}, {id: new, what: A starter}]
"""


class TestAssurance:
    @pytest.fixture
    def packed(self, db: str, tmp_path: Path) -> str:
        folder = written(tmp_path / "packed", SERVICE + RUN + PACK)
        storing.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
        return db

    def test_a_test_pack_takes_the_place_of_the_parallel_run(self, packed: str):
        tasks = programme(packed).roadmap.tasks
        assert SIDE_BY_SIDE not in tasks
        assert "payroll/w1/test-pack" in tasks
        case = case_of(GO, db=packed, programme=None, on=MARCH)[1]
        assert "Test pack, Sick pay: not tried yet." in case.of(State.BLOCKS)
        assert not any("parallel run" in t for t in case.of(State.BLOCKS, State.OPEN))

    def test_a_case_that_failed_blocks_until_it_has_passed(self, packed: str):
        piloting.test_case("payroll", "sick", "Half pay was wrong", change(MARCH, packed), passed=False)
        piloting.test_case("payroll", "new", "As in the old system", change(MARCH, packed), passed=True)
        case = case_of(GO, db=packed, programme=None, on=MARCH)[1]
        assert "Test pack, Sick pay: failed on 25 Mar 2027: Half pay was wrong" in case.of(State.BLOCKS)
        assert "1 of 2 test cases passed." in case.of(State.MET)
        piloting.test_case("payroll", "sick", "Right now", change(MARCH, packed), passed=True)
        case = case_of(GO, db=packed, programme=None, on=MARCH)[1]
        assert "2 of 2 test cases passed." in case.of(State.MET)
        with pytest.raises(UnknownThingError, match="test case"):
            piloting.test_case("payroll", "flood", "Wet", change(MARCH, packed), passed=True)

    def test_both_asks_for_both(self, db: str, tmp_path: Path):
        folder = written(tmp_path / "both", SERVICE + RUN + PACK.replace("test_pack", "both"))
        storing.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
        blocking = case_of(GO, db=db, programme=None, on=MARCH)[1].of(State.BLOCKS)
        assert any("Test pack" in t for t in blocking)
        assert "Only 0 of 2 consecutive clean parallel runs." in blocking

    def test_a_test_pack_says_why_and_has_cases(self, tmp_path: Path):
        folder = written(tmp_path / "bare", SERVICE + RUN + "assurance: {method: test_pack}\n")
        with pytest.raises(InputError, match=r"services/payroll\.yaml:\d+:\d+: .*a test pack needs cases"):
            storing.difference(folder, db=f"sqlite:///{tmp_path / 'x.db'}")


def test_running_both_beyond_its_last_day_is_told_with_its_cost(db: str, tmp_path: Path):
    text = RUN.replace("  pay: net\n", "  pay: net\n  ends: 2027-03-15\n  cost_a_period: 900\n")
    storing.apply(
        written(tmp_path / "t", SERVICE + text), db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC)
    )
    with session_scope(db) as session:
        found = [f for f in load(session, None, on=date(2027, 1, 4)).judged.findings if f.rule == "R12"]
    said = [f.message for f in found if "goes on until" in f.message]
    assert said[0].endswith("until 31 Mar 2027; running both was to end on 15 Mar 2027. Each period more costs £900.")


class TestSchemes:
    """Wave 1 goes live on 1 April 2027, wave 2 later: until then two systems pay people of one scheme."""

    def told(self, db: str, tmp_path: Path, schemes: str) -> list[str]:
        text = RUN.replace("  pay: net\n", f"  pay: net\n  schemes: [{schemes}]\n")
        now = datetime(2027, 1, 4, 8, tzinfo=UTC)
        storing.apply(written(tmp_path / "t", SERVICE + text), db=db, actor="chief", now=now)
        with session_scope(db) as session:
            found = load(session, None, on=date(2027, 1, 4)).judged.findings
        return [f.message for f in found if f.rule == "R12" and "scheme" in f.message]

    def test_one_that_is_split_is_told_with_its_days(self, sqlite: str, tmp_path: Path):
        [message] = self.told(sqlite, tmp_path, "{id: 120/A1}")
        assert message.startswith("From 1 Apr 2027 to ")
        assert "both systems pay people of scheme 120/A1, and only one may file it" in message

    @pytest.mark.parametrize(
        "schemes", ["{id: 120/A1, joint_filing: old}", "{id: A, schools: [ash, beech]}, {id: B, schools: [cedar]}"]
    )
    def test_one_that_was_settled_or_belongs_to_a_wave_is_not(self, sqlite: str, tmp_path: Path, schemes: str):
        assert self.told(sqlite, tmp_path, schemes) == []


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
        storing.difference(written(tmp_path / "t", SERVICE + text), db=f"sqlite:///{tmp_path / 'x.db'}")
    start = (SERVICE + text).count("\n", 0, (SERVICE + text).index("parallel_run:")) + 1
    assert sorted((p.line - start, p.what) for p in raised.value.problems) == [
        (1, "'ash' is in two schemes: A and A."),
        (1, "The scheme 'A' stands here twice."),
        (1, "There is no school 'elm'."),
        (4, "There is no person 'leed'."),
        (5, "The exit criterion 'q' stands here twice."),
        (7, "There is no person 'cheef'."),
        (8, "There is no person 'nobody'."),
    ]


class TestLessons:
    TRAIN = LessonProposed(
        service="payroll", on=MARCH, by="", step="train", duration="9d", reason="Two days were too few"
    )
    DAY = date(2027, 1, 4)

    def test_it_shows_what_it_would_move_and_changes_nothing_before_it_is_accepted(self, stored: str):
        effect = lessons.propose_lesson(self.TRAIN, change(self.DAY, stored))
        assert effect.tasks == ("payroll/cedar/train",)
        assert "payroll/cedar/train" in {m.task for m in effect.moved if m.minutes > 0}
        before = programme(stored, self.DAY)
        assert before.roadmap.tasks["payroll/cedar/train"].duration.amount == 2 * before.minutes_per_day
        assert lessons.propose_lesson(self.TRAIN, change(self.DAY, stored)).number == effect.number, "said twice"

    def test_accepted_it_is_a_version_and_the_pilot_stays_as_it_was(self, stored: str):
        lessons.propose_lesson(self.TRAIN, change(self.DAY, stored))
        taken = lessons.answer_lesson("payroll", 1, "Agreed", change(self.DAY, stored, "chief"), accepted=True)
        assert taken.version == 2
        after = programme(stored, self.DAY)
        days = {
            t: after.roadmap.tasks[f"payroll/{t}/train"].duration.amount / after.minutes_per_day
            for t in ("ash", "cedar")
        }
        assert days == {"ash": 2, "cedar": 9}
        with pytest.raises(CheckFailedError, match="was accepted: Agreed"):
            lessons.answer_lesson("payroll", 1, "No", change(self.DAY, stored), accepted=False)

    def test_the_folder_that_is_written_out_has_it(self, stored: str, tmp_path: Path):
        lessons.propose_lesson(self.TRAIN, change(self.DAY, stored))
        lessons.answer_lesson("payroll", 1, "Agreed", change(self.DAY, stored), accepted=True)
        out = tmp_path / "again"
        assert export_folder(out, db=stored, programme=None, on=self.DAY) == 2
        assert "cedar/train" in (out / "services/payroll.yaml").read_text()
        found = storing.difference(out, db=stored, on=self.DAY)
        assert (found.is_same, found.moved) == (True, ())

    def test_declined_it_is_kept_and_nothing_moves(self, stored: str):
        lessons.propose_lesson(self.TRAIN, change(self.DAY, stored))
        assert lessons.answer_lesson("payroll", 1, "Too dear", change(self.DAY, stored), accepted=False).version is None
        assert lessons_of(programme(stored, self.DAY).facts.pilot, "payroll")[1][1] is not None

    def test_what_is_no_lesson_is_said(self, stored: str):
        propose = lessons.propose_lesson
        with pytest.raises(InputError, match="changes something"):
            propose(self.TRAIN.model_copy(update={"duration": None}), change(self.DAY, stored))
        with pytest.raises(UnknownThingError, match="step"):
            propose(self.TRAIN.model_copy(update={"step": "trane"}), change(self.DAY, stored))
        with pytest.raises(InputError, match="There is no task 'nowhere'"):
            propose(self.TRAIN.model_copy(update={"also_after": ("nowhere",)}), change(self.DAY, stored))
        with pytest.raises(InputError, match="begun in every wave"):
            propose(self.TRAIN.model_copy(update={"step": "pilot-review"}), change(self.DAY, stored))
        assert programme(stored, self.DAY).facts.pilot == ()


def test_users_and_providers_are_asked_while_the_pilot_is_judged(stored: str):
    """Nobody of the small programme is at a school; who provides the service is asked all the same."""
    before = programme(stored)
    at = minute_of(datetime(2027, 3, 22, 9))
    begun = {"payroll/w1/go-live": TaskProgress(at, at), "payroll/w1/pilot-review": TaskProgress(at)}
    known = replace(before.facts, progress=begun)
    asked = asks(judged(before.definition, facts=known, on=MARCH), today=MARCH)
    assert [(d.subject, d.person) for d in asked if d.reason is Reason.FEEDBACK] == [
        ("payroll/w1/pilot-review#feedback", "lead")
    ]


def test_a_small_trust_goes_without_a_pilot_and_its_reason_is_looked_at(db: str, tmp_path: Path):
    """Three schools are fewer than the ten from which on rule R11 wants a pilot."""
    criteria = "exit_criteria: [{id: queries, measure: Queries, at_most: 3}]"
    text = RUN.replace(criteria, "skipped: Three only")
    folder = written(tmp_path / "t", SERVICE + text)
    (folder / "programme.yaml").write_text(PROGRAMME)
    storing.apply(folder, db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC))
    case = case_of(GO, db=db, programme=None, on=MARCH)[1]
    assert "Goes without a pilot: Three only." in case.of(State.NOTED)
    assert not [t for t in case.of(State.BLOCKS, State.OPEN) if "R11" in t]


def test_who_must_sign_is_asked_until_they_have(db: str, tmp_path: Path):
    """The gate is due on 31 March 2027; the clerk signs, and the lead provider is asked for all that is missing."""
    text = RUN.replace("sign: [lead]", "sign: [clerk]")
    storing.apply(
        written(tmp_path / "t", SERVICE + text), db=db, actor="chief", now=datetime(2027, 1, 4, 8, tzinfo=UTC)
    )

    def asked() -> set[str | None]:
        with session_scope(db) as session:
            found = asks(load(session, None, on=MARCH).judged, today=MARCH)
        return {d.person for d in found if d.subject == f"{GO}#evidence"}

    assert asked() == {"lead", "clerk"}
    piloting.sign(GO, "", change(MARCH, db, "clerk"), agrees=True)
    assert asked() == {"lead"}


def test_a_measure_is_a_number(stored: str):
    for text in ("few", "", "NaN"):
        with pytest.raises(InputError, match="is not a number"):
            facts.measure_criterion("payroll", "queries", text, change(MARCH, stored))
    facts.measure_criterion("payroll", "queries", "2.5", change(MARCH, stored))
    assert programme(stored).facts.criteria == {"payroll": {"queries": "2.5"}}
