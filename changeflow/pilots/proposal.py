"""What the evidence says about a gate. A person decides; this proposes, with its reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import floor

from changeflow.pilots.criteria import ExitCriterion, ParallelRunPolicy, PilotPlan
from changeflow.pilots.runs import RunSummary, consecutive_clean, latest_by_period
from changeflow.values.duration import counted


@dataclass(frozen=True, slots=True)
class GateProposal:
    """What supports a go, and what does not."""

    for_it: tuple[str, ...]
    against: tuple[str, ...]


def propose(
    *,
    parallel_run: ParallelRunPolicy | None,
    runs: Sequence[RunSummary],
    minimum_clean: int,
    within_share: Decimal = Decimal(0),
    pilot: PilotPlan | None = None,
    measured: Mapping[str, str] | None = None,
) -> GateProposal:
    """Weigh a service's parallel runs and its pilot's exit criteria. None of either means it is not asked for.

    `within_share` is asked of each of the last runs, where the policy has no share of its own.
    """
    good: list[str] = []
    bad: list[str] = []
    if parallel_run is not None:
        needed = max(minimum_clean, parallel_run.clean_runs)
        _weigh_runs(runs, needed, good, bad)
        _weigh_pay(latest_by_period(runs)[-needed:], parallel_run.within_share or within_share, good, bad)
    for criterion in pilot.exit_criteria if pilot else ():
        _weigh(criterion, (measured or {}).get(criterion.id), good, bad)
    return GateProposal(tuple(good), tuple(bad))


def _weigh_runs(runs: Sequence[RunSummary], needed: int, good: list[str], bad: list[str]) -> None:
    series = latest_by_period(runs)
    clean = consecutive_clean(series)
    have = f"{clean} of {needed} consecutive clean parallel runs"
    (good if clean >= needed else bad).append(f"{have}." if clean >= needed else f"Only {have}.")
    for run in series:
        if run.is_clean:
            good.append(
                f"{run.period}: all {run.compared} contracts equal, within tolerance or explained "
                f"({run.explained} explained)."
            )
            continue
        faults = [
            f"{count} {word}"
            for count, word in (
                (run.unexplained, "unexplained"),
                (run.missing, "missing"),
                (run.extra, "extra"),
                (run.duplicates, "twice"),
            )
            if count
        ]
        if run is series[-1] or clean < needed:
            bad.append(f"{run.period}: {', '.join(faults)}; the largest difference is £{run.largest_unexplained:.2f}.")


def _weigh_pay(runs: Sequence[RunSummary], asked: Decimal, good: list[str], bad: list[str]) -> None:
    """Of each of the last runs: nobody unpaid, and enough whose pay is the same, whatever explains the others."""
    for run in runs:
        if run.unpaid:
            bad.append(f"{run.period}: {counted(run.unpaid, 'contract')} would not be paid at all.")
        if not asked:
            continue
        # Rounded down: 99.49 % is not the 99.5 % that was asked for.
        share = f"{floor(run.pay_share * 10_000) / 100:g}%"
        wanted = f"{(asked * 100).normalize():f}%"
        text = f"{run.period}: {share} of contracts are paid the same within tolerance ({wanted} were set)."
        (good if run.pay_share >= asked else bad).append(text)


def _weigh(criterion: ExitCriterion, value: str | None, good: list[str], bad: list[str]) -> None:
    try:
        number = Decimal(value) if value is not None else None
    except InvalidOperation:
        number = None
    if number is None:
        bad.append(f"{criterion.measure}: not measured yet.")
        return
    limits = []
    met = True
    if criterion.at_least is not None:
        limits.append(f"at least {criterion.at_least}")
        met = met and number >= criterion.at_least
    if criterion.at_most is not None:
        limits.append(f"at most {criterion.at_most}")
        met = met and number <= criterion.at_most
    text = f"{criterion.measure}: {number} ({' and '.join(limits)} was set)."
    (good if met else bad).append(text)
