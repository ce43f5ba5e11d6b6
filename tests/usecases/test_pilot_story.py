"""Payroll's pilot on the sample: run 1 fails, fixes and explanations enter, runs 2 and 3 are clean, the SRO is asked.

The third run is reconciled on Thursday 20 May 2027, a week before May's payday on Friday 28 May.
"""

import shutil
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from changeflow.agenda.criteria import State
from changeflow.agenda.decisions import GateAnswer
from changeflow.agenda.gates import GateCase
from changeflow.pilots.entries import IssueRaised, IssueSeverity
from changeflow.programme.programme import Programme
from changeflow.programme.recording import ReportedProgress
from changeflow.reports.documents import pdf_of, write_report
from changeflow.roadmap.analysis.why import explain
from changeflow.storage.database import engine_for
from changeflow.usecases import gates, parallel_runs, pilot_records
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.baselines import take_baseline
from changeflow.usecases.definitions import apply
from changeflow.usecases.gates import case_of
from changeflow.usecases.go_no_go import go_no_go_of
from changeflow.usecases.progress import report_progress
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import LONDON, day_of
from changeflow.values.words import Outcome
from tests.conftest import SAMPLE, sample_copy
from tests.paper import read_paper

pytestmark = pytest.mark.slow

MAY_4, MAY_20 = date(2027, 5, 4), date(2027, 5, 20)
GATE, GO_LIVE = "payroll/pilot/go-no-go", "payroll/pilot/go-live"
RUNS = SAMPLE / "parallel-runs" / "payroll"
LIVES = [GO_LIVE, "payroll/w2/go-live", "payroll/w3/go-live", "payroll/w4/go-live"]


def change(db: str, day: date, by: str = "programme-manager", hour: int = 9) -> Change:
    now = datetime(day.year, day.month, day.day, hour, tzinfo=LONDON)
    return Change(db=db, programme=None, actor=by, now=now, on=day)


def reconciled(db: str, period: str, day: date) -> tuple[parallel_runs.Reconciliation, bool]:
    old, new = (RUNS / f"{period}-{side}.csv" for side in ("old", "new"))
    return parallel_runs.reconcile_stored(old, new, service="payroll", period=period, change=change(db, day))


def case(db: str, day: date) -> GateCase:
    return case_of(GATE, db=db, programme=None, on=day)[1]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[GateCase]]:
    """The story up to the third clean run; and how the gate's case stood before, between and after."""
    home = tmp_path_factory.mktemp("story")
    db, cases = f"sqlite:///{home / 'story.db'}", []
    apply(sample_copy(home), db=db, actor="programme-manager", now=datetime(2026, 9, 1, 9, tzinfo=LONDON))
    store_import(SAMPLE / "progress.csv", change(db, MAY_4), SAMPLE / "decisions.csv")
    for path in sorted((SAMPLE / "adkar").glob("*.csv")):
        import_assessments(path, change(db, MAY_4))
    take_baseline("Agreed", change(db, MAY_4, "chief-executive"))
    reconciled(db, "2027-03", MAY_4)
    cases.append(case(db, MAY_4))
    reconciled(db, "2027-04", MAY_4)
    cases.append(case(db, MAY_4))
    for element in ("pension", "net"):
        pilot_records.explain(
            "payroll", "2027-04", element, change(db, MAY_4, "payroll-manager"), contract=None,
            between=(Decimal(-12), Decimal(12)), reason="Back-dated change of band", evidence="The scheme's letter",
        )  # fmt: skip
    reconciled(db, "2027-04", MAY_4)
    later = SAMPLE / "progress-2027-05.csv", SAMPLE / "decisions-2027-05.csv"
    store_import(later[0], change(db, MAY_20), later[1])
    reconciled(db, "2027-05", MAY_20)
    cases.append(case(db, MAY_20))
    return db, cases


