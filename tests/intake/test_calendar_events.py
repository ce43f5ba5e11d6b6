"""Events of iCalendar files as authorities, schools and office programs write them."""

from datetime import date

import pytest

from changeflow.errors import InputError
from changeflow.intake.calendar_events import MOST_BYTES, MOST_EVENTS, MOST_VALUES, ReadCalendar, read_calendar

SINCE, UNTIL = date(2026, 8, 1), date(2031, 7, 31)
LAST_MONDAYS = ((26, 26), (27, 25), (28, 30), (29, 29), (30, 28))


def calendar(*lines: str, between: str = "\r\n") -> bytes:
    return between.join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]).encode()


def event(title: str, *lines: str) -> list[str]:
    return ["BEGIN:VEVENT", f"SUMMARY:{title}", *lines, "END:VEVENT"]


def read(content: bytes) -> ReadCalendar:
    return read_calendar(content, since=SINCE, until=UNTIL)


def days_of(*lines: str) -> list[tuple[str, str]]:
    found = read(calendar(*event("Half term", *lines)))
    assert found.problems == ()
    return [(e.first_day.isoformat(), e.last_day.isoformat()) for e in found.events]


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        # The end is the first day after the event (RFC 5545, 3.6.1).
        (["DTSTART;VALUE=DATE:20261026", "DTEND;VALUE=DATE:20261031"], ("2026-10-26", "2026-10-30")),
        (["DTSTART;VALUE=DATE:20261026"], ("2026-10-26", "2026-10-26")),
        (["DTSTART;VALUE=DATE:20261026", "DTEND;VALUE=DATE:20261026"], ("2026-10-26", "2026-10-26")),
        (["DTSTART;VALUE=DATE:20261026", "DURATION:P5D"], ("2026-10-26", "2026-10-30")),
        (["DTSTART:20261026", "DTEND:20261031"], ("2026-10-26", "2026-10-30")),
        # 23:00 UTC is midnight in London while summer time lasts, and 23:00 afterwards.
        (["DTSTART:20260901T230000Z", "DTEND:20260902T230000Z"], ("2026-09-02", "2026-09-02")),
        (["DTSTART:20261026T230000Z", "DTEND:20261027T230000Z"], ("2026-10-26", "2026-10-27")),
        (["DTSTART;TZID=Europe/London:20261026T000000", "DTEND;TZID=Europe/London:20261031T000000"],
         ("2026-10-26", "2026-10-30")),
        (["DTSTART;TZID=GMT Standard Time:20261026T000000", "DTEND;TZID=GMT Standard Time:20261031T000000"],
         ("2026-10-26", "2026-10-30")),
        (["DTSTART;TZID=Our own zone:20261026T084500", "DTEND;TZID=Our own zone:20261030T153000"],
         ("2026-10-26", "2026-10-30")),
    ],
)  # fmt: skip
def test_days_are_those_of_london_and_the_end_is_not_included(lines: list[str], days: tuple[str, str]):
    assert days_of(*lines) == [days]


