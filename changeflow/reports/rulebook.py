"""The rulebook for people: a list, a page a rule, and the handbook that the documentation ships."""

from collections.abc import Iterator

from changeflow.programme.programme import Programme
from changeflow.rules.catalogue import RULES, Rule
from changeflow.services.service import changes
from changeflow.values.moments import format_day, last_day_of
from changeflow.values.rulepack import Rulepacks
from changeflow.values.words import Gate, Kind

GRADES = {
    "S": "founding document",
    "P": "public page",
    "V": "verified by running",
    "K": "general knowledge",
    "D": "changeflow's own choice",
}
GATES = {
    Gate.PLAN: "plan",
    Gate.DESIGN: "design",
    Gate.WAVE_RELEASE: "wave release",
    Gate.GO_LIVE: "go-live",
    Gate.CLOSURE: "closure",
}
DISCLAIMER = "Legal and other numbers are a planning minimum, not legal advice."


def rules_list() -> Iterator[str]:
    """Yield a line a rule."""
    for rule in RULES.values():
        yield f"{rule.code}  {rule.severity.upper():<5}  {rule.title}"


def rule_text(rule: Rule) -> Iterator[str]:
    """Yield what there is to say about one rule."""
    yield f"{rule.code}  {rule.title}"
    yield ""
    yield rule.text
    yield ""
    for name, value in _facts(rule):
        yield f"{name + ':':<13} {value}"


def rules_page(packs: Rulepacks) -> str:
    """Write the handbook: every rule with its example and source, and every number that rules read."""
    lines = [
        "# The rules",
        "",
        "Made by `changeflow rules list --format markdown` from the rules' own text. A rule is *kept* by the plan,",
        "*enforced* by a link that it adds and says so, or *broken*: a finding. `changeflow plan` shows the findings.",
        f"{DISCLAIMER}",
        "",
    ]
    for rule in RULES.values():
        lines += [f"## {rule.code} {rule.title}", "", rule.text, ""]
        lines += [f"- **{name}:** {value}" for name, value in _facts(rule)]
        lines.append("")
    lines += ["## Where each comes from", "", "| rule | source | its words | what of it is our own choice |"]
    lines.append("|---|---|---|---|")
    for rule in RULES.values():
        words = f"“{rule.sentence}”" if rule.sentence else "–"
        lines.append(f"| {rule.code} {rule.title} | {rule.source} | {words} | {rule.our_choice or '–'} |")
    lines.append("")
    lines += ["## The numbers", "", "| rulepack | in force from | nation | entry | value | grade | source |"]
    lines.append("|---|---|---|---|---|---|---|")
    for pack in sorted(packs.packs, key=lambda p: (p.rulepack, p.nation, p.in_force_from)):
        for key, entry in pack.entries.items():
            value = "not known" if entry.is_unknown else _format_value(entry.value)
            cells = (pack.rulepack, format_day(pack.in_force_from), ", ".join(pack.nation) or "all", key, value)
            lines.append(f"| {' | '.join(cells)} | {GRADES[entry.grade]} | {entry.source} |")
    return "\n".join(lines) + "\n"


def delegation_text(programme: Programme) -> Iterator[str]:
    """Yield, service by service, what changes in the delegation matrix."""
    for service in programme.services:
        yield service.name
        found = list(changes(service.delegation))
        for change in found:
            where = programme.school_names(change.schools) if change.schools else "all schools"
            both = (("gains", change.gains), ("loses", change.loses))
            rights_by_verb = [f"{verb} {', '.join(rights)}" for verb, rights in both if rights]
            yield f"  {change.area}: {change.role} {' and '.join(rights_by_verb)} ({where})"
        if not found:
            yield "  nothing changes, or nothing is written: `delegation` in the service's file"
        for task in programme.tasks(kind=Kind.DELEGATION, service=service.service):
            day = format_day(last_day_of(programme.timed(task.id).early_finish))
            yield f"  in force after {task.name}, {day}"


def _facts(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "Severity", f"{rule.severity.value}{f', stops a {rule.blocks}' if rule.blocks else ''}"
    yield "Waived by", rule.waived_by or "no one"
    yield "Remedy", rule.remedy
    yield "Example", rule.example
    if rule.gates:
        yield "Asked at", ", ".join(f"the {GATES[gate]} gate" for gate in rule.gates)
    if rule.enforced_by:
        yield "Enforced by", rule.enforced_by
    yield "Source", rule.cited
    if rule.our_choice:
        yield "Our choice", rule.our_choice


def _format_value(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "; ".join(", ".join(f"{k} {_format_value(v)}" for k, v in item.items()) for item in value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
