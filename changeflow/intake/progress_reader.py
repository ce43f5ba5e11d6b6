"""The cells of a progress sheet that need its other cells to be read: % complete, and what remains."""

from functools import partial

from changeflow.intake.columns import Way
from changeflow.intake.progress_values import (
    BEGUN,
    NOT_DONE,
    TICKS,
    WORDS,
    are_shares,
    folded,
    is_typed_as_whole,
    parse_percent,
    parse_remaining,
)
from changeflow.intake.table_rows import Table, TableRow
from changeflow.values.problem import Problem

MINUTES = 450
"""Of a day, where no programme is known: only whether cells can be read is asked."""


class SheetProgressReader:
    """Reads % complete and Remaining of a table's rows; what is wrong becomes a problem."""

    def __init__(self, table: Table, problems: list[Problem], minutes_per_day: int) -> None:
        self.table, self.problems = table, problems
        self.is_status = any(m.field.name == "percent" and m.way is Way.OTHER for m in table.columns.matches)
        """% complete is taken from a column of words."""
        self.shares = are_shares(row.cells["percent"] for row in table.rows if "percent" in row.cells)
        heading = next((m.heading for m in table.columns.matches if m.field.name == "remaining"), "")
        self._remaining = partial(
            parse_remaining, minutes_per_day=minutes_per_day, has_days="day" in heading.casefold()
        )

    def remaining(self, row: TableRow) -> str:
        return row.read("remaining", self._remaining, self.problems) or ""

    def percent(self, row: TableRow) -> int | None:
        """Read % complete; of work that has only begun, as some lists say in words, nothing is known of it.

        Of a column that says the status, words that tell nothing of progress are not used.
        """
        text = row.cells.get("percent", "")
        if self.is_status and folded(text) in NOT_DONE:
            return 0 if "finished" in row.cells else None
        is_begun, is_known = folded(text) in BEGUN, folded(text) in WORDS | TICKS
        if text and (is_begun or (self.is_status and not is_known and not text[0].isdigit())):
            if not is_begun or "started" not in row.cells:
                what = f"'{text}' was not used: it does not say how much is complete."
                self.table.say(what, row.line, row.columns["percent"])
            return None
        if is_typed_as_whole(text):
            self.table.say(f"'{text}' was read as {int(text[:-1]) // 100}%.", row.line, row.columns["percent"])
        return row.read("percent", partial(parse_percent, shares=self.shares, ticks=self.is_status), self.problems)


def check_progress(table: Table, problems: list[Problem]) -> None:
    """Read these cells of each row for their mistakes."""
    reader = SheetProgressReader(table, problems, MINUTES)
    for row in table.rows:
        reader.percent(row)
        reader.remaining(row)
