"""Every error of changeflow, as a tree.

ChangeflowError
├── InputError                 the input is wrong: exit 4
│   ├── ProblemsError          one or more problems, each with file, line and column
│   ├── CyclicRoadmapError     tasks wait for each other
│   ├── CalendarExhaustedError a calendar has no working time left
│   ├── UnknownThingError      a name that nothing here has
│   ├── DatabaseUrlError       the database cannot be reached under that address
│   └── KeyFileError           the file with the database's key is missing, or is another's
├── CheckFailedError           a check said no: exit 3
├── CannotWriteError           the disk is full, or failed: exit 1
├── ConflictError              newer data is stored, or somebody else is writing: exit 5
│   └── NewerDatabaseError     the database belongs to a newer changeflow
└── ActorMissingError          a change of state must say who makes it: exit 2

A user's mistake is one of these and never shows a traceback. Anything else is our bug.
"""

from collections.abc import Iterable, Sequence
from typing import Any


class ChangeflowError(Exception):
    """Something a person can put right; the message says how."""

    exit_code = 1


class InputError(ChangeflowError):
    exit_code = 4


class ProblemsError(InputError):
    """The input has problems; all of them are listed."""

    def __init__(self, problems: Iterable[Any]) -> None:
        self.problems = tuple(problems)
        """`Problem`s, which lie in a layer above this one."""
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n".join([*map(str, self.problems), f"{head} found; nothing was changed."]))


class CyclicRoadmapError(InputError):
    """The dependencies form a loop, so no task in it can start first."""

    def __init__(self, cycle: Sequence[str]) -> None:
        self.cycle = tuple(cycle)
        path = " -> ".join((*self.cycle, self.cycle[0]))
        super().__init__(f"Tasks wait for each other: {path}. Remove one dependency.")


class CalendarExhaustedError(InputError):
    """A task needs working time beyond the last day that its calendar knows."""

    def __init__(self, calendar: str, edge: str) -> None:
        self.calendar = calendar
        super().__init__(
            f"Calendar '{calendar}' has no more working time {edge}. Add the dates of the next year to calendars/."
        )


class UnknownThingError(InputError):
    """A name was given that nothing here has."""

    def __init__(self, what: str, name: str, known: Iterable[str] = (), *, remedy: str = "") -> None:
        import difflib

        options = sorted(known)
        close = difflib.get_close_matches(name, options, n=1, cutoff=0.5)
        listed = f" Known: {', '.join(options)}." if 0 < len(options) <= 8 else ""
        hint = f" Did you mean '{close[0]}'?" if close else f" {remedy}" if remedy else listed
        self.name = name
        super().__init__(f"There is no {what} '{name}'.{hint}")


class DatabaseUrlError(InputError):
    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"The database '{url}' cannot be used: {why}. "
            "Give a file (sqlite:///changeflow.db) or a server (postgresql://user@host/name)."
        )


class KeyFileError(InputError):
    """The file with the database's key is missing, unreadable, or another database's."""

    def __init__(self, file: object, what: str) -> None:
        super().__init__(
            f"The key file '{file}' {what}. changeflow needs it to recognise recipients and erased people. "
            "Put back the copy that you keep apart from the backups, or name its place in CHANGEFLOW_KEY_FILE. "
            "If it is lost for good, run: changeflow db new-key"
        )


class CheckFailedError(ChangeflowError):
    """A check that was asked for said no."""

    exit_code = 3


class CannotWriteError(ChangeflowError):
    """The disk is full or failed: what was there before is there still."""

    def __init__(self, what: object, why: str) -> None:
        super().__init__(
            f"'{what}' could not be written: {why}. What was there before is unchanged. Make room, and try again."
        )


class ConflictError(ChangeflowError):
    """Newer data than yours is stored, or somebody else is writing."""

    exit_code = 5


class NewerDatabaseError(ConflictError):
    def __init__(self, found: str) -> None:
        super().__init__(
            f"This database was written by a newer changeflow (its version is {found}). "
            "Upgrade changeflow; nothing was read or written."
        )


class ActorMissingError(ChangeflowError):
    """A change of state must name the person who makes it."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("Say who does this: add --as PERSON, or set CHANGEFLOW_AS.")
