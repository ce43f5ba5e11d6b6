"""Pilots: the schools that go first, and the measured exit criteria."""

from decimal import Decimal, InvalidOperation
from pathlib import Path

from changeflow.agenda import pilot_entries
from changeflow.agenda.pilot_entries import proposed_cohorts
from changeflow.errors import InputError
from changeflow.pilots.choosing import Cohort
from changeflow.programme.programme import Programme
from changeflow.storage import pilots
from changeflow.usecases.plan import plan_folder
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.words import Action


def proposed_pilot(folder: Path, *, size: int) -> tuple[Programme, tuple[Cohort, ...]]:
    """Return a folder's programme, and the cohorts most representative of the trust, the best first."""
    programme = plan_folder(folder).programme
    return programme, proposed_cohorts(programme, size=size)


def measure_criterion(service: str, criterion: str, value: str, change: Change) -> None:
    """Record the measured value of a pilot's exit criterion, a number like its threshold."""
    if not _is_number(value):
        raise InputError(
            f"'{value}' is not a number. Write it as its threshold is written, such as 2.5. No changes saved."
        )
    with unit_of_work(change) as work:
        work.actor()
        by = work.permit(Action.MEASURE_PILOT, pilot_entries.measure_subject(work.programme, service, criterion))
        pilots.add_measure(work.session, work.name, service, criterion, value, on=change.on, at=change.now, by=by)
        work.record("measure", f"{service}:{criterion}", by=by)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
