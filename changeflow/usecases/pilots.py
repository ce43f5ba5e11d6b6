"""Propose which schools go first."""

from pathlib import Path

from changeflow.agenda.pilot_entries import proposed_cohorts
from changeflow.pilots.choosing import Cohort
from changeflow.programme.programme import Programme
from changeflow.usecases.plan import plan_folder


def proposed_pilot(folder: Path, *, size: int) -> tuple[Programme, tuple[Cohort, ...]]:
    """Return a folder's programme, and the cohorts that are most like the trust, the best first."""
    programme = plan_folder(folder).programme
    return programme, proposed_cohorts(programme, size=size)
