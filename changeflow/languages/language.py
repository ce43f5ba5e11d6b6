"""One language: its catalogue, and how it writes days and numbers.

English is the source, so it has no catalogue. Every other language has `catalogues/LANGUAGE.po`. It is read directly:
there is no compiled copy that could be older.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from changeflow.values.moments import LONDON, format_hour
from changeflow.values.months import Month
from changeflow.values.sentences import Sentence, SentenceValue, sentence
from changeflow.values.words import LANGUAGES

CATALOGUES = Path(__file__).parent / "catalogues"
LOCALES: Mapping[str, str] = {"en": "en_GB"}
"""The locales, for writing days and numbers, whose names are not those of their languages."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = re.compile(rf"(?:({'|'.join(_WEEKDAYS)}) )?([0-9]{{1,2}})(?: ({'|'.join(_MONTHS)}))?(?: ([0-9]{{4}}))?")
"""A day as pages write it, or the start of a range of days: `Fri 8 Jan 2027`, `8`."""
SPAN = sentence("%(first)s to %(last)s", first="", last="")
UNCHECKED = "NOT YET CHECKED BY A SPEAKER"
"""In a catalogue's first comment until a speaker has checked it; until then every message and page says so."""
NOTE = sentence("No speaker of this language has checked the translation yet.")


@dataclass(frozen=True, slots=True)
class Language:
    """How text is written in one language."""

    code: str
    catalogue: NullTranslations
    is_checked: bool

    def __str__(self) -> str:
        return self.code

    @property
    def note(self) -> str:
        """What to add to every text; empty where a speaker has checked the catalogue."""
        return "" if self.is_checked else self.say(NOTE)

    @property
    def locale(self) -> str:
        return LOCALES.get(self.code, self.code)

    def say(self, text: str) -> str:
        """Return a sentence or month in this language. Any other text is returned as it is.

        >>> from changeflow.values.months import month_in_words
        >>> language_of("cy").say(month_in_words("2027-03"))
        'Mawrth 2027'
        """
        if isinstance(text, Month):
            return format_date(date.fromisoformat(f"{text.period}-01"), "MMMM y", locale=self.locale)
        if not isinstance(text, Sentence):
            return self._days(text)
        translated = (
            self.catalogue.ngettext(text.message, text.plural, text.number)
            if text.plural
            else self.catalogue.gettext(text.message)
        )
        return translated % {name: self._write(value) for name, value in text.values.items()}

    def _days(self, text: str) -> str:
        """Write days as this language does; any other text is returned as it is.

        >>> language_of("cy").say("Fri 8 Jan 2027"), language_of("cy").say("28 Jun to 2 Jul 2027")
        ('Gwen 8 Ion 2027', '28 Meh i 2 Gorff 2027')
        """
        parts = text.split(" to ")
        found = [_DAY.fullmatch(part) for part in parts]
        if self.code == "en" or len(parts) > 2 or not all(found):
            return text
        days = [self._day_of(match) for match in found if match is not None]
        return self.say(sentence(SPAN.message, first=days[0], last=days[1])) if len(days) > 1 else days[0]

    def _day_of(self, found: re.Match[str]) -> str:
        weekday, day, month, year = found.groups()
        names = Locale.parse(self.locale)
        words = [names.days["format"]["abbreviated"][_WEEKDAYS.index(weekday)]] if weekday else []
        words.append(day)
        words += [names.months["format"]["abbreviated"][_MONTHS.index(month) + 1]] if month else []
        return " ".join([*words, *([year] if year else [])])

    def code_of(self, text: str) -> str:
        """Return the language in which people read one of our texts: only a `Sentence` is translated."""
        return self.code if isinstance(text, Sentence) else "en"

    def _write(self, value: SentenceValue) -> str:
        if isinstance(value, date):
            return self.full_day(value)
        if isinstance(value, tuple):
            return format_list([self.say(each) for each in value], locale=self.locale)
        return self.number(value) if isinstance(value, int) else self.say(value)

    def number(self, number: int) -> str:
        return str(format_decimal(number, locale=self.locale))

    def day(self, day: date) -> str:
        """Write a day of this year or the next.

        >>> language_of("en").day(date(2027, 1, 8)), language_of("cy").day(date(2027, 1, 8))
        ('Friday 8 January', 'Dydd Gwener 8 Ionawr')
        """
        return format_date(day, "EEEE d MMMM", locale=self.locale)

    def time(self, moment: datetime) -> str:
        """Write the time of day in the United Kingdom.

        >>> moment = datetime.fromisoformat("2027-06-08T08:05+00:00")
        >>> language_of("en").time(moment), language_of("cy").time(moment)
        ('9:05am', '09:05')
        """
        local = moment.astimezone(LONDON).time()
        return format_hour(local) if self.code == "en" else format_time(local, "HH:mm", locale=self.locale)

    def full_day(self, day: date) -> str:
        """Write a day with its year.

        >>> language_of("en").full_day(date(2027, 1, 8)), language_of("cy").full_day(date(2027, 1, 8))
        ('8 January 2027', '8 Ionawr 2027')
        """
        return format_date(day, "d MMMM y", locale=self.locale)

    def day_in_year(self, day: date) -> str:
        """Write a day with its year, as the pages do.

        >>> language_of("en").day_in_year(date(2027, 1, 8)), language_of("cy").day_in_year(date(2027, 1, 8))
        ('8 Jan 2027', '8 Ion 2027')
        """
        return f"{self.short_day(day, weekday=False)} {day.year}"

    def weekday_in_year(self, day: date) -> str:
        """Write a day with its weekday and year, as the pages do.

        >>> language_of("en").weekday_in_year(date(2027, 1, 8)), language_of("cy").weekday_in_year(date(2027, 1, 8))
        ('Fri 8 Jan 2027', 'Gwen 8 Ion 2027')
        """
        return f"{self.short_day(day)} {day.year}"

    def short_day(self, day: date, *, weekday: bool = True) -> str:
        """Write a day short enough for a subject line; without the weekday it is shorter still.

        >>> language_of("en").short_day(date(2027, 1, 8)), language_of("cy").short_day(date(2027, 1, 8))
        ('Fri 8 Jan', 'Gwen 8 Ion')
        """
        # The reports write “Sep”, where the locale has “Sept”.
        return format_date(day, "EEE d MMM" if weekday else "d MMM", locale=self.locale).replace("Sept", "Sep")


@lru_cache
def language_of(code: str) -> Language:
    """Return a language by its code; English for a code that is not known."""
    if code == "en" or code not in LANGUAGES:
        return Language("en", NullTranslations(), is_checked=True)
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(code, GNUTranslations(compiled), is_checked=UNCHECKED not in catalogue.header_comment)
