"""The subject of a run or an entry, as a short name: a page about one thing changes only with entries about that
thing."""

from changeflow.pilots.entries import (
    CaseTested,
    Confirmation,
    Entry,
    Explanation,
    FeedbackGiven,
    ImprovementMade,
    ImprovementPlanned,
    IssueRaised,
    IssueUpdate,
    LessonAnswered,
    LessonProposed,
    PilotRepeated,
    Signature,
)
from changeflow.pilots.runs import RunSummary


def run_thing(service: str, period: str) -> str:
    return f"run:{service}:{period}"


def issue_thing(service: str, number: int) -> str:
    return f"issue:{service}:{number}"


def improvement_thing(service: str, number: int) -> str:
    return f"improvement:{service}:{number}"


def lesson_thing(service: str, number: int) -> str:
    return f"lesson:{service}:{number}"


def sign_off_thing(gate: str) -> str:
    return f"sign-off:{gate}"


def measure_thing(service: str, criterion: str) -> str:
    return f"measure:{service}:{criterion}"


def case_thing(service: str, case: str) -> str:
    return f"case:{service}:{case}"


def thing_of(about: Entry | RunSummary) -> str:
    """Return the subject of an entry or a run.

    >>> from datetime import date
    >>> thing_of(IssueUpdate(service="payroll", on=date(2027, 3, 1), by="x", issue=2, words="Fixed"))
    'issue:payroll:2'
    """
    match about:
        case RunSummary() | Explanation():
            return run_thing(about.service, about.period)
        case IssueRaised():
            return issue_thing(about.service, about.number)
        case IssueUpdate():
            return issue_thing(about.service, about.issue)
        case ImprovementPlanned():
            return improvement_thing(about.service, about.number)
        case ImprovementMade():
            return improvement_thing(about.service, about.improvement)
        case LessonProposed():
            return lesson_thing(about.service, about.number)
        case LessonAnswered():
            return lesson_thing(about.service, about.lesson)
        case Signature() | Confirmation():
            return sign_off_thing(about.gate)
        case FeedbackGiven():
            return f"feedback:{about.service}:{about.number}"
        case PilotRepeated():
            return about.task
        case CaseTested():
            return case_thing(about.service, about.case)
