"""Odds of milestones: kept for each version and day, shown in the report, and weighed in the proposed confidence.

In the small programme all schools go live on Wednesday 20 January 2027. Requirements of 5 to 25 days, likely 5, are
drawn: they take no more than five days in hardly any iteration, so the forecast holds in hardly any. The milestone's
deadline is 31 December, or 21 January in one test.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from changeflow.agenda.confidence import Tier, propose_confidence
from changeflow.cli import app
from changeflow.programme.facts import Facts, Odds
from changeflow.programme.programme import Programme
from changeflow.reports.confidence import confidence_line
from changeflow.rules.engine import Judged
from changeflow.storage import audit, facts
from changeflow.storage.database import read_scope
from changeflow.usecases import definitions
from changeflow.usecases.audit_trail import verify
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.risk import simulate_stored
from changeflow.usecases.stored import loaded
from tests.builders import PATHWAY, PROGRAMME, a_folder
from tests.rules.judging import judged

NOW, LATER = datetime(2027, 1, 4, 8, tzinfo=UTC), datetime(2027, 1, 5, 8, tzinfo=UTC)
RISKY = PATHWAY.replace("phase: design, duration: 5d", "phase: design, duration: 5d, estimate: [5d, 5d, 25d]")

NO_RANGE = "no one has estimated best and worst durations for any of the work leading up to it"


def store(db: str, folder: Path, deadline: str = "2027-12-31") -> None:
    programme = PROGRAMME.replace("deadline: 2027-12-31", f"deadline: {deadline}")
    definitions.apply(
        a_folder(folder, pathway=RISKY, programme=programme), db=db, actor="chief", now=NOW, on=date(2027, 1, 4)
    )


def simulate(db: str, now: datetime = NOW, **more: object) -> None:
    simulate_stored(None, db=db, now=now, iterations=400, seed=1, **more)  # type: ignore[arg-type]


def kept(db: str) -> tuple[Odds, ...]:
    with read_scope(db) as session:
        return facts.load_facts(session, "small").odds


class TestKept:
    @pytest.mark.slow
    def test_odds_are_kept_once_for_each_version_and_day(self, db: str, tmp_path: Path):
        store(db, tmp_path / "trust")
        simulate(db)
        simulate(db)
        [first] = kept(db)
        assert (first.milestone, first.version, first.on) == ("all-live", 1, date(2027, 1, 4))
        assert (first.planned, first.deadline) == (date(2027, 1, 20), date(2027, 12, 31))
        simulate(db, LATER)
        assert [(o.version, o.on) for o in kept(db)] == [(1, date(2027, 1, 4)), (1, date(2027, 1, 5))]

    @pytest.mark.slow
    def test_odds_that_rest_on_an_assumption_are_not_kept(self, db: str, tmp_path: Path):
        store(db, tmp_path / "trust")
        simulate(db, assume="80,150")
        assert kept(db) == ()

    @pytest.mark.slow
    def test_keeping_them_is_in_the_audit(self, db: str, tmp_path: Path):
        store(db, tmp_path / "trust")
        simulate(db)
        with read_scope(db) as session:
            [entry] = [e for e in audit.entries_in_full(session, "small") if e.action == "odds"]
        assert (entry.actor, entry.subject) == ("system", "version:1:2027-01-04")
        assert verify(db=db, programme=None, anchor_file=None).is_well

    @pytest.mark.slow
    def test_a_report_looks_back_at_the_odds_of_then(self, db: str, tmp_path: Path):
        store(db, tmp_path / "trust")
        simulate(db, LATER)
        assert loaded(None, db=db, on=date(2027, 1, 4)).facts.until(date(2027, 1, 4)).odds == ()


class TestReport:
    @pytest.mark.slow
    def test_it_says_by_when_the_date_is_sure_and_proposes_no_green(self, db: str, tmp_path: Path):
        store(db, tmp_path / "trust", deadline="2027-01-21")
        before = sro_of_stored(None, db=db, today=date(2027, 1, 4))
        assert before.milestones[0].sure_by == ""
        assert any("We cannot yet say how likely" in reason for reason in before.confidence.reasons)
        simulate(db)
        [odds] = kept(db)
        assert odds.deadline_odds is not None
        assert odds.deadline_odds < 50
        after = sro_of_stored(None, db=db, today=date(2027, 1, 4))
        assert after.confidence.proposed == "red"
        assert any(f"a {odds.deadline_odds}% chance" in reason for reason in after.confidence.reasons)
        chance = f"{odds.deadline_odds}% chance of meeting the deadline (calculated on 4 Jan 2027"
        assert chance in after.milestones[0].sure_by

    @pytest.mark.slow
    def test_the_command_keeps_them_where_the_programme_is_stored(self, db: str, tmp_path: Path):
        store(db, tmp_path / "trust")
        run = ["simulate", "--db", db, "--iterations", "200", "--at", "2027-01-04"]
        assert CliRunner().invoke(app, run).exit_code == 0
        assert len(kept(db)) == 1
        result = CliRunner().invoke(app, ["confidence", "show", "--db", db, "--at", "2027-01-04"])
        assert "chance of meeting its forecast of 20 Jan 2027" in result.output


@pytest.fixture
def plain(tmp_path: Path) -> Judged:
    return judged(tmp_path, on=date(2027, 1, 4))


@pytest.mark.parametrize(
    ("plan", "deadline", "tier"),
    [
        (3, None, Tier.AMBER),
        (19, 96, Tier.AMBER),
        (20, 80, None),
        (60, 79, Tier.AMBER),
        (30, 50, Tier.AMBER),
        (3, 49, Tier.RED),
    ],
)
def test_the_tier_of_odds(plain: Judged, plan: int, deadline: int | None, tier: Tier | None):
    """Red below 50 of 100 for a deadline, amber below 80, or below 20 for the forecast: the rulepack's numbers."""
    line = Odds(
        milestone="all-live", version=1, on=date(2027, 1, 4), planned=date(2027, 1, 20), planned_odds=plan,
        deadline=date(2027, 12, 31), deadline_odds=deadline, p50=date(2027, 1, 22), p80=date(2027, 2, 1),
        p90=date(2027, 2, 3), certain_share=40, iterations=400, seed=1,
    )  # fmt: skip
    known = replace(plain, programme=with_facts(plain.programme, Facts(odds=(line,))))
    signals = [s for s in propose_confidence(known, today=date(2027, 1, 4)).signals if "% chance" in s.text]
    assert [s.tier for s in signals] == ([tier] if tier else [])
    assert all("There is an 80% chance of reaching it by 1 Feb 2027" in s.text for s in signals)
    assert not any("the odds of these" in reason for reason in confidence_line(known, today=date(2027, 1, 4)).reasons)


def test_a_plan_without_ranges_has_no_odds_in_report_or_confidence(plain: Judged):
    """Nothing is drawn, so every iteration keeps the forecast and misses a deadline before it: that shows nothing."""
    line = Odds(
        milestone="all-live", version=1, on=date(2027, 1, 4), planned=date(2027, 1, 20), planned_odds=None,
        deadline=date(2027, 1, 19), deadline_odds=0, p50=date(2027, 1, 20), p80=date(2027, 1, 20),
        p90=date(2027, 1, 20), certain_share=100, iterations=400, seed=1,
    )  # fmt: skip
    known = replace(plain, programme=with_facts(plain.programme, Facts(odds=(line,))))
    assert line.sure_by == f"not known: {NO_RANGE}"
    assert not any("% chance" in s.text for s in propose_confidence(known, today=date(2027, 1, 4)).signals)
    reasons = confidence_line(known, today=date(2027, 1, 4)).reasons
    assert f"We cannot say how likely “All are live” is to be on time. {NO_RANGE.capitalize()}." in reasons


def with_facts(programme: Programme, known: Facts) -> Programme:
    return replace(programme, facts=known)
