"""Points of no return, after which a wave cannot go back to the old way, and the last day before each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

from changeflow.calendar.extent import ONE_DAY
from changeflow.pilots.criteria import Scheme
from changeflow.pilots.entries import Confirmation
from changeflow.programme.definition import ServiceFile
from changeflow.programme.programme import Programme
from changeflow.values.base import TaskId
from changeflow.values.moments import day_of
from changeflow.values.words import Kind, NoReturn


@dataclass(frozen=True, slots=True, kw_only=True)
class PointOfNoReturn:
    """One point of no return."""

    kind: NoReturn
    service: str
    wave: str | None
    """None if it applies to all waves."""
    what: str
    last_day: date
    """The last day on which the old way is available."""
    task: TaskId | None = None
    """The task that begins with this point, if there is one."""
    is_passed: bool = False
    is_confirmed: bool = False
    """Whether a person has confirmed how long the way back is open; `what` has their words."""


def points_of_no_return(
    programme: Programme, *, service: str | None = None, wave: str | None = None
) -> tuple[PointOfNoReturn, ...]:
    """Return the points of one wave or of all, the next one first."""
    found = (*_tasks(programme), *_dated(programme), *_filings(programme), *_confirmed(programme))
    chosen = [
        p for p in found if (service is None or p.service == service) and (wave is None or p.wave in (None, wave))
    ]
    return tuple(sorted(chosen, key=lambda p: (p.last_day, p.service, p.wave or "", p.what)))


def _tasks(programme: Programme) -> Iterator[PointOfNoReturn]:
    """Yield tasks that begin with a point of no return: marked steps, and the end of old posts."""
    for task in programme.tasks():
        kind = task.no_return or (NoReturn.POSTS_ENDED if task.kind is Kind.ROLE_REMOVAL else None)
        if kind is None or task.service is None:
            continue
        last = programme.days_of(task.id)[0] - ONE_DAY
        yield PointOfNoReturn(
            kind=kind,
            service=task.service,
            wave=task.wave,
            what=task.name,
            last_day=last,
            task=task.id,
            is_passed=task.id in programme.facts.progress or _is_over(programme, last),
        )


def _dated(programme: Programme) -> Iterator[PointOfNoReturn]:
    """Yield fixed days from the service's file, such as the end of the old licence or a notice."""
    for service in programme.services:
        for point in service.no_return:
            for wave in point.waves or (None,):
                yield PointOfNoReturn(
                    kind=point.kind,
                    service=service.service,
                    wave=wave,
                    what=point.what,
                    last_day=point.last_day,
                    is_passed=_is_over(programme, point.last_day),
                )


def _confirmed(programme: Programme) -> Iterator[PointOfNoReturn]:
    """Yield confirmations, valid until a day, that the way back is open."""
    latest = {(e.gate, e.item): e for e in programme.facts.pilot if isinstance(e, Confirmation)}
    for (gate, _), confirmed in latest.items():
        task = programme.roadmap.tasks.get(gate)
        if confirmed.until is not None and task is not None and task.service is not None:
            yield PointOfNoReturn(
                kind=NoReturn.LICENCE_ENDED,
                service=task.service,
                wave=task.wave,
                what=confirmed.evidence.rstrip("."),
                last_day=confirmed.until,
                is_passed=_is_over(programme, confirmed.until),
                is_confirmed=True,
            )


def _filings(programme: Programme) -> Iterator[PointOfNoReturn]:
    """Yield the new system's first filing, on payday at the latest, so the last day is the day before."""
    for service in programme.services:
        for scheme in service.parallel_run.schemes if service.parallel_run else ():
            yield from _of_scheme(programme, service, scheme)


def _of_scheme(programme: Programme, service: ServiceFile, scheme: Scheme) -> Iterator[PointOfNoReturn]:
    schools = frozenset(scheme.schools) or programme.schools_of(service.service)
    lives = [t for t in programme.tasks(kind=Kind.GO_LIVE, service=service.service, schools=schools) if t.wave]
    lives.sort(key=lambda t: (programme.timed(t.id).early_start, t.id))
    if scheme.joint_filing == "old":
        # Until the last school is live, the old system files for all and includes the new system's figures.
        lives = lives[-1:]
    filed = {
        s.period
        for s in programme.facts.submissions
        if (s.service, s.scheme, s.system) == (service.service, scheme.id, "new")
    }
    for live in lives:
        payday = _first_payday(programme, schools & live.schools, day_of(programme.timed(live.id).early_start))
        if payday is not None:
            yield PointOfNoReturn(
                kind=NoReturn.FIRST_FILING,
                service=service.service,
                wave=live.wave,
                what=f"Scheme {scheme.id}",
                last_day=payday - ONE_DAY,
                is_passed=f"{payday:%Y-%m}" in filed or _is_over(programme, payday - ONE_DAY),
            )


def _first_payday(programme: Programme, schools: frozenset[str], live: date) -> date | None:
    for month in (live, live + relativedelta(months=1)):
        days = [p.payday for p in programme.pay.pays(schools, month) if p.payday >= live]
        if days:
            return min(days)
    return None


def _is_over(programme: Programme, last_day: date) -> bool:
    return programme.roadmap.data_date is not None and programme.on > last_day
