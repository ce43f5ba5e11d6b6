"""Rules about requirements, agreements, quick wins and blackouts, each kept and broken on a small programme."""

from collections.abc import Callable
from pathlib import Path

import pytest

from changeflow.rules.engine import Judged, judge
from changeflow.values.words import Severity
from tests.builders import PATHWAY, PROGRAMME, SERVICE
from tests.rules.judging import found, judged, without

Check = Callable[..., Judged]
SIGN = "  sign: {kind: work, phase: develop, duration: 1d, irreversible: true, AFTER}\n"
EXAMS = """\
calendar: exams
blackouts:
  - {name: Summer exams, first_day: 2027-01-18, last_day: 2027-01-29, activities: [go_live], phases: [secondary]}
"""


def signing(after: str) -> str:
    return PATHWAY + SIGN.replace("AFTER", after)


class TestR04:
    def test_a_contract_after_its_requirements_keeps_the_rule(self, check: Check):
        assert found(check(pathway=signing("after: requirements")), "R04", Severity.WARN) == []

    def test_a_contract_before_its_requirements_is_reported_with_both_days(self, check: Check):
        """Signed on Monday 4 January; requirements end on Friday 8. It has no phase, so R01 does not apply."""
        early = signing("start_no_earlier: 2027-01-04").replace(
            "sign: {kind: work, phase: develop", "sign: {kind: work"
        )
        assert found(check(pathway=early), "R04", Severity.WARN) == [
            "“Payroll: sign” is irreversible and starts on 4 Jan 2027, but “Payroll: requirements” ends on 8 Jan 2027."
        ]

    def test_a_contract_without_requirements_is_reported(self, check: Check):
        text = without("requirements", signing("after: capacity")).replace(", after: requirements", "")
        [message] = found(check(pathway=text), "R04", Severity.WARN)
        assert message == "“Payroll: sign” is irreversible, but no task sets out its requirements."


class TestR07:
    def test_heads_board_and_local_governing_bodies_are_heard(self, check: Check):
        assert found(check(), "R07", Severity.WARN) == []

    def test_missing_sources_of_requirements_are_named(self, check: Check):
        text = PATHWAY.replace("[heads, board, local_governing_bodies]", "[board]")
        assert found(check(pathway=text), "R07", Severity.WARN) == [
            "The requirements for Payroll have no input from headteachers and local governing bodies."
        ]


class TestR08:
    @pytest.mark.parametrize("agreement", ["{kind: sla}", "{kind: gives_and_gets, gives: [A], gets: [B]}"])
    def test_either_kind_will_do(self, check: Check, agreement: str):
        lines = [line for line in SERVICE.splitlines() if not line.startswith("agreement")]
        text = "\n".join([*lines, f"agreement: {agreement}"]) + "\n"
        assert found(check(service=text), "R08", Severity.BLOCK) == []

    def test_having_neither_stops_a_gate(self, check: Check):
        text = "\n".join(line for line in SERVICE.splitlines() if not line.startswith("agreement")) + "\n"
        result = check(service=text)
        assert found(result, "R08", Severity.BLOCK) == [
            "Payroll has neither a service level agreement nor a list of what each side gives and gets."
        ]
        assert [f.blocks for f in result.findings if f.rule == "R08"] == ["gate"]


class TestR14:
    def test_a_quick_win_in_every_wave_keeps_the_rule(self, check: Check):
        assert found(check(), "R14", Severity.WARN) == []

    def test_a_wave_without_a_quick_win_is_reported(self, check: Check):
        messages = found(check(pathway=without("quick-win")), "R14", Severity.WARN)
        assert messages == [
            "“Payroll, wave 1: go live” has no quick win in its wave.",
            "“Payroll, wave 2: go live” has no quick win in its wave.",
        ]

    def test_a_quick_win_after_six_weeks_is_late(self, check: Check):
        late = PATHWAY.replace(
            "duration: 1d, after: go-live}\n  restructure", "duration: 1d, after: go-live FS+50ed}\n  restructure"
        )
        messages = found(check(pathway=late), "R14", Severity.WARN)
        assert len(messages) == 2
        assert "more than 6 weeks after “Payroll, wave 1: go live”" in messages[0]