@pytest.fixture
def asked(story: tuple[str, list[GateCase]], tmp_path: Path) -> str:
    """A copy of the story's database, in which everything is confirmed and signed."""
    engine_for(story[0]).dispose()  # what SQLite keeps beside its file goes into it
    shutil.copy(story[0].removeprefix("sqlite:///"), tmp_path / "asked.db")
    db = f"sqlite:///{tmp_path / 'asked.db'}"
    vouch(db)
    return db


def vouch(db: str) -> None:
    by = change(db, MAY_20, "payroll-manager")
    for item in ("pension-files", "year-to-date", "service-desk"):
        pilot_records.confirm(GATE, item, "Checked on 20 May", None, by)
    pilot_records.confirm(GATE, "way-back", "The old licence runs", date(2027, 7, 31), by)
    pilot_records.sign(GATE, "", by, agrees=True)
    pilot_records.sign(GATE, "The figures agree", change(db, MAY_20, "director-of-finance"), agrees=True)


def test_run_1_fails_and_the_case_says_by_how_much(story: tuple[str, list[GateCase]]):
    """March lacks a contract, and three differ; April alone is unexplained before someone explains it."""
    _, (first, second, _) = story
    assert (
        "The March 2027 run has 3 contracts with unexplained differences and 1 contract only in the old system. "
        "The largest difference is £118.40." in first.of(State.BLOCKS)
    )
    assert "No clean parallel run counts yet; 2 in a row are needed." in first.of(State.BLOCKS)
    assert (
        "The April 2027 run has 5 contracts with unexplained differences. The largest difference is £9.75."
        in second.of(State.BLOCKS)
    )


def test_runs_are_immutable_and_the_same_files_are_recognised(story: tuple[str, list[GateCase]], tmp_path: Path):
    db, _ = story
    runs = loaded(None, db=db, on=MAY_20).facts.runs_of("payroll")
    assert [(r.period, r.unexplained, r.explained) for r in runs] == [
        ("2027-03", 3, 0), ("2027-04", 5, 0), ("2027-04", 0, 5), ("2027-05", 0, 0),
    ]  # fmt: skip
    assert not reconciled(db, "2027-04", MAY_20)[1]
    assert loaded(None, db=db, on=MAY_20).facts.runs_of("payroll") == runs


def test_two_clean_runs_and_those_who_vouch_earn_a_go(story: tuple[str, list[GateCase]], asked: str):
    _, (*_, third) = story
    assert "The last 2 parallel runs had no unexplained differences (2 such runs needed)." in third.of(State.MET)
    assert set(third.of(State.BLOCKS)) == {
        "The Director of Finance has not signed this off yet.", "The Payroll Manager has not signed this off yet."
    }  # fmt: skip
    assert third.proposal is Outcome.REJECT
    assert len(third.of(State.OPEN)) == 4
    assert case(asked, MAY_20).proposal is Outcome.APPROVE


def go_lives(programme: Programme) -> list[date]:
    return [day_of(programme.timed(t).early_start) for t in LIVES]


def test_a_go_opens_the_go_live_and_wave_2_behind_it(asked: str):
    begins = ReportedProgress(GO_LIVE, date(2027, 6, 1), date(2027, 6, 1))
    # Had nobody answered by 3 June, the opening on 1 June would be missed.
    unanswered = go_lives(loaded(None, db=asked, on=date(2027, 6, 3)))
    gates.decide(
        GateAnswer(task=GATE, outcome=Outcome.APPROVE, reason="Two clean runs.", on=MAY_20),
        change(asked, MAY_20, "chief-executive"),
    )
    assert go_lives(loaded(None, db=asked, on=MAY_20))[:2] == [date(2027, 6, 1), date(2027, 11, 1)]
    report_progress([begins], change(asked, date(2027, 6, 3)))
    after = loaded(None, db=asked, on=date(2027, 6, 3))
    assert go_lives(after)[0] == date(2027, 6, 1)
    assert unanswered[0] == date(2027, 7, 1)


