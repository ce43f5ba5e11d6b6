"""Every error of changeflow, as a tree.

ChangeflowError
├── InputError                  the input is wrong: exit 4
│   ├── ProblemsError           one or more problems, each with file, line and column
│   ├── CyclicRoadmapError      tasks wait for each other
│   ├── CalendarExhaustedError  a calendar has no working time left
│   ├── DatesOutOfRangeError    a computed date is beyond every calendar
│   ├── RulesUnknownError       no edition of a rulepack is in force that early
│   ├── UnknownThingError       a name that nothing here has
│   ├── AmbiguousNameError      a name that several things have: it lists them
│   └── NotAllowedError         the person may not do this; it says who may
├── CheckFailedError            a check said no: exit 3
├── CannotWriteError            the disk is full, or failed: exit 1
├── AnchorError                 the audit's anchor cannot be written or read: exit 1
│   ├── AnchorPlaceError        no file can be there, or another kind of file is: exit 4, as an InputError
│   ├── AnchorLostError         the anchor is missing or empty, although the audit has entries
│   └── NotAcceptedError        the anchor has no line of a programme, although the audit has entries of it
├── ConflictError               newer data is stored: exit 5
│   └── DatabaseInUseError      a restore needs the database to itself
├── DatabaseError               the database cannot do it now; a page answers 503
│   ├── DatabaseUrlError        no usable database under that address: exit 4, as an InputError
│   │   └── DatabaseDownError   the database is there but does not answer, or is damaged: exit 4
│   ├── CustodyLostError        the row that says which database this is was removed: exit 4, as an InputError
│   ├── KeyFileError            the file with the database's key is missing, or is another's: exit 4, as an InputError
│   ├── KeyFileUnsetError       a server's database needs CHANGEFLOW_KEY_FILE: exit 4, as an InputError
│   ├── DatabaseBusyError       another process is writing: exit 5, as a ConflictError
│   ├── OlderDatabaseError      the database must be upgraded first: exit 5, as a ConflictError
│   ├── DatabaseReplacedError   the file was replaced or removed while it was open: exit 5, as a ConflictError
│   ├── DatabaseRestoringError  a restore of the database is under way: exit 5, as a ConflictError
│   └── NewerDatabaseError      the database belongs to a newer changeflow: exit 5, as a ConflictError
├── ActorMissingError           a change of state must say who makes it: exit 2
└── NotConfirmedError           a change has to be confirmed, and no one can be asked: exit 2

A user's mistake is one of these and never shows a traceback. Anything else is our bug. `RenamedWarning` is no
mistake: an old name was used, which still works; nor is `UnusedWarning`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from changeflow.addresses import shown, without_password
from changeflow.alike import grouped_lines
from changeflow.phrases import printable

NOT_SAVED = "No changes saved."
"""What an error adds where it stopped a change."""
MOST_CANDIDATES = 8
"""Names that are listed where one may mean several."""


class RenamedWarning(UserWarning):
    """An old name was used: it still works, and the text gives the new one."""


class UnusedWarning(UserWarning):
    """Something in a file was read and not used, or should be checked; no mistake. The text gives its place."""


class ChangeflowError(Exception):
    """Something a person can put right; the message says how."""

    exit_code = 1

    @property
    def text(self) -> str:
        """The message as it was raised, which a catalogue can translate where it is a `Sentence`."""
        said = str(self)
        return next((part for part in self.args if isinstance(part, str) and part == said), said)


class InputError(ChangeflowError):
    exit_code = 4


class ProblemsError(InputError):
    """The input has problems; all of them are listed."""

    def __init__(self, problems: Iterable[Any], ending: str = "") -> None:
        self.problems = tuple(problems)
        """`Problem`s, which lie in a layer above this one."""
        count = len(self.problems)
        head = "1 problem found" if count == 1 else f"{count} problems found"
        files = len({problem.file for problem in self.problems})
        head += f" in {files} files" if files > 1 else ""
        super().__init__("\n".join([*grouped_lines(self.problems), f"{head}. {ending}".rstrip()]))


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


class MeetingsExhaustedError(CalendarExhaustedError):
    """A task waits for a meeting after the last one whose date is known."""

    def __init__(self, meeting: str, edge: str, calendar: str) -> None:
        self.meeting, self.calendar = meeting, calendar
        InputError.__init__(
            self,
            f"No meeting of '{meeting}' is known {edge}. Add its dates to the calendar '{calendar}' in calendars/.",
        )


class DatesOutOfRangeError(InputError):
    """Durations add up to a date that no calendar has."""

    def __init__(self) -> None:
        super().__init__(
            "Durations and lags add up to a date outside the years 1 to 9999. Look for one that is far too long."
        )


class RulesUnknownError(InputError, KeyError):
    """The rules of a day before the first edition of a rulepack are not known."""

    def __init__(self, pack: str, on: str, first: str) -> None:
        self.first = first
        super().__init__(
            f"The rules of '{pack}' are known from {first}; {on} is earlier. Give a later day, "
            "or add the edition of that time to rulepacks/."
        )

    def __str__(self) -> str:
        # A `KeyError` would quote its text.
        return str(self.args[0])


class UnknownThingError(InputError):
    """A name was given that nothing here has."""

    def __init__(self, what: str, name: str, known: Iterable[str] = (), *, remedy: str = "") -> None:
        import difflib

        options = sorted(known)
        close = difflib.get_close_matches(name, options, n=1, cutoff=0.5)
        listed = f" Known: {', '.join(options)}." if 0 < len(options) <= 8 else ""
        hint = f" Did you mean '{close[0]}'?" if close else f" {remedy}" if remedy else listed
        self.name = name
        super().__init__(f"There is no {what} '{printable(name)}'.{hint}")


class AmbiguousNameError(InputError):
    """A short name was given that several things have."""

    def __init__(
        self, what: str, name: str, candidates: Sequence[str], *, remedy: str = "Write more of the name."
    ) -> None:
        self.name, self.candidates = name, tuple(candidates)
        listed = ", ".join(candidates[:MOST_CANDIDATES])
        more = f" and {len(candidates) - MOST_CANDIDATES} more" if len(candidates) > MOST_CANDIDATES else ""
        super().__init__(f"'{printable(name)}' may be {len(candidates)} {what}s: {listed}{more}. {remedy}")


class NotAllowedError(InputError):
    """A person may not do what they asked for."""

    def __init__(self, message: str, *, programme: str, actor: str, action: str) -> None:
        self.programme, self.actor, self.action = programme, actor, action
        super().__init__(message)


class CheckFailedError(ChangeflowError):
    """A check that was asked for said no."""

    exit_code = 3


class CannotWriteError(ChangeflowError):
    """The disk is full or failed: what was there before is there still."""

    def __init__(self, what: object, why: str) -> None:
        super().__init__(
            f"'{what}' could not be written: {why}. What was there before is unchanged. Make room, and try again."
        )


class AnchorError(ChangeflowError):
    """The file outside the database that each audit entry is written to cannot be used."""

    def __init__(self, path: str, why: str, *, saved: str = NOT_SAVED) -> None:
        super().__init__(
            f"The audit's anchor '{path}' cannot be used: {why}. {saved} "
            "Set CHANGEFLOW_ANCHOR to a file that this account can write to."
        )


class AnchorPlaceError(AnchorError, InputError):
    """No anchor can be at the place that is named, however often one tries."""


class AnchorLostError(AnchorError):
    """The anchor has no line, although the audit has entries. Only a person may begin it again."""

    def __init__(self, path: str) -> None:
        ChangeflowError.__init__(
            self,
            f"The audit's anchor '{path}' is missing or empty, although the audit has entries. No changes saved. "
            "Put the file back from a copy. If it is lost, or if you begin to use one, check the database and accept "
            "it as it is: changeflow audit anchor --as PERSON",
        )


class NotAcceptedError(AnchorError):
    """The anchor has no line of a programme, although the audit has entries of it. Only a person may accept it."""

    def __init__(self, path: str, programme: str) -> None:
        self.programme = programme
        ChangeflowError.__init__(
            self,
            f"The audit's anchor '{path}' has no line of '{programme}', although the audit has entries of it. No "
            "changes saved. Put the file back from a copy. If it is lost, or if the programme was stored without it, "
            f"check the programme and accept it as it is: changeflow audit anchor --programme {programme} --as PERSON",
        )


class ConflictError(ChangeflowError):
    """Newer data than yours is stored."""

    exit_code = 5


class DatabaseError(ChangeflowError):
    """The database cannot do it now; nothing was read or written. A page answers 503 and says when to try again."""


class KeyFileError(DatabaseError, InputError):
    """The file with the database's key is missing, unreadable, or another database's."""

    def __init__(self, file: object, what: str) -> None:
        self.what = what
        super().__init__(
            f"The key file '{file}' {what}. changeflow needs it to recognise recipients and erased people. "
            "Put back the copy that you keep apart from the backups, or name its place in CHANGEFLOW_KEY_FILE. "
            "If it is lost for good, run: changeflow db new-key"
        )


class KeyFileUnsetError(DatabaseError, InputError):
    """A database on a server has no file beside it to keep its key in."""

    def __init__(self) -> None:
        super().__init__(
            "A PostgreSQL database keeps its key in a file of its own: set CHANGEFLOW_KEY_FILE on every machine that "
            "uses it. changeflow makes the file the first time; then copy it to the other machines."
        )


class DatabaseUrlError(DatabaseError, InputError):
    """No usable database under an address, which is shown without its password."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"The database '{shown(url)}' cannot be used: {without_password(why, url)}. "
            "Give a file (sqlite:///changeflow.db) or a server (postgresql://user@host/name)."
        )


