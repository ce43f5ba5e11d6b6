"""Rules about requirements, agreements, quick wins and blackouts: each kept and broken on a small programme."""

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
    def test_a_contract_after_its_requirements_is_no_rush(self, check: Check):
        assert found(check(pathway=signing("after: requirements")), "R04", Severity.WARN) == []

    def test_a_contract_before_its_requirements_is_told_with_both_days(self, check: Check):
        """Signed on Monday 4 January; requirements end on Friday 8. It has no phase, so that R01 leaves it."""
        early = signing("start_no_earlier: 2027-01-04").replace(
            "sign: {kind: work, phase: develop", "sign: {kind: work"
        )
        assert found(check(pathway=early), "R04", Severity.WARN) == [
            "Payroll: sign cannot be undone and begins on 4 Jan 2027; Payroll: requirements ends on 8 Jan 2027."
        ]

    def test_a_contract_without_any_requirements(self, check: Check):
        text = without("requirements", signing("after: capacity")).replace(", after: requirements", "")
        [message] = found(check(pathway=text), "R04", Severity.WARN)
        assert message == "Payroll: sign cannot be undone, and nobody sets out requirements for it."


class TestR07:
    def test_heads_board_and_local_governing_bodies_are_heard(self, check: Check):
        assert found(check(), "R07", Severity.WARN) == []

    def test_whoever_is_not_heard_is_named(self, check: Check):
        text = PATHWAY.replace("[heads, board, local_governing_bodies]", "[board]")
        assert found(check(pathway=text), "R07", Severity.WARN) == [
            "The requirements of Payroll do not come from headteachers, local governing bodies."
        ]


class TestR08:
    @pytest.mark.parametrize("agreement", ["{kind: sla}", "{kind: gives_and_gets, gives: [A], gets: [B]}"])
    def test_either_kind_will_do(self, check: Check, agreement: str):
        lines = [line for line in SERVICE.splitlines() if not line.startswith("agreement")]
        text = "\n".join([*lines, f"agreement: {agreement}"]) + "\n"
        assert found(check(service=text), "R08", Severity.BLOCK) == []

    def test_neither_is_a_finding_that_stops_a_gate(self, check: Check):
        text = "\n".join(line for line in SERVICE.splitlines() if not line.startswith("agreement")) + "\n"
        result = check(service=text)
        assert found(result, "R08", Severity.BLOCK) == [
            "Payroll has neither a service level agreement nor gives and gets."
        ]
        assert [f.blocks for f in result.findings if f.rule == "R08"] == ["gate"]


class TestR14:
    def test_a_quick_win_in_every_wave_keeps_it(self, check: Check):
        assert found(check(), "R14", Severity.WARN) == []

    def test_a_wave_without_one(self, check: Check):
        messages = found(check(pathway=without("quick-win")), "R14", Severity.WARN)
        assert messages == [
            "Nothing better comes early with Payroll: go live, wave 1: its wave has no quick win.",
            "Nothing better comes early with Payroll: go live, wave 2: its wave has no quick win.",
        ]

    def test_one_that_comes_after_six_weeks_is_late(self, check: Check):
        late = PATHWAY.replace(
            "duration: 1d, after: go-live}\n  restructure", "duration: 1d, after: go-live FS+50ed}\n  restructure"
        )
        messages = found(check(pathway=late), "R14", Severity.WARN)
        assert len(messages) == 2
        assert "more than 6 weeks after Payroll: go live, wave 1" in messages[0]


class TestR21:
    def blacked_out(self, tmp_path: Path, text: str) -> Judged:
        folder = tmp_path / "trust"
        (folder / "calendars").mkdir(parents=True)
        (folder / "calendars" / "exams.yaml").write_text(text)
        return judged(folder)

    def test_a_go_live_in_examinations_is_told_for_the_schools_that_have_them(self, tmp_path: Path):
        """Go-live of both waves is on 20 January; of the schools only Beech is a secondary."""
        result = self.blacked_out(tmp_path, EXAMS)
        assert found(result, "R21", Severity.WARN) == [
            "Payroll: go live, wave 1 falls into “Summer exams” at Beech School."
        ]

    def test_other_days_and_other_activities_are_left_alone(self, tmp_path: Path):
        other = (
            EXAMS.replace("go_live", "training").replace("2027-01-18", "2027-02-18").replace("2027-01-29", "2027-02-28")
        )
        assert found(self.blacked_out(tmp_path, other), "R21", Severity.WARN) == []


