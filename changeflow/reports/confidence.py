"""Delivery confidence in words: proposed from the evidence, and set by a person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from changeflow.agenda.confidence import PACK, propose_confidence
from changeflow.programme.dates import Dates
from changeflow.rules.engine import Judged
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.words import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceLine:
    """Confidence proposed from the evidence and set by a person; `set_to` is empty if no one has set it."""

    proposed: str
    meaning: str
    reasons: tuple[str, ...]
    set_to: str
    set_meaning: str
    set_by: str
    set_on: str
    set_reason: str


def confidence_line(judged: Judged, *, today: date, baseline: Mapping[str, Dates] | None = None) -> ConfidenceLine:
    """Describe the proposed confidence and the one set by a person."""
    programme = judged.programme
    found = propose_confidence(judged, today=today, baseline=baseline)
    tiers = programme.rulepacks.entry(PACK, "tiers", on=programme.on).value
    meanings = {str(t["tier"]): str(t["meaning"]) for t in tiers}
    confidence = programme.facts.confidence
    reasons = tuple(s.text for s in found.signals) or (
        f"Every milestone meets its deadline and the baseline, {_rules_in_words(judged)}, and no decision is overdue.",
    )
    return ConfidenceLine(
        proposed=found.tier.value,
        meaning=meanings[found.tier.value],
        reasons=reasons,
        set_to=confidence.tier if confidence else "",
        set_meaning=meanings.get(confidence.tier, "") if confidence else "",
        set_by=programme.person(confidence.by) if confidence else "",
        set_on=format_day(confidence.on) if confidence else "",
        set_reason=confidence.reason if confidence else "",
    )


def _rules_in_words(judged: Judged) -> str:
    """Describe the rules when none blocks; a rule that warns is not met either."""
    warnings = sum(f.severity is Severity.WARN for f in judged.findings)
    return f"no rule blocks anything ({counted(warnings, 'warning')})" if warnings else "every rule is met"


def confidence_text(line: ConfidenceLine) -> Iterator[str]:
    """Yield both for the terminal."""
    yield f"The evidence suggests {line.proposed}: {line.meaning[:1].lower()}{line.meaning[1:]}."
    for reason in line.reasons:
        yield f"  {reason}"
    if line.set_to:
        yield f"Set to {line.set_to} on {line.set_on} ({line.set_by}). {line.set_reason}"
    else:
        yield "No rating has been set yet. Set one with: changeflow confidence set green, amber or red"
