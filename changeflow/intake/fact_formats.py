"""The tables of what happened: progress, attendance, announcements, decisions, and ids that changed."""

from changeflow.intake.folder_formats import PERSON_IDS
from changeflow.intake.formats import Field, FieldKind, Format
from changeflow.programme.facts import CHANNELS

PROGRESS = Format(
    "progress",
    "Progress of tasks: `task import`. An exported workbook, or a table of your own.",
    (
        Field(
            "task",
            FieldKind.TEXT,
            "name of a task, or its id",
            also="task name | activity | activity name | task/activity | action",
            else_called="name | summary | title | card name | issue summary | work item | deliverable",
        ),
        Field("task_id", FieldKind.TEXT, "id of a task: goes before the name", also="task id | task code"),
        Field(
            "percent",
            FieldKind.PERCENT,
            "% complete: 50%, 50, or 0.5 in a column of shares",
            also=(
                "% complete | percent complete | percentage complete | pct complete | complete % | % done | "
                "percent done | % work complete | physical % complete | progress | progress % | % progress | "
                "actual % complete | actual % done | actual % | actual progress | actual percent complete"
            ),
            else_from="status",
        ),
        Field(
            "status",
            FieldKind.TEXT,
            "where there is no % complete: Not started, In progress, Completed",
            also="task status | done | complete | progress status",
        ),
        Field(
            "started",
            FieldKind.DAY,
            "day on which it began",
            also="actual start | actual start date | started on | date started | start actual",
        ),
        Field(
            "finished",
            FieldKind.DAY,
            "day on which it was done",
            also=(
                "actual finish | actual end | actual finish date | actual end date | finished on | completed on | "
                "date finished | date completed | completed date | completed | finish actual | actual completion date"
                " | done on | date done | finished date | end date actual | finish date actual | done date"
                " | completed at | resolved | resolution date"
            ),
        ),
        Field(
            "remaining",
            FieldKind.DURATION,
            "work that is left: 5d, 5 days, or a number under a heading with days, hours or weeks",
            also=(
                "remaining duration | remaining work | duration remaining | remaining working days | remaining days | "
                "days remaining | days left | remaining hours | remaining hrs | hours remaining | hours left | "
                "remaining weeks | weeks remaining | weeks left"
            ),
        ),
        Field(
            "comment",
            FieldKind.TEXT,
            "what to know about it: kept as a fact",
            also=(
                "comments | note | notes | remark | remarks | progress notes | commentary | latest update | update | "
                "progress update | progress comment"
            ),
            joins_all=True,
        ),
        Field("service", FieldKind.TEXT, "where several tasks have a name: of which service"),
        Field("wave", FieldKind.TEXT, "or of which wave", also="wave name"),
        Field("school", FieldKind.TEXT, "or of which school", also="school name | site"),
        Field("owner", FieldKind.TEXT, "not read back"),
        Field("state", FieldKind.TEXT, "not read back"),
        Field(
            "first",
            FieldKind.TEXT,
            "planned first day: not read back",
            also="first day | start | start date | planned start | planned start date | begin",
        ),
        Field(
            "last",
            FieldKind.TEXT,
            "planned last day: not read back",
            also="last day | finish | finish date | end | end date | due | due date | planned finish | planned end",
        ),
        Field("float", FieldKind.TEXT, "not read back"),
        Field("float_unit", FieldKind.TEXT, "not read back", also="float in"),
        Field("critical", FieldKind.TEXT, "not read back"),
        Field("baseline_first", FieldKind.TEXT, "not read back", also="baseline start"),
        Field("baseline_last", FieldKind.TEXT, "not read back", also="baseline finish"),
        Field("variance", FieldKind.TEXT, "not read back", also="variance (calendar days)"),
        Field("assumed", FieldKind.TEXT, "not read back"),
        Field("exported", FieldKind.TEXT, "what a row of the workbook said when it was exported", also="as exported"),
    ),
    sheet="Tasks",
    marks=("task", "task_id", "percent", "started", "finished", "remaining", "exported"),
    keeps_others=True,
)

