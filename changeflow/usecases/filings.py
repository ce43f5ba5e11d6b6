"""Record which system filed a scheme's pay period."""

from changeflow.programme.facts import Submission
from changeflow.programme.filings import is_new_filing
from changeflow.programme.mandates import Subject
from changeflow.storage import pilots
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.words import Action


def record_submission(submission: Submission, change: Change) -> bool:
    """Record which system filed a scheme's period; return False if already recorded.

    A second submitter of the same scheme and period is refused. So is the new system's output for a period in which
    none of the scheme's schools was live on it: that was a parallel run, which is never filed.
    """
    with unit_of_work(change) as work:
        by = work.permit(Action.RECORD_FILING, Subject(service=submission.service))
        if is_new := is_new_filing(work.programme, submission):
            pilots.add_submission(work.session, work.name, submission, at=change.now, by=by)
            subject = f"{submission.service}:{submission.scheme}:{submission.period}:{submission.system}"
            work.record("submit", subject, by=by)
    return is_new
