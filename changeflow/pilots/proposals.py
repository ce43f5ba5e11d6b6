"""What parallel runs and pilots support: the reasons for and against a go-live."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from math import floor

from changeflow.pilots.criteria import ExitCriterion, ParallelRunPolicy, PilotPlan
from changeflow.pilots.runs import RunSummary, consecutive_clean, latest_by_period, missed_since
from changeflow.values.months import month_in_words
from changeflow.values.sentences import Sentence, counted_sentence, sentence


@dataclass(frozen=True, slots=True)
class GateProposal:
    """The reasons for and against a go-live."""

    for_it: tuple[str, ...]
    against: tuple[str, ...]


def propose(
    *,
    parallel_run: ParallelRunPolicy | None,
    runs: Sequence[RunSummary],
    minimum_clean: int,
    on: date | None = None,
    within_share: Decimal = Decimal(0),
    pilot: PilotPlan | None = None,
    measured: Mapping[str, str] | None = None,
) -> GateProposal:
    """Weigh a service's parallel runs and its pilot's exit criteria; None means that they are not needed.

    Months that ended without a run, up to the day `on`, break the series. `within_share` applies to each of the last
    runs, unless the policy has its own share.
    """
    good: list[str] = []
    bad: list[str] = []
    if parallel_run is not None:
        needed = max(minimum_clean, parallel_run.clean_runs)
        _weigh_runs(runs, needed, on, good, bad)
        last = latest_by_period(runs)[-needed:]
        _weigh_pay(last, parallel_run.pay, parallel_run.within_share or within_share, good, bad)
    for criterion in pilot.exit_criteria if pilot else ():
        _weigh(criterion, (measured or {}).get(criterion.id), good, bad)
    return GateProposal(tuple(good), tuple(bad))


def _weigh_runs(runs: Sequence[RunSummary], needed: int, on: date | None, good: list[str], bad: list[str]) -> None:
    series = latest_by_period(runs)
    clean = consecutive_clean(series, on=on)
    if clean >= needed:
        good.append(
            counted_sentence(
                "The last parallel run had no unexplained differences (%(needed)s such run needed).",
                "The last %(num)s parallel runs had no unexplained differences (%(needed)s such runs needed).",
                clean,
                needed=needed,
            )
        )
    else:
        bad.append(_too_few(series, clean, needed))
    if on is not None and (missed := missed_since(series, on)):
        bad.append(_of_missed(missed))
    for run in series:
        if run.is_clean:
            good.append(_of_clean(run))
        elif run is series[-1] or clean < needed:
            bad += _faults_of(run)


def _too_few(series: Sequence[RunSummary], clean: int, needed: int) -> Sentence:
    """Say how many consecutive clean runs there are."""
    if clean:
        return counted_sentence(
            "Only %(num)s clean parallel run so far; %(needed)s in a row are needed.",
            "Only %(num)s clean parallel runs in a row so far; %(needed)s are needed.",
            clean,
            needed=needed,
        )
    if not series:
        return counted_sentence(
            "No parallel run has been reconciled yet; %(num)s clean run is needed.",
            "No parallel run has been reconciled yet; %(num)s clean runs in a row are needed.",
            needed,
        )
    return counted_sentence(
        "No clean parallel run counts yet; %(num)s is needed.",
        "No clean parallel run counts yet; %(num)s in a row are needed.",
        needed,
    )


def _of_clean(run: RunSummary) -> Sentence:
    month = month_in_words(run.period)
    if run.explained:
        return counted_sentence(
            "In the %(period)s run, the one contract has an explained difference.",
            "In the %(period)s run, all %(num)s contracts match within tolerance or have an explained difference "
            "(%(explained)s explained).",
            run.compared,
            period=month,
            explained=run.explained,
        )
    return counted_sentence(
        "In the %(period)s run, the one contract matches within tolerance.",
        "In the %(period)s run, all %(num)s contracts match within tolerance.",
        run.compared,
        period=month,
    )


def _of_missed(missed: Sequence[str]) -> Sentence:
    if len(missed) == 1:
        return sentence(
            "There was no parallel run in %(month)s. A month without a run breaks the series, so earlier runs do not "
            "count.",
            month=month_in_words(missed[0]),
        )
    return sentence(
        "There were no parallel runs from %(first)s to %(last)s. A month without a run breaks the series, so earlier "
        "runs do not count.",
        first=month_in_words(missed[0]),
        last=month_in_words(missed[-1]),
    )


def _faults_of(run: RunSummary) -> Iterator[str]:
    """Yield what is wrong with a run: differences, doubts about the comparison, and pay that was not compared."""
    month = month_in_words(run.period)
    odd = [
        counted_sentence(
            "%(num)s contract with an unexplained difference",
            "%(num)s contracts with unexplained differences",
            run.unexplained,
        ),
        counted_sentence(
            "%(num)s contract only in the old system", "%(num)s contracts only in the old system", run.missing
        ),
        counted_sentence(
            "%(num)s contract only in the new system", "%(num)s contracts only in the new system", run.extra
        ),
        counted_sentence("%(num)s duplicated contract", "%(num)s duplicated contracts", run.duplicates),
    ]
    faults = tuple(words for words in odd if words.number)
    if faults and run.largest_unexplained:
        yield sentence(
            "The %(period)s run has %(faults)s. The largest difference is £%(largest)s.",
            period=month,
            faults=faults,
            largest=f"{run.largest_unexplained:,.2f}",
        )
    elif faults:
        yield sentence("The %(period)s run has %(faults)s.", period=month, faults=faults)
    doubts = run.coverage.doubts if run.coverage else ()
    yield from (f"{month}: {doubt}" for doubt in doubts)
    if not run.compares_pay:
        yield sentence(
            "The %(period)s run did not compare what people are paid (%(pay)s).", period=month, pay=str(run.pay)
        )
    elif not faults and not doubts:
        yield sentence("The %(period)s run has no contract on both sides.", period=month)


def _weigh_pay(
    runs: Sequence[RunSummary], pay: str | None, asked: Decimal, good: list[str], bad: list[str]
) -> None:  # fmt: skip
    """Check that each of the last runs leaves no one unpaid and that the pay on enough contracts matches."""
    for run in runs:
        if pay is not None and run.pay is None:
            bad.append(
                sentence(
                    "It is not known whether the %(period)s run compared what people are paid (%(pay)s). Reconcile "
                    "the period again.",
                    period=month_in_words(run.period),
                    pay=pay,
                )
            )
        if not run.compares_pay:
            continue
        if run.unpaid:
            bad.append(
                counted_sentence(
                    "In the %(period)s run, %(num)s contract would not be paid at all.",
                    "In the %(period)s run, %(num)s contracts would not be paid at all.",
                    run.unpaid,
                    period=month_in_words(run.period),
                )
            )
        if not asked:
            continue
        # Rounded down: 99.49% must not look like the 99.5% that is needed.
        share = f"{floor(run.pay_share * 10_000) / 100:g}%"
        wanted = f"{(asked * 100).normalize():f}%"
        text = sentence(
            "In the %(period)s run, pay matches within tolerance for %(share)s of contracts (%(wanted)s needed).",
            period=month_in_words(run.period),
            share=share,
            wanted=wanted,
        )
        (good if run.pay_share >= asked else bad).append(text)


def _weigh(criterion: ExitCriterion, value: str | None, good: list[str], bad: list[str]) -> None:
    try:
        number = Decimal(value) if value is not None else None
    except InvalidOperation:
        number = None
    if number is None:
        bad.append(sentence("“%(measure)s” has not been measured yet.", measure=criterion.measure))
        return
    limits: list[Sentence] = []
    met = True
    if criterion.at_least is not None:
        limits.append(sentence("at least %(limit)s", limit=str(criterion.at_least)))
        met = met and number >= criterion.at_least
    if criterion.at_most is not None:
        limits.append(sentence("at most %(limit)s", limit=str(criterion.at_most)))
        met = met and number <= criterion.at_most
    text = sentence(
        "%(measure)s: %(number)s (must be %(limits)s).",
        measure=criterion.measure,
        number=str(number),
        limits=tuple(limits),
    )
    (good if met else bad).append(text)
