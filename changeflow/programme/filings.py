"""Who files: exactly one live submitter for each scheme and pay period, and never a parallel run's output."""

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
    """Tell whether a filing is not known yet; one that must not be is an error.

    That is a second submitter of the same scheme and period, and the new system's output of a period in which none
    of the scheme's schools was live with it: that was a parallel run, and is never filed.
    """
    scheme = _scheme_of(programme, submission)
    key = (submission.service, submission.scheme, submission.period)
    same = [s for s in programme.facts.submissions if (s.service, s.scheme, s.period) == key]
    if any(s.system == submission.system for s in same):
        return False
    if same:
        raise CheckFailedError(
            f"Scheme {submission.scheme} was filed for {submission.period} by the {same[0].system} system already: "
            "one system files a scheme's period, or people are reported twice. No changes saved."
        )
    _check_parallel(programme, submission, scheme)
    return True


def _scheme_of(programme: Programme, submission: Submission) -> Scheme:
    """Return the scheme that is meant; a service, scheme, period or system that nothing has is an error."""
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
        raise InputError(f"'{period}' is not a pay period. Write the month that is paid, such as 2027-06.") from None


def _check_parallel(programme: Programme, submission: Submission, scheme: Scheme) -> None:
    """The new system files a scheme from the month on in which the first of its schools is live, and no earlier; where
    both pay people of it, the one that the scheme's file names."""
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
        first = f"it goes live on {format_day(min(lives.values()))}" if lives else "none of its schools is live with it"
        raise CheckFailedError(
            f"The new system's output for {submission.period} is a parallel run's: {first}. Parallel output is never "
            "filed. No changes saved."
        )
    if live and live < schools and scheme.joint_filing not in (None, submission.system):
        raise CheckFailedError(
            f"In {submission.period} both systems pay people of scheme {scheme.id}, and the {scheme.joint_filing} one "
            "files it for all of them (joint_filing). No changes saved."
        )
