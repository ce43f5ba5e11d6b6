"""Looking at where groups stand: what is shown, and a note in the audit of who looked."""

from changeflow.reports.people import PeopleLines, people_lines
from changeflow.storage import audit
from changeflow.storage.database import session_scope
from changeflow.usecases.facts import Change
from changeflow.usecases.permitting import permit
from changeflow.usecases.stored import load
from changeflow.values.roles import Action


def look_at_people(change: Change) -> PeopleLines:
    """Return what was published of groups, and note who has looked at it."""
    with session_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on, for_change=True)
        definition, programme = stored.version.definition, stored.programme
        by = permit(definition, change.actor, Action.READ_STANDINGS, on=change.on)
        people = people_lines(programme, today=change.on)
        latest = programme.facts.snapshot
        subject = f"round:{latest.round}" if latest else "round:none"
        audit.append(session, programme.id, at=change.now, actor=by, action="look", subject=subject)
    return people