def test_the_sample_keeps_all_of_them_but_one(sample):
    codes = {f.rule for f in judge(sample.programme).findings}
    assert not codes & {"R04", "R07", "R08", "R14"}
    judged = judge(sample.programme)
    [freeze] = (f.message for f in judged.findings if f.rule == "R21")
    assert freeze.startswith(
        "Payroll: go live, pilot wave is on 1 Jun 2027, during the Teachers' Pensions on-boarding pause "
    )
    assert [w.rule for w in judged.used_waivers] == ["R21"], "the year end of wave 4 of finance is waived"


class TestFreezes:
    """Go-live of both waves is on 20 January 2027."""

    WINDOW = "name: pause, class: payroll, activities: [go_live], why: x"

    def told(self, tmp_path: Path, days: str = "") -> list[str]:
        folder = tmp_path / "trust"
        if days:
            (folder / "rulepacks").mkdir(parents=True, exist_ok=True)
            entry = f"freeze_windows: {{value: [{{{self.WINDOW}, {days}}}], grade: K, source: a letter}}"
            text = f"rulepack: payroll\nin_force_from: 2026-06-01\nentries:\n  {entry}\n"
            (folder / "rulepacks" / "payroll.yaml").write_text(text)
        result = judged(folder, service=SERVICE + "class: payroll\n")
        return [m for m in found(result, "R21", Severity.WARN) if "(since " in m]

    def test_one_whose_end_nobody_knows_is_asked_about_once(self, tmp_path: Path):
        [message] = self.told(tmp_path)
        assert message.startswith(
            "Payroll: go live, wave 1 is on 20 Jan 2027, during the Teachers' Pensions on-boarding pause (since "
            "1 Feb 2026, end not known: ask first): "
        )

    def test_one_with_an_end_warns_of_all_that_is_in_it(self, tmp_path: Path):
        days = "first_day: 2027-01-01, last_day: 2027-01-31"
        assert len(self.told(tmp_path, days)) == 2

    def test_after_its_end_nothing_is_said(self, tmp_path: Path):
        days = "first_day: 2026-02-01, last_day: 2027-01-19"
        assert self.told(tmp_path, days) == []


class TestWindows:
    """Go-live of both waves is on 20 January 2027; moved to where a rulepack says that the days are bad."""

    def told(self, check: Check, service_class: str, day: str, nation: str = "england") -> list[str]:
        programme = PROGRAMME + f"nation: {nation}\n"
        service = SERVICE + f"class: {service_class}\ntasks:\n  w1/go-live: {{start_no_earlier: {day}}}\n"
        result = check(service=service, programme=programme)
        return [m for m in found(result, "R21", Severity.WARN) if "(since " not in m]

    def test_payroll_first_paid_in_december_or_april(self, check: Check):
        [message] = self.told(check, "payroll", "2027-12-01")
        assert message.startswith("Payroll: go live, wave 1 falls on 1 Dec 2027, into “December's early payday”: ")
        assert "no earlier figures to match on" in self.told(check, "payroll", "2027-04-06")[0]

    def test_the_day_before_and_after_are_free(self, check: Check):
        for day in ("2027-11-30", "2028-01-03", "2027-04-05", "2027-05-03"):
            assert self.told(check, "payroll", day) == []

    def test_finance_before_the_financial_statements_in_england_alone(self, check: Check):
        assert "31 December" in self.told(check, "finance", "2027-12-10")[0]
        assert self.told(check, "finance", "2027-12-10", nation="scotland") == []

    def test_other_services_may(self, check: Check):
        assert self.told(check, "estates", "2027-12-10") == []
