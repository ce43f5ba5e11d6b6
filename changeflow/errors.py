"""Every error of changeflow, as a tree.

ChangeflowError
├── InputError                  the input is wrong: exit 4
│   ├── ProblemsError           one or more problems, each with file, line and column
│   ├── CyclicRoadmapError      tasks wait for each other
│   ├── CalendarExhaustedError  a calendar has no working time left
│   ├── DatesOutOfRangeError    a computed date is beyond every calendar
│   ├── RulesUnknownError       no edition of a rulepack is in force that early
│   ├── UnknownThingError       nothing has the name that was given
│   │   └── HiddenThingError    the person may not know of the thing: reported as if nothing had that name
│   ├── AmbiguousNameError      several things match the name, which it lists
│   ├── NotAllowedError         the person may not do this; it says who may
│   └── EditRefusedError        an edit does not apply to the files as they are
├── CheckFailedError            a check failed: exit 3
├── CannotWriteError            the disk is full, or failed: exit 1
├── AnchorError                 the audit's anchor cannot be written or read: exit 1
│   ├── AnchorPlaceError        no file can be there, or the path is not a file: exit 4, as an InputError
│   ├── AnchorLostError         the anchor is missing or empty, although the audit has entries
│   └── NotAcceptedError        the anchor has no line for a programme, although the audit has entries for it
├── ConflictError               newer data is stored: exit 5
│   └── DatabaseInUseError      a restore needs the database to itself
├── DatabaseError               the database cannot be used now; a page answers 503
│   ├── DatabaseUrlError        no usable database under that address: exit 4, as an InputError
│   │   └── DatabaseDownError   the database is there but does not answer, or is damaged: exit 4
│   ├── CustodyLostError        the row that identifies this database was removed: exit 4, as an InputError
│   ├── KeyFileError            the database's key file is missing or belongs to another: exit 4, as an InputError
│   ├── KeyFileUnsetError       a server's database needs CHANGEFLOW_KEY_FILE: exit 4, as an InputError
│   ├── DatabaseBusyError       another process is writing: exit 5, as a ConflictError
│   ├── OlderDatabaseError      the database must be upgraded first: exit 5, as a ConflictError
│   ├── DatabaseReplacedError   the file was replaced or removed while it was open: exit 5, as a ConflictError
│   ├── DatabaseRestoringError  a restore of the database is under way: exit 5, as a ConflictError
│   └── NewerDatabaseError      the database belongs to a newer changeflow: exit 5, as a ConflictError
├── ActorMissingError           a change must name the person who makes it: exit 2
└── NotConfirmedError           a change must be confirmed, and no one can be asked: exit 2

A user's mistake is one of these and never shows a traceback. Anything else is our bug. `RenamedWarning` (an old name
was used, which still works) and `UnusedWarning` are not mistakes.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from changeflow.addresses import shown, without_password
from changeflow.alike import grouped_lines
from changeflow.phrases import printable

NOT_SAVED = "No changes saved."
"""What an error adds if it stopped a change."""
MOST_CANDIDATES = 8
"""How many names to list if a name matches several."""


class RenamedWarning(UserWarning):
    """An old name was used: it still works, and the message gives the new one."""


class UnusedWarning(UserWarning):
    """Something in a file was read but not used, or should be checked. It is not an error. The message says where."""


class ChangeflowError(Exception):
    """Something that the user can correct; the message says how."""

    exit_code = 1

    @property
    def text(self) -> str:
        """The message as it was raised. If it is a `Sentence`, a catalogue can translate it."""
        said = str(self)
        return next((part for part in self.args if isinstance(part, str) and part == said), said)


class InputError(ChangeflowError):
    exit_code = 4


class ProblemsError(InputError):
    """The input has problems; all of them are listed."""

    def __init__(self, problems: Iterable[Any], ending: str = "") -> None:
        self.problems = tuple(problems)
        """`Problem`s, a class in a layer above this one."""
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
    """A task needs working time beyond the last day of its calendar."""

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
    """Durations add up to a date beyond every calendar."""

    def __init__(self) -> None:
        super().__init__(
            "Durations and lags add up to a date outside the years 1 to 9999. Look for a duration or lag that is far "
            "too long."
        )


class RulesUnknownError(InputError, KeyError):
    """No edition of a rulepack is in force on a day."""

    def __init__(self, pack: str, on: str, first: str) -> None:
        self.first = first
        super().__init__(
            f"The rulepack '{pack}' begins on {first}, after {on}. Use a later day, or add the edition that was in "
            "force then to rulepacks/."
        )

    def __str__(self) -> str:
        # A `KeyError` would quote its text.
        return str(self.args[0])


class UnknownThingError(InputError):
    """Nothing has the name that was given."""

    def __init__(self, what: str, name: str, known: Iterable[str] = (), *, remedy: str = "") -> None:
        import difflib

        options = sorted(known)
        close = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
        listed = f" Use one of: {', '.join(options)}." if 0 < len(options) <= 12 else ""
        hint = f" Did you mean '{close[0]}'?" if close else f" {remedy}" if remedy else listed
        self.name = name
        super().__init__(f"There is no {what} '{printable(name)}'.{hint}")


class HiddenThingError(UnknownThingError):
    """The person may not know of the thing, so it is reported as if it did not exist."""


class AmbiguousNameError(InputError):
    """Several things match the short name that was given."""

    def __init__(
        self, what: str, name: str, candidates: Sequence[str], *, remedy: str = "Write more of the name."
    ) -> None:
        self.name, self.candidates = name, tuple(candidates)
        listed = ", ".join(candidates[:MOST_CANDIDATES])
        more = f" and {len(candidates) - MOST_CANDIDATES} more" if len(candidates) > MOST_CANDIDATES else ""
        super().__init__(f"'{printable(name)}' matches {len(candidates)} {what}s: {listed}{more}. {remedy}")


class NotAllowedError(InputError):
    """The person may not do this."""

    def __init__(self, message: str, *, programme: str, actor: str, action: str) -> None:
        self.programme, self.actor, self.action = programme, actor, action
        super().__init__(message)


class EditRefusedError(InputError):
    """An edit cannot be made in the files as they are; the message gives the reason."""


class FormerIdError(InputError):
    """A version would use a task's former id again, although the records under it belong to another task now."""

    def __init__(self, former: str, task: str) -> None:
        super().__init__(
            f"'{former}' is the former id of '{task}', which keeps its records. Give the new task another id. "
            "No changes saved."
        )


