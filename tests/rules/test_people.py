"""Rules about people: a visible sponsor, and training after awareness and desire. Days are from a 2027 calendar."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from changeflow.programme.facts import Facts, SponsorAct
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.rules.engine import Judged
from changeflow.values.words import Severity
from tests.builders import PATHWAY, PEOPLE, PROGRAMME, a_snapshot, a_standing, at
from tests.rules.judging import found, judged

Check = Callable[..., Judged]
BEGUN = {"payroll/requirements": TaskProgress(at("2027-01-04T09:00"))}
TERMS = """\
calendar: north
authority: north
terms:
  - {name: Spring, first_day: 2027-01-04, last_day: 2027-03-24, half_term: [2027-02-15, 2027-02-19]}
  - {name: Summer, first_day: 2027-04-12, last_day: 2027-07-21}
"""


def seen(*days: str) -> Facts:
    acts = tuple(SponsorAct(on=date.fromisoformat(d), what="Visited") for d in days)
    return Facts(progress=BEGUN, acts=acts)


class TestR17:
    """After Friday 8 January: 20 school days end on Friday 5 February, 24 on Thursday 11, 25 on Friday 12."""

    @pytest.mark.parametrize("on", [date(2027, 1, 8), date(2027, 2, 5), date(2027, 2, 11)])
    def test_a_gap_within_four_school_weeks_keeps_the_rule(self, check: Check, on: date):
        assert found(check(facts=seen("2027-01-08"), on=on), "R17", Severity.WARN) == []

    def test_a_longer_gap_is_reported(self, check: Check):
        [message] = found(check(facts=seen("2026-12-01", "2027-01-08"), on=date(2027, 2, 12)), "R17", Severity.WARN)
        assert message == "The sponsor was last visibly active on 8 Jan 2027, 5 school weeks ago (limit 4)."

    def test_a_sponsor_never_seen_is_reported(self, check: Check):
        [message] = found(check(facts=seen(), on=date(2027, 2, 8)), "R17", Severity.WARN)
        assert message == "The sponsor has not been visibly active for 5 school weeks (limit 4)."

    def test_a_holiday_does_not_count(self, tmp_path: Path):
        """Half-term is the week of 15 February. The 25th school day after Friday 8 January is still Friday 12 February;
        after Friday 22 January it is Friday 5 March instead of 26 February."""
        folder = tmp_path / "trust"
        (folder / "calendars").mkdir(parents=True)
        (folder / "calendars" / "north.yaml").write_text(TERMS)
        facts = seen("2027-01-22")
        assert found(judged(folder, facts=facts, on=date(2027, 3, 4)), "R17", Severity.WARN) == []
        assert len(found(judged(folder, facts=facts, on=date(2027, 3, 5)), "R17", Severity.WARN)) == 1

    def test_exams_are_school_days(self, tmp_path: Path):
        """As above, with mock exams from 1 to 12 February that keep out training: the sponsor can still be seen."""
        folder = tmp_path / "trust"
        (folder / "calendars").mkdir(parents=True)
        exams = "blackouts:\n  - {name: Exams, first_day: 2027-02-01, last_day: 2027-02-12, activities: [training]}\n"
        (folder / "calendars" / "north.yaml").write_text(TERMS + exams)
        pathway = PATHWAY.replace(
            "duration: 2d, after: [system-live", "duration: 2d, calendar: term, after: [system-live"
        )
        for day, count in ((4, 0), (5, 1)):
            result = judged(folder, facts=seen("2027-01-22"), on=date(2027, 3, day), pathway=pathway)
            assert any("Exams" in name for name in result.programme.roadmap.calendars)
            assert len(found(result, "R17", Severity.WARN)) == count

    def test_a_gap_over_twice_the_limit_goes_to_the_board(self, check: Check):
        """45 school days after 8 January are Friday 12 March: nine weeks."""
        [message] = found(check(facts=seen("2027-01-08"), on=date(2027, 3, 12)), "R17", Severity.WARN)
        assert message.endswith("Raise this with the board.")

    def test_the_limit_is_a_setting(self, check: Check):
        programme = PROGRAMME + "policy: {sponsor_acts_within_school_weeks: 6}\n"
        assert (
            found(check(facts=seen("2027-01-08"), on=date(2027, 2, 12), programme=programme), "R17", Severity.WARN)
            == []
        )

    def test_a_plan_without_reported_progress_is_not_judged(self, check: Check):
        assert found(check(on=date(2027, 6, 1)), "R17", Severity.WARN) == []


STAFF = PEOPLE + "".join(f"p{n},P,Payroll Officer,p{n}@example.org,team,ash,officers,chief\n" for n in range(12))


def asked(*, desire: int = 0, knowledge: int = 0) -> Facts:
    """Publish results with these numbers of officers whose barrier is at desire and at knowledge."""
    standing = a_standing("officers", desire + knowledge, held=(0, desire, desire + knowledge))
    return Facts(snapshots=(a_snapshot(standing, on="2027-01-04"),))


class TestR25:
    """Training at Ash is on Monday 18 and Tuesday 19 January. There are twelve officers, all at Ash."""

    def test_training_a_group_with_its_barrier_at_desire_is_reported(self, check: Check):
        result = check(people=STAFF, facts=asked(desire=7, knowledge=5))
        [message] = found(result, "R25", Severity.WARN)
        assert message == (
            "At least half of officers have a barrier at desire or earlier, but training for Payroll starts on "
            "18 Jan 2027 (“Payroll, Ash School: train”)."
        )

    def test_training_a_group_with_its_barrier_at_knowledge_keeps_the_rule(self, check: Check):
        assert found(check(people=STAFF, facts=asked(desire=5, knowledge=7)), "R25", Severity.WARN) == []

    def test_a_group_too_small_to_show_is_never_mentioned(self, check: Check):
        hidden = a_snapshot(a_standing("officers", None), on="2027-01-04")
        assert found(check(people=STAFF, facts=Facts(snapshots=(hidden,))), "R25", Severity.WARN) == []

    def test_a_group_with_only_one_band_is_not_reported(self, check: Check):
        """Of ten answers, between none and all ten have the barrier, so nothing is reported."""
        assert found(check(people=STAFF, facts=asked(desire=10)), "R25", Severity.WARN) == []

    def test_training_far_ahead_is_not_reported(self, check: Check):
        later = PROGRAMME + "policy: {barrier_order_within_weeks: 1}\n"
        assert found(check(people=STAFF, facts=asked(desire=12), programme=later), "R25", Severity.WARN) == []

    def test_training_that_has_begun_is_not_reported(self, check: Check):
        facts = asked(desire=12)
        begun = Facts(
            snapshots=facts.snapshots,
            progress={"payroll/ash/train": TaskProgress(at("2027-01-18T09:00"), at("2027-01-19T17:00"))},
        )
        assert found(check(people=STAFF, facts=begun), "R25", Severity.WARN) == []
