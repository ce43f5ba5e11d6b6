"""The parts of the site that a person sees in the menu."""

from dataclasses import dataclass

from changeflow.programme.mandates import Subject
from changeflow.usecases.own_school import own_school
from changeflow.usecases.visits import Visit
from changeflow.usecases.week import may_record
from changeflow.values.sentences import sentence
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the menu."""

    name: str
    title: str
    path: str
    """Its path below the programme's."""
    action: Action
    is_whole: bool = False
    """Whether it is about every school, so that people of one school do not see it."""


SECTIONS = (
    Section("me", sentence("My things"), "/me", Action.ANSWER_OWN),
    Section("brief", sentence("Brief"), "", Action.READ_REPORT),
    Section("week", sentence("This week"), "/week", Action.REPORT_PROGRESS),
    Section("decisions", sentence("Decisions"), "/decisions", Action.READ_PROGRAMME, is_whole=True),
    Section("schools", sentence("Schools and waves"), "/schools", Action.READ_PROGRAMME),
    Section("plan", sentence("Plan"), "/plan", Action.READ_PROGRAMME),
    Section("people", sentence("People"), "/people", Action.READ_STANDINGS),
    Section("record", sentence("Record"), "/record", Action.READ_RECORD),
)
"""The menu, in order."""


def navigation(found: Visit) -> list[Section]:
    """Return the parts that the person may open."""
    is_limited = own_school(found) is not None
    return [s for s in SECTIONS if _may_open(found, s) and not (is_limited and s.is_whole)]


def _may_open(found: Visit, section: Section) -> bool:
    # Owners record progress of their own tasks only.
    if section.action is Action.REPORT_PROGRESS:
        return may_record(found)
    return found.may(section.action, Subject())
