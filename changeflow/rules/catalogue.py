"""Every rule by its code, in the order in which reports list them. Codes are never reused."""

from collections.abc import Callable, Iterator, Mapping

from changeflow.programme.programme import Programme
from changeflow.rules import ownership, sequence
from changeflow.rules.rule import Rule
from changeflow.values.finding import Breach
from changeflow.values.words import Severity

_MAKING_CHANGE_STICK = "'Making change stick', CJK Associates, Autumn 2022"


_IN_ORDER = (
    Rule(
        code="R01",
        title="Phases in order",
        severity=Severity.BLOCK,
        blocks="baseline",
        waived_by="SRO",
        remedy="Link the later phase's first tasks after the earlier phase's last ones.",
        source=f"{_MAKING_CHANGE_STICK}: 'using a pathway of plan>>>design>>>develop>>>deploy'",
        check=sequence.phases_in_order,
    ),
    Rule(
        code="R02",
        title="Systems before restructure",
        severity=Severity.BLOCK,
        blocks="baseline",
        waived_by="SRO",
        remedy="Add a task of kind system_live for these schools, or mark the change as minor.",
        source=f"{_MAKING_CHANGE_STICK}: 'systems in place before changing the organisation too much, or holes appear'",
        check=sequence.systems_before_restructure,
    ),
    Rule(
        code="R03",
        title="Capacity and skills before roles are removed",
        severity=Severity.BLOCK,
        blocks="baseline",
        waived_by="SRO",
        remedy="Add tasks of kind capacity_in_place and skills_evidenced for these schools.",
        source=f"{_MAKING_CHANGE_STICK}: 'put new capacity and skills in place before removing roles'",
        check=sequence.capacity_and_skills_before_removal,
    ),
    Rule(
        code="R05",
        title="A lead provider with time",
        severity=Severity.BLOCK,
        blocks="gate",
        waived_by="",
        remedy="Name a lead provider, or free more of their week; the need is `required_days_per_week`, a setting.",
        source=f"{_MAKING_CHANGE_STICK}: 'Identify the lead service provider: do they have time to commit?'",
        check=ownership.lead_provider_has_time,
    ),
    Rule(
        code="R10",
        title="Delegation aligned before go-live",
        severity=Severity.BLOCK,
        blocks="baseline",
        waived_by="board",
        remedy="Add a task of kind delegation (approve and publish the scheme) before go-live.",
        source=f"{_MAKING_CHANGE_STICK}: 'Align governance and Schemes of Delegation'",
        check=sequence.delegation_before_go_live,
    ),
    Rule(
        code="R11",
        title="Pilot before rollout",
        severity=Severity.BLOCK,
        blocks="baseline",
        waived_by="SRO",
        remedy="Mark one small wave as pilot, with a task of kind pilot. `larger_trust_from` is a setting of ours.",
        source=f"{_MAKING_CHANGE_STICK}: 'In larger trusts … test a new service design with a smaller group'",
        check=sequence.pilot_before_rollout,
    ),
    Rule(
        code="R12",
        title="Parallel run for payroll",
        severity=Severity.BLOCK,
        blocks="baseline",
        waived_by="SRO and finance",
        remedy="Add a task of kind parallel_run of two pay periods or more before go-live.",
        source=f"{_MAKING_CHANGE_STICK}: 'run the new system and service in parallel … for a short period'",
        check=sequence.parallel_run_before_go_live,
    ),
    Rule(
        code="R13",
        title="What is in it for the students",
        severity=Severity.BLOCK,
        blocks="baseline",
        waived_by="",
        remedy="Write `wiifts` in programme.yaml and have it approved before the start.",
        source=f"{_MAKING_CHANGE_STICK}: 'If this isn’t crystal clear then you probably shouldn’t be doing it!'",
        check=ownership.students_benefit_approved,
    ),
    Rule(
        code="R15",
        title="Training before go-live",
        severity=Severity.BLOCK,
        blocks="baseline",
        waived_by="SRO",
        remedy="Add a task of kind training at these schools before go-live.",
        source=f"{_MAKING_CHANGE_STICK}: 'make sure the training is delivered'",
        check=sequence.training_before_go_live,
    ),
    Rule(
        code="R16",
        title="Reinforced until the last checkpoint",
        severity=Severity.BLOCK,
        blocks="closure",
        waived_by="",
        remedy="Add checkpoints after go-live, a closing task after the last, and a sponsor who stays until then.",
        source=f"{_MAKING_CHANGE_STICK}: 'Go live is just the start … continue strong project sponsorship'",
        check=ownership.reinforced_until_the_end,
    ),
)

RULES: Mapping[str, Rule] = {rule.code: rule for rule in _IN_ORDER}

DATE_CHECKS: Mapping[str, Callable[[Programme], Iterator[Breach]]] = {"R16": ownership.sponsor_until_the_end}
"""The part of a rule that looks at dates, and so runs after the schedule."""
