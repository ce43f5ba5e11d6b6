"""The table of who may do what: every action of changeflow, with the roles that may. `permissions` asks it.

`docs/roles.md` is written from this table, and a test walks every command and every web route against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial

from changeflow.programme.mandates import PROGRAMME, WORKING, Subject
from changeflow.values.words import Action, Role


@dataclass(frozen=True, slots=True)
class PermissionEntry:
    """One row of the table."""

    words: str
    """What it is, after "may": “take a baseline”. `{thing}` is what the subject is called."""
    roles: Sequence[Role]
    """Who may, in the order in which a refusal names them."""
    commands: Sequence[str] = ()
    """The commands that do it. A command that does several things stands at each of them."""
    _: KW_ONLY
    thing: str = ""
    """What the subject is called where it has no name of its own."""
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


_decision, _personal = partial(PermissionEntry, is_decision=True), partial(PermissionEntry, is_personal=True)
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
    Action.TAKE_BASELINE: _decision("take a baseline", (Role.SRO, Role.BOARD), ("baseline take",)),
    Action.DECIDE_GATE: _decision(
        "decide {thing}",
        (Role.OWNER, Role.SRO),
        ("gate decide", "gate import", "task import"),
        thing="a gate",
        note="also where another person records what they have decided",
    ),
    Action.RECORD_DECISION: _decision(
        "record what another person has decided",
        (*WORKING, Role.SPONSOR, Role.BOARD),
        ("gate decide", "gate import", "task import", "confidence set"),
    ),
    Action.APPROVE_WAIVER: _decision(
        "approve a waiver",
        (Role.SRO, Role.BOARD, Role.FINANCE, Role.LEAD_PROVIDER),
        ("waiver add", "apply"),
        note=(
            "each rule says which of these must approve ([rules](rules.md)); a waiver that they have not approved "
            "lifts nothing"
        ),
    ),
    Action.ADD_WAIVER: _decision(
        "record a waiver", (*WORKING, Role.BOARD, Role.FINANCE, Role.ADMIN), ("waiver add", "apply")
    ),
    Action.SET_CONFIDENCE: _decision("set the delivery confidence", (Role.SRO,), ("confidence set",)),
    Action.SIGN: _decision("sign {thing}", (Role.SIGNATORY,), ("pilot sign",), thing="a go-live"),
    Action.CONFIRM: _decision(
        "confirm what {thing} requires", (*WORKING, Role.OWNER), ("pilot confirm",), thing="a go-live"
    ),
    Action.WITHDRAW_DECISION: _decision(
        "withdraw {thing}",
        (Role.OWNER, Role.SRO),
        ("fact withdraw",),
        thing="a decision",
        note="a gate's decision and its conditions; the delivery confidence: the SRO alone",
    ),
    Action.WITHDRAW_CONFIRMATION: _decision(
        "withdraw {thing}", (Role.RECORDER, Role.SRO), ("fact withdraw",), thing="a confirmation"
    ),
    Action.WITHDRAW_SIGNATURE: _decision(
        "withdraw {thing}", (Role.RECORDER,), ("fact withdraw",), thing="a signature", note="each their own"
    ),
    Action.EXPORT_PERSON: _personal(
        "export what is kept about a person",
        (Role.DATA_PROTECTION, Role.ADMIN),
        ("person export",),
        note="needs a reason where it has scores: nothing else shows the scores of one person",
    ),
    Action.ERASE_PERSON: _personal(
        "erase what is kept about a person", (Role.DATA_PROTECTION, Role.ADMIN), ("person erase",)
    ),
    Action.EXPORT_ADDRESSES: _personal(
        "export names and addresses",
        (Role.DATA_PROTECTION, Role.ADMIN, Role.PROJECT_TEAM),
        ("export",),
        note="`--with-addresses`; the folder without them is open",
    ),
    Action.READ_CONTRACTS: _personal(
        "look at single contracts of {thing}",
        (Role.SERVICE_MANAGER, Role.LEAD_PROVIDER),
        ("pilot runs", "pilot reconcile", "export"),
        thing="a service",
        note="masked ones as well, and `--with-contracts` in a folder; totals are open. Each look is noted",
    ),
    Action.EXPLAIN_CONTRACTS: _personal(
        "explain differences in pay of {thing}",
        (Role.SERVICE_MANAGER, Role.LEAD_PROVIDER),
        ("pilot explain", "pilot rules", "apply"),
        thing="a service",
        note="also by `explanations:` in a folder that is applied again",
    ),
    Action.READ_STANDINGS: PermissionEntry(
        "look at where groups are", _ALL, ("assess show",), note="published groups, in bands; each look is noted"
    ),
    Action.READ_REPORT: PermissionEntry(
        "read the report", _OPEN, ("report sro", "report go-no-go"), note="noted where it says where people are"
    ),
    Action.READ_ANSWERS: PermissionEntry(
        "read what people answered to messages", _OPEN, ("nudge answers",), note="noted where there are any"
    ),
    Action.READ_CALENDAR: PermissionEntry("write out a person's calendar", _OPEN, ("nudge calendar",), note="noted"),
    Action.READ_FACTS: PermissionEntry(
        "list recorded facts",
        _OPEN,
        ("fact list",),
        note="noted where there are any; contracts and scores are not among them",
    ),
    Action.PREVIEW_MESSAGES: PermissionEntry(
        "preview messages",
        (Role.MACHINE, Role.SYSTEM),
        ("nudge preview", "nudge dispatch"),
        note="shows addresses, as sending does",
    ),
    Action.STORE_VERSION: PermissionEntry(
        "store a version of the programme", (*WORKING, Role.BOARD, Role.ADMIN), ("apply",)
    ),
    Action.CHANGE_ROLES: PermissionEntry(
        "store a version that changes {thing}",
        (Role.SRO, Role.BOARD),
        ("apply",),
        thing="who may do what",
        note=(
            "who is in a role, who decides a gate or signs, what protects people (smaller groups, longer keeping); "
            "by the version that is stored already; where that names neither, those who may store a version"
        ),
    ),
    Action.PROPOSE_LESSON: PermissionEntry("propose a lesson", WORKING, ("pilot lesson propose",)),
    Action.ANSWER_LESSON: PermissionEntry(
        "accept or decline a lesson", WORKING, ("pilot lesson accept", "pilot lesson decline")
    ),
    Action.REPEAT_PILOT: PermissionEntry("repeat a pilot or a parallel run", WORKING, ("pilot again",)),
    Action.REPORT_PROGRESS: PermissionEntry(
        "report progress of {thing}",
        (*WORKING, Role.OWNER, Role.HEAD),
        ("task start", "task finish", "task progress", "task import"),
        thing="a task",
    ),
    Action.IMPORT_SCORES: _personal(
        "import a round of assessments",
        (Role.PROJECT_TEAM, Role.CHANGE_LEAD, Role.SRO),
        ("assess import",),
        note="each import is noted, also one that changes nothing",
    ),
    Action.CORRECT_SCORES: _personal(
        "import answers of people who have answered in the same round",
        (Role.PROJECT_TEAM, Role.DATA_PROTECTION),
        ("assess import",),
        note="a correction, or the same file again",
    ),
    Action.RECORD_TRAINING: PermissionEntry("record who came to training", WORKING, ("training import",)),
    Action.REPORT_CHECKPOINT: PermissionEntry(
        "report {thing}", (*WORKING, Role.OWNER, Role.HEAD), ("checkpoint report",), thing="a checkpoint"
    ),
    Action.NOTE_SPONSOR: PermissionEntry(
        "note what the sponsor did", (*WORKING, Role.SPONSOR, Role.BOARD, Role.HEAD), ("sponsor act",)
    ),
    Action.MEASURE_PILOT: PermissionEntry("record a pilot's measure", (*WORKING, Role.OWNER), ("pilot measure",)),
    Action.RECONCILE: PermissionEntry(
        "store a parallel run",
        WORKING,
        ("pilot reconcile",),
        note=(
            "with `--service`, and single contracts are shown to those who may look at them; without it, it works "
            "on files of your own"
        ),
    ),
    Action.RECORD_FILING: PermissionEntry("record what was filed", WORKING, ("pilot submitted",)),
    Action.RECORD_TEST: PermissionEntry("record a test", WORKING, ("pilot test",)),
    Action.RAISE_ISSUE: PermissionEntry("raise an issue", _ALL, ("pilot issue raise",)),
    Action.UPDATE_ISSUE: PermissionEntry(
        "update {thing}", (*WORKING, Role.OWNER, Role.HEAD), ("pilot issue update",), thing="an issue"
    ),
    Action.GIVE_FEEDBACK: PermissionEntry("give feedback", _ALL, ("pilot feedback add",)),
    Action.PLAN_IMPROVEMENT: PermissionEntry("plan an improvement", WORKING, ("pilot feedback improve",)),
    Action.FINISH_IMPROVEMENT: PermissionEntry(
        "finish {thing}", (*WORKING, Role.OWNER), ("pilot feedback done",), thing="an improvement"
    ),
    Action.ISSUE_REPORT: PermissionEntry(
        "issue the report",
        (*WORKING, Role.SPONSOR, Role.BOARD, Role.SYSTEM),
        ("report sro",),
        note="`--issue`, and the weekly flow",
    ),
    Action.WITHDRAW_FACT: PermissionEntry(
        "withdraw {thing}", (Role.RECORDER, Role.SRO), ("fact withdraw",), thing="a fact"
    ),
    Action.ANSWER_MESSAGE: PermissionEntry(
        "answer a message", (Role.RECIPIENT,), routes=("GET /a/{token}", "POST /a/{token}")
    ),
    Action.CHOOSE_MESSAGES: PermissionEntry(
        "choose which messages to get", (Role.RECIPIENT,), routes=("GET /u/{token}", "POST /u/{token}")
    ),
    Action.SUBSCRIBE: PermissionEntry(
        "subscribe to one's own dates", (Role.RECIPIENT,), routes=("POST /u/{token}/calendar", "GET /c/{token}.ics")
    ),
    Action.READ_PROGRAMME: PermissionEntry("read the stored plan", _OPEN, _READ_THE_PLAN),
    Action.OPERATE: PermissionEntry(
        "run changeflow", (Role.MACHINE, Role.SYSTEM), _RUN_CHANGEFLOW, routes=("GET /health", "GET /metrics")
    ),
    Action.USE_FILES: PermissionEntry(
        "work on files of your own", (Role.MACHINE,), _WORK_ON_FILES, note="no stored programme is read"
    ),
}
"""Every action that changeflow knows, with the roles that may. What is not here, no one can do."""
