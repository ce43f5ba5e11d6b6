"""Add a waiver of a rule, and what a form for one needs."""

from changeflow.errors import InputError
from changeflow.programme.mandates import Subject
from changeflow.reports.waiver_form import WaiverForm, build_waiver_form, who_must_approve
from changeflow.rules.engine import waiver_error
from changeflow.storage import versions
from changeflow.usecases.acts import mark_of_waivers
from changeflow.usecases.authority import check_actor
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.finding import Waiver
from changeflow.values.words import Action


class NotApprovedError(InputError):
    """A waiver lacks the approval of people who must approve it; `who` names them in the words of pages."""

    def __init__(self, message: str, who: str) -> None:
        super().__init__(message)
        self.who = who


def add_waiver(waiver: Waiver, change: Change) -> int:
    """Add a waiver as the next version of the definition; return the version's number."""
    with unit_of_work(change) as work:
        definition, stored = work.definition, work.stored.version
        by = work.permit(Action.ADD_WAIVER, Subject(service=waiver.service))
        for person in (waiver.owner, *waiver.approved_by):
            check_actor(definition, person)
        if (error := waiver_error(definition, waiver)) is not None:
            raise NotApprovedError(f"{error[0]} {error[1]} No changes saved.", who_must_approve(work.programme, waiver))
        file = definition.programme
        changed = definition.model_copy(
            update={"programme": file.model_copy(update={"waivers": (*file.waivers, waiver)})}
        )
        number = versions.append(work.session, changed, sources=stored.sources, parent=stored, at=change.now, by=by)
        work.record("waiver", f"waiver:{waiver.rule}:version:{number}", by=by)
    return number


def waiver_form(visit: Visit) -> tuple[WaiverForm, str]:
    """Return what a form for a waiver offers, and the mark of the waivers; raise unless the person may record one."""
    permit_waiver(visit)
    return visit.view("waiver-form", lambda: build_waiver_form(visit.programme)), mark_of_waivers(visit.programme)


def permit_waiver(visit: Visit) -> None:
    """Raise unless the person may record a waiver."""
    permit_whole(visit)
    visit.permit(Action.ADD_WAIVER)
