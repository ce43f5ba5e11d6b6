"""The table of a plan that another program has exported: its columns, and what they are also called."""

from changeflow.intake.formats import CellKind, Field, Format

PLANNER = Format(
    "planner",
    "A plan that Microsoft Planner exported to Excel: `schedule`. Its dates are kept; a bucket is a summary.",
    (
        Field("name", CellKind.TEXT, "the task", "Task Name | Task", is_required=True),
        Field("task_id", CellKind.TEXT, "", "Task ID"),
        Field("bucket", CellKind.TEXT, "", "Bucket Name"),
        Field("progress", CellKind.TEXT, "Not started, In progress or Completed", "Status"),
        Field("start", CellKind.TEXT, "the month first where some day of the file could be no other", "Start Date"),
        Field("due", CellKind.TEXT, "", "Due Date | Finish Date"),
        Field("completed", CellKind.TEXT, "", "Completed Date"),
    ),
    sheet="Tasks",
    marks=("name", "bucket", "due", "task_id"),
)
