"""Approve the forecast as a baseline."""

from changeflow.errors import CheckFailedError
from changeflow.programme.dates import dates_of
from changeflow.storage import versions
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.words import Action, Stops


def take_baseline(reason: str, change: Change) -> int:
    """Approve the forecast as a baseline; findings that block stop it."""
    with unit_of_work(change) as work:
        by = work.permit(Action.TAKE_BASELINE)
        blocks = [f for f in work.stored.judged.blocks if f.blocks is Stops.BASELINE]
        if blocks:
            found = "\n".join(f"  {f.rule} {f.message} {f.remedy}" for f in blocks)
            raise CheckFailedError(f"No baseline: {len(blocks)} findings block it.\n{found}")
        number = versions.add_baseline(
            work.session,
            work.name,
            dates_of(work.programme),
            version=work.stored.version.number,
            at=change.now,
            approver=by,
            reason=reason,
        )
        work.record("baseline", f"baseline:{number}", by=by)
    return number
