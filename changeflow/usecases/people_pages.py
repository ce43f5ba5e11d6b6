"""People as pages show them: published figures of groups, and sponsorship."""

from dataclasses import dataclass

from changeflow.reports.people import PeopleLines, people_lines
from changeflow.reports.sponsorship import Sponsorship, sponsorship
from changeflow.usecases.own_school import own_school
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True)
class PeopleView:
    """What the page shows, under the names that the report uses."""

    people: PeopleLines
    sponsorship: Sponsorship


def people(visit: Visit) -> PeopleView:
    """Return the latest published figures; the audit records who read them."""
    visit.permit(Action.READ_STANDINGS)
    snapshot = visit.programme.facts.snapshot
    if snapshot is not None:
        visit.note_look(f"round:{snapshot.round}")
    shown, own = visit.view("people", lambda: _people(visit)), own_school(visit)
    return visit.view("people-of-school", lambda: own.only(shown), own.school) if own else shown


def _people(visit: Visit) -> PeopleView:
    programme, today = visit.programme, visit.today
    return PeopleView(people_lines(programme, today=today), sponsorship(programme, today=today))
