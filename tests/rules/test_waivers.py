"""Waivers lift a rule only with approval by the mandate holder, within their scope and until their last day."""

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
    def test_the_board_can_waive_its_own_rules(self, check: Check):
        text = waiving("rule: R10, approved_by: chair")
        assert found(check(service=text, people=BOARD, pathway=NO_SCHEME), "R10", Severity.BLOCK) == []

    def test_a_waiver_beyond_the_sros_mandate_has_no_effect_and_names_the_approver(self, check: Check):
        result = check(service=waiving("rule: R10, approved_by: chief"), people=BOARD, pathway=NO_SCHEME)
        assert len(found(result, "R10", Severity.BLOCK)) == 2
        [error] = [f for f in result.findings if f.rule == "R10" and f.severity is Severity.WARN]
        assert error.message == (
            "The waiver of the rule “Scheme of delegation approved before go-live” has no effect, because the Chief "
            "Executive may not approve it."
        )
        assert error.remedy == "Get approval from the board: the Chair of Trustees."

    def test_a_vacant_mandate_is_reported_with_where_to_name_a_holder(self, check: Check):
        result = check(service=waiving("rule: R10, approved_by: chief"), pathway=NO_SCHEME)
        [remedy] = [f.remedy for f in result.findings if f.severity is Severity.WARN and f.rule == "R10"]
        assert remedy == "No one holds the mandate of the board. Name a person under `mandates` in programme.yaml."

    @pytest.mark.parametrize(
        ("approvers", "blocks"), [("chief", 2), ("lead", 2), ("[chief, lead]", 0), ("[lead, chief]", 0)]
    )
    def test_waiving_a_parallel_run_needs_the_sro_and_finance(self, check: Check, approvers: str, blocks: int):
        service = waiving(f"rule: R12, approved_by: {approvers}") + "class: payroll\n"
        result = check(service=service, programme=PROGRAMME + "mandates: {finance: [lead]}\n")
        assert len(found(result, "R12", Severity.BLOCK)) == blocks

    def test_finance_is_the_lead_of_the_finance_service_unless_named(self, sample):
        assert holders(sample.definition, Mandate.FINANCE) == {"director-of-finance"}
        assert holders(sample.definition, Mandate.BOARD) == {"chair-of-trustees"}
        assert holders(sample.definition, Mandate.LEAD_PROVIDER, "payroll") == {"director-of-people", "chief-executive"}

    def test_a_lead_provider_of_another_service_has_no_mandate(self, sample):
        assert "director-of-finance" not in holders(sample.definition, Mandate.LEAD_PROVIDER, "payroll")


class TestScope:
    """No training in either wave gives two findings: Ash and Beech, and Cedar."""

    UNTRAINED = without("train").replace("after: train", "after: [system-live, capacity, delegation]")

    def test_a_waiver_covers_only_the_named_schools(self, check: Check):
        text = waiving("rule: R15, approved_by: chief, schools: [cedar]")
        messages = found(check(service=text, pathway=self.UNTRAINED), "R15", Severity.BLOCK)
        assert messages == ["“Payroll, wave 1: go live” has no training at Ash School, Beech School."]

    def test_a_waiver_for_half_a_wave_does_not_cover_the_wave(self, check: Check):
        text = waiving("rule: R15, approved_by: chief, schools: [ash]")
        assert len(found(check(service=text, pathway=self.UNTRAINED), "R15", Severity.BLOCK)) == 2

    def test_an_implied_link_is_lifted_only_for_the_named_schools(self, check: Check):
        loose = PATHWAY.replace("after: [capacity, system-live]", "after: capacity")
        text = waiving("rule: R02, approved_by: chief, schools: [cedar]")
        assert implied(check(service=text, pathway=loose), "R02") == [
            "payroll/w1/system-live -> payroll/w1/restructure"
        ]

    def test_the_rule_applies_again_after_the_waivers_last_day(self, check: Check):
        text = waiving("rule: R15, approved_by: chief")
        on_its_last, a_day_after = (
            check(service=text, pathway=self.UNTRAINED, on=day) for day in (date(2027, 12, 31), date(2028, 1, 1))
        )
        assert "comes without any training" not in str(found(on_its_last, "R15", Severity.BLOCK))
        assert len(found(a_day_after, "R15", Severity.BLOCK)) == 2

    @pytest.mark.slow
    def test_a_waiver_that_ends_before_the_work_is_reported(self, check: Check):
        """Requirements take the week of 4 January 2027, later work the next week; both go live on Monday 18."""
        day = date(2027, 1, 4)
        for ends, messages in (("2027-01-19", 0), ("2027-01-18", 0), ("2027-01-17", 2)):
            text = waiving("rule: R15, approved_by: chief").replace("2027-12-31", ends)
            blocks = found(check(service=text, pathway=self.UNTRAINED, on=day), "R15", Severity.BLOCK)
            assert len(blocks) == messages, ends
        assert blocks[0] == (
            "“Payroll, wave 1: go live” is on 18 Jan 2027, but its waiver of the rule “Training before go-live” ends "
            "on 17 Jan 2027."
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
    def test_each_mistake_is_reported_with_its_place(self, check: Check, text: str, message: str):
        with pytest.raises(ProblemsError) as caught:
            check(service=waiving(text))
        assert message in str(caught.value)
        assert str(caught.value).startswith("services/payroll.yaml:8:")

    @pytest.mark.slow
    def test_a_waiver_without_the_mandate_is_not_stored(self, sqlite: str, tmp_path: Path):
        definitions.apply(a_folder(tmp_path / "trust"), db=sqlite, actor="chief", now=change(sqlite).now)
        waiver = Waiver(rule="R15", reason="Small", owner="lead", approved_by="lead", expires=date(2027, 6, 30))
        with pytest.raises(InputError, match=r"the Director of People may not approve it\. Get approval from the SRO"):
            waivers.add_waiver(waiver, change(sqlite))
        assert definitions.difference(tmp_path / "trust", db=sqlite).is_same
