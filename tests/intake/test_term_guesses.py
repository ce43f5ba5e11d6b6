"""Guesses about the events of published calendars: terms, the holidays between them, or the first and last days."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from changeflow.intake.calendar_events import CalendarEvent
from changeflow.intake.term_guesses import TermRow, guess_terms

AUTUMN = ("Autumn term 2026", "2026-09-02", "2026-12-18")
SPRING = ("Spring term 2027", "2027-01-04", "2027-03-25")
OCTOBER, FEBRUARY = ("2026-10-26", "2026-10-30"), ("2027-02-15", "2027-02-19")


def events(*given: tuple[str, ...]) -> list[CalendarEvent]:
    """Each event has a title, its first day and, if it is longer, its last day."""
    return [
        CalendarEvent(line=n, title=title, first_day=date.fromisoformat(days[0]), last_day=date.fromisoformat(days[-1]))
        for n, (title, *days) in enumerate(given, 1)
    ]


def rows(found: Iterable[TermRow], use: str) -> list[tuple[str, str, str]]:
    return [(r.name, str(r.first_day), str(r.last_day)) for r in found if r.use.value == use]


def halves(found: Iterable[TermRow]) -> list[tuple[str, str]]:
    return [days for _, *days in rows(found, "half-term")]  # type: ignore[misc]


def test_terms_that_are_given_whole_keep_their_days_without_weekends():
    found = guess_terms(
        events(
            ("Autumn term", "2026-09-02", "2026-12-20"),
            ("October half-term", "2026-10-24", "2026-11-01"),
            ("Christmas holidays", "2026-12-19", "2027-01-03"),
            ("Spring term 2027", "2027-01-04", "2027-03-25"),
            ("Good Friday", "2027-03-26"),
            ("Parents’ evening", "2027-02-03"),
        )
    )
    assert rows(found, "term") == [AUTUMN, SPRING]
    assert halves(found) == [[*OCTOBER]]
    assert [name for name, _, _ in rows(found, "none")] == ["Christmas holidays", "Parents’ evening", "Good Friday"]


def test_two_parts_of_one_term_are_joined_with_half_term_between_them():
    found = guess_terms(
        events(
            ("Autumn term 1", "2026-09-02", "2026-10-23"),
            ("Autumn term 2", "2026-11-02", "2026-12-18"),
            ("Spring term 1st half", "2027-01-04", "2027-02-12"),
            ("Spring term 2nd half", "2027-02-22", "2027-03-25"),
        )
    )
    assert rows(found, "term") == [AUTUMN, SPRING]
    assert halves(found) == [[*OCTOBER], [*FEBRUARY]]
    assert all(row.doubt for row in found if row.use.value == "half-term")


def test_six_numbered_terms_stay_six():
    found = guess_terms(events(("Term 1", "2026-09-02", "2026-10-23"), ("Term 2", "2026-11-02", "2026-12-18")))
    assert [row[0] for row in rows(found, "term")] == ["Term 1 2026", "Term 2 2026"]


def test_terms_are_made_of_their_first_and_last_days():
    found = guess_terms(
        events(
            ("Autumn term begins", "2026-09-02"),
            ("Break up for half-term", "2026-10-23"),
            ("Return to school after half-term", "2026-11-02"),
            ("Last day of term", "2026-12-18"),
            ("Spring term starts – INSET day", "2027-01-04"),
            ("Half term starts", "2027-02-15"),
            ("Half term ends", "2027-02-19"),
            ("End of spring term", "2027-03-25"),
            ("Summer term starts", "2027-04-12"),
        )
    )
    assert rows(found, "term")[:2] == [AUTUMN, SPRING]
    assert halves(found) == [[*OCTOBER], [*FEBRUARY]]
    assert rows(found, "closed") == [("Spring term starts – INSET day", "2027-01-04", "2027-01-04")]
    summer = found[-1]
    assert (str(summer.first_day), summer.last_day) == ("2027-04-12", None)
    assert summer.doubt == "The calendar does not give its last day. Enter it."


def test_terms_are_worked_out_from_the_holidays_if_these_are_all_there_is():
    found = guess_terms(
        events(
            ("Summer holidays", "2026-07-22", "2026-09-01"),
            ("October half term", "2026-10-24", "2026-11-01"),
            ("Christmas holidays", "2026-12-19", "2027-01-03"),
            ("February half term", "2027-02-13", "2027-02-21"),
            ("Easter holidays", "2027-03-26", "2027-04-11"),
        )
    )
    assert rows(found, "term") == [AUTUMN, SPRING]
    assert halves(found) == [[*OCTOBER], [*FEBRUARY]]
    assert {row.doubt for row in found if row.use.value == "term"} == {
        "We have worked it out from the holidays before and after it."
    }


@pytest.mark.parametrize(
    ("title", "days", "use"),
    [
        ("INSET day", 1, "closed"),
        ("Staff training days", 2, "closed"),
        ("Non-pupil day – school closed", 1, "closed"),
        ("Hyfforddiant mewn swydd", 1, "closed"),
        ("Occasional closure", 1, "closed"),
        ("Bank holiday – school closed", 1, "none"),
        ("May Day", 1, "none"),
        ("Hanner tymor", 5, "half-term"),
        ("October break", 12, "half-term"),
        ("Half-term 1", 50, "term"),
        ("Tymor yr hydref", 100, "term"),
        ("Summer fair", 1, "none"),
        ("Year 6 visit the Spring Gardens", 5, "none"),
        ("Chess club", 300, "none"),
    ],
)
def test_an_event_is_recognised_by_its_name_and_length(title: str, days: int, use: str):
    first = date(2026, 9, 7)
    event = CalendarEvent(line=1, title=title, first_day=first, last_day=first + timedelta(days=days - 1))
    [row] = guess_terms([event])
    assert row.use.value == use


def test_a_half_term_that_seems_to_lack_its_friday_is_doubted():
    [row] = guess_terms(events(("Half term", "2026-10-26", "2026-10-29")))
    assert row.doubt.startswith("By the rules of calendar files, it ends on Thursday 29 Oct 2026.")
