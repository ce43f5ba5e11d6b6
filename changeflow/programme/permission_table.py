"""The table of permissions: every action with the roles that may do it, and the commands and routes that do it.

`docs/roles.md` is generated from it, and a test compares every command and web route with it.
"""

from collections.abc import Mapping
from functools import partial

from changeflow.programme.mandates import WORKING
from changeflow.programme.permission_accounts import OF_ACCOUNTS
from changeflow.programme.permission_data import OF_DATA_PROTECTION
from changeflow.programme.permission_entry import EVERYONE, OPEN, PermissionEntry
from changeflow.programme.permission_lists import (
    OF_A_SCHOOL,
    READ_API,
    READ_PAGES,
    READ_THE_PLAN,
    RUN_CHANGEFLOW,
    WORK_ON_FILES,
    form_at,
    pilot_form,
)
from changeflow.programme.permission_messages import OF_MESSAGES
from changeflow.programme.permission_pilots import OF_PILOTS
from changeflow.values.words import Action, Role

_decision, _personal = partial(PermissionEntry, is_decision=True), partial(PermissionEntry, is_personal=True)
_plain = PermissionEntry

TABLE: Mapping[Action, PermissionEntry] = {
    Action.TAKE_BASELINE: _decision(
        "take a baseline", (Role.SRO, Role.BOARD), ("baseline take",), routes=("POST /p/{programme}/baselines",)
    ),
    Action.DECIDE_GATE: _decision(
        "decide {thing}",
        (Role.OWNER, Role.SRO),
        ("gate decide", "gate import", "task import"),
        routes=("POST /p/{programme}/decisions/{gate:path}",),
        thing="a gate",
        note="also if another person records the decision",
    ),
    Action.RECORD_DECISION: _decision(
        "record another person's decision",
        (*WORKING, Role.SPONSOR, Role.BOARD),
        ("gate decide", "gate import", "task import", "confidence set"),
        routes=("POST /p/{programme}/recorded-decisions/{gate:path}",),
    ),
    Action.APPROVE_WAIVER: _decision(
        "approve a waiver",
        (Role.SRO, Role.BOARD, Role.FINANCE, Role.LEAD_PROVIDER),
        ("waiver add", "apply"),
        note=(
            "each rule says which of these must approve ([rules](rules.md)); a waiver without that approval has no "
            "effect"
        ),
    ),
    Action.ADD_WAIVER: _decision(
        "record a waiver",
        (*WORKING, Role.BOARD, Role.FINANCE, Role.ADMIN),
        ("waiver add", "apply"),
        routes=("GET /p/{programme}/waivers", "POST /p/{programme}/waivers"),
    ),
    Action.SET_CONFIDENCE: _decision(
        "set the delivery confidence",
        (Role.SRO,),
        ("confidence set",),
        routes=("POST /p/{programme}/confidence",),
    ),
    Action.SIGN: _decision(
        "sign {thing}",
        (Role.SIGNATORY,),
        ("pilot sign",),
        routes=("POST /p/{programme}/sign-off/{gate:path}",),
        thing="a go-live",
    ),
    Action.CONFIRM: _decision(
        "confirm a checklist item of {thing}",
        (*WORKING, Role.OWNER),
        ("pilot confirm",),
        routes=pilot_form("checklist/{item}/{gate:path}"),
        thing="a go-live",
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
        "withdraw {thing}", (Role.RECORDER,), ("fact withdraw",), thing="a signature", note="only the person who signed"
    ),
    **OF_DATA_PROTECTION,
    Action.EXPORT_ADDRESSES: _personal(
        "export names and addresses",
        (Role.DATA_PROTECTION, Role.ADMIN, Role.PROJECT_TEAM),
        ("export",),
        routes=("POST /p/{programme}/exports/addresses",),
        note="`--with-addresses`; anyone may export the folder without them",
    ),
    Action.READ_CONTRACTS: _personal(
        "see individual contracts of {thing}",
        (Role.SERVICE_MANAGER, Role.LEAD_PROVIDER),
        ("pilot runs", "pilot reconcile", "export"),
        routes=("POST /p/{programme}/exports/contracts",),
        thing="a service",
        note="masked or not, and `--with-contracts` in a folder; totals are open to all. Each access is recorded",
    ),
    Action.EXPLAIN_CONTRACTS: _personal(
        "explain differences in pay of {thing}",
        (Role.SERVICE_MANAGER, Role.LEAD_PROVIDER),
        ("pilot explain", "pilot rules", "apply"),
        routes=(
            "POST /p/{programme}/pilots/{service}/runs/{period}",
            "POST /p/{programme}/pilots/{service}/runs/{period}/rules",
        ),
        thing="a service",
        note="also through `explanations:` when a folder is applied again",
    ),
    Action.READ_STANDINGS: _plain(
        "see the results of groups",
        EVERYONE,
        ("assess show",),
        routes=("GET /api/v1/programmes/{programme}/people", "GET /p/{programme}/people"),
        note="published groups, in bands; each access is recorded",
    ),
    Action.READ_REPORT: _plain(
        "read the report",
        OPEN,
        ("report sro", "report trustees", "report go-no-go"),
        routes=(
            "GET /api/v1/programmes/{programme}/report",
            "GET /api/v1/programmes/{programme}/reports",
            "GET /api/v1/programmes/{programme}/reports/{number}",
            "GET /p/{programme}",
            "GET /p/{programme}/brief.json",
            "GET /p/{programme}/brief.pdf",
            "GET /p/{programme}/decisions/{gate:path}.{form}",
            "GET /p/{programme}/more",
            "GET /p/{programme}/reports",
            "GET /p/{programme}/reports/{number:number}",
            "GET /p/{programme}/reports/{number:number}.{form}",
            "GET /p/{programme}/reports/{number:number}/trustees.{form}",
        ),
        note="recorded if it shows people's results. On pages, people of one school see only it and the milestones",
    ),
    Action.READ_ANSWERS: _plain(
        "read people's answers to messages", OPEN, ("nudge answers",), note="recorded if there are any"
    ),
    Action.READ_CALENDAR: _plain("export a person's calendar", OPEN, ("nudge calendar",), note="recorded"),
    Action.READ_FACTS: _plain(
        "list recorded facts",
        OPEN,
        ("fact list",),
        routes=("GET /p/{programme}/evidence-files/{number:number}", "GET /p/{programme}/record/facts"),
        note="recorded if there are any; contracts and scores are excluded",
    ),
    Action.READ_SCHOOL: _plain(
        "see {thing}",
        (*WORKING, Role.SPONSOR, Role.BOARD, Role.FINANCE, Role.DATA_PROTECTION, Role.ADMIN, Role.HEAD),
        thing="this school",
        routes=("GET /api/v1/programmes/{programme}/schools/{school}", *OF_A_SCHOOL),
        note="heads: their own school. Everyone may look at the school that people.csv gives them",
    ),
    Action.READ_RECORD: _plain(
        "see the record",
        (*WORKING, Role.SPONSOR, Role.BOARD, Role.FINANCE, Role.DATA_PROTECTION, Role.ADMIN),
        routes=(
            "GET /api/v1/programmes/{programme}/record",
            "GET /api/v1/programmes/{programme}/record/versions",
            "GET /api/v1/programmes/{programme}/record/versions/{number}",
            "GET /p/{programme}/record",
            "GET /p/{programme}/record/versions",
            "GET /p/{programme}/record/versions/{number:number}",
        ),
        note="who changed what",
    ),
    **OF_MESSAGES,
    Action.STORE_VERSION: _plain(
        "store a version of the programme",
        (*WORKING, Role.BOARD, Role.ADMIN),
        ("apply",),
        routes=(
            "POST /p/{programme}/pilot-schools",
            "POST /p/{programme}/waves/proposals/{proposal:number}",
            "POST /p/{programme}/recovery/{calculation:number}",
            "POST /p/{programme}/calculations/{levelling:number}/draft",
            "GET /p/{programme}/edits/{edit}",
            "POST /p/{programme}/edits/{edit}",
            "GET /p/{programme}/task-edits/{change}/{task:path}",
            "POST /p/{programme}/task-edits/{change}/{task:path}",
            "GET /p/{programme}/selected-tasks/{what}",
            "POST /p/{programme}/selected-tasks/{what}",
            "GET /p/{programme}/people/hand-over",
            "GET /p/{programme}/people/hand-over/{person}",
            "POST /p/{programme}/people/hand-over/{person}",
            *form_at("/p/{programme}/people/add"),
            "GET /p/{programme}/people/details",
            *form_at("/p/{programme}/people/details/{person}"),
            "GET /p/{programme}/drafts",
            "GET /p/{programme}/drafts/{number:number}",
            "POST /p/{programme}/drafts/{number:number}",
            "POST /p/{programme}/drafts/{number:number}/edits/{place:number}/removed",
            "POST /p/{programme}/drafts/{number:number}/discarded",
            "POST /p/{programme}/drafts/{number:number}/name",
            "POST /p/{programme}/drafts/{number:number}/copies",
            "GET /p/{programme}/drafts/{number:number}/comparison",
            "POST /p/{programme}/drafts/{number:number}/odds",
            "POST /p/{programme}/drafts/{number:number}/odds/stop",
            "GET /p/{programme}/record/versions/{number:number}/undo",
            "POST /p/{programme}/record/versions/{number:number}/undo",
            "GET /p/{programme}/settings/calendars",
            "GET /p/{programme}/settings/teams",
            "GET /p/{programme}/settings/terms",
            "POST /p/{programme}/settings/terms",
            "POST /p/{programme}/settings/terms/review",
        ),
    ),
    Action.CHANGE_ROLES: _plain(
        "store a version that changes {thing}",
        (Role.SRO, Role.BOARD),
        ("apply",),
        thing="who may do what",
        note=(
            "who is in a role, decides a gate or signs, and what protects people (smaller groups, longer keeping); "
            "by the version already stored, or if that names neither, those who may store a version"
        ),
    ),
    Action.APPROVE_BENEFITS: _plain(
        "record the approval of the benefits for students",
        (Role.OWNER, Role.SRO, Role.BOARD),
        ("apply",),
        note="a new approval in a version; the owner is the person whose approval it is",
    ),
    Action.REPORT_PROGRESS: _plain(
        "report progress of {thing}",
        (*WORKING, Role.OWNER, Role.HEAD),
        ("task start", "task finish", "task progress", "task import"),
        routes=(
            "POST /p/{programme}/plan/{task:path}",
            "GET /p/{programme}/week",
            "POST /p/{programme}/week",
            "GET /p/{programme}/week/paste",
            "POST /p/{programme}/week/paste",
        ),
        thing="a task",
    ),
    Action.COMMENT: _plain(
        "comment on {thing}",
        EVERYONE,
        routes=("POST /p/{programme}/comments/{task:path}",),
        thing="a task",
        note="the task's owner gets a message. Only the person who wrote a comment, or the SRO, may withdraw it",
    ),
    Action.ADD_EVIDENCE: _plain(
        "add evidence about {thing}",
        (*WORKING, Role.OWNER, Role.HEAD, Role.SPONSOR, Role.BOARD, Role.FINANCE),
        routes=("POST /p/{programme}/evidence/{task:path}",),
        thing="a task",
        note="a link or a file. Only the person who added it, or the SRO, may withdraw it",
    ),
    Action.IMPORT_SCORES: _personal(
        "import a round of assessments",
        (Role.PROJECT_TEAM, Role.CHANGE_LEAD, Role.SRO),
        ("assess import",),
        routes=("GET /p/{programme}/people/assessments", "POST /p/{programme}/people/assessments"),
        note="each import is recorded, even if it changes nothing",
    ),
    Action.CORRECT_SCORES: _personal(
        "import answers of people who have already answered in the same round",
        (Role.PROJECT_TEAM, Role.DATA_PROTECTION),
        ("assess import",),
        note="a correction, or the same file again",
    ),
    Action.RECORD_TRAINING: _plain(
        "record attendance at training",
        WORKING,
        ("training import",),
        routes=(
            "GET /p/{programme}/people/training",
            "GET /p/{programme}/people/training/{session:path}",
            "POST /p/{programme}/people/training/{session:path}",
        ),
        note="each look at who came is recorded",
    ),
    Action.REPORT_CHECKPOINT: _plain(
        "report {thing}",
        (*WORKING, Role.OWNER, Role.HEAD),
        ("checkpoint report",),
        routes=(
            "GET /p/{programme}/people/checkpoints",
            "GET /p/{programme}/people/checkpoints/{checkpoint:path}",
            "POST /p/{programme}/people/checkpoints/{checkpoint:path}",
        ),
        thing="a checkpoint",
    ),
    Action.NOTE_SPONSOR: _plain(
        "record visible support by the sponsor",
        (*WORKING, Role.SPONSOR, Role.BOARD, Role.HEAD),
        ("sponsor act",),
        routes=("GET /p/{programme}/people/support", "POST /p/{programme}/people/support"),
    ),
    **OF_PILOTS,
    Action.ISSUE_REPORT: _plain(
        "issue the report",
        (*WORKING, Role.SPONSOR, Role.BOARD, Role.SYSTEM),
        ("report sro",),
        routes=("POST /p/{programme}/reports",),
        note="`--issue`, and the weekly flow",
    ),
    Action.ANNOUNCE: _plain(
        "announce go-live dates of {thing}",
        WORKING,
        ("announce date", "announce forecast", "announce import"),
        routes=("POST /p/{programme}/announcements",),
        thing="a service",
        note="a baseline also announces, unless taken with `--not-announced`",
    ),
    Action.WITHDRAW_FACT: _plain(
        "withdraw {thing}",
        (Role.RECORDER, Role.SRO),
        ("fact withdraw", "announce withdraw"),
        routes=(
            "POST /p/{programme}/announcements/withdrawn",
            "GET /p/{programme}/record/facts/{fact}",
            "POST /p/{programme}/record/facts/{fact}",
            "POST /p/{programme}/record/facts/{fact}/day",
        ),
        thing="a fact",
    ),
    **OF_ACCOUNTS,
    Action.CALCULATE: _plain(
        "start or stop a calculation",
        (*WORKING, Role.SPONSOR, Role.BOARD),
        routes=(
            "POST /p/{programme}/calculations",
            "POST /p/{programme}/calculations/{number:number}/stop",
            "POST /p/{programme}/recovery",
        ),
        note="wave proposals, the likelihood of dates, team workload, and recovery options",
    ),
    Action.READ_PROGRAMME: _plain(
        "read the stored plan",
        OPEN,
        READ_THE_PLAN,
        routes=(*READ_PAGES, *READ_API),
        note="on pages, people of one school see only that school and the programme's milestones",
    ),
    Action.OPERATE: _plain(
        "run changeflow", (Role.MACHINE, Role.SYSTEM), RUN_CHANGEFLOW, routes=("GET /health", "GET /metrics")
    ),
    Action.USE_FILES: _plain(
        "work on their own files", (Role.MACHINE,), WORK_ON_FILES, note="no stored programme is read"
    ),
}
"""Every action with the roles that may do it. Actions that are not listed are impossible."""
LOOKS = (
    Action.READ_PROGRAMME,
    Action.READ_REPORT,
    Action.READ_STANDINGS,
    Action.READ_CALENDAR,
    Action.READ_ANSWERS,
    Action.READ_FACTS,
)
"""Actions that only read stored data. Message previews are excluded because they use all records, as sending does."""
