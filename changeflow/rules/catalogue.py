"""Every rule by its code, in the order in which reports list them. Codes are never reused."""

from collections.abc import Mapping

from changeflow.rules import content, ownership, proofs, sequence, workforce
from changeflow.rules.rule import Rule
from changeflow.values.words import Mandate, Severity

_MAKING_CHANGE_STICK = "'Making change stick', CJK Associates, Autumn 2022"
_OURS = "changeflow's own choice"


_IN_ORDER = (
    Rule(
        code="R01",
        title="Phases in order",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(Mandate.SRO,),
        remedy="Link the later phase's first tasks after the earlier phase's last ones.",
        source=f"{_MAKING_CHANGE_STICK}: 'using a pathway of plan>>>design>>>develop>>>deploy'",
        check=sequence.phases_in_order,
        example=(
            "Payroll's user requirements are agreed before the first task of its develop phase begins, wherever "
            "that is; finance may be further on or behind."
        ),
    ),
    Rule(
        code="R02",
        title="Systems before restructure",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(Mandate.SRO,),
        remedy="Add a task of kind system_live for these schools, or mark the change as minor.",
        source=f"{_MAKING_CHANGE_STICK}: 'systems in place before changing the organisation too much, or holes appear'",
        check=sequence.systems_before_restructure,
        on_dates=proofs.no_service_holes,
        example=(
            "The new payroll system works at Oakfield before Oakfield's office is reorganised. That it works at "
            "Ashdown does not count for Oakfield."
        ),
    ),
    Rule(
        code="R03",
        title="Capacity and skills before roles are removed",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(Mandate.SRO,),
        remedy="Add tasks of kind capacity_in_place and skills_evidenced for these schools.",
        source=f"{_MAKING_CHANGE_STICK}: 'put new capacity and skills in place before removing roles'",
        check=sequence.capacity_and_skills_before_removal,
        on_dates=proofs.capacity_on_the_day,
        example=(
            "The shared team has people in post, and has shown that it can run the month end, before the school's "
            "own payroll post ends."
        ),
    ),
    Rule(
        code="R05",
        title="A lead provider with time",
        severity=Severity.BLOCK,
        blocks="gate",
        lifted_by=(),
        remedy="Name a lead provider, or free more of their week; the need is `required_days_per_week`, a setting.",
        source=f"{_MAKING_CHANGE_STICK}: 'Identify the lead service provider: do they have time to commit?'",
        check=ownership.lead_provider_has_time,
        example="The Director of Finance gives finance one and a half days a week where one is needed.",
    ),
    Rule(
        code="R10",
        title="Delegation aligned before go-live",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(Mandate.BOARD,),
        remedy="Add a task of kind delegation (approve and publish the scheme) before go-live.",
        source=f"{_MAKING_CHANGE_STICK}: 'Align governance and Schemes of Delegation'",
        check=sequence.delegation_before_go_live,
        example=(
            "The scheme that says who decides about site staff is approved and published before estates goes "
            "live: or heads answer for lessons in broken rooms and may not call anybody."
        ),
    ),
    Rule(
        code="R11",
        title="Pilot before rollout",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(Mandate.SRO,),
        remedy="Mark one small wave as pilot, with a task of kind pilot. `larger_trust_from` is a setting of ours.",
        source=f"{_MAKING_CHANGE_STICK}: 'In larger trusts … test a new service design with a smaller group'",
        check=sequence.pilot_before_rollout,
        example="Of fourteen schools three go first; the others wait until the pilot has been judged.",
    ),
    Rule(
        code="R12",
        title="Parallel run for payroll",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(Mandate.SRO, Mandate.FINANCE),
        remedy="Add a task of kind parallel_run of two pay periods or more before go-live.",
        source=f"{_MAKING_CHANGE_STICK}: 'run the new system and service in parallel … for a short period'",
        check=sequence.parallel_run_before_go_live,
        example="March and April are paid by the old system and computed by both; only then does the new one pay.",
    ),
    Rule(
        code="R13",
        title="What is in it for the students",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(),
        remedy="Write `wiifts` in programme.yaml and have it approved before the start.",
        source=f"{_MAKING_CHANGE_STICK}: 'If this isn’t crystal clear then you probably shouldn’t be doing it!'",
        check=ownership.students_benefit_approved,
        example="Trustees approve in July what students gain; the programme starts in September.",
    ),
    Rule(
        code="R15",
        title="Training before go-live",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(Mandate.SRO,),
        remedy="Add a task of kind training at these schools before go-live.",
        source=f"{_MAKING_CHANGE_STICK}: 'make sure the training is delivered'",
        check=sequence.training_before_go_live,
        example="Staff at Oakfield are trained, not only booked, before Oakfield goes live.",
    ),
    Rule(
        code="R16",
        title="Reinforced until the last checkpoint",
        severity=Severity.BLOCK,
        blocks="closure",
        lifted_by=(),
        remedy="Add checkpoints after go-live, a closing task after the last, and a sponsor who stays until then.",
        source=f"{_MAKING_CHANGE_STICK}: 'Go live is just the start … continue strong project sponsorship'",
        check=ownership.reinforced_until_the_end,
        on_dates=ownership.sponsor_until_the_end,
        example=(
            "Twelve months after the last go-live somebody looks whether the old way has crept back; the sponsor "
            "is still in post, and only then is the programme closed."
        ),
    ),
    Rule(
        code="R04",
        title="No rush into what cannot be undone",
        severity=Severity.WARN,
        blocks="",
        lifted_by=(Mandate.LEAD_PROVIDER,),
        remedy="Let the irreversible task wait for the requirements, or say with a waiver why it cannot.",
        source=f"{_MAKING_CHANGE_STICK}: some trusts rush to choices of organisation or system and redo them for years",
        check=content.requirements_before_the_irreversible,
        example="The contract for the new finance system is signed when its requirements are approved, not before.",
        needs_schedule=True,
    ),
    Rule(
        code="R07",
        title="Requirements from heads, board and local governing bodies",
        severity=Severity.WARN,
        blocks="",
        lifted_by=(Mandate.SRO,),
        remedy="Ask them, and name them in `sources` of the requirements' task.",
        source=f"{_MAKING_CHANGE_STICK}: user requirements of Headteachers, Board, Local Governing Bodies",
        check=content.requirements_from_everybody,
        example="Estates asks heads what a broken boiler costs them, and the board what it wants to know each term.",
    ),
    Rule(
        code="R08",
        title="One agreement, articulated",
        severity=Severity.BLOCK,
        blocks="gate",
        lifted_by=(),
        remedy="Write `agreement` into the service's file: `kind: sla`, or `gives_and_gets` with at least one of each.",
        source=f"{_MAKING_CHANGE_STICK}: 'a full SLA, or gives and gets': agnostic, but articulated",
        check=content.one_agreement_articulated,
        example="Schools give their numbers by the tenth of the month, and get everybody paid on the 28th.",
    ),
    Rule(
        code="R14",
        title="A quick win early",
        severity=Severity.WARN,
        blocks="",
        lifted_by=(Mandate.SRO,),
        remedy="Add a task of kind quick_win to the wave. `quick_win_within_weeks` is a setting of ours.",
        source=f"{_MAKING_CHANGE_STICK}: 'quick wins'; how early is {_OURS}",
        check=content.quick_win_early,
        example="Two weeks after payroll goes live, payslips can be read on a telephone.",
        needs_schedule=True,
    ),
    Rule(
        code="R19",
        title="Consultation before roles end",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(),
        remedy="Add a task of kind consultation for these schools that begins early enough, or end the roles later.",
        source="Rulepack uk-employment (Acas; Trade Union and Labour Relations (Consolidation) Act 1992, section 188)",
        check=workforce.consultation_before_redundancy,
        example=(
            "Twenty roles end at one school. Consultation starts on 22 February 2027: the first of them may end on "
            "24 March at the earliest, and notice is given only when consultation is complete."
        ),
        needs_schedule=True,
    ),
    Rule(
        code="R21",
        title="Black-outs kept",
        severity=Severity.WARN,
        blocks="",
        lifted_by=(Mandate.LEAD_PROVIDER,),
        remedy="Move the task out of the days, or narrow the black-out to the activities that it really hurts.",
        source="Exams, payroll week, year end: calendars of the programme; the days are the trust's own data",
        check=content.blackouts_kept,
        example="No go-live at secondary schools while examinations are on.",
        needs_schedule=True,
    ),
    Rule(
        code="R26",
        title="Groups, never persons",
        severity=Severity.BLOCK,
        blocks="report",
        lifted_by=(),
        remedy="Nothing to do: smaller groups are hidden or joined by themselves.",
        source="Rulepack privacy (GP Patient Survey analysis tool; Sussex staff survey)",
        check=content.aggregates_only,
        example="Seven site staff were asked: the report says that the group is too small to show.",
        enforced_by="every view of scores, which shows groups of the minimum size only",
    ),
    Rule(
        code="R27",
        title="People are left in peace",
        severity=Severity.BLOCK,
        blocks="send",
        lifted_by=(),
        remedy="Nothing to do: messages wait by themselves.",
        source=f"Rulepack nudges ({_OURS})",
        check=content.nudges_leave_people_in_peace,
        example="Three reminders fall due on one day: one goes, the others wait for the next.",
        enforced_by="the dispatch of nudges, which holds back what exceeds the caps",
    ),
    Rule(
        code="R06",
        title="A team with time and skills",
        severity=Severity.BLOCK,
        blocks="gate",
        lifted_by=(Mandate.SRO,),
        remedy="Write `team` into the service's file: a manager, members with days a week, and the skills needed.",
        source=f"{_MAKING_CHANGE_STICK}: form a project team; who manages the process; time and skills",
        check=ownership.team_has_time_and_skills,
        example="Somebody in payroll's team knows the pension scheme, and gives it two days a week until go-live.",
    ),
    Rule(
        code="R20",
        title="Liability information where the employer changes",
        severity=Severity.BLOCK,
        blocks="baseline",
        lifted_by=(),
        remedy="Let consultation begin earlier, or go live later; where the employer stays, say so.",
        source="Rulepack uk-employment (Transfer of Undertakings (Protection of Employment) Regulations 2006)",
        check=workforce.liability_information_in_time,
        example="A school joins from another trust: its staff's details are with the new employer 28 days before.",
        needs_schedule=True,
    ),
    Rule(
        code="R09",
        title="No accountability without agency",
        severity=Severity.BLOCK,
        blocks="gate",
        lifted_by=(Mandate.BOARD,),
        remedy="Give the role a right in `delegation` of the service's file, or make somebody else accountable.",
        source=f"{_MAKING_CHANGE_STICK}: heads may lose direct control; 'accountability without agency'",
        check=proofs.accountable_with_agency,
        example="A head who answers for safe classrooms keeps a say in which repair comes first.",
        needs_schedule=True,
    ),
)

RULES: Mapping[str, Rule] = {rule.code: rule for rule in sorted(_IN_ORDER, key=lambda rule: rule.code)}
