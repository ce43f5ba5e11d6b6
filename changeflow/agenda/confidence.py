"""Delivery confidence: the tier that the evidence proposes. A person sets the tier; reports show both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from changeflow.agenda.criteria import State
from changeflow.agenda.decisions import decision_log
from changeflow.agenda.gates import open_conditions, weigh
from changeflow.phrases import listed
from changeflow.programme.announcements import announced_sentence, go_lives
from changeflow.programme.dates import Dates
from changeflow.programme.programme import Programme
from changeflow.rules.engine import Judged
from changeflow.values.duration import counted
from changeflow.values.moments import format_day

PACK = "delivery-confidence"


class Tier(StrEnum):
    """The three tiers, worst first."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to lower the confidence, and the tier to lower it to."""

    tier: Tier
    text: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """The proposed tier, which is the worst of its signals."""

    tier: Tier
    signals: tuple[Signal, ...]


def propose_confidence(judged: Judged, *, today: date, baseline: Mapping[str, Dates] | None = None) -> Proposed:
    """Weigh dates and their odds, rules, decisions, conditions and sponsorship; no signal means green.

    A programme that has not been simulated is never green, because the odds of its dates are unknown.
    """
    signals = (
        *_milestones(judged.programme, today, baseline or {}),
        *_odds(judged.programme),
        *_without_odds(judged.programme),
        *_announced(judged.programme),
        *_rules(judged),
        *_waiting_decisions(judged, today),
        *_sponsor(judged.programme, today),
        *(Signal(Tier.AMBER, f.message) for f in judged.findings if f.rule == "R17"),
    )
    order = list(Tier)
    ranked = tuple(sorted(signals, key=lambda s: order.index(s.tier)))
    return Proposed(ranked[0].tier if ranked else Tier.GREEN, ranked)


def _milestones(programme: Programme, today: date, baseline: Mapping[str, Dates]) -> Iterator[Signal]:
    packs = programme.rulepacks
    share = float(packs.entry(PACK, "red_late_share", on=programme.on).value)
    spare_days = int(packs.entry(PACK, "amber_spare_days", on=programme.on).value)
    for milestone in programme.open_milestones:
        timed = programme.timed(milestone.task)
        forecast = timed.last_day
        planned = timed.day_at(baseline[milestone.task].finish) if milestone.task in baseline else None
        name = f"“{milestone.name}”"
        if milestone.deadline is not None and forecast > milestone.deadline:
            late, left = (forecast - milestone.deadline).days, (milestone.deadline - today).days
            tier = Tier.RED if left <= 0 or late / left > share else Tier.AMBER
            yield Signal(
                tier, f"{name} misses its deadline of {format_day(milestone.deadline)} by {counted(late, 'day')}."
            )
        elif planned is not None and forecast > planned:
            yield Signal(
                Tier.AMBER, f"{name} is forecast {counted((forecast - planned).days, 'day')} later than the baseline."
            )
        elif milestone.deadline is not None:
            spare = programme.spare(milestone) // programme.minutes_per_day
            if spare < spare_days:
                yield Signal(
                    Tier.AMBER, f"{name} has only {counted(spare, 'working day')} to spare before its deadline."
                )


def _announced(programme: Programme) -> Iterator[Signal]:
    if message := announced_sentence(programme, go_lives(programme)):
        yield Signal(Tier.AMBER, message)


def _odds(programme: Programme) -> Iterator[Signal]:
    """Weigh the latest simulated odds of each milestone's deadline, or of its forecast if it has no deadline."""

    def limit(key: str) -> int:
        return int(programme.rulepacks.entry(PACK, key, on=programme.on).value)

    for milestone in programme.open_milestones:
        odds = programme.facts.odds_of(milestone.id)
        if odds is None or not odds.is_known:
            continue
        sure = f"There is an 80% chance of reaching it by {format_day(odds.p80)} (calculated on {format_day(odds.on)})."
        of_deadline, of_plan = odds.deadline_odds, odds.planned_odds
        if odds.deadline == milestone.deadline and of_deadline is not None and of_deadline < limit("amber_odds"):
            tier = Tier.RED if of_deadline < limit("red_odds") else Tier.AMBER
            what = f"“{milestone.name}” has a {of_deadline}% chance of meeting its deadline."
            yield Signal(tier, f"{what} {sure}")
        elif of_plan is not None and of_plan < limit("amber_plan_odds"):
            what = f"“{milestone.name}” has a {of_plan}% chance of meeting its forecast of {format_day(odds.planned)}."
            yield Signal(Tier.AMBER, f"{what} {sure}")


def _without_odds(programme: Programme) -> Iterator[Signal]:
    """Name the milestones whose odds are unknown, and say how to get them."""
    known = {m.name: programme.facts.odds_of(m.id) for m in programme.open_milestones}
    missing = [f"“{name}”" for name, odds in known.items() if odds is None]
    if missing:
        is_all = len(missing) == len(known)
        what = (
            "these dates are to be met"
            if is_all
            else f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} to be on time"
        )
        message = f"We cannot yet say how likely {what}."
        yield Signal(Tier.AMBER, f"{message} Ask the programme office to run the simulation.")
    for name, odds in known.items():
        if odds is not None and not odds.is_known:
            yield Signal(
                Tier.AMBER,
                f"We cannot say how likely “{name}” is to be on time. {odds.without_range.capitalize()}.",
            )


def _rules(judged: Judged) -> Iterator[Signal]:
    if titles := [f"“{title}”" for _, title in sorted({(f.rule, f.title) for f in judged.blocks})]:
        rules = "rules" if len(titles) > 1 else "rule"
        yield Signal(Tier.AMBER, f"The plan breaks the {rules} {listed(titles)} without a waiver.")


def _waiting_decisions(judged: Judged, today: date) -> Iterator[Signal]:
    programme = judged.programme
    for logged in decision_log(programme, today=today):
        if logged.is_waiting and (against := weigh(judged, logged.task.id).of(State.BLOCKS)):
            yield Signal(
                Tier.AMBER,
                f"“{logged.task.name}” is outstanding, and the evidence does not yet support going ahead. {against[0]}",
            )
        if logged.late:
            yield Signal(Tier.AMBER, f"“{logged.task.name}” is {counted(logged.late, 'day')} overdue.")
    for _, condition in open_conditions(programme):
        if condition.due < today:
            due = format_day(condition.due)
            yield Signal(Tier.AMBER, f"The condition “{condition.text}” was due on {due} and has not been met.")


def _sponsor(programme: Programme, today: date) -> Iterator[Signal]:
    sponsor = programme.definition.programme.sponsor
    if sponsor is None:
        yield Signal(Tier.RED, "The programme has no senior responsible owner.")
    elif sponsor.until is not None and sponsor.until < today:
        yield Signal(Tier.RED, f"The senior responsible owner's term ended on {format_day(sponsor.until)}.")
