"""Terms missing between given ones are found; a missing whole year is filled by an assumption."""

from datetime import date
from pathlib import Path

from changeflow.calendar.extent import DayRange, GivenDates
from changeflow.calendar.terms import TermDates, Terms
from changeflow.intake.folder import read_folder
from changeflow.usecases.plan import missing_dates
from tests.builders import a_folder

YEAR = (
    TermDates("Autumn 2026", date(2026, 9, 2), date(2026, 12, 18)),
    TermDates("Spring 2027", date(2027, 1, 4), date(2027, 3, 25)),
    TermDates("Summer 2027", date(2027, 4, 12), date(2027, 7, 21)),
)
LATER = TermDates("Autumn 2028", date(2028, 9, 4), date(2028, 12, 20))


def test_a_missing_year_is_filled_with_the_year_before():
    """364 days later: 1 September to 17 December 2027, 3 January to 23 March 2028, 10 April to 19 July 2028."""
    terms = Terms((*YEAR, LATER), "england")
    filled = [t for t in terms.filled if t.is_assumed]
    assert [(t.first, t.last) for t in filled] == [
        (date(2027, 9, 1), date(2027, 12, 17)),
        (date(2028, 1, 3), date(2028, 3, 23)),
        (date(2028, 4, 10), date(2028, 7, 19)),
    ]
    assert terms.within(date(2028, 2, 1), date(2028, 2, 2)) == [filled[1]]


def test_a_missing_term_stays_a_holiday_and_is_reported():
    terms = Terms((YEAR[0], YEAR[2]), "england")
    assert terms.gaps == ((YEAR[0], YEAR[2]),)
    assert terms.filled == terms.given


def test_a_summer_holiday_is_not_a_gap():
    """21 July to 2 September is six weeks; in Northern Ireland 30 June to 1 September is nine."""
    ireland = (
        TermDates("Summer", date(2027, 4, 7), date(2027, 6, 30)),
        TermDates("A", date(2027, 9, 1), date(2027, 12, 21)),
    )
    assert Terms((YEAR[2], TermDates("A", date(2027, 9, 2), date(2027, 12, 17))), "england").gaps == ()
    assert Terms(ireland, "northern-ireland").gaps == ()


def test_days_in_a_filled_gap_are_not_covered():
    given = GivenDates(
        "terms", "t", "terms", date(2026, 9, 2), date(2028, 12, 20), (DayRange(date(2027, 7, 22), date(2028, 9, 3)),)
    )
    assert given.covers(date(2027, 7, 1), date(2027, 7, 21))
    assert not given.covers(date(2027, 7, 1), date(2027, 7, 22))
    assert not given.covers(date(2028, 9, 3), date(2028, 9, 5))
    assert given.covers(date(2028, 9, 4), date(2028, 9, 5))


def test_validate_names_the_file_and_the_days(tmp_path: Path):
    """22 July 2027 to 3 September 2028 is 410 days, more than a year."""
    folder = a_folder(tmp_path / "trust")
    (folder / "calendars").mkdir()
    lines = [f"  - {{name: {t.name}, first_day: {t.first}, last_day: {t.last}}}\n" for t in (*YEAR, LATER)]
    (folder / "calendars" / "terms.yaml").write_text("calendar: terms\nterms:\n" + "".join(lines), encoding="utf-8")
    found = [str(p) for p in missing_dates(read_folder(folder))]
    what = "No school day is given between Summer 2027 and Autumn 2028 (22 Jul 2027 to 3 Sep 2028)"
    remedy = "the year before is assumed again. Add the terms that are missing."
    assert found == [f"calendars/terms.yaml:2:1: {what}: {remedy}"]
