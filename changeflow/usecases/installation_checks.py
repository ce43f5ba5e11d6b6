"""Check an installation: list what is missing or wrong, and how to fix it. No check changes or sends anything."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from changeflow.errors import ChangeflowError
from changeflow.usecases.installation import (
    CheckOutcome,
    CheckState,
    Installation,
    InstallationCheck,
    attention,
    unchecked,
)
from changeflow.usecases.installation_database import (
    anchor_is_there,
    backup_is_recent,
    database_can_be_read,
    database_can_be_written,
    database_is_whole,
    files_are_private,
    key_fits,
    state_folder_lasts,
)
from changeflow.usecases.installation_machine import (
    free_space,
    python_and_packages,
    settings_can_be_used,
    the_clock,
    time_zones,
)
from changeflow.usecases.installation_network import (
    address_is_public,
    flows_are_scheduled,
    messages_can_be_sent,
    people_can_sign_in,
    programmes_run,
)

DATABASE = "database"
CHECKS: Mapping[str, InstallationCheck] = {
    "python": InstallationCheck(title="Python and packages", look=python_and_packages),
    "settings": InstallationCheck(title="Settings", look=settings_can_be_used),
    "time-zones": InstallationCheck(title="Time zones", look=time_zones),
    DATABASE: InstallationCheck(title="Database", look=database_can_be_read),
    "integrity": InstallationCheck(title="Integrity", look=database_is_whole, reads_database=True),
    "lock": InstallationCheck(title="Lock", look=database_can_be_written, reads_database=True),
    "files": InstallationCheck(title="Database files", look=files_are_private, reads_database=True),
    "key": InstallationCheck(title="Key file", look=key_fits, reads_database=True),
    "clock": InstallationCheck(title="Clock", look=the_clock, reads_database=True),
    "space": InstallationCheck(title="Free space", look=free_space),
    "backup": InstallationCheck(title="Backup", look=backup_is_recent, reads_database=True),
    "state": InstallationCheck(title="State folder", look=state_folder_lasts),
    "anchor": InstallationCheck(title="Audit's anchor", look=anchor_is_there, reads_database=True),
    "address": InstallationCheck(title="Address", look=address_is_public),
    "messages": InstallationCheck(title="Messages", look=messages_can_be_sent),
    "sign-in": InstallationCheck(title="Signing in", look=people_can_sign_in),
    "schedule": InstallationCheck(title="Schedule", look=flows_are_scheduled),
    "programmes": InstallationCheck(title="Programmes", look=programmes_run, reads_database=True),
}
"""Every check by its key, in the order in which they are reported. `changeflow doctor --format json` has the keys."""
NOT_READ = "The database cannot be read."


class InstallationResult(NamedTuple):
    """What one check found."""

    key: str
    title: str
    outcome: CheckOutcome

    def row(self) -> dict[str, str]:
        """Return the result for other programs."""
        state, text, remedy = self.outcome
        return {"check": self.key, "state": state.value, "text": text, "remedy": remedy}


def check_installation(installation: Installation) -> tuple[InstallationResult, ...]:
    """Run every check; without a readable database, skip those that read it."""
    found: list[InstallationResult] = []
    can_be_read = True
    for key, check in CHECKS.items():
        outcomes = list(_outcomes(check, installation, can_be_read=can_be_read))
        if key == DATABASE:
            can_be_read = all(outcome.state is CheckState.FINE for outcome in outcomes)
        found += [InstallationResult(key, check.title, outcome) for outcome in outcomes]
    return tuple(found)


def _outcomes(check: InstallationCheck, installation: Installation, *, can_be_read: bool) -> Iterator[CheckOutcome]:
    if check.reads_database and not can_be_read:
        yield unchecked(NOT_READ)
        return
    try:
        yield from check.look(installation)
    except ChangeflowError as error:
        yield attention(str(error))
    except OSError as error:
        yield attention(
            f"'{error.filename}' cannot be read: {error.strerror}.",
            "Give the account that runs changeflow the right to read it.",
        )
