"""Saturation as a page shows it: across all programmes in the database, without naming what the reader may not see."""

from dataclasses import replace

from changeflow.errors import InputError
from changeflow.reports.saturation import Saturation, saturation
from changeflow.reports.school_weeks import AHEAD, WEEKS, rollouts_of
from changeflow.storage import versions
from changeflow.usecases.own_school import own_school
from changeflow.usecases.stored import content_state, load
from changeflow.usecases.visits import Visit, sees_every_school
from changeflow.values.words import Action

STARTS = range(0, AHEAD, WEEKS)
"""The weeks with which a page can begin."""


def saturation_key(visit: Visit, start: int) -> tuple[object, ...]:
    """Return what decides the view, besides the programme itself."""
    others = [name for name in versions.programme_ids(visit.session) if name != visit.name]
    states = tuple((n, content_state(visit.session, n), sees_every_school(visit, n)) for n in others)
    return states, start


def saturation_view(visit: Visit, start: int = 0) -> Saturation:
    """Return how many changes reach schools and groups in each week, from `start`; heads see their own school.

    Other programmes are counted. What is in them is named for people who see every school there.
    """
    visit.permit(Action.READ_PROGRAMME)
    if start not in STARTS:
        raise InputError("These weeks cannot be shown. Open the page again from People.")
    states, _ = key = saturation_key(visit, start)
    known = {visit.name, *(name for name, _, is_named in states if is_named)}  # type: ignore[attr-defined]

    def work_out() -> Saturation:
        others = [load(visit.session, name, on=visit.today).programme for name, _, _ in states]  # type: ignore[attr-defined]
        programmes = [visit.programme, *others]
        return saturation(
            programmes,
            today=visit.today,
            start=start,
            named=lambda name: name in known,
            rollouts={one.id: rollouts_of(one) for one in programmes},
        )

    found, own = visit.view("saturation", work_out, *key), own_school(visit)
    if own is None:
        return found
    return replace(
        found,
        schools=tuple(row for row in found.schools if row.school == own.school),
        groups=(),
        over=tuple(line for line in found.over if line.school == own.school),
        moves=(),
    )
