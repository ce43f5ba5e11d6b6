"""Three contracts with the same explanation propose a rule, which a person must accept."""

from datetime import date
from decimal import Decimal

from changeflow.pilots.criteria import ParallelRunPolicy
from changeflow.pilots.entries import Explanation
from changeflow.pilots.issues import proposed_rules, with_explanations

DAY = date(2027, 4, 20)


def explained(contract: str | None, amount: str, reason: str = "Pay award", **said: object) -> Explanation:
    span = (Decimal(amount), Decimal(amount))
    values = {"service": "payroll", "on": DAY, "by": "lead", "period": "2027-04", "element": "gross"}
    return Explanation.model_validate(values | {"contract": contract, "between": span, "reason": reason} | said)


def test_three_contracts_with_the_same_explanation_propose_a_rule_for_the_next_period():
    said = [explained("A1", "12.00"), explained("A2", "-3.50", "pay  award."), explained("A3", "40.00")]
    [rule] = proposed_rules(said, "payroll")
    assert (rule.period, rule.element, rule.contracts) == ("2027-05", "gross", 3)
    assert rule.between == (Decimal("-3.50"), Decimal("40.00"))


def test_two_contracts_are_too_few_and_a_contract_counts_once():
    assert not list(proposed_rules([explained("A1", "12.00"), explained("A2", "3.50")], "payroll"))
    again = [explained("A1", "12.00"), explained("A1", "12.10"), explained("A2", "3.50")]
    assert not list(proposed_rules(again, "payroll"))


def test_different_reasons_elements_and_services_do_not_count_together():
    said = [explained("A1", "1"), explained("A2", "1", "Back-pay"), explained("A3", "1", element="net")]
    assert not list(proposed_rules([*said, explained("A4", "1", service="pensions")], "payroll"))


def test_an_accepted_rule_is_not_proposed_again_and_a_rule_keeps_its_id():
    said = [explained(f"A{n}", "5.00") for n in range(3)]
    [rule] = proposed_rules(said, "payroll")
    assert [r.id for r in proposed_rules([*said, explained("A9", "7.00")], "payroll")] == [rule.id]
    taken = explained(None, "5.00", period="2027-05", learnt=True)
    assert not list(proposed_rules([*said, taken], "payroll"))


def test_december_is_followed_by_january():
    said = [explained(f"A{n}", "5.00", period="2027-12") for n in range(3)]
    assert next(proposed_rules(said, "payroll")).period == "2028-01"


def test_an_explanation_of_one_contract_comes_before_a_rule():
    said = [explained(None, "5.00", "Of all"), explained("A1", "5.00", "Of one")]
    policy = with_explanations(ParallelRunPolicy(), said, "payroll")
    assert [e.reason for e in policy.explanations] == ["Of one", "Of all"]
    assert with_explanations(ParallelRunPolicy(), said, "finance").explanations == ()