class DatabaseDownError(DatabaseUrlError):
    """The database does not answer, or its file is damaged, full or not readable."""


class CustodyLostError(DatabaseError, InputError):
    """The one row of the table 'custody' is gone, or is not the only one: no one can tell a restored copy any more."""

    def __init__(self) -> None:
        super().__init__(
            "The database no longer says which one it is: its table 'custody' must have exactly one row, and someone "
            "has changed that outside changeflow. Nothing was sent and no changes were saved. Put the database back "
            "from a copy (changeflow db restore), and look for other changes: changeflow audit verify"
        )


class DatabaseBusyError(DatabaseError, ConflictError):
    """Another process has held the database for longer than we wait."""

    def __init__(self) -> None:
        super().__init__("Another process is writing to this database. Try again in a moment; no changes were saved.")


class OlderDatabaseError(DatabaseError, ConflictError):
    def __init__(self, url: str, found: str) -> None:
        super().__init__(
            f"This database is of an older version ({found}). Upgrade it with: changeflow db upgrade --db {shown(url)}"
        )


class NewerDatabaseError(DatabaseError, ConflictError):
    def __init__(self, found: str) -> None:
        super().__init__(
            f"This database was written by a newer changeflow (its version is {found}). "
            "Upgrade changeflow; nothing was read or written."
        )


