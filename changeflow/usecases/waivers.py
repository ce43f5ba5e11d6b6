"""Add a waiver of a rule."""

from changeflow.errors import InputError
from changeflow.programme.mandates import Subject
from changeflow.rules.engine import waiver_error
from changeflow.storage import versions
from changeflow.usecases.authority import check_actor
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.finding import Waiver
from changeflow.values.words import Action


def add_waiver(waiver: Waiver, change: Change) -> int:
    """Add a waiver as the next version of the definition; return the version's number."""
    with unit_of_work(change) as work:
        definition, stored = work.definition, work.stored.version
        by = work.permit(Action.ADD_WAIVER, Subject(service=waiver.service))
        for person in (waiver.owner, *waiver.approved_by):
            check_actor(definition, person)
        if (error := waiver_error(definition, waiver)) is not None:
            raise InputError(f"{error[0]} {error[1]} No changes saved.")
        file = definition.programme
        changed = definition.model_copy(
            update={"programme": file.model_copy(update={"waivers": (*file.waivers, waiver)})}
        )
        number = versions.append(work.session, changed, sources=stored.sources, parent=stored, at=change.now, by=by)
        work.record("waiver", f"waiver:{waiver.rule}:version:{number}", by=by)
    return number