ATTENDANCE = Format(
    "attendance",
    "Who came to which training: `training import`.",
    (
        Field(
            "session",
            FieldKind.TEXT,
            "training session: a task’s id or name",
            also="training | training session | task | event | course | session name | course name",
            is_required=True,
        ),
        Field(
            "person",
            FieldKind.ID,
            "who came, by id",
            also=f"{PERSON_IDS} | attendee | delegate | participant | attendee id",
            is_required=True,
        ),
        Field(
            "on",
            FieldKind.DAY,
            "day on which they came",
            also="date | day | on date | attended on | session date | date attended | date of training | training date",
            is_required=True,
        ),
        Field("evidence", FieldKind.TEXT, "what they can do since", also="evidence of skill | skill shown"),
        Field(
            "attended",
            FieldKind.YES_NO,
            "no for a person who did not come, whose line is left out",
            also=(
                "attendance | attendance status | present | did attend | status | completion status | course status | "
                "hours attended | attended hours | attendance hours | minutes attended | attended minutes | "
                "attendance % | % attended | attended %"
            ),
            words=(
                "present=yes | absent=no | /=yes | l=yes | attended=yes | completed=yes | complete=yes | passed=yes | "
                "late=yes | did not attend=no | not attended=no | dna=no | no show=no | cancelled=no | withdrawn=no | "
                "booked=no | enrolled=no | registered=no | invited=no | not started=no | in progress=no | "
                "apologies=no | \\=yes | p=yes | came=yes | here=yes | arrived late=yes | a=no | sick=no | excused=no"
                " | checked in=yes | not checked in=no | not attending=no | not yet started=no | not complete=no | "
                "not completed=no | refunded=no | declined=no"
            ),
            decides_by_yes=(
                r"atten|presen|absen|\b(?:came|turn|show|sign|check|arriv|miss)|regist|book|status|outcome|result|complet"
                r"|pass|confirm|cancel|mark|withdr"
            ),
            about_lines="who came",
        ),
    ),
)

ANNOUNCEMENTS = Format(
    "announcements",
    "Go-live days that were announced to schools: `announce import`.",
    (
        Field("service", FieldKind.ID, "service, by id or name", also="service id | service name", is_required=True),
        Field(
            "school",
            FieldKind.ID,
            "school, by id, URN or name",
            also=(
                "school id | school code | site | site id | site code | academy | academy id | establishment id | "
                "establishment code | location code | base school | school name | establishment name | urn"
            ),
            is_required=True,
        ),
        Field(
            "date",
            FieldKind.DAY,
            "go-live day that was announced",
            also="go live | go live date | announced date | go live day",
            is_required=True,
        ),
        Field(
            "on",
            FieldKind.DAY,
            "day of the announcement",
            also="announced on | sent on | announcement date | date announced | date sent",
            is_required=True,
        ),
        Field(
            "how",
            FieldKind.CHOICE,
            "how it was announced",
            also="channel | by | method | announced by",
            is_required=True,
            options=CHANNELS,
            words="mail=email | e mail=email | phone=call | phone call=call | telephone=call | web=website",
        ),
    ),
)

DECISIONS = Format(
    "decisions",
    "Decisions from minutes: `gate import` and `task import --decisions`.",
    (
        Field(
            "task",
            FieldKind.TEXT,
            "gate: a task’s id or name",
            also="gate | gate id | gate name | task id | task name | item",
            else_called="decision",
            is_required=True,
        ),
        Field(
            "outcome",
            FieldKind.TEXT,
            "approve (go), approve_with_conditions, reject (no_go)",
            also="result | decided | answer | verdict",
            else_called="decision",
            is_required=True,
        ),
        Field(
            "by",
            FieldKind.ID,
            "who decided, by id",
            also="decided by | decision maker | approver | decision by",
            is_required=True,
        ),
        Field(
            "on",
            FieldKind.DAY,
            "day of the decision",
            also="date | day | on date | decided on | decision date | date of decision | meeting date | date decided",
            is_required=True,
        ),
        Field("reason", FieldKind.TEXT, "why", also="rationale | reasons | justification | comments", is_required=True),
        Field("dissent", FieldKind.TEXT, "who disagreed, and why", also="objections | disagreement"),
        Field("condition", FieldKind.TEXT, "what an approval asks for; one line each", also="conditions"),
        Field("condition_owner", FieldKind.ID, "who meets it, by id", also="owner | owner of condition"),
        Field("condition_due", FieldKind.DAY, "by when", also="due | due date | condition due date"),
        Field("condition_before", FieldKind.TEXT, "task that waits for it", also="before | needed before"),
    ),
)

IDENTITIES = Format(
    "identities",
    "Contracts whose ids changed: `pilot reconcile --identity`.",
    (
        Field(
            "old",
            FieldKind.KEY,
            "id in the old system",
            also="old id | old key | from | old contract | old number | previous id",
            is_required=True,
        ),
        Field(
            "new",
            FieldKind.KEY,
            "id in the new system",
            also="new id | new key | to | new contract | new number",
            is_required=True,
        ),
    ),
)