class DatabaseInUseError(ConflictError):
    """A restore needs the database to itself, and another process has it open."""

    def __init__(self, file: object, users: Iterable[str] = ()) -> None:
        self.users = tuple(users)
        """The processes, as far as this machine shows them."""
        named = f" by {', '.join(self.users)}" if self.users else ""
        super().__init__(
            f"'{file}' is open{named}. Stop everything that uses it (serve, flows, commands), then try again; "
            "nothing was changed."
        )


class DatabaseReplacedError(DatabaseError, ConflictError):
    """The file under a running process is another one than it opened. Pages answer with 503."""

    def __init__(self, file: object, what: str = "was replaced or removed while this process had it open") -> None:
        super().__init__(
            f"The database '{file}' {what}. No changes saved. Stop every process that uses it and check which file "
            "is the right one; put a copy back with changeflow db restore, never by hand."
        )


class DatabaseRestoringError(DatabaseError, ConflictError):
    """A restore has the database to itself for a moment."""

    def __init__(self, file: object) -> None:
        super().__init__(f"The database '{file}' is being restored. Try again when that is done; no changes saved.")


class NotConfirmedError(ChangeflowError):
    """A change has to be confirmed, and the command does not run in a terminal."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__(f"{NOT_SAVED} No one can be asked here. Once you have seen what would change, add --yes.")


class ActorMissingError(ChangeflowError):
    """A change of state must name the person who makes it."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("Say who does this: add --as PERSON, or set CHANGEFLOW_AS.")