@pytest.mark.parametrize(
    ("rule", "first_days"),
    [
        (["RRULE:FREQ=YEARLY;COUNT=3"], ["2026-10-26", "2027-10-26", "2028-10-26"]),
        (["RRULE:FREQ=YEARLY;UNTIL=20281026"], ["2026-10-26", "2027-10-26", "2028-10-26"]),
        (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20261102"], ["2026-10-26", "2026-11-09"]),
        (["RDATE;VALUE=DATE:20261109,20261116"], ["2026-10-26", "2026-11-09", "2026-11-16"]),
        # No year has the 30th of February.
        (["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"], []),
        (["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"], ["2028-02-29"]),
        (["RRULE:FREQ=MONTHLY;INTERVAL=12;BYDAY=-1MO"], [f"20{year}-10-{day}" for year, day in LAST_MONDAYS]),
        # A day in a year that no plan reaches.
        (["DTEND;VALUE=DATE:20261031", "RDATE;VALUE=DATE:99991230"], ["2026-10-26"]),
    ],
)
def test_an_event_that_repeats_is_read_each_time(rule: list[str], first_days: list[str]):
    assert [first for first, _ in days_of("DTSTART;VALUE=DATE:20261026", *rule)] == first_days


@pytest.mark.thorough
@pytest.mark.parametrize("rule", ["DAILY;BYMONTHDAY=31;BYMONTH=2", "YEARLY;BYMONTHDAY=31;BYMONTH=2", "DAILY"])
def test_rules_that_take_long_are_left_out_from_some_line_on(rule: str):
    lines = [
        line
        for n in range(600)
        for line in event(f"Club {n}", "DTSTART;VALUE=DATE:20170101", f"RRULE:FREQ={rule}", "SEQUENCE:1")
    ]
    found = read(calendar(*lines, *event("Half term", "DTSTART;VALUE=DATE:20261026")))
    assert "Half term" in {e.title for e in found.events}
    read_before = (found.problems[0].line - 3) // 6
    assert 2 < read_before < 100
    assert [p.line for p in found.problems] == [3 + 6 * n for n in range(read_before, 600)]
    assert found.problems[0].what == f"“Club {read_before}” was not read: the calendar has too many repeating events."


def test_a_changed_occurrence_replaces_the_one_of_the_repetition():
    found = read(
        calendar(
            *event("INSET day", "UID:1", "DTSTART;VALUE=DATE:20260901", "RRULE:FREQ=YEARLY;COUNT=2"),
            *event("INSET day", "UID:1", "RECURRENCE-ID;VALUE=DATE:20270901", "DTSTART;VALUE=DATE:20270903"),
        )
    )
    assert [e.first_day for e in found.events] == [date(2026, 9, 1), date(2027, 9, 3)]


def test_cancelled_and_repeated_events_and_those_of_other_years_are_left_out():
    found = read(
        calendar(
            *event("Half term", "DTSTART;VALUE=DATE:20261026"),
            *event("Half  Term", "DTSTART;VALUE=DATE:20261026"),
            *event("Half term", "DTSTART;VALUE=DATE:20270215", "STATUS:CANCELLED"),
            *event("Half term", "DTSTART;VALUE=DATE:20250215"),
        )
    )
    assert [e.first_day for e in found.events] == [date(2026, 10, 26)]


def test_a_line_may_be_folded_within_a_character_and_each_event_keeps_its_line():
    whole = calendar(*event("Gŵyl yr hydref", "DTSTART;VALUE=DATE:20261026"))
    place = whole.index("ŵ".encode()) + 1
    found = read(whole[:place] + b"\r\n " + whole[place:])
    assert [(e.title, e.line) for e in found.events] == [("Gŵyl yr hydref", 3)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("between", ["\r\n", "\n", "\r"])
def test_files_of_other_programs_are_read(encoding: str, between: str):
    text = calendar(*event("Café – INSET", "DTSTART;VALUE=DATE:20261026"), between=between).decode()
    assert [e.title for e in read(text.encode(encoding)).events] == ["Café – INSET"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["DTSTART;VALUE=DATE:20260231"], "The days of “Half term” cannot be read."),
        (["DTSTART:soon"], "The days of “Half term” cannot be read."),
        ([], "“Half term” has no single first day."),
        (["DTSTART;VALUE=DATE:20261026", "DTSTART;VALUE=DATE:20261027"], "“Half term” has no single first day."),
        (["DTSTART;VALUE=DATE:20261026", "RRULE:FREQ=NEVER"], "How “Half term” repeats cannot be read."),
        (["DTSTART;VALUE=DATE:20261026", "RRULE:FREQ=SECONDLY"], "How “Half term” repeats cannot be read."),
        (["DTSTART;VALUE=DATE:20261026", "RRULE:FREQ=DAILY;BYHOUR=1,2"], "How “Half term” repeats cannot be read."),
        (["DTSTART;VALUE=DATE:20261026", "RRULE:FREQ=DAILY;INTERVAL=0"], "How “Half term” repeats cannot be read."),
        (["DTSTART;VALUE=DATE:20261026", f"RRULE:FREQ=YEARLY;BYYEARDAY=366{',366' * MOST_VALUES}"],
         "How “Half term” repeats cannot be read."),
        (["DTSTART;VALUE=DATE:20261026", "RECURRENCE-ID:20261026", "RECURRENCE-ID:20261027"],
         "The days of “Half term” cannot be read."),
        (["DTSTART;VALUE=DATE:19600101", "RRULE:FREQ=DAILY"], "has been repeating since 1960."),
        (["DTSTART;VALUE=DATE:00010101"], "is outside the years 1950 to 2200."),
        (["DTSTART;VALUE=DATE:20261026", "DTEND;VALUE=DATE:99991231"], "is outside the years 1950 to 2200."),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_read_is_named_with_its_line(lines: list[str], said: str):
    found = read(calendar(*event("INSET", "DTSTART;VALUE=DATE:20261101"), *event("Half term", *lines)))
    assert [e.title for e in found.events] == ["INSET"]
    [problem] = found.problems
    assert problem.line == 7
    assert said in problem.text


def test_an_event_without_an_end_is_named_and_what_is_inside_an_event_is_not_read():
    found = read(
        calendar(
            "BEGIN:VEVENT",
            "SUMMARY:Half term",
            *event("INSET", "DTSTART;VALUE=DATE:20261101", "BEGIN:VALARM", "SUMMARY:Alarm", "END:VALARM"),
        )
    )
    assert [(e.title, e.line) for e in found.events] == [("INSET", 5)]
    assert [(p.line, p.what) for p in found.problems] == [(3, "The event that begins here has no end.")]


@pytest.mark.slow
def test_what_is_no_calendar_or_too_large_is_refused():
    one = "".join(f"{line}\r\n" for line in event("INSET", "DTSTART;VALUE=DATE:20261101"))
    for content, said in (
        (b"<html>", "This is not a calendar."),
        (b"PK\x03\x04", "This is not a calendar."),
        (calendar() + b" " * MOST_BYTES, "larger than 5 MB"),
        (calendar(one * (MOST_EVENTS + 1)), "more than 3,000 events"),
    ):
        with pytest.raises(InputError, match=said):
            read(content)
