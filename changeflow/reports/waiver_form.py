"""What a form for a waiver offers, and whose approval a waiver lacks."""

from dataclasses import dataclass

from changeflow.phrases import listed
from changeflow.programme.mandates import holders
from changeflow.programme.programme import Programme
from changeflow.rules.catalogue import RULES
from changeflow.rules.engine import missing_mandates
from changeflow.values.finding import Waiver


def who_must_approve(programme: Programme, waiver: Waiver) -> str:
    """Say whose approval a waiver lacks."""
    missing = missing_mandates(programme.definition, waiver)
    if not missing:
        return "No one may waive this rule."
    parts = []
    for mandate in missing:
        found = sorted(programme.person(p) for p in holders(programme.definition, mandate, waiver.service))
        parts.append(f"the {mandate} ({' or '.join(found) or 'no one is named yet'})")
    return f"This rule also needs the approval of {listed(parts)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverForm:
    """What a form for a waiver offers."""

    rules: tuple[tuple[str, str], ...]
    """The rules that someone may waive: codes, and titles with who must approve."""
    services: tuple[tuple[str, str], ...]
    schools: tuple[tuple[str, str], ...]
    people: tuple[tuple[str, str], ...]
    """Everyone who can own a waiver: ids and names."""
    approvers: tuple[tuple[str, str], ...]
    """The people who may approve waivers of some rule."""


def build_waiver_form(programme: Programme) -> WaiverForm:
    """Return what a form for a waiver offers."""
    definition, names = programme.definition, programme.person
    services = [None, *(s.service for s in programme.services)]
    mandates = {m for rule in RULES.values() for m in rule.lifted_by}
    approvers = {p for m in mandates for s in services for p in holders(definition, m, s)}
    by_title = sorted((r for r in RULES.values() if r.lifted_by), key=lambda r: r.title)
    return WaiverForm(
        rules=tuple((r.code, f"{r.title} (needs approval by the {r.waived_by})") for r in by_title),
        services=tuple((s.service, s.name) for s in programme.services),
        schools=tuple(sorted(((s.id, s.name) for s in definition.schools), key=lambda s: s[1])),
        people=tuple(sorted(((p.id, names(p.id)) for p in definition.people), key=lambda p: p[1])),
        approvers=tuple(sorted(((p, names(p)) for p in approvers), key=lambda p: p[1])),
    )