class TestR21:
    def blacked_out(self, tmp_path: Path, text: str) -> Judged:
        folder = tmp_path / "trust"
        (folder / "calendars").mkdir(parents=True)
        (folder / "calendars" / "exams.yaml").write_text(text)
        return judged(folder)

    def test_a_go_live_during_exams_is_reported_for_the_schools_that_have_them(self, tmp_path: Path):
        """Both waves go live on 20 January. Beech is the only secondary school."""
        result = self.blacked_out(tmp_path, EXAMS)
        assert found(result, "R21", Severity.WARN) == [
            "“Payroll, wave 1: go live” falls in the blackout “Summer exams” at Beech School."
        ]

    def test_other_days_and_activities_are_not_reported(self, tmp_path: Path):
        other = (
            EXAMS.replace("go_live", "training").replace("2027-01-18", "2027-02-18").replace("2027-01-29", "2027-02-28")
        )
        assert found(self.blacked_out(tmp_path, other), "R21", Severity.WARN) == []


@pytest.mark.slow
def test_the_sample_avoids_all_windows_except_one(sample):
    codes = {f.rule for f in judge(sample.programme).findings}
    assert not codes & {"R04", "R07", "R08", "R14"}
    judged = judge(sample.programme)
    [freeze] = (f.message for f in judged.findings if f.rule == "R21")
    assert freeze.startswith(
        "“Payroll, pilot: go live” is on 1 Jun 2027, during the Teachers' Pensions onboarding pause, when new "
    )
    assert [w.rule for w in judged.used_waivers] == ["R21"], "the year end of wave 4 of finance is waived"


class TestFreezes:
    """Both waves go live on 20 January 2027."""

    WINDOW = "name: pause, class: payroll, activities: [go_live], why: x"

    def messages(self, tmp_path: Path, days: str = "") -> list[str]:
        folder = tmp_path / "trust"
        if days:
            (folder / "rulepacks").mkdir(parents=True, exist_ok=True)
            entry = f"freeze_windows: {{value: [{{{self.WINDOW}, {days}}}], grade: K, source: a letter}}"
            text = f"rulepack: payroll\nin_force_from: 2026-06-01\nentries:\n  {entry}\n"
            (folder / "rulepacks" / "payroll.yaml").write_text(text)
        result = judged(folder, service=SERVICE + "class: payroll\n")
        return [m for m in found(result, "R21", Severity.WARN) if " It began on " in m]

    def test_a_freeze_without_a_known_end_is_reported_once(self, tmp_path: Path):
        [message] = self.messages(tmp_path)
        assert message.startswith(
            "“Payroll, wave 1: go live” is on 20 Jan 2027, during the Teachers' Pensions onboarding pause, when new "
        )
        assert message.endswith(
            "It began on 1 Feb 2026 and its end date is not known. Find out when it ends before you confirm this date."
        )

    def test_a_freeze_with_an_end_warns_of_every_task_in_it(self, tmp_path: Path):
        days = "first_day: 2027-01-01, last_day: 2027-01-31"
        assert len(self.messages(tmp_path, days)) == 2

    def test_a_freeze_that_has_ended_is_not_reported(self, tmp_path: Path):
        days = "first_day: 2026-02-01, last_day: 2027-01-19"
        assert self.messages(tmp_path, days) == []


class TestWindows:
    """Both waves go live on 20 January 2027, and are then moved into a rulepack's window to avoid."""

    def messages(self, check: Check, service_class: str, day: str, nation: str = "england") -> list[str]:
        programme = PROGRAMME + f"nation: {nation}\n"
        service = SERVICE + f"class: {service_class}\ntasks:\n  w1/go-live: {{start_no_earlier: {day}}}\n"
        result = check(service=service, programme=programme)
        return [m for m in found(result, "R21", Severity.WARN) if " It began on " not in m]

    def test_a_first_payroll_in_december_or_april_is_reported(self, check: Check):
        [message] = self.messages(check, "payroll", "2027-12-01")
        assert message.startswith(
            "“Payroll, wave 1: go live” is on 1 Dec 2027, in a period to avoid (“December's early payday”), because "
        )
        assert "no earlier figures to match" in self.messages(check, "payroll", "2027-04-06")[0]

    def test_the_days_before_and_after_a_window_are_free(self, check: Check):
        for day in ("2027-11-30", "2028-01-03", "2027-04-05", "2027-05-03"):
            assert self.messages(check, "payroll", day) == []

    def test_the_financial_statements_window_applies_only_in_england(self, check: Check):
        assert "31 December" in self.messages(check, "finance", "2027-12-10")[0]
        assert self.messages(check, "finance", "2027-12-10", nation="scotland") == []

    def test_a_window_does_not_apply_to_other_services(self, check: Check):
        assert self.messages(check, "estates", "2027-12-10") == []
