"""Add a waiver of a rule, and what a form for one needs."""

from dataclasses import dataclass

from changeflow.errors import InputError
from changeflow.phrases import listed
from changeflow.programme.mandates import Subject, holders
from changeflow.programme.programme import Programme
from changeflow.rules.catalogue import RULES
from changeflow.rules.engine import missing_mandates, waiver_error
from changeflow.storage import versions
from changeflow.usecases.acts import mark_of_waivers
from changeflow.usecases.authority import check_actor
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.finding import Waiver
from changeflow.values.words import Action


class NotApprovedError(InputError):
    """A waiver lacks the approval of people who must approve it; `who` says in words of pages who they are."""

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
            raise NotApprovedError(f"{error[0]} {error[1]} No changes saved.", _who_must(work.programme, waiver))
        file = definition.programme
        changed = definition.model_copy(
            update={"programme": file.model_copy(update={"waivers": (*file.waivers, waiver)})}
        )
        number = versions.append(work.session, changed, sources=stored.sources, parent=stored, at=change.now, by=by)
        work.record("waiver", f"waiver:{waiver.rule}:version:{number}", by=by)
    return number


def _who_must(programme: Programme, waiver: Waiver) -> str:
    """Say whose approval a waiver lacks."""
    missing = missing_mandates(programme.definition, waiver)
    if not missing:
        return "No one may waive this rule."
    parts = []
    for mandate in missing:
        found = sorted(programme.person(p) for p in holders(programme.definition, mandate, waiver.service))
        parts.append(f"the {mandate} ({' or '.join(found) or 'no one is named yet'})")
    return f"This rule also needs the approval of {listed(parts)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverForm:
    """What a form for a waiver offers."""

    rules: tuple[tuple[str, str], ...]
    """The rules that someone may waive: codes, and titles with who must approve."""
    services: tuple[tuple[str, str], ...]
    schools: tuple[tuple[str, str], ...]
    people: tuple[tuple[str, str], ...]
    """Everyone who can own a waiver: ids and names."""
    approvers: tuple[tuple[str, str], ...]
    """The people who may approve waivers of some rule."""
    seen: str
    """The mark of the waivers."""


def waiver_form(visit: Visit) -> WaiverForm:
    """Return what a form for a waiver offers; raise unless the person may record one."""
    permit_waiver(visit)
    return visit.view("waiver-form", lambda: _form(visit.programme))


def permit_waiver(visit: Visit) -> None:
    """Raise unless the person may record a waiver."""
    permit_whole(visit)
    visit.permit(Action.ADD_WAIVER)


def _form(programme: Programme) -> WaiverForm:
    definition, names = programme.definition, programme.person
    services = [None, *(s.service for s in programme.services)]
    mandates = {m for rule in RULES.values() for m in rule.lifted_by}
    approvers = {p for m in mandates for s in services for p in holders(definition, m, s)}
    by_title = sorted((r for r in RULES.values() if r.lifted_by), key=lambda r: r.title)
    return WaiverForm(
        rules=tuple((r.code, f"{r.title} (approved by the {r.waived_by})") for r in by_title),
        services=tuple((s.service, s.name) for s in programme.services),
        schools=tuple(sorted(((s.id, s.name) for s in definition.schools), key=lambda s: s[1])),
        people=tuple(sorted(((p.id, names(p.id)) for p in definition.people), key=lambda p: p[1])),
        approvers=tuple(sorted(((p, names(p)) for p in approvers), key=lambda p: p[1])),
        seen=mark_of_waivers(programme),
    )
