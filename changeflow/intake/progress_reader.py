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
    whole_percent,
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
        """Read % complete. A status beside it counts for nothing: one that says something else is reported."""
        percent = self._percent(row)
        if not self.is_status and "status" in row.cells and (percent is not None or "percent" not in row.cells):
            self._say_status(row, percent)
        return percent

    def _say_status(self, row: TableRow, percent: int | None) -> None:
        word = folded(row.cells["status"])
        if word in BEGUN:
            agrees = (percent is not None and 0 < percent < 100) or (percent is None and "started" in row.cells)
        elif word in NOT_DONE:
            agrees = percent != 100
        else:
            agrees = (WORDS | TICKS).get(word, percent) == percent
        if not agrees:
            says = "is empty" if percent is None else f"says {percent}%"
            what = f"'{row.cells['status']}' was not used: {row.headings.get('percent', '% complete')} {says}."
            self.table.say(what, row.line, row.columns["status"])

    def _percent(self, row: TableRow) -> int | None:
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
        number = row.read("percent", partial(parse_percent, shares=self.shares, ticks=self.is_status), self.problems)
        if number is None:
            return None
        percent = whole_percent(number)
        if percent != number:
            self.table.say(
                f"'{text}' was read as {percent}%: only whole percent count.", row.line, row.columns["percent"]
            )
        return percent


def check_progress(table: Table, problems: list[Problem]) -> None:
    """Read these cells of each row for their mistakes."""
    reader = SheetProgressReader(table, problems, MINUTES)
    for row in table.rows:
        reader.percent(row)
        reader.remaining(row)
