"""When parallel runs are clean and support going live: no average can hide one person."""

from datetime import date
from decimal import Decimal

from changeflow.pilots.criteria import ExitCriterion, ParallelRunPolicy, PilotPlan
from changeflow.pilots.proposals import propose
from changeflow.pilots.runs import Coverage, RunSummary, consecutive_clean


def a_run(period: str, **counts: int | str | dict[str, dict[str, int]]) -> RunSummary:
    values = dict.fromkeys(
        ("equal", "within_tolerance", "explained", "unexplained", "missing", "extra", "duplicates"), 0
    )
    return RunSummary(
        service="payroll", period=period, compared=400, on=date(2027, 5, 4),
        largest_unexplained=Decimal("118.40") if counts.get("unexplained") else Decimal(0),
        **(values | counts),
    )  # fmt: skip


def test_only_clean_runs_at_the_end_count():
    runs = [a_run("2027-01", equal=400), a_run("2027-02", unexplained=1), a_run("2027-03", equal=400)]
    assert consecutive_clean(runs) == 1
    assert consecutive_clean([*runs, a_run("2027-04", explained=5, equal=395)]) == 2


def test_a_repeated_run_counts_with_its_last_result():
    assert consecutive_clean([a_run("2027-01", missing=1), a_run("2027-01", equal=400)]) == 1


def test_a_go_needs_clean_runs_and_met_exit_criteria():
    plan = PilotPlan(exit_criteria=(ExitCriterion(id="q", measure="Queries", at_most=Decimal(3)),))
    clean = [a_run("2027-03", equal=400), a_run("2027-04", equal=400)]

    def asked(runs: list[RunSummary], **measured: str) -> tuple[bool, tuple[str, ...]]:
        proposal = propose(parallel_run=ParallelRunPolicy(), runs=runs, minimum_clean=2, pilot=plan, measured=measured)
        return not proposal.against, proposal.against

    assert asked(clean, q="2.5") == (True, ())
    assert asked(clean) == (False, ("“Queries” has not been measured yet.",))
    assert asked(clean, q="4") == (False, ("Queries: 4 (must be at most 3).",))
    assert asked(clean[:1], q="1") == (False, ("Only 1 clean parallel run so far; 2 in a row are needed.",))
    go, against = asked([a_run("2027-03", unexplained=3, missing=1), clean[1]], q="1")
    assert not go
    assert (
        against[1]
        == "The March 2027 run has 3 contracts with unexplained differences and 1 contract only in the old system. "
        "The largest difference is £118.40."
    )


def test_runs_that_do_not_compare_pay_are_not_evidence():
    """March is from before coverage was recorded, so it may not have compared pay. April compared both, May gross."""
    march = a_run("2027-03", equal=400)
    april = a_run("2027-04", equal=400, pay="net", coverage=Coverage(compared=("gross", "net")))
    may = a_run("2027-05", equal=400, pay="net", coverage=Coverage(compared=("gross",)))
    assert [(r.is_clean, r.pay_share) for r in (march, april, may)] == [(True, 1), (True, 1), (False, 0)]

    def against(*runs: RunSummary) -> tuple[str, ...]:
        return propose(parallel_run=ParallelRunPolicy(pay="net"), runs=runs, minimum_clean=2).against

    assert against(march, april) == (
        "It is not known whether the March 2027 run compared what people are paid (net). Reconcile the period again.",
    )
    assert against(april, may) == (
        "No clean parallel run counts yet; 2 in a row are needed.",
        "The May 2027 run did not compare what people are paid (net).",
    )


def test_a_doubt_about_what_was_left_out_is_a_reason_against():
    doubt = "old.csv: The total on line 4 is not the sum of the other lines."
    run = a_run("2027-03", equal=400, coverage=Coverage(compared=("net",), doubts=(doubt,)))
    assert not run.is_clean
    against = propose(parallel_run=ParallelRunPolicy(clean_runs=1), runs=[run], minimum_clean=1).against
    assert against == ("No clean parallel run counts yet; 1 is needed.", f"March 2027: {doubt}")


def test_a_month_without_a_run_breaks_the_series():
    """March and May are clean, but no one compared April: one in a row, not two."""
    march, may = a_run("2027-03", equal=400), a_run("2027-05", equal=400)
    assert consecutive_clean([march, may]) == 1
    assert consecutive_clean([march, a_run("2027-04", equal=400), may]) == 3
    assert consecutive_clean([a_run("2026-12", equal=400), a_run("2027-01", equal=400)]) == 2


def test_runs_no_longer_count_once_a_month_has_ended_without_one():
    """March and April are clean. In May, the last month to end is April; on 1 June, May has ended without a run; by
    August, three months have."""
    runs = [a_run("2027-03", equal=400), a_run("2027-04", equal=400)]
    counts = [consecutive_clean(runs, on=day) for day in (date(2027, 5, 1), date(2027, 5, 31), date(2027, 6, 1))]
    assert counts == [2, 2, 0]
    asked = propose(parallel_run=ParallelRunPolicy(), runs=runs, minimum_clean=2, on=date(2027, 8, 2))
    assert asked.against == (
        "No clean parallel run counts yet; 2 in a row are needed.",
        (
            "There were no parallel runs from May 2027 to July 2027. A month without a run breaks the series, so "
            "earlier runs do not count."
        ),
    )
    assert propose(parallel_run=ParallelRunPolicy(), runs=runs, minimum_clean=2, on=date(2027, 5, 20)).against == ()


def test_the_share_of_contracts_with_the_same_pay():
    """Of 400 contracts, 4 are explained leavers, so 396 are on both sides; pay differs for 6, so 390 of 396 agree."""
    cells = {"net": {"explained": 5, "unexplained": 1, "within_tolerance": 9}, "missing": {"explained": 4}}
    run = a_run("2027-04", equal=381, within_tolerance=9, explained=9, unexplained=1, pay="net", cells=cells)
    assert run.pay_share == Decimal(390) / 396
    assert a_run("2027-04", equal=300, within_tolerance=60, explained=40).pay_share == Decimal("0.9")
    assert a_run("2027-04", equal=0, pay="net", cells={"missing": {"explained": 400}}).pay_share == 0


def test_enough_contracts_must_have_the_same_pay_even_if_others_are_explained():
    few = {"net": {"explained": 3}}
    runs = [a_run("2027-03", equal=400), a_run("2027-04", equal=397, explained=3, pay="net", cells=few)]

    def against(**said: Decimal) -> tuple[str, ...]:
        policy = ParallelRunPolicy(within_share=said.get("own"))
        return propose(parallel_run=policy, runs=runs, minimum_clean=2, within_share=Decimal("0.995")).against

    assert against() == ("In the April 2027 run, pay matches within tolerance for 99.25% of contracts (99.5% needed).",)
    assert against(own=Decimal("0.99")) == ()


def test_an_unpaid_contract_is_a_reason_against_even_if_explained():
    run = a_run("2027-04", equal=399, explained=1, unpaid=1)
    assert run.is_clean
    found = propose(parallel_run=ParallelRunPolicy(clean_runs=1), runs=[run], minimum_clean=1)
    assert found.against == ("In the April 2027 run, 1 contract would not be paid at all.",)
