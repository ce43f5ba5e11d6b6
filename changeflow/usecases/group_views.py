"""Looking at where groups stand: what is shown, and a note in the audit of who looked."""

from changeflow.reports.people import PeopleLines, people_lines
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.words import Action


def look_at_people(change: Change) -> PeopleLines:
    """Return what was published of groups, and note who has looked at it."""
    with unit_of_work(change) as work:
        by = work.permit(Action.READ_STANDINGS)
        people = people_lines(work.programme, today=change.on)
        latest = work.programme.facts.snapshot
        work.note("look", f"round:{latest.round}" if latest else "round:none", by=by)
    return people
