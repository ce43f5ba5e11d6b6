"""Waivers: which of them lift a rule, and why one does not."""

from collections.abc import Iterator

from changeflow.programme.definition import Definition
from changeflow.programme.mandates import holders
from changeflow.rules.catalogue import RULES
from changeflow.values.finding import Waiver
from changeflow.values.words import Mandate


def missing_mandates(definition: Definition, waiver: Waiver) -> tuple[Mandate, ...]:
    """Return the mandates that a waiver's rule takes and none of its approvers holds."""
    rule = RULES[waiver.rule]
    service = waiver.service or _service_of(definition, waiver)
    return tuple(m for m in rule.lifted_by if not holders(definition, m, service) & set(waiver.approved_by))


def lifts(definition: Definition, waiver: Waiver) -> bool:
    """Tell whether somebody with the mandate has approved a waiver, of a rule that can be lifted at all."""
    rule = RULES.get(waiver.rule)
    return rule is not None and bool(rule.lifted_by) and not missing_mandates(definition, waiver)


def waiver_error(definition: Definition, waiver: Waiver) -> tuple[str, str] | None:
    """Say why a waiver lifts nothing, and what would be right; None where it does lift."""
    rule = RULES[waiver.rule]
    if not rule.lifted_by:
        return f"The waiver of {rule.code} does nothing: nobody may lift this rule.", "Remove it and keep the rule."
    missing = missing_mandates(definition, waiver)
    if not missing:
        return None
    approvers = " and ".join(_role(definition, p) for p in waiver.approved_by)
    verb = "have" if len(waiver.approved_by) > 1 else "has"
    what = f"The waiver of {rule.code} lifts nothing: {approvers} {verb} no mandate to lift it. It takes the "
    what += f"{rule.waived_by}."
    return what, " ".join(_who(definition, m, waiver) for m in missing)


def _who(definition: Definition, mandate: Mandate, waiver: Waiver) -> str:
    found = sorted(holders(definition, mandate, waiver.service or _service_of(definition, waiver)))
    if found:
        return f"Approval of the {mandate}: {' or '.join(_role(definition, p) for p in found)}."
    if mandate in (Mandate.BOARD, Mandate.FINANCE):
        return f"Nobody holds the mandate of the {mandate}: name them under `mandates` in programme.yaml."
    return f"There is no {mandate} yet: name one."


def _service_of(definition: Definition, waiver: Waiver) -> str | None:
    first = (waiver.task or "").partition("/")[0]
    return next((s.service for s in definition.services if s.service == first), None)


def _role(definition: Definition, person: str) -> str:
    role = definition.role_of(person)
    return f"the {role}" if role else f"'{person}'"


def effective(definition: Definition, code: str) -> Iterator[Waiver]:
    """Yield the waivers of a rule that somebody with the mandate has approved, whether in force or not."""
    return (w for w in definition.waivers if w.rule == code and lifts(definition, w))
