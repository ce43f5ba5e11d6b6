"""One row of the table of permissions."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from changeflow.programme.mandates import PROGRAMME, Subject
from changeflow.values.words import Role

EVERYONE = (Role.VIEWER,)
"""Everyone who may read the programme."""
OPEN = (Role.MACHINE, Role.VIEWER, Role.SYSTEM)
"""Everyone, with or without a name: also the machine's owner, and changeflow itself."""


@dataclass(frozen=True, slots=True)
class PermissionEntry:
    """One row of the table."""

    words: str
    """The action as it reads after “may”, such as “take a baseline”. `{thing}` is the subject's name."""
    roles: Sequence[Role]
    """The roles that may, in the order in which a refusal names them."""
    commands: Sequence[str] = ()
    """The commands that do it. A command that does several things is listed for each of them."""
    _: KW_ONLY
    thing: str = ""
    """The word for a subject without a name."""
    routes: Sequence[str] = ()
    """The web routes that do it, by method and path."""
    is_decision: bool = False
    """Whether the programme's policy can refuse it on the command line."""
    is_personal: bool = False
    """Whether it shows or removes data about individual people; the audit then records refusals too."""
    note: str = ""
    """An explanation for the row."""

    def what(self, subject: Subject = PROGRAMME) -> str:
        return self.words.replace("{thing}", subject.thing or self.thing)