class CheckFailedError(ChangeflowError):
    """A requested check failed."""

    exit_code = 3


class CannotWriteError(ChangeflowError):
    """The disk is full or failed. Earlier contents are unchanged."""

    def __init__(self, what: object, why: str) -> None:
        super().__init__(
            f"'{what}' could not be written: {why}. Its earlier contents are unchanged. Free some space, and try again."
        )


class AnchorError(ChangeflowError):
    """The anchor (the file outside the database that records each audit entry) cannot be used."""

    def __init__(self, path: str, why: str, *, saved: str = NOT_SAVED) -> None:
        super().__init__(
            f"The audit's anchor '{path}' cannot be used: {why}. {saved} "
            "Set CHANGEFLOW_ANCHOR to a file that this account can write to."
        )


class AnchorPlaceError(AnchorError, InputError):
    """No anchor can be written to that place, so trying again does not help."""


class AnchorLostError(AnchorError):
    """The anchor is empty, although the audit has entries. Only a person may start it again."""

    def __init__(self, path: str) -> None:
        ChangeflowError.__init__(
            self,
            f"The audit's anchor '{path}' is missing or empty, although the audit has entries. No changes saved. "
            "Put the file back from a copy. If there is no copy, or if this is your first anchor, check the database "
            "and accept it as it is: changeflow audit anchor --as PERSON",
        )


class NotAcceptedError(AnchorError):
    """The anchor has no line for a programme, although the audit has entries for it. Only a person may accept it."""

    def __init__(self, path: str, programme: str) -> None:
        self.programme = programme
        ChangeflowError.__init__(
            self,
            f"The audit's anchor '{path}' has no line for '{programme}', although the audit has entries for it. No "
            "changes saved. Put the anchor back from a copy. If there is no copy, or if the programme was stored "
            f"without an anchor, check it and accept it as it is: changeflow audit anchor --programme {programme} --as "
            "PERSON",
        )


