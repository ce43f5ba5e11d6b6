"""Parallel runs: contract by contract, exact, and no average that hides one person."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from changeflow.pilots.criteria import ExitCriterion, ExplainedVariance, ParallelRunPolicy, PilotPlan, Tolerance
from changeflow.pilots.go_no_go import propose
from changeflow.pilots.reconciliation import Outcome, reconcile
from changeflow.pilots.runs import RunSummary, consecutive_clean

POLICY = ParallelRunPolicy(tolerances=(Tolerance(element="net", absolute=Decimal("0.01")),))


def ledger(**lines: str) -> dict[str, list[dict[str, Decimal]]]:
    return {key: [{"net": Decimal(amount)}] for key, amount in lines.items()}


def a_run(period: str, **counts: int) -> RunSummary:
    values = dict.fromkeys(
        ("equal", "within_tolerance", "explained", "unexplained", "missing", "extra", "duplicates"), 0
    )
    return RunSummary(
        service="payroll", period=period, compared=400, on=date(2027, 5, 4),
        largest_unexplained=Decimal("118.40") if counts.get("unexplained") else Decimal(0),
        **(values | counts),
    )  # fmt: skip


def test_each_contract_gets_its_class():
    old = ledger(a="100.00", b="100.00", c="100.00", d="100.00")
    new = ledger(a="100.00", b="100.01", c="100.02", e="5.00")
    new["f"] = [{"net": Decimal(1)}, {"net": Decimal(2)}]
    assert reconcile(old, new, POLICY, period="2027-01").outcomes == {
        "a": Outcome.EQUAL,
        "b": Outcome.WITHIN_TOLERANCE,
        "c": Outcome.UNEXPLAINED,
        "d": Outcome.MISSING,
        "e": Outcome.EXTRA,
        "f": Outcome.DUPLICATE,
    }


def test_errors_that_cancel_each_other_out_both_count():
    result = reconcile(ledger(a="100", b="100"), ledger(a="131.20", b="68.80"), POLICY, period="2027-01")
    assert [v.difference for v in result.unexplained] == [Decimal("31.20"), Decimal("-31.20")]


def test_one_unpaid_person_among_hundreds_is_not_clean():
    old = {f"c{n}": [{"net": Decimal(2000)}] for n in range(400)}
    new = {key: lines for key, lines in old.items() if key != "c7"}
    summary = reconcile(old, new, POLICY, period="2027-01").summary(
        service="payroll", period="2027-01", on=date(2027, 2, 1)
    )
    assert (summary.equal, summary.missing, summary.is_clean) == (399, 1, False)


def test_an_explanation_holds_for_its_element_period_and_amounts():
    explained = ExplainedVariance(
        element="net", reason="back-pay", explained_by="x", period="2027-10", between=(Decimal(0), Decimal(50))
    )
    policy = POLICY.model_copy(update={"explanations": (explained,)})
    old, new = ledger(a="100", b="100"), ledger(a="140", b="160")
    october = reconcile(old, new, policy, period="2027-10")
    assert october.outcomes == {"a": Outcome.EXPLAINED, "b": Outcome.UNEXPLAINED}
    assert reconcile(old, new, policy, period="2027-11").outcomes["a"] is Outcome.UNEXPLAINED


amounts = st.decimals(min_value=0, max_value=9999, places=2)
ledgers = st.dictionaries(st.sampled_from("abcdefghij"), amounts, max_size=10)


@given(ledgers, ledgers)
def test_every_contract_is_in_one_class_and_differences_add_up(left: dict[str, Decimal], right: dict[str, Decimal]):
    old, new = ({k: [{"net": v}] for k, v in side.items()} for side in (left, right))
    result = reconcile(old, new, POLICY, period="p")
    assert set(result.outcomes) == set(left) | set(right)
    both = set(left) & set(right)
    assert sum((v.difference for v in result.variances), Decimal(0)) == sum(
        (right[k] - left[k] for k in both), Decimal(0)
    )
    assert result.count(Outcome.MISSING) == len(set(left) - set(right))


@given(ledgers)
def test_a_ledger_agrees_with_itself(lines: dict[str, Decimal]):
    side = {k: [{"net": v}] for k, v in lines.items()}
    assert set(reconcile(side, side, POLICY, period="p").outcomes.values()) <= {Outcome.EQUAL}


def test_only_the_clean_runs_at_the_end_count():
    runs = [a_run("2027-01", equal=400), a_run("2027-02", unexplained=1), a_run("2027-03", equal=400)]
    assert consecutive_clean(runs) == 1
    assert consecutive_clean([*runs, a_run("2027-04", explained=5, equal=395)]) == 2


def test_a_run_that_was_repeated_counts_as_its_last_result():
    assert consecutive_clean([a_run("2027-01", missing=1), a_run("2027-01", equal=400)]) == 1


def test_go_needs_the_clean_runs_and_the_exit_criteria_measured():
    plan = PilotPlan(exit_criteria=(ExitCriterion(id="q", measure="Queries", at_most=Decimal(3)),))
    clean = [a_run("2027-03", equal=400), a_run("2027-04", equal=400)]

    def asked(runs: list[RunSummary], **measured: str) -> tuple[bool, tuple[str, ...]]:
        proposal = propose(parallel_run=ParallelRunPolicy(), runs=runs, minimum_clean=2, pilot=plan, measured=measured)
        return proposal.go, proposal.against

    assert asked(clean, q="2.5") == (True, ())
    assert asked(clean) == (False, ("Queries: not measured yet.",))
    assert asked(clean, q="4") == (False, ("Queries: 4 (at most 3 was set).",))
    assert asked(clean[:1], q="1") == (False, ("Only 1 of 2 consecutive clean parallel runs.",))
    go, against = asked([a_run("2027-03", unexplained=3, missing=1), clean[1]], q="1")
    assert not go
    assert against[1] == "2027-03: 3 unexplained, 1 missing; the largest difference is £118.40."
