"""Rules about the day of a go-live: it is a working day, and payroll data are ready before inputs close."""

from collections.abc import Iterator
from datetime import date

from dateutil.relativedelta import relativedelta

from changeflow.calendar.nations import public_holidays
from changeflow.programme.assembly.task_periods import EVERY_DAY, PAY_PERIOD
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.pathways import MEETING
from changeflow.roadmap.model.tasks import Task
from changeflow.values.finding import Breach, ImpliedLink
from changeflow.values.moments import day_of, format_day, last_day_of
from changeflow.values.words import Kind, Severity


def on_working_days(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """Go-lives must fall on working days, because staff need to be there."""
    for live in go_lives_ahead(programme):
        office, day = programme.pay.office, day_of(programme.timed(live.id).early_start)
        if live.calendar.startswith(EVERY_DAY) or office.works_on(day):
            continue
        holidays = dict(public_holidays(programme.definition.programme.nation, day.year, day.year))
        closed = office.closures.get(day) or holidays.get(day)
        meeting = (live.starts_on or "").startswith(MEETING)
        why = "It starts on the day of a meeting" if meeting else "A set date or earlier work puts it there"
        named = f"{format_day(day, weekday=True)}{f' ({closed})' if closed else ''}"
        message = (
            f"“{live.name}” is on {named}, when no one works. {why}. "
            f"The next working day is {format_day(office.day_after(day, 1), weekday=True)}."
        )
        severity = Severity.INFO if meeting else Severity.WARN
        yield Breach("R29", live.id, message, live.service, live.schools, severity)


def in_time_for_its_pay(programme: Programme) -> Iterator[Breach | ImpliedLink]:
    """A payroll that goes live in a pay period must have its data ready by the end of that period's cut-off day."""
    pays_people = {s.service for s in programme.services if s.pays_people}
    for live in go_lives_ahead(programme):
        if not (live.starts_on or "").startswith(PAY_PERIOD) and live.service not in pays_people:
            continue
        day = day_of(programme.timed(live.id).early_start)
        pays, ready = programme.pay.pays(live.schools, day), _data_ready(programme, live)
        if not pays or ready <= pays[0].cut_off:
            continue
        missed = pays[0]
        following = programme.pay.pays(live.schools, day + relativedelta(day=1, months=1))[0]
        message = (
            f"“{live.name}” is too late for the {missed.period.name} pay. Its data will be ready on "
            f"{format_day(ready)}, but inputs close on {format_day(missed.cut_off)} for the payday on "
            f"{format_day(missed.payday)}. The first pay can be {following.period.name}, on "
            f"{format_day(following.payday)}."
        )
        yield Breach("R30", live.id, message, live.service, live.schools)


def go_lives_ahead(programme: Programme) -> Iterator[Task]:
    return (t for t in programme.tasks(kind=Kind.GO_LIVE) if t.id not in programme.facts.progress)


def _data_ready(programme: Programme, live: Task) -> date:
    """Return the last day of a go-live and all its predecessors."""
    before = programme.graph.predecessors(live.id)
    finishes = [programme.timed(t).early_finish for t in (live.id, *before)]
    starts = day_of(programme.timed(live.id).early_start)
    return max(starts, last_day_of(max(finishes)))