class ConflictError(ChangeflowError):
    """The stored data is newer than yours."""

    exit_code = 5


class DatabaseError(ChangeflowError):
    """The database cannot be used now; nothing was read or written. A page answers 503 and says when to try again."""


class KeyFileError(DatabaseError, InputError):
    """The file with the database's key is missing or unreadable, or belongs to another database."""

    def __init__(self, file: object, what: str) -> None:
        self.what = what
        super().__init__(
            f"The key file '{file}' {what}. changeflow needs it to recognise recipients and erased people. "
            "Put back the copy that you keep apart from the backups, or set CHANGEFLOW_KEY_FILE to its path. "
            "If it is lost for good, run: changeflow db new-key"
        )


class KeyFileUnsetError(DatabaseError, InputError):
    """A database on a server needs a file for its key, and none is set."""

    def __init__(self) -> None:
        super().__init__(
            "A PostgreSQL database needs a separate file for its key. Set CHANGEFLOW_KEY_FILE on every machine that "
            "uses the database. changeflow creates the file the first time; then copy it to the other machines."
        )


class DatabaseUrlError(DatabaseError, InputError):
    """There is no usable database at an address. The address is shown without its password."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"The database '{shown(url)}' cannot be used: {without_password(why, url)}. "
            "Set --db to a file (sqlite:///other.db) or a server (postgresql://user@host/name)."
        )


class DatabaseDownError(DatabaseUrlError):
    """The database does not answer, or its file is damaged, full or not readable."""


class CustodyLostError(DatabaseError, InputError):
    """The table 'custody' does not have exactly one row, so a restored copy can no longer be recognised."""

    def __init__(self) -> None:
        super().__init__(
            "The database can no longer be identified. Its table 'custody' must have exactly one row, and someone has "
            "changed that outside changeflow. Nothing was sent and no changes were saved. Restore the database from a "
            "backup (changeflow db restore), and look for other changes: changeflow audit verify"
        )


class DatabaseBusyError(DatabaseError, ConflictError):
    """Another process has kept the database locked for longer than changeflow waits."""

    def __init__(self) -> None:
        super().__init__("Another process is writing to this database. Try again in a moment; no changes were saved.")


class OlderDatabaseError(DatabaseError, ConflictError):
    def __init__(self, url: str, found: str) -> None:
        super().__init__(
            f"This database has an older version ({found}). Upgrade it with: changeflow db upgrade --db {shown(url)}"
        )


class NewerDatabaseError(DatabaseError, ConflictError):
    def __init__(self, found: str) -> None:
        super().__init__(
            f"This database was written by a newer changeflow (its version is {found}). Nothing was read or written. "
            "Upgrade changeflow."
        )


class DatabaseInUseError(ConflictError):
    """A restore needs the database to itself, and another process has it open."""

    def __init__(self, file: object, users: Iterable[str] = ()) -> None:
        self.users = tuple(users)
        """The processes that are known to have it open."""
        named = f" by {', '.join(self.users)}" if self.users else ""
        super().__init__(
            f"'{file}' is open{named}. Stop everything that uses it (serve, flows, commands), then try again; "
            "nothing was changed."
        )


class DatabaseReplacedError(DatabaseError, ConflictError):
    """The database file is no longer the one that the process opened. Pages answer with 503."""

    def __init__(self, file: object, what: str = "was replaced or removed while this process had it open") -> None:
        super().__init__(
            f"The database '{file}' {what}. No changes saved. Stop every process that uses it, and check which file "
            "is the right one. Put a copy back with changeflow db restore, never by hand."
        )


class DatabaseRestoringError(DatabaseError, ConflictError):
    """A restore is using the database."""

    def __init__(self, file: object) -> None:
        super().__init__(f"The database '{file}' is being restored. No changes saved. Try again when that is done.")


class NotConfirmedError(ChangeflowError):
    """A change must be confirmed, but the command does not run in a terminal."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__(
            f"{NOT_SAVED} Outside a terminal, changeflow cannot ask you to confirm. Check what would change, then add "
            "--yes."
        )


class ActorMissingError(ChangeflowError):
    """A change must name the person who makes it."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("Say who is doing this: add --as PERSON, or set CHANGEFLOW_AS.")
