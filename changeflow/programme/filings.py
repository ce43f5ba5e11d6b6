"""Filings: exactly one live submitter for each scheme and pay period, and never a parallel run's output."""

from datetime import date

from dateutil.relativedelta import relativedelta

from changeflow.errors import CheckFailedError, InputError
from changeflow.pilots.criteria import Scheme
from changeflow.programme.facts import SYSTEMS, Submission
from changeflow.programme.programme import Programme
from changeflow.programme.recording import service_named
from changeflow.values.limits import parse_day
from changeflow.values.moments import day_of, format_day
from changeflow.values.problem import check_known, pick
from changeflow.values.words import Kind


def is_new_filing(programme: Programme, submission: Submission) -> bool:
    """Return whether a filing is new; a filing that is not allowed is an error.

    A second submitter for the same scheme and period is not allowed. Nor is the new system's output for a period in
    which none of the scheme's schools was live: that was a parallel run, which is never filed.
    """
    scheme = _scheme_of(programme, submission)
    key = (submission.service, submission.scheme, submission.period)
    same = [s for s in programme.facts.submissions if (s.service, s.scheme, s.period) == key]
    if any(s.system == submission.system for s in same):
        return False
    if same:
        raise CheckFailedError(
            f"The {same[0].system} system has already filed scheme {submission.scheme} for {submission.period}. "
            "A second filing would report people twice. No changes saved."
        )
    _check_parallel(programme, submission, scheme)
    return True


def _scheme_of(programme: Programme, submission: Submission) -> Scheme:
    """Return the filing's scheme; an unknown service, scheme, period or system is an error."""
    run = service_named(programme, submission.service).parallel_run
    check_known("system", submission.system, SYSTEMS)
    schemes = {s.id: s for s in run.schemes} if run else {}
    scheme = pick("scheme", submission.scheme, schemes, remedy="Name it under parallel_run: schemes.")
    _first_day(submission.period)
    return scheme


def _first_day(period: str) -> date:
    try:
        return parse_day(f"{period}-01")
    except ValueError:
        raise InputError(f"'{period}' is not a pay period. Write the month paid, such as 2027-06.") from None


def _check_parallel(programme: Programme, submission: Submission, scheme: Scheme) -> None:
    """Check the system: the new one files from the month in which the scheme's first school is live. Where both pay its
    people, the system in `joint_filing` files."""
    schools = frozenset(scheme.schools) or programme.schools_of(submission.service)
    end = _first_day(submission.period) + relativedelta(months=1)
    lives = {
        school: day_of(finish)
        for t in programme.tasks(kind=Kind.GO_LIVE, service=submission.service, schools=schools)
        if (finish := programme.facts.finish_of(t.id)) is not None
        for school in t.schools & schools
    }
    live = {school for school, day in lives.items() if day < end}
    if submission.system == "new" and not live:
        first = f"it goes live on {format_day(min(lives.values()))}" if lives else "none of its schools is live on it"
        raise CheckFailedError(
            f"The new system's output for {submission.period} is from a parallel run ({first}) and must not be filed. "
            "No changes saved."
        )
    if live and live < schools and scheme.joint_filing not in (None, submission.system):
        raise CheckFailedError(
            f"In {submission.period} both systems pay people in scheme {scheme.id}, and the {scheme.joint_filing} one "
            "files for all of them (joint_filing). No changes saved."
        )