def test_a_no_moves_every_date_to_a_later_pay_period_and_why_says_so(asked: str):
    go = go_lives(loaded(None, db=asked, on=MAY_20))
    gates.decide(
        GateAnswer(task=GATE, outcome=Outcome.REJECT, reason="We wait for the pension scheme.", on=MAY_20),
        change(asked, MAY_20, "chief-executive"),
    )
    refused = loaded(None, db=asked, on=MAY_20)
    no = go_lives(refused)
    assert go == [date(2027, 6, 1), date(2027, 11, 1), date(2028, 1, 4), date(2028, 3, 1)]
    # The pilot's review is four weeks after its go-live, and then it is August: wave 2 is trained in the new term, and
    # its parallel run is October and November. Those of waves 3 and 4 are the two months after, and the next two.
    assert no == [date(2027, 7, 1), date(2028, 1, 4), date(2028, 3, 1), date(2028, 5, 2)]
    assert refused.schedule is not None
    for live in LIVES[:2]:
        said = explain(refused.roadmap, refused.schedule, live).text
        assert "it was rejected on 20 May 2027 (We wait for the pension scheme)" in said, live


def test_the_page_shows_what_each_answer_means_and_hides_contracts(asked: str, tmp_path: Path):
    """The two columns are the dates that the two decisions bring about, tested above."""
    pilot_records.raise_issue(
        IssueRaised(
            service="payroll", on=MAY_20, by="", text="Sick pay by hand", severity=IssueSeverity.HARMS, school="bridge"
        ),
        change(asked, MAY_20),
    )
    page = go_no_go_of(GATE, db=asked, programme=None, today=MAY_20)
    assert page.headline == "The evidence supports going ahead."
    assert (page.answers[0].on_go, page.answers[0].on_no) == ("1 Jun 2027", "1 Jul 2027")
    assert [(r.period, r.clean, r.share) for r in page.runs] == [
        ("2027-03", False, "99.24%"), ("2027-04", True, "98.75%"), ("2027-05", True, "100%"),
    ]  # fmt: skip
    # March and April were planned; both systems also run in May, and in June where the answer is a no.
    ends = "until 31 May 2027 (3 pay periods) if go-live is approved, or until 30 Jun 2027 (4 pay periods) if it is not"
    assert page.costs[:2] == (
        f"The old and new systems have been running side by side since 1 Mar 2027, and will do so {ends}.",
        "Dual running costs £2,400 a pay period. The total is £7,200 if go-live is approved, or £9,600 if it is not.",
    )
    assert [p.text for p in page.no_return] == [
        "posts in the old structure end",
        "last day on which the old arrangements are confirmed to be available",
        "the licence for the old payroll system ends",
    ]
    for ending in ("html", "json", "pdf"):
        write_report(page, tmp_path / f"page.{ending}")
    assert len(read_paper((tmp_path / "page.pdf").read_bytes()).pages) <= 2, "it fits one sheet"
    html = (tmp_path / "page.html").read_text()
    assert html.count("<svg") >= 3
    assert "Sick pay by hand" in html
    assert "C10043" not in html + (tmp_path / "page.json").read_text()


def test_the_page_on_paper_says_the_same(asked: str):
    paper = read_paper(pdf_of(go_no_go_of(GATE, db=asked, programme=None, today=MAY_20)))
    for text in (
        "The evidence supports going ahead.",
        "What each decision would mean",
        "1 Jul 2027",
        "Director of Finance",
        "✓ signed",
    ):
        assert text in paper.pages[0]
    assert "▲ check" in paper.text
    assert paper.title == "Payroll, pilot: go/no-go decision, 20 May 2027"
    cost, runs, *_, mix = paper.alternatives
    assert cost.startswith("How a later decision affects the dates.")
    assert runs.startswith("Contracts that differ between old and new, run by run.")
    assert "of the pilot's schools" in mix
