"""Approve the forecast as a baseline, which by default announces its go-lives."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from changeflow.errors import CheckFailedError
from changeflow.programme.announcements import announced, forecast_announcements
from changeflow.programme.dates import dates_of
from changeflow.programme.programme import Programme
from changeflow.reports.changes import BaselineLine
from changeflow.reports.findings import FindingLine, finding_lines
from changeflow.storage import announcements, versions
from changeflow.storage.database import read_scope
from changeflow.usecases.acts import mark_of_dates
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.stored import known_until, load
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.usecases.visits import Visit
from changeflow.values.duration import counted
from changeflow.values.moments import format_day, local_day
from changeflow.values.words import Action, Stops


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineTaken:
    """A baseline's number, and the number of school go-lives it announces."""

    number: int
    announced: int
    """School go-lives whose day it announces."""
    changed: int
    """The number of these for which another day had been announced."""


def take_baseline(reason: str, change: Change, *, announces: bool = True) -> BaselineTaken:
    """Approve the forecast as a baseline; raise `CheckFailedError` if a finding blocks it.

    It announces the go-live day of each school and service, except those that are live or already announced for that
    day; without `announces` it announces nothing.
    """
    with unit_of_work(change) as work:
        by = work.permit(Action.TAKE_BASELINE)
        blocks = [f for f in work.stored.judged.blocks if f.blocks is Stops.BASELINE]
        if blocks:
            found = "\n".join(f"  {f.title}: {f.message} {f.remedy}" for f in blocks)
            block = f"{counted(len(blocks), 'finding')} {'blocks' if len(blocks) == 1 else 'block'} it"
            raise CheckFailedError(f"No baseline: {block}.\n{found}")
        number = versions.add_baseline(
            work.session,
            work.name,
            dates_of(work.programme),
            version=work.stored.version.number,
            at=change.now,
            approver=by,
            reason=reason,
            announces=announces,
        )
        how, before = f"baseline {number}", announced(work.programme)
        new = tuple(forecast_announcements(work.programme, on=change.on, how=how)) if announces else ()
        announcements.add_announcements(work.session, work.name, new, at=change.now, by=by)
        work.record("baseline", f"baseline:{number}", by=by)
    changed = sum((one.school, one.service) in before for one in new)
    return BaselineTaken(number=number, announced=len(new), changed=changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselinesPage:
    """What the page of baselines shows."""

    lines: tuple[BaselineLine, ...]
    """The latest first."""
    blocks: tuple[FindingLine, ...]
    """The findings that prevent a baseline today."""
    announced: int
    """School go-lives that a baseline would announce today."""
    changed: int
    """The number of these for which another day was announced."""
    may_take: bool
    seen: str
    """The mark of the plan's dates."""


def baselines_page(visit: Visit) -> BaselinesPage:
    """Return every baseline, and what a baseline taken today would announce."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    programme = visit.programme
    known, before = versions.baselines(visit.session, visit.name), announced(programme)
    new = tuple(forecast_announcements(programme, on=visit.today, how=""))
    blocks = [f for f in visit.stored.judged.blocks if f.blocks is Stops.BASELINE]
    return BaselinesPage(
        lines=tuple(reversed(_lines(programme, known))),
        blocks=tuple(finding_lines(programme, blocks)),
        announced=len(new),
        changed=sum((one.school, one.service) in before for one in new),
        may_take=visit.may(Action.TAKE_BASELINE),
        seen=mark_of_dates(programme),
    )


def taken_baselines(programme: str | None, *, db: str, on: date) -> tuple[BaselineLine, ...]:
    """Return every baseline of a stored programme, oldest first."""
    with read_scope(db) as session:
        stored = load(session, programme, on=on)
        name = stored.programme.id
        known = versions.baselines(session, name, until=known_until(session, name))
    return _lines(stored.programme, known)


def _lines(programme: Programme, known: Iterable[versions.StoredPlan]) -> tuple[BaselineLine, ...]:
    return tuple(
        BaselineLine(
            number=one.number,
            on=format_day(local_day(one.at)),
            approver=programme.person(one.approver),
            reason=one.note,
            announced=one.announces is not False,
        )
        for one in known
    )
