"""Issues, feedback and improvements follow from entries that are only ever added."""

from datetime import date

from changeflow.pilots.entries import (
    Entry,
    FeedbackGiven,
    ImprovementMade,
    ImprovementPlanned,
    IssueRaised,
    IssueSeverity,
    IssueUpdate,
)
from changeflow.pilots.issues import improvements, issues, unanswered


def day(n: int) -> date:
    return date(2027, 4, n)


def raised(number: int, on: int, severity: int, service: str = "payroll") -> IssueRaised:
    return IssueRaised(
        service=service, on=day(on), by="lead", number=number, text=f"No. {number}", severity=IssueSeverity(severity)
    )


def update(issue: int, on: int, **said: object) -> IssueUpdate:
    values = {"service": "payroll", "on": day(on), "by": "lead", "number": on, "issue": issue, "words": "Looked at"}
    return IssueUpdate.model_validate(values | said)


def test_open_issues_are_listed_by_severity_and_then_by_age():
    log: list[Entry] = [raised(1, 9, 2), raised(2, 5, 2), raised(3, 10, 1), raised(4, 1, 1)]
    log.append(update(4, 12, state="fixed"))
    assert [i.number for i in issues(log)] == [3, 2, 1, 4]


def test_the_age_of_an_issue_ends_when_it_is_fixed():
    log: list[Entry] = [raised(1, 1, 2)]
    assert issues(log)[0].age(day(15)) == 14
    log.append(update(1, 8, state="fixed"))
    assert issues(log)[0].age(day(30)) == 7
    log.append(update(1, 20, state="open"))
    [again] = issues(log)
    assert again.is_open
    assert again.age(day(30)) == 29


def test_an_update_changes_only_the_fields_it_gives():
    log: list[Entry] = [raised(1, 1, 3), update(1, 2, severity=1), update(1, 3, blocks_next_wave=True, owner="chief")]
    [found] = issues(log)
    assert (found.severity, found.blocks_next_wave, found.owner, found.state) == (1, True, "chief", "open")
    log.append(update(1, 4, blocks_next_wave=False))
    assert not issues(log)[0].blocks_next_wave


def test_numbers_belong_to_their_service():
    log: list[Entry] = [raised(1, 1, 2), raised(1, 2, 1, "finance"), update(1, 3, state="fixed")]
    assert [i.state for i in issues(log, "finance")] == ["open"]
    assert [i.state for i in issues(log, "payroll")] == ["fixed"]


def test_an_improvement_shows_what_you_said_and_what_we_did():
    common = {"service": "payroll", "by": "lead"}
    log: list[Entry] = [
        FeedbackGiven(**common, on=day(1), number=1, side="user", text="Who do I ring?"),
        FeedbackGiven(**common, on=day(1), number=2, side="provider", text="Forms come late"),
        ImprovementPlanned(**common, on=day(2), number=1, text="One number", owner="lead", feedback=(1,)),
        ImprovementPlanned(**common, on=day(2), number=2, text="A reminder", owner="lead", due=day(20)),
    ]
    assert [(i.number, i.said) for i in improvements(log)] == [(2, ()), (1, ("Who do I ring?",))]
    assert [f.number for f in unanswered(log)] == [2]
    log.append(ImprovementMade(**common, on=day(9), number=1, improvement=1, did="It is on every payslip"))
    last = improvements(log)[-1]
    assert (last.did, last.done) == ("It is on every payslip", day(9))
