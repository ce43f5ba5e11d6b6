"""The table of who may do what: every action of changeflow, with the roles that may. `permissions` asks it.

`docs/roles.md` is written from this table, and a test walks every command and every web route against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from changeflow.programme.mandates import PROGRAMME, WORKING, Subject
from changeflow.values.roles import Action, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionEntry:
    """One row of the table."""

    words: str
    """What it is, after "may": “take a baseline”. `{thing}` is what the subject is called."""
    roles: Sequence[Role]
    """Who may, in the order in which a refusal names them."""
    thing: str = ""
    """What the subject is called where it has no name of its own."""
    commands: Sequence[str] = ()
    """The commands that do it. A command that does several things stands at each of them."""
    routes: Sequence[str] = ()
    """The web routes that do it: method and path."""
    is_decision: bool = False
    """Refused on the command line where the programme's policy says so."""
    is_personal: bool = False
    """Shows or removes what is about single people: the audit notes who was refused it as well."""
    note: str = ""
    """What the row alone does not say."""

    def what(self, subject: Subject = PROGRAMME) -> str:
        return self.words.replace("{thing}", subject.thing or self.thing)


_ALL = (Role.VIEWER,)
_OPEN = (Role.MACHINE, Role.VIEWER, Role.SYSTEM)
_READ_THE_PLAN = (
    "why", "waves", "level", "simulate", "recover", "changes", "baseline show", "gate list", "gate show",
    "sponsor acts", "confidence show", "checkpoint list", "training list", "pilot runs", "pilot rules",
    "pilot issue list", "pilot feedback list", "pilot lesson list", "rules recheck", "export",
)  # fmt: skip
_RUN_CHANGEFLOW = (
    "tick", "nudge dispatch", "nudge effects", "person deadline", "flows serve", "flows run", "serve", "status",
    "db upgrade", "db new-key", "db backup", "db restore", "db review", "db release", "db join", "db retention",
    "audit verify", "audit show", "audit anchor",
)  # fmt: skip
_WORK_ON_FILES = (
    "init", "validate", "schema", "plan", "schedule", "why", "what-if", "health", "waves", "level", "simulate",
    "recover", "changes", "conflicts", "delegation", "consultation", "transition", "rules list", "rules show", "roles",
    "report sro", "export", "pilot choose", "pilot reconcile", "warm",
)  # fmt: skip
"""Commands by what they do, where there are many."""

