"""What makes runs clean, and what earns a go: no average hides one person."""

from datetime import date
from decimal import Decimal

from changeflow.pilots.criteria import ExitCriterion, ParallelRunPolicy, PilotPlan
from changeflow.pilots.go_no_go import propose
from changeflow.pilots.runs import RunSummary, consecutive_clean


def a_run(period: str, **counts: int) -> RunSummary:
    values = dict.fromkeys(
        ("equal", "within_tolerance", "explained", "unexplained", "missing", "extra", "duplicates"), 0
    )
    return RunSummary(
        service="payroll", period=period, compared=400, on=date(2027, 5, 4),
        largest_unexplained=Decimal("118.40") if counts.get("unexplained") else Decimal(0),
        **(values | counts),
    )  # fmt: skip


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
