"""Waivers lift what somebody with the mandate has approved: where, until when, and nothing else."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from changeflow.errors import InputError, ProblemsError
from changeflow.programme.mandates import holders
from changeflow.rules.engine import Judged
from changeflow.usecases import definitions, waivers
from changeflow.values.finding import Waiver
from changeflow.values.words import Mandate, Severity
from tests.builders import PATHWAY, PEOPLE, PROGRAMME, SERVICE, a_folder
from tests.rules.judging import found, implied, without
from tests.storage.test_storage import change

Check = Callable[..., Judged]
BOARD = PEOPLE + "chair,Chair,Chair of Trustees,chair@example.org,sponsor,,board,\n"
NO_SCHEME = without("delegation").replace(", delegation]", "]")


def waiving(text: str) -> str:
    return SERVICE + f"waivers:\n  - {{reason: Small, owner: lead, expires: 2027-12-31, {text}}}\n"


class TestWhoMayLift:
    def test_the_board_lifts_what_is_the_boards(self, check: Check):
        text = waiving("rule: R10, approved_by: chair")
        assert found(check(service=text, people=BOARD, pathway=NO_SCHEME), "R10", Severity.BLOCK) == []

    def test_what_the_sro_cannot_lift_stays_and_says_who_could(self, check: Check):
        result = check(service=waiving("rule: R10, approved_by: chief"), people=BOARD, pathway=NO_SCHEME)
        assert len(found(result, "R10", Severity.BLOCK)) == 2
        [error] = [f for f in result.findings if f.rule == "R10" and f.severity is Severity.WARN]
        assert error.message == (
            "The waiver of R10 lifts nothing: the Chief Executive has no mandate to lift it. It takes the board."
        )
        assert error.remedy == "Approval of the board: the Chair of Trustees."

    def test_where_nobody_holds_the_mandate_it_says_where_to_name_somebody(self, check: Check):
        result = check(service=waiving("rule: R10, approved_by: chief"), pathway=NO_SCHEME)
        [remedy] = [f.remedy for f in result.findings if f.severity is Severity.WARN and f.rule == "R10"]
        assert remedy == "Nobody holds the mandate of the board: name them under `mandates` in programme.yaml."

    @pytest.mark.parametrize(
        ("approvers", "blocks"), [("chief", 2), ("lead", 2), ("[chief, lead]", 0), ("[lead, chief]", 0)]
    )
    def test_a_payroll_without_a_parallel_run_takes_the_sro_and_finance(
        self, check: Check, approvers: str, blocks: int
    ):
        service = waiving(f"rule: R12, approved_by: {approvers}") + "class: payroll\n"
        result = check(service=service, programme=PROGRAMME + "mandates: {finance: [lead]}\n")
        assert len(found(result, "R12", Severity.BLOCK)) == blocks

    def test_finance_is_the_lead_of_the_finance_service_unless_named(self, sample):
        assert holders(sample.definition, Mandate.FINANCE) == {"director-of-finance"}
        assert holders(sample.definition, Mandate.BOARD) == {"chair-of-trustees"}
        assert holders(sample.definition, Mandate.LEAD_PROVIDER, "payroll") == {"director-of-people", "chief-executive"}

    def test_a_lead_provider_of_another_service_has_no_say(self, sample):
        assert "director-of-finance" not in holders(sample.definition, Mandate.LEAD_PROVIDER, "payroll")


class TestScope:
    """Nothing trains anybody in either wave: two findings, of Ash and Beech and of Cedar."""

    UNTRAINED = without("train").replace("after: train", "after: [system-live, capacity, delegation]")

    def test_schools_named_are_let_off_and_others_are_not(self, check: Check):
        text = waiving("rule: R15, approved_by: chief, schools: [cedar]")
        messages = found(check(service=text, pathway=self.UNTRAINED), "R15", Severity.BLOCK)
        assert messages == ["Payroll: go live, wave 1 comes without any training at Ash School, Beech School."]

    def test_half_of_a_wave_is_not_the_wave(self, check: Check):
        text = waiving("rule: R15, approved_by: chief, schools: [ash]")
        assert len(found(check(service=text, pathway=self.UNTRAINED), "R15", Severity.BLOCK)) == 2

    def test_an_implied_link_is_lifted_for_the_schools_named_alone(self, check: Check):
        loose = PATHWAY.replace("after: [capacity, system-live]", "after: capacity")
        text = waiving("rule: R02, approved_by: chief, schools: [cedar]")
        assert implied(check(service=text, pathway=loose), "R02") == [
            "payroll/w1/system-live -> payroll/w1/restructure"
        ]

    def test_after_its_last_day_the_rule_bites_again(self, check: Check):
        text = waiving("rule: R15, approved_by: chief")
        on_its_last, a_day_after = (
            check(service=text, pathway=self.UNTRAINED, on=day) for day in (date(2027, 12, 31), date(2028, 1, 1))
        )
        assert "comes without any training" not in str(found(on_its_last, "R15", Severity.BLOCK))
        assert len(found(a_day_after, "R15", Severity.BLOCK)) == 2

    def test_it_covers_the_days_of_what_it_lifts_or_says_when_it_ends(self, check: Check):
        """Requirements take the week of 4 January 2027, what follows that of the 11th: both go live on Monday 18."""
        day = date(2027, 1, 4)
        for ends, messages in (("2027-01-19", 0), ("2027-01-18", 0), ("2027-01-17", 2)):
            text = waiving("rule: R15, approved_by: chief").replace("2027-12-31", ends)
            blocks = found(check(service=text, pathway=self.UNTRAINED, on=day), "R15", Severity.BLOCK)
            assert len(blocks) == messages, ends
        assert blocks[0] == (
            "Payroll: go live, wave 1 is on 18 Jan 2027, and the waiver of R15 for it ends on 17 Jan 2027."
        )


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("rule: R13, approved_by: chief", "Rule R13 cannot be waived. Remove the waiver and keep the rule."),
            ("rule: R99, approved_by: chief", "There is no rule 'R99'."),
            ("rule: R15, approved_by: chef", "There is no person 'chef'. Did you mean 'chief'?"),
            ("rule: R15, approved_by: chief, schools: [elm]", "There is no school 'elm'."),
            ("rule: R15, approved_by: chief, task: payroll/w1/live", "There is no task 'payroll/w1/live'."),
        ],
    )
    def test_each_is_told_with_its_place(self, check: Check, text: str, message: str):
        with pytest.raises(ProblemsError) as caught:
            check(service=waiving(text))
        assert message in str(caught.value)
        assert str(caught.value).startswith("services/payroll.yaml:8:")

    def test_one_without_the_mandate_is_not_stored(self, sqlite: str, tmp_path: Path):
        definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=change(sqlite).now)
        waiver = Waiver(rule="R15", reason="Small", owner="lead", approved_by="lead", expires=date(2027, 6, 30))
        with pytest.raises(InputError, match=r"the Director of People has no mandate to lift it\. It takes the SRO"):
            waivers.add_waiver(waiver, change(sqlite))
        assert definitions.difference(tmp_path / "trust", db=sqlite).is_same
