"""The table of a plan exported by another program: its columns, and other names for them."""

from changeflow.intake.formats import Field, FieldKind, Format

PLANNER = Format(
    "planner",
    "A plan that Microsoft Planner exported to Excel, or a list of tasks from Microsoft Project: `schedule`. Its dates "
    "are kept; a bucket is a summary, and so is a task with others below it in the outline.",
    (
        Field("name", FieldKind.TEXT, "the task", "Task Name | Task", is_required=True),
        Field("task_id", FieldKind.TEXT, "", "Task ID | Task number | ID"),
        Field("bucket", FieldKind.TEXT, "", "Bucket Name | Section/Column"),
        Field("outline", FieldKind.TEXT, "1.2, or how deep in the outline", "Outline number | WBS | Outline level"),
        Field("progress", FieldKind.TEXT, "Not started, In progress or Completed; or 50%", "Status"),
        Field("percent", FieldKind.PERCENT, "goes before the progress", "% Complete"),
        Field(
            "start",
            FieldKind.TEXT,
            "the month first where some day of the file could be no other",
            "Start Date | Scheduled start",
        ),
        Field("due", FieldKind.TEXT, "", "Due Date | Finish Date | Finish | Scheduled finish"),
        Field("duration", FieldKind.TEXT, "where a start or a due date is missing: 3 days?, 2 wks, 1 mon (20 days)"),
        Field("completed", FieldKind.TEXT, "", "Completed Date | Actual finish | Completed at"),
        Field("active", FieldKind.YES_NO, "no for a task that is out of the plan: its line is left out"),
        Field("after", FieldKind.TEXT, "not used: the dates are kept", "Predecessors | Depends on"),
    ),
    sheet="Tasks",
    marks=("name", "bucket", "due", "task_id", "duration", "after"),
)