TABLE: Mapping[Action, PermissionEntry] = {
    Action.TAKE_BASELINE: PermissionEntry(
        words="take a baseline",
        roles=(Role.SRO, Role.BOARD),
        commands=("baseline take",),
        is_decision=True,
    ),
    Action.DECIDE_GATE: PermissionEntry(
        words="decide {thing}",
        thing="a gate",
        roles=(Role.OWNER, Role.SRO),
        commands=("gate decide", "gate import", "task import"),
        is_decision=True,
        note="also where another person records what they have decided",
    ),
    Action.RECORD_DECISION: PermissionEntry(
        words="record what another person has decided",
        roles=(*WORKING, Role.SPONSOR, Role.BOARD),
        commands=("gate decide", "gate import", "task import", "confidence set"),
        is_decision=True,
    ),
    Action.APPROVE_WAIVER: PermissionEntry(
        words="approve a waiver",
        roles=(Role.SRO, Role.BOARD, Role.FINANCE, Role.LEAD_PROVIDER),
        commands=("waiver add", "apply"),
        is_decision=True,
        note="each rule says which of these must approve ([rules](rules.md)); a waiver that they have not approved "
        "lifts nothing",
    ),
    Action.ADD_WAIVER: PermissionEntry(
        words="record a waiver",
        roles=(*WORKING, Role.BOARD, Role.FINANCE, Role.ADMIN),
        commands=("waiver add", "apply"),
        is_decision=True,
    ),
    Action.SET_CONFIDENCE: PermissionEntry(
        words="set the delivery confidence",
        roles=(Role.SRO,),
        commands=("confidence set",),
        is_decision=True,
    ),
    Action.SIGN: PermissionEntry(
        words="sign {thing}",
        thing="a go-live",
        roles=(Role.SIGNATORY,),
        commands=("pilot sign",),
        is_decision=True,
    ),
    Action.CONFIRM: PermissionEntry(
        words="confirm what {thing} requires",
        thing="a go-live",
        roles=(*WORKING, Role.OWNER),
        commands=("pilot confirm",),
        is_decision=True,
    ),
    Action.WITHDRAW_DECISION: PermissionEntry(
        words="withdraw {thing}",
        thing="a decision",
        roles=(Role.OWNER, Role.SRO),
        commands=("fact withdraw",),
        is_decision=True,
        note="a gate's decision and its conditions; the delivery confidence: the SRO alone",
    ),
    Action.WITHDRAW_CONFIRMATION: PermissionEntry(
        words="withdraw {thing}",
        thing="a confirmation",
        roles=(Role.RECORDER, Role.SRO),
        commands=("fact withdraw",),
        is_decision=True,
    ),
    Action.WITHDRAW_SIGNATURE: PermissionEntry(
        words="withdraw {thing}",
        thing="a signature",
        roles=(Role.RECORDER,),
        commands=("fact withdraw",),
        is_decision=True,
        note="each their own",
    ),
    Action.EXPORT_PERSON: PermissionEntry(
        words="export what is kept about a person",
        roles=(Role.DATA_PROTECTION, Role.ADMIN),
        commands=("person export",),
        is_personal=True,
        note="needs a reason where it has scores: nothing else shows the scores of one person",
    ),
    Action.ERASE_PERSON: PermissionEntry(
        words="erase what is kept about a person",
        roles=(Role.DATA_PROTECTION, Role.ADMIN),
        commands=("person erase",),
        is_personal=True,
    ),
    Action.EXPORT_ADDRESSES: PermissionEntry(
        words="export names and addresses",
        roles=(Role.DATA_PROTECTION, Role.ADMIN, Role.PROJECT_TEAM),
        commands=("export",),
        is_personal=True,
        note="`--with-addresses`; the folder without them is open",
    ),
    Action.READ_CONTRACTS: PermissionEntry(
        words="look at single contracts of {thing}",
        thing="a service",
        roles=(Role.SERVICE_MANAGER, Role.LEAD_PROVIDER),
        commands=("pilot runs", "pilot reconcile", "export"),
        is_personal=True,
        note="masked ones as well, and `--with-contracts` in a folder; totals are open. Each look is noted",
    ),
    Action.EXPLAIN_CONTRACTS: PermissionEntry(
        words="explain differences in pay of {thing}",
        thing="a service",
        roles=(Role.SERVICE_MANAGER, Role.LEAD_PROVIDER),
        commands=("pilot explain", "pilot rules", "apply"),
        is_personal=True,
        note="also by `explanations:` in a folder that is applied again",
    ),
    Action.READ_STANDINGS: PermissionEntry(
        words="look at where groups are",
        roles=_ALL,
        commands=("assess show",),
        note="published groups, in bands; each look is noted",
    ),
    Action.READ_REPORT: PermissionEntry(
        words="read the report",
        roles=_OPEN,
        commands=("report sro", "report go-no-go"),
        note="noted where it says where people are",
    ),
    Action.READ_ANSWERS: PermissionEntry(
        words="read what people answered to messages",
        roles=_OPEN,
        commands=("nudge answers",),
        note="noted where there are any",
    ),
    Action.READ_CALENDAR: PermissionEntry(
        words="write out a person's calendar",
        roles=_OPEN,
        commands=("nudge calendar",),
        note="noted",
    ),
    Action.READ_FACTS: PermissionEntry(
        words="list recorded facts",
        roles=_OPEN,
        commands=("fact list",),
        note="noted where there are any; contracts and scores are not among them",
    ),
    Action.PREVIEW_MESSAGES: PermissionEntry(
        words="preview messages",
        roles=(Role.MACHINE, Role.SYSTEM),
        commands=("nudge preview", "nudge dispatch"),
        note="shows addresses, as sending does",
    ),
    Action.STORE_VERSION: PermissionEntry(
        words="store a version of the programme",
        roles=(*WORKING, Role.BOARD, Role.ADMIN),
        commands=("apply",),
    ),
    Action.CHANGE_ROLES: PermissionEntry(
        words="store a version that changes {thing}",
        thing="who may do what",
        roles=(Role.SRO, Role.BOARD),
        commands=("apply",),
        note="who is in a role, who decides a gate or signs, what protects people (smaller groups, longer keeping); "
        "by the version that is stored already; where that names neither, those who may store a version",
    ),
    Action.PROPOSE_LESSON: PermissionEntry(
        words="propose a lesson",
        roles=WORKING,
        commands=("pilot lesson propose",),
    ),
    Action.ANSWER_LESSON: PermissionEntry(
        words="accept or decline a lesson",
        roles=WORKING,
        commands=("pilot lesson accept", "pilot lesson decline"),
    ),
    Action.REPEAT_PILOT: PermissionEntry(
        words="repeat a pilot or a parallel run",
        roles=WORKING,
        commands=("pilot again",),
    ),
    Action.REPORT_PROGRESS: PermissionEntry(
        words="report progress of {thing}",
        thing="a task",
        roles=(*WORKING, Role.OWNER, Role.HEAD),
        commands=("task start", "task finish", "task progress", "task import"),
    ),
    Action.IMPORT_SCORES: PermissionEntry(
        words="import a round of assessments",
        roles=(Role.PROJECT_TEAM, Role.CHANGE_LEAD, Role.SRO),
        commands=("assess import",),
        is_personal=True,
        note="each import is noted, also one that changes nothing",
    ),
    Action.CORRECT_SCORES: PermissionEntry(
        words="import answers of people who have answered in the same round",
        roles=(Role.PROJECT_TEAM, Role.DATA_PROTECTION),
        commands=("assess import",),
        is_personal=True,
        note="a correction, or the same file again",
    ),
    Action.RECORD_TRAINING: PermissionEntry(
        words="record who came to training",
        roles=WORKING,
        commands=("training import",),
    ),
    Action.REPORT_CHECKPOINT: PermissionEntry(
        words="report {thing}",
        thing="a checkpoint",
        roles=(*WORKING, Role.OWNER, Role.HEAD),
        commands=("checkpoint report",),
    ),
    Action.NOTE_SPONSOR: PermissionEntry(
        words="note what the sponsor did",
        roles=(*WORKING, Role.SPONSOR, Role.BOARD, Role.HEAD),
        commands=("sponsor act",),
    ),
    Action.MEASURE_PILOT: PermissionEntry(
        words="record a pilot's measure",
        roles=(*WORKING, Role.OWNER),
        commands=("pilot measure",),
    ),
    Action.RECONCILE: PermissionEntry(
        words="store a parallel run",
        roles=WORKING,
        commands=("pilot reconcile",),
        note="with `--service`, and single contracts are shown to those who may look at them; without it, it works "
        "on files of your own",
    ),
    Action.RECORD_FILING: PermissionEntry(
        words="record what was filed",
        roles=WORKING,
        commands=("pilot submitted",),
    ),
    Action.RECORD_TEST: PermissionEntry(
        words="record a test",
        roles=WORKING,
        commands=("pilot test",),
    ),
    Action.RAISE_ISSUE: PermissionEntry(words="raise an issue", roles=_ALL, commands=("pilot issue raise",)),
    Action.UPDATE_ISSUE: PermissionEntry(
        words="update {thing}",
        thing="an issue",
        roles=(*WORKING, Role.OWNER, Role.HEAD),
        commands=("pilot issue update",),
    ),
    Action.GIVE_FEEDBACK: PermissionEntry(words="give feedback", roles=_ALL, commands=("pilot feedback add",)),
    Action.PLAN_IMPROVEMENT: PermissionEntry(
        words="plan an improvement",
        roles=WORKING,
        commands=("pilot feedback improve",),
    ),
    Action.FINISH_IMPROVEMENT: PermissionEntry(
        words="finish {thing}",
        thing="an improvement",
        roles=(*WORKING, Role.OWNER),
        commands=("pilot feedback done",),
    ),
    Action.ISSUE_REPORT: PermissionEntry(
        words="issue the report",
        roles=(*WORKING, Role.SPONSOR, Role.BOARD, Role.SYSTEM),
        commands=("report sro",),
        note="`--issue`, and the weekly flow",
    ),
    Action.WITHDRAW_FACT: PermissionEntry(
        words="withdraw {thing}",
        thing="a fact",
        roles=(Role.RECORDER, Role.SRO),
        commands=("fact withdraw",),
    ),
    Action.ANSWER_MESSAGE: PermissionEntry(
        words="answer a message",
        roles=(Role.RECIPIENT,),
        routes=("GET /a/{token}", "POST /a/{token}"),
    ),
    Action.CHOOSE_MESSAGES: PermissionEntry(
        words="choose which messages to get",
        roles=(Role.RECIPIENT,),
        routes=("GET /u/{token}", "POST /u/{token}"),
    ),
    Action.SUBSCRIBE: PermissionEntry(
        words="subscribe to one's own dates",
        roles=(Role.RECIPIENT,),
        routes=("POST /u/{token}/calendar", "GET /c/{token}.ics"),
    ),
    Action.READ_PROGRAMME: PermissionEntry(
        words="read the stored plan",
        roles=_OPEN,
        commands=_READ_THE_PLAN,
    ),
    Action.OPERATE: PermissionEntry(
        words="run changeflow",
        roles=(Role.MACHINE, Role.SYSTEM),
        commands=_RUN_CHANGEFLOW,
        routes=("GET /health", "GET /metrics"),
    ),
    Action.USE_FILES: PermissionEntry(
        words="work on files of your own",
        roles=(Role.MACHINE,),
        commands=_WORK_ON_FILES,
        note="no stored programme is read",
    ),
}
"""Every action that changeflow knows, with the roles that may. What is not here, no one can do."""
