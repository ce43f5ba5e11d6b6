"""Training and moves close to a go-live. In the small programme training ends on Tuesday 19 January 2027, and people
move from 18 to 22 January. It has no terms, so school days are working days."""

from collections.abc import Callable
from datetime import date

import pytest

from changeflow.programme.facts import Facts
from changeflow.roadmap.model.tasks import TaskProgress
from changeflow.rules.engine import Judged
from changeflow.values.words import Severity
from tests.builders import PATHWAY, PROGRAMME, SERVICE, at
from tests.rules.judging import found

Check = Callable[..., Judged]
CLOSE = PATHWAY.replace("after: [capacity, system-live]}", "after: [capacity, system-live, go-live]}")
"""People move after go-live, so only training is checked."""


def early(check: Check, day: str, **more: str) -> list[str]:
    service = SERVICE + f"tasks:\n  w2/go-live: {{start_no_earlier: {day}}}\n"
    return found(check(service=service, **more), "R28", Severity.WARN)


class TestTraining:
    def test_six_school_weeks_are_close_enough(self, check: Check):
        """Wednesday 20 January to Tuesday 2 March is 30 working days, six weeks of five."""
        assert early(check, "2027-03-03", pathway=CLOSE) == []

    def test_one_day_over_the_limit_is_reported(self, check: Check):
        [message] = early(check, "2027-03-04", pathway=CLOSE)
        assert message == (
            "The last training at Cedar School ends on 19 Jan 2027, 31 school days before “Payroll, wave 2: go live” "
            "starts on 4 Mar 2027. The limit is 30 school days (6 school weeks)."
        )

    def test_repeating_it_shortly_before_is_enough(self, check: Check):
        again = "  refresh: {kind: training, per: school, duration: 1d, start_no_earlier: 2027-02-15}\n"
        pathway = CLOSE.replace("  skills:", again + "  skills:").replace("after: skills}", "after: [skills, refresh]}")
        assert early(check, "2027-03-04", pathway=pathway) == []

    def test_a_programme_sets_its_own_limit_with_a_reason(self, check: Check):
        policy = "policy: {training_before_go_live: {school_weeks: 7, reason: The system is simple}}\n"
        assert early(check, "2027-03-04", pathway=CLOSE, programme=PROGRAMME + policy) == []

    def test_a_live_service_is_not_checked(self, check: Check):
        service = SERVICE + "tasks:\n  w2/go-live: {start_no_earlier: 2027-03-04}\n"
        live = Facts(progress={"payroll/w2/go-live": TaskProgress(at("2027-03-04"), at("2027-03-04"))})
        result = check(service=service, pathway=CLOSE, facts=live, on=date(2027, 3, 5))
        assert found(result, "R28", Severity.WARN) == []


class TestMoves:
    """Check only moves: the limit for training is set very high."""

    policy = "  training_before_go_live: {school_weeks: 60, reason: Not looked at}\n"
    programme = PROGRAMME + "policy:\n" + policy

    @pytest.mark.parametrize(("day", "days"), [("2027-03-05", 0), ("2027-03-06", 43)])
    def test_the_limit_is_six_weeks_after_the_move(self, check: Check, day: str, days: int):
        """People have moved by Friday 22 January; 42 days later is Friday 5 March."""
        messages = early(check, day, programme=self.programme)
        text = f"“Payroll, wave 2: restructure” ends on 22 Jan 2027, {days} days before “Payroll, wave 2: go live” on "
        assert [m.startswith(text) for m in messages] == ([True] if days else [])

    def test_a_programme_sets_its_own_limit_with_a_reason(self, check: Check):
        own = "  restructure_before_go_live: {weeks: 7, reason: Notice of seven weeks}\n"
        assert early(check, "2027-03-06", programme=self.programme + own) == []

    def test_minor_changes_have_no_limit(self, check: Check):
        pathway = PATHWAY.replace("kind: org_change,", "kind: org_change, minor: true,")
        assert early(check, "2027-03-06", programme=self.programme, pathway=pathway) == []
