"""The table of a plan that another program has exported: its columns, and what they are also called."""

from changeflow.intake.formats import Field, FieldKind, Format

PLANNER = Format(
    "planner",
    "A plan that Microsoft Planner exported to Excel: `schedule`. Its dates are kept; a bucket is a summary.",
    (
        Field("name", FieldKind.TEXT, "the task", "Task Name | Task", is_required=True),
        Field("task_id", FieldKind.TEXT, "", "Task ID"),
        Field("bucket", FieldKind.TEXT, "", "Bucket Name"),
        Field("progress", FieldKind.TEXT, "Not started, In progress or Completed", "Status"),
        Field("start", FieldKind.TEXT, "the month first where some day of the file could be no other", "Start Date"),
        Field("due", FieldKind.TEXT, "", "Due Date | Finish Date"),
        Field("completed", FieldKind.TEXT, "", "Completed Date"),
    ),
    sheet="Tasks",
    marks=("name", "bucket", "due", "task_id"),
)
