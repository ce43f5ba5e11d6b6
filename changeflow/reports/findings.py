"""Findings and waivers in words, with people's roles."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from changeflow.phrases import listed
from changeflow.programme.programme import Programme
from changeflow.reports.grouping import joined_sentences
from changeflow.reports.rulebook import STOPS
from changeflow.rules.catalogue import RULES
from changeflow.rules.engine import Judged, waiver_error
from changeflow.rules.titles import titled
from changeflow.values.duration import counted
from changeflow.values.finding import Finding, Waiver
from changeflow.values.moments import format_day
from changeflow.values.words import Severity, Stops

FINDING_KEYS = ("rule", "title", "severity", "subject", "message", "remedy", "source", "blocks")


def findings_beyond(these: Judged, those: Judged) -> Iterator[Finding]:
    """Yield the findings that the other side lacks, by rule and subject."""
    known = {(f.rule, f.subject) for f in those.findings}
    yield from (f for f in these.findings if (f.rule, f.subject) not in known)


def findings_text(judged: Judged) -> Iterator[str]:
    """Yield the findings, most severe first, and the waivers that have an effect."""
    yield findings_headline(judged.findings)
    for line in finding_lines(judged.programme, judged.findings):
        stops = f" ({STOPS[Stops(line.blocks)]})" if line.blocks else ""
        for message in line.messages:
            yield f"  {line.severity.upper():<5} {line.rule} {message}{stops}"
        if line.severity == Severity.BLOCK:
            yield f"        {line.remedy}"
    for waiver in judged.used_waivers:
        scope = _scope(judged.programme, waiver)
        yield f"  WAIVED {waiver.rule} {titled(waiver.rule)} for {scope}, until {format_day(waiver.expires)}"


def findings_headline(findings: Sequence[Finding]) -> str:
    """State the number of findings by severity."""
    if not findings:
        return "No findings. The plan complies with every rule that is not waived."
    found = Counter(f.severity for f in findings)
    parts = [f"{found[Severity.BLOCK]} that {'blocks' if found[Severity.BLOCK] == 1 else 'block'}"]
    parts += [counted(found[Severity.WARN], "warning"), f"{found[Severity.INFO]} for information"]
    shown = [part for part in parts if not part.startswith("0 ")]
    if len(shown) == 1 and found[Severity.WARN]:
        return shown[0]
    return f"{counted(len(findings), 'finding')}: {', '.join(shown)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    rule: str
    severity: str
    title: str
    messages: tuple[str, ...]
    """Messages that say the same about several tasks are joined."""
    remedy: str
    source: str
    blocks: str
    """What it blocks, such as `baseline`; usually empty."""


def finding_lines(programme: Programme, findings: Iterable[Finding]) -> Iterator[FindingLine]:
    """Group findings of one rule and severity, so that fourteen schools share a line."""
    groups: dict[tuple[str, Severity, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, finding.severity, finding.remedy, finding.blocks), []).append(finding)
    for (rule, severity, remedy, blocks), members in groups.items():
        joined = joined_sentences(programme.roadmap, ((m.subject, m.message) for m in members))
        yield FindingLine(
            rule=rule,
            severity=severity.value,
            title=members[0].title,
            messages=tuple(message for message, _ in joined),
            remedy=remedy,
            source=members[0].source,
            blocks=blocks,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverLine:
    """A waiver in columns."""

    rule: str
    title: str
    """The rule's title."""
    scope: str
    ends: str
    """Its last day."""
    state: str
    """`in force`, `in force, not needed`, `expired` or `no effect`."""
    reason: str
    owner: str
    approved_by: str


def waiver_lines(judged: Judged) -> Iterator[WaiverLine]:
    """Yield the waivers: those in force by their last day, then those without effect, then the expired ones."""
    programme = judged.programme
    order = ("in force", "in force, not needed", "no effect", "expired")
    found = [(_state(judged, waiver), waiver) for waiver in programme.definition.waivers]
    for state, waiver in sorted(found, key=lambda f: (max(1, order.index(f[0])), f[1].expires, f[1].rule)):
        yield WaiverLine(
            rule=waiver.rule,
            title=RULES[waiver.rule].title if waiver.rule in RULES else waiver.rule,
            scope=_scope(programme, waiver),
            ends=format_day(waiver.expires),
            state=state,
            reason=waiver.reason.rstrip("."),
            owner=programme.person(waiver.owner),
            approved_by=listed([programme.person(p) for p in waiver.approved_by]),
        )


def _state(judged: Judged, waiver: Waiver) -> str:
    if waiver.rule in RULES and waiver_error(judged.programme.definition, waiver) is not None:
        return "no effect"
    if not waiver.is_in_force(judged.programme.on):
        return "expired"
    return "in force" if waiver in judged.used_waivers else "in force, not needed"


def waiver_in_words(programme: Programme, waiver: Waiver, *, used: bool) -> str:
    """Describe a waiver: rule, scope, expiry, reason, owner and approvers."""
    scope, day = _scope(programme, waiver), format_day(waiver.expires)
    rule = titled(waiver.rule)
    if waiver.rule in RULES and waiver_error(programme.definition, waiver) is not None:
        what = (
            f"The waiver of the rule {rule} for {scope} has no effect, because the people who may waive the rule "
            "have not approved it."
        )
    elif not waiver.is_in_force(programme.on):
        what = f"The waiver of the rule {rule} for {scope} expired on {day}, so the rule applies again."
    else:
        unused = "" if used else ". The plan does not need it at present"
        what = f"The rule {rule} is waived for {scope} until {day}{unused}."
    approvers = listed([programme.person(p) for p in waiver.approved_by])
    reason = waiver.reason.rstrip(".")
    return f"{what} Reason: {reason}. Owner: {programme.person(waiver.owner)}. Approved by: {approvers}."


def _scope(programme: Programme, waiver: Waiver) -> str:
    task = programme.roadmap.tasks.get(waiver.task or "")
    if waiver.task is not None:
        scope = f"“{task.name}”" if task is not None else waiver.task
    else:
        scope = next((s.name for s in programme.services if s.service == waiver.service), waiver.service or "")
    scope = scope or "the whole programme"
    return f"{scope} at {programme.school_names(waiver.schools)}" if waiver.schools else scope
