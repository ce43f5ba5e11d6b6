"""Every rule by its code, in the order in which reports list them. Codes are never reused."""

from collections.abc import Mapping

from changeflow.rules import go_lives, order, people, sequence, timing, workforce
from changeflow.rules.rule import Rule
from changeflow.values.words import Gate, Mandate, Stops

_IN_ORDER = (
    Rule(
        code="R01",
        title="Phases in order",
        blocks=Stops.BASELINE,
        lifted_by=(Mandate.SRO,),
        remedy="Link the later phase's first tasks after the earlier phase's last ones.",
        sentence="using a pathway of plan>>>design>>>develop>>>deploy",
        our_choice="The order applies to tasks for the whole service, not to each wave.",
        check=sequence.phases_in_order,
        implies_links=True,
        example=(
            "Payroll's user requirements are agreed before its development phase begins at any school. Finance may be "
            "ahead or behind."
        ),
    ),
    Rule(
        code="R02",
        title="Systems before restructuring",
        blocks=Stops.BASELINE,
        lifted_by=(Mandate.SRO,),
        remedy="Add a task for the new system (`kind: system_live`) at these schools, or mark the change as minor.",
        sentence=(
            "having systems in place before changing the organisation too much, or holes will appear in the service"
        ),
        our_choice="A trust may mark a small change as minor, and the rule then does not apply to it.",
        check=sequence.systems_before_restructure,
        implies_links=True,
        on_dates=sequence.no_service_holes,
        gates=(Gate.WAVE_RELEASE,),
        example=(
            "The new payroll system is live at Oakfield before Oakfield's office is reorganised. Going live at Ashdown "
            "does not count for Oakfield."
        ),
    ),
    Rule(
        code="R03",
        title="Capacity and skills before roles are removed",
        blocks=Stops.BASELINE,
        lifted_by=(Mandate.SRO,),
        remedy="Add tasks for new staff (`kind: capacity_in_place`) and their skills (`kind: skills_evidenced`).",
        sentence="put new capacity and skills in place before removing roles from the old model",
        check=sequence.capacity_and_skills_before_removal,
        implies_links=True,
        on_dates=sequence.capacity_on_the_day,
        gates=(Gate.WAVE_RELEASE,),
        example=(
            "The shared team is in post and has shown that it can run the month end before the school's own payroll "
            "post ends."
        ),
    ),
    Rule(
        code="R05",
        title="A lead provider with time",
        blocks=Stops.GATE,
        remedy="Name a lead provider, or free up more of their time. `required_days_per_week` sets what is needed.",
        sentence="Do they have time to commit to the detail of this?",
        our_choice="A lead provider needs one day a week, unless the service's file says otherwise.",
        check=people.lead_provider_has_time,
        gates=(Gate.PLAN,),
        example="Finance needs one day a week; the Director of Finance gives it a day and a half.",
    ),
    Rule(
        code="R10",
        title="Scheme of delegation approved before go-live",
        blocks=Stops.BASELINE,
        lifted_by=(Mandate.BOARD,),
        remedy="Add a task that approves and publishes the scheme (`kind: delegation`) before go-live.",
        sentence="Align governance and Schemes of Delegation",
        check=sequence.delegation_before_go_live,
        implies_links=True,
        gates=(Gate.GO_LIVE,),
        example=(
            "The scheme that says who decides about site staff is approved and published before estates goes live. "
            "Otherwise heads are accountable for classrooms in disrepair but cannot call anyone in to repair them."
        ),
    ),
    Rule(
        code="R11",
        title="Pilot before rollout",
        blocks=Stops.BASELINE,
        lifted_by=(Mandate.SRO,),
        remedy="Mark one small wave as the pilot, and add a task that evaluates it (`kind: pilot`).",
        sentence="In larger trusts it makes sense to test a new service design with a smaller group of schools",
        our_choice=(
            "A larger trust has ten schools or more, unless the programme sets `larger_trust_from`. Training and moves "
            "to the new structure also wait for the pilot."
        ),
        met_by_service=True,
        check=sequence.pilot_before_rollout,
        implies_links=True,
        gates=(Gate.WAVE_RELEASE, Gate.GO_LIVE),
        example=(
            "Three of fourteen schools go first. Until the pilot has been evaluated, the others do not go live, and "
            "no one there is trained, is moved or loses a role."
        ),
    ),
    Rule(
        code="R12",
        title="Parallel run for payroll",
        blocks=Stops.BASELINE,
        lifted_by=(Mandate.SRO, Mandate.FINANCE),
        remedy="Add a parallel run (`kind: parallel_run`) of at least two pay periods before go-live.",
        sentence="you may want to run the new system and service in parallel with the old one for a short period",
        our_choice="Every payroll needs a parallel run, unless the rule is waived.",
        met_by_service=True,
        check=sequence.parallel_run_before_go_live,
        implies_links=True,
        on_dates=sequence.parallel_runs_end,
        gates=(Gate.GO_LIVE,),
        only_for=lambda service: service.pays_people,
        example="In March and April both systems calculate pay, and the old one pays it. The new one pays from May.",
    ),
    Rule(
        code="R13",
        title="Benefits for students",
        blocks=Stops.BASELINE,
        remedy="Write the benefits for students (`wiifts`) in programme.yaml, and have them approved before the start.",
        sentence="If this isn’t crystal clear then you probably shouldn’t be doing it!",
        check=people.students_benefit_approved,
        gates=(Gate.PLAN,),
        example="Trustees approve the benefits for students in July; the programme starts in September.",
    ),
    Rule(
        code="R15",
        title="Training before go-live",
        blocks=Stops.BASELINE,
        lifted_by=(Mandate.SRO,),
        remedy="Add training (`kind: training`) at these schools before go-live.",
        sentence="make sure the training is delivered",
        our_choice="Training is needed at every school in a wave, unless the programme says otherwise.",
        met_by_service=True,
        check=sequence.training_before_go_live,
        implies_links=True,
        gates=(Gate.GO_LIVE,),
        example="Staff at Oakfield have been trained, not just booked on a course, before Oakfield goes live.",
    ),
    Rule(
        code="R16",
        title="Reinforcement until the last checkpoint",
        blocks=Stops.CLOSURE,
        remedy="Add checkpoints after go-live, a closing task after the last one, and a sponsor who stays until then.",
        sentence="‘Go live’ is just the start",
        our_choice="Checkpoints come 2 weeks, 6 school weeks, 1 term, 2 terms and 12 months after go-live.",
        check=people.reinforced_until_the_end,
        implies_links=True,
        on_dates=people.sponsor_until_the_end,
        gates=(Gate.CLOSURE,),
        example=(
            "Twelve months after the last go-live, someone checks whether old habits have crept back. The sponsor is "
            "still in post, and only then does the programme close."
        ),
    ),
    Rule(
        code="R04",
        title="Requirements before irreversible steps",
        lifted_by=(Mandate.LEAD_PROVIDER,),
        remedy="Make the irreversible task follow the requirements, or explain in a waiver why it cannot wait.",
        sentence=(
            "I have seen some trusts rush quickly to new organisation or system choices, only to have to redo the "
            "change over the next few years"
        ),
        check=people.requirements_before_the_irreversible,
        gates=(Gate.DESIGN,),
        example="The contract for the new finance system is signed only once its requirements have been approved.",
        needs_schedule=True,
    ),
    Rule(
        code="R07",
        title="Requirements from heads, board and local governing bodies",
        lifted_by=(Mandate.SRO,),
        remedy="Ask each of them, and list them under `sources` in the requirements task.",
        sentence=(
            "it's essential to listen to people who will be using the service, not just assume we know what they want"
        ),
        our_choice="A plan that breaks this rule can be stored, but the design gate cannot be passed.",
        check=people.requirements_from_everybody,
        gates=(Gate.DESIGN,),
        hardens_at=Gate.DESIGN,
        example="Estates asks heads what a broken boiler costs them, and the board what it needs to know each term.",
    ),
    Rule(
        code="R08",
        title="A stated service offer",
        blocks=Stops.GATE,
        remedy="Add `agreement` to the service's file: `kind: sla`, or `gives_and_gets` with at least one of each.",
        sentence="I’m agnostic, but do believe this needs to be articulated",
        check=people.one_agreement_articulated,
        gates=(Gate.DESIGN,),
        example="Schools send their figures by the tenth of the month; in return, everyone is paid on the 28th.",
    ),
    Rule(
        code="R14",
        title="An early quick win",
        lifted_by=(Mandate.SRO,),
        remedy="Add a quick win (`kind: quick_win`) to the wave. To change the limit, set `quick_win_within_weeks`.",
        sentence="build momentum and understanding by finding some early ‘wins’",
        our_choice="“Early” means within six weeks of go-live, unless the programme sets another limit.",
        check=people.quick_win_early,
        gates=(Gate.WAVE_RELEASE,),
        example="Two weeks after payroll goes live, staff can read payslips on their phones.",
        needs_schedule=True,
    ),
    Rule(
        code="R17",
        title="A visible sponsor",
        remedy="Visit schools, speak at meetings or write to staff in your own name, and record it.",
        sentence="someone senior needs to continue to take full and visible ownership",
        our_choice="At least every four school weeks, unless the programme sets another limit.",
        check=people.sponsor_is_seen,
        example="In April the chief executive opens the training at Ashdown; in May they answer questions at Harbour.",
    ),
    Rule(
        code="R25",
        title="Training after awareness and desire",
        remedy="First explain why, and what is in it for them. Train once most of the group want the change.",
        source="Prosci, 'Individual barriers to change': each element builds on those before it (blog.prosci.com)",
        our_choice="Only training in the next six weeks is checked, unless the programme sets another limit.",
        check=people.training_in_its_place,
        gates=(Gate.WAVE_RELEASE,),
        example="Most business managers do not yet want the new system, so conversations come before the course.",
        needs_schedule=True,
    ),
    Rule(
        code="R19",
        title="Consultation before roles end",
        blocks=Stops.BASELINE,
        remedy="Add a consultation (`kind: consultation`) that starts in time at these schools, or end roles later.",
        source="Acas guidance; Trade Union and Labour Relations (Consolidation) Act 1992, section 188",
        check=workforce.consultation_before_redundancy,
        gates=(Gate.WAVE_RELEASE,),
        example=(
            "Twenty roles end at one school. Consultation starts on 22 February 2027, so the first role may end on "
            "24 March at the earliest. Notice is given only once consultation is complete."
        ),
        needs_schedule=True,
    ),
    Rule(
        code="R21",
        title="No work in blackout periods",
        lifted_by=(Mandate.LEAD_PROVIDER,),
        remedy="Move the date, or make sure that the restriction does not apply to this work.",
        source="The trust's own calendars, and changeflow's list of dates to avoid for payroll and for academies' "
        "returns",
        check=people.blackouts_kept,
        on_dates=people.windows_avoided,
        gates=(Gate.GO_LIVE,),
        example="No go-live at secondary schools while examinations are on.",
        needs_schedule=True,
    ),
    Rule(
        code="R26",
        title="Groups, never individuals",
        blocks=Stops.REPORT,
        remedy="No action needed: smaller groups are hidden or merged automatically.",
        source="The practice of the GP Patient Survey and the University of Sussex staff survey, which hide or "
        "combine results for fewer than ten people",
        check=people.aggregates_only,
        example="Seven site staff were asked, so the report says that the group is too small to show.",
        enforced_by="changeflow hides groups below the minimum size wherever it shows scores.",
    ),
    Rule(
        code="R27",
        title="Limits on messages",
        blocks=Stops.SEND,
        remedy="No action needed: messages wait automatically.",
        source="changeflow's own choice",
        check=people.nudges_leave_people_in_peace,
        example="Three reminders are due on one day. One is sent; the others wait for the next day.",
        enforced_by="changeflow holds back messages that would exceed the limits.",
    ),
    Rule(
        code="R06",
        title="A team with time and skills",
        blocks=Stops.GATE,
        lifted_by=(Mandate.SRO,),
        remedy="Add a `team` to the service's file, with a manager, members' days a week and the skills needed.",
        sentence="They need to have time, and the right skills",
        our_choice="Between them, team members must give one day a week, unless the service's file says otherwise.",
        check=people.team_has_time_and_skills,
        gates=(Gate.PLAN,),
        example="A member of the payroll team knows the pension scheme and gives two days a week until go-live.",
    ),
    Rule(
        code="R20",
        title="Staff information where the employer changes",
        blocks=Stops.BASELINE,
        remedy=(
            "Begin consultation earlier or go live later. If the employer stays the same, correct the service's file."
        ),
        source="Transfer of Undertakings (Protection of Employment) Regulations 2006 (TUPE)",
        check=workforce.liability_information_in_time,
        gates=(Gate.GO_LIVE,),
        only_for=lambda service: service.employer_changes,
        example=(
            "A school joins from another trust. The new employer gets its staff's details 28 days before they transfer."
        ),
        needs_schedule=True,
    ),
    Rule(
        code="R09",
        title="No one is accountable for what they do not control",
        blocks=Stops.GATE,
        lifted_by=(Mandate.BOARD,),
        remedy="Give the role a right under `delegation` in the service's file, or make another role accountable.",
        sentence="Otherwise, people are left with accountability without agency",
        our_choice="Control of one of the four is enough.",
        check=sequence.accountable_with_agency,
        gates=(Gate.GO_LIVE,),
        example="A head who is accountable for safe classrooms keeps a say in which repair comes first.",
        needs_schedule=True,
    ),
    Rule(
        code="R28",
        title="Training and moves shortly before go-live",
        lifted_by=(Mandate.LEAD_PROVIDER,),
        remedy=(
            "Train or move people later, or repeat the training. Or set your own limit, with a reason: "
            "`training_before_go_live` or `restructure_before_go_live` under `policy`."
        ),
        source="changeflow's own choice",
        our_choice="The limits are six school weeks for training and six weeks for moves.",
        check=timing.close_to_go_live,
        gates=(Gate.WAVE_RELEASE,),
        example=(
            "Wave 4 goes live on 1 December 2027. Its people move to the new structure in November, and are trained "
            "after the October half-term, not in June."
        ),
        needs_schedule=True,
    ),
    Rule(
        code="R29",
        title="Go-lives on working days",
        lifted_by=(Mandate.LEAD_PROVIDER,),
        remedy="Move the go-live to the next working day, or arrange for staff to work and set `calendar: every_day`.",
        source="changeflow's own choice",
        our_choice="If a go-live is tied to the day of a meeting, changeflow lists it for information only.",
        check=go_lives.on_working_days,
        example=(
            "A go-live set for Easter Monday, 29 March 2027, is reported, with Tuesday 30 March as the next working "
            "day. One due at the start of January 2028 falls on Tuesday 4 January, because the 1st is a Saturday and "
            "the 3rd a bank holiday."
        ),
        needs_schedule=True,
    ),
    Rule(
        code="R30",
        title="Data before the pay cut-off",
        lifted_by=(Mandate.LEAD_PROVIDER,),
        remedy="Get the data ready before the cut-off, or go live in the next pay period.",
        source="changeflow's own choice",
        our_choice="The trust sets its own cut-offs and paydays (`pay_periods` in a calendar file).",
        check=go_lives.in_time_for_its_pay,
        example=(
            "Payday is 28 January, and inputs close ten working days earlier, on the 14th. A payroll that goes live on "
            "the 20th first pays people in February."
        ),
        needs_schedule=True,
    ),
    Rule(
        code="R31",
        title="Work in the right order",
        lifted_by=(Mandate.LEAD_PROVIDER,),
        remedy=(
            "Check the reported dates. If they are right, decide what to do about the earlier work, or remove the "
            "link if it is not needed."
        ),
        source="changeflow's own choice",
        check=order.work_in_order,
        example="Training at Ashdown began on 6 May, before its wave was approved. It is recorded as reported.",
        needs_schedule=True,
    ),
)

RULES: Mapping[str, Rule] = {rule.code: rule for rule in sorted(_IN_ORDER, key=lambda rule: rule.code)}
