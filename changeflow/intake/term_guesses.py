"""Guess which events of a calendar are terms, half-terms and closed days. People check each guess before it is used.

Authorities publish term dates in three ways: the terms, the holidays between them, or the first and last day of each.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from changeflow.intake.calendar_events import ONE_DAY, CalendarEvent
from changeflow.values.moments import format_day, format_days


class TermUse(StrEnum):
    """What a row of the review becomes."""

    TERM = "term"
    HALF_TERM = "half-term"
    CLOSED = "closed"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRow:
    """Some days of a calendar, and what they seem to be. A day that the calendar does not give is None."""

    use: TermUse
    name: str
    first_day: date | None
    last_day: date | None
    said: str
    """What the calendar says."""
    line: int = 0
    """The line of the calendar; 0 if the row follows from several events."""
    doubt: str = ""
    """What to check, in a sentence."""

    @property
    def day(self) -> date:
        return self.first_day or self.last_day or date.max


class _Kind(StrEnum):
    TERM = "term"
    HALF_TERM = "half-term"
    HOLIDAY = "holiday"
    CLOSED = "closed"
    BEGINS = "begins"
    ENDS = "ends"
    HALF_BEGINS = "half-term begins"
    HALF_ENDS = "half-term ends"
    OTHER = "other"


LONGEST_HALF_TERM, SHORTEST_TERM, LONGEST_TERM = 18, 15, 200
"""In days, weekends included: our own choice. Teaching between two half-terms is sometimes called a half-term, too."""
LONGEST_PAUSE = timedelta(days=24)
"""The longest time between two parts of one term."""
_SEASONS = {"autumn": "Autumn", "michaelmas": "Autumn", "hydref": "Autumn", "winter": "Autumn",
            "spring": "Spring", "lent": "Spring", "gwanwyn": "Spring",
            "summer": "Summer", "trinity": "Summer", "haf": "Summer"}  # fmt: skip
_HALF = re.compile(r"half[\s-]?term|mid[\s-]?term|hanner tymor|(october|february|may|whit\w*) (break|holiday|week)")
_INSET = re.compile(
    r"\binset\b|non[\s-]?pupil|in[\s-]?service|\bhms\b|hyfforddiant mewn swydd|(staff|teacher) (training|development)"
    r"|training day|professional (learning|development)|\b(pd|cpd) day"
)
_SHUT = re.compile(r"\bclos(ed|ure)\b|\bar gau\b")
_HOLIDAY = re.compile(r"holiday|\bbreak\b|vacation|christmas|easter|gwyliau")
_PUBLIC = re.compile(
    r"(bank|public) holiday|g[wŵ]yl (y )?banc|good friday|(easter|may day) monday|may day|christmas (day|eve)"
    r"|boxing day|new year"
)
_BEGINS = re.compile(
    r"\b(starts?|begins?|beginning|opens?|re-?opens?|resumes?|returns?|back to school|dechrau)\b|first day|\bback\b"
)
_ENDS = re.compile(r"\b(ends?|finish(es)?|closes?|breaks? up|diwedd)\b|last day")
_OF_SCHOOL = re.compile(r"\bterms?\b|tymor|schools?\b|pupils|students|children|first day|last day|breaks? up")
_BEFORE_HALF = re.compile(r"breaks? up|finish|closes?|last day")
_AFTER_HALF = re.compile(r"return|back|re-?open|resume|first day")
_YEAR = re.compile(r"\b(19|20|21)\d\d\b")


def guess_terms(events: Iterable[CalendarEvent]) -> tuple[TermRow, ...]:
    """Return a row for each term, half-term and closed day that events seem to mean, and for each other event.

    >>> from datetime import date as d
    >>> half = CalendarEvent(line=7, title="Half term", first_day=d(2026, 10, 24), last_day=d(2026, 11, 1))
    >>> [(row.use.value, row.name, str(row.first_day), str(row.last_day)) for row in guess_terms([half])]
    [('half-term', 'Half-term', '2026-10-26', '2026-10-30')]
    """
    known: dict[_Kind, list[CalendarEvent]] = {kind: [] for kind in _Kind}
    for event in events:
        for kind in _kinds(event):
            known[kind].append(event)
    parts = [_part(e) for e in known[_Kind.TERM]]
    parts += _between_marks(known[_Kind.BEGINS], known[_Kind.ENDS], parts)
    halves = [_half(e) for e in known[_Kind.HALF_TERM]]
    halves += _half_marks(known[_Kind.HALF_BEGINS], known[_Kind.HALF_ENDS])
    if not parts:
        parts = list(_between_holidays(known[_Kind.HOLIDAY]))
    terms, pauses = _joined(sorted(parts, key=lambda row: row.day), halves)
    others = [
        *(_as_given(e, TermUse.CLOSED) for e in known[_Kind.CLOSED]),
        *(_as_given(e, TermUse.NONE) for e in [*known[_Kind.HOLIDAY], *known[_Kind.OTHER]]),
    ]
    return tuple(sorted([*terms, *halves, *pauses, *others], key=lambda row: (row.day, row.use != TermUse.TERM)))


def season_of(text: str, day: date) -> str:
    """Return the season that a text names, or else that of a day in term time."""
    words = re.findall(r"[a-z]+", text.casefold())
    named = next((_SEASONS[word] for word in words if word in _SEASONS), "")
    return named or ("Autumn" if day.month >= 8 else "Spring" if day.month <= 3 else "Summer")


def _kinds(event: CalendarEvent) -> Iterator[_Kind]:
    """Yield what an event is: one thing, except that the first day of a term may also be closed to pupils."""
    said, is_short = event.title.casefold(), event.days <= 3
    is_begin, is_end = bool(_BEGINS.search(said)), bool(_ENDS.search(said))
    has_mark = is_short and (is_begin or is_end) and not (is_begin and is_end)
    if _HALF.search(said) and not (event.days > LONGEST_HALF_TERM):
        if has_mark:
            yield _Kind.HALF_BEGINS if _starts_half(said, is_begin=is_begin) else _Kind.HALF_ENDS
        else:
            yield _Kind.HALF_TERM
        return
    if has_mark and _OF_SCHOOL.search(said) and not _PUBLIC.search(said):
        yield _Kind.BEGINS if is_begin else _Kind.ENDS
        if _INSET.search(said):
            yield _Kind.CLOSED
    elif _INSET.search(said) and event.days <= LONGEST_HALF_TERM:
        yield _Kind.CLOSED
    elif is_short and _PUBLIC.search(said):
        yield _Kind.OTHER
    elif event.days >= 5 and _HOLIDAY.search(said):
        yield _Kind.HOLIDAY
    elif SHORTEST_TERM <= event.days <= LONGEST_TERM and _is_term(said):
        yield _Kind.TERM
    elif is_short and event.is_all_day and _SHUT.search(said):
        yield _Kind.CLOSED
    elif event.days >= 5 and any(word in _SEASONS for word in re.findall(r"[a-z]+", said)):
        yield _Kind.HOLIDAY
    else:
        yield _Kind.OTHER


def _is_term(said: str) -> bool:
    return bool(re.search(r"\bterm\b|tymor|half[\s-]?term", said)) or any(
        word in _SEASONS for word in re.findall(r"[a-z]+", said)
    )


def _starts_half(said: str, *, is_begin: bool) -> bool:
    """Return whether an event about half-term is at its start. “Return after half-term” is at its end."""
    return False if _AFTER_HALF.search(said) else True if _BEFORE_HALF.search(said) else is_begin


def _part(event: CalendarEvent) -> TermRow:
    first, last = _weekdays(event.first_day, event.last_day)
    return TermRow(
        use=TermUse.TERM,
        name=_with_year(event.title, first),
        first_day=first,
        last_day=last,
        said=event.title,
        line=event.line,
    )


def _half(event: CalendarEvent) -> TermRow:
    first, last = _weekdays(event.first_day, event.last_day)
    doubt = ""
    if event.first_day.weekday() == 0 and event.last_day.weekday() == 3:
        doubt = (
            f"By the rules of calendar files, it ends on Thursday {format_day(last)}. Check whether to add the Friday."
        )
    return TermRow(
        use=TermUse.HALF_TERM,
        name="Half-term",
        first_day=first,
        last_day=last,
        said=event.title,
        line=event.line,
        doubt=doubt,
    )


def _as_given(event: CalendarEvent, use: TermUse) -> TermRow:
    return TermRow(
        use=use,
        name=event.title,
        first_day=event.first_day,
        last_day=event.last_day,
        said=event.title,
        line=event.line,
    )


def _between_marks(
    begins: Sequence[CalendarEvent], ends: Sequence[CalendarEvent], parts: Sequence[TermRow]
) -> Iterator[TermRow]:
    """Yield the terms from their first and last days, unless a term that is given whole covers these."""

    def is_covered(day: date) -> bool:
        near = timedelta(days=3)
        return any(p.first_day and p.last_day and p.first_day - near <= day <= p.last_day + near for p in parts)

    marks = [(e.first_day, 1, e) for e in begins] + [(e.last_day, 0, e) for e in ends]
    first: CalendarEvent | None = None
    for day, is_begin, event in sorted(marks, key=lambda m: m[:2]):
        if is_covered(day):
            continue
        if is_begin:
            if first is not None:
                yield _of_marks(first, None)
            first = event
        else:
            yield _of_marks(first, event)
            first = None
    if first is not None:
        yield _of_marks(first, None)


def _of_marks(first: CalendarEvent | None, last: CalendarEvent | None) -> TermRow:
    given = [event for event in (first, last) if event is not None]
    [event, *_] = given
    day = first.first_day if first else event.last_day
    season = season_of(" ".join(e.title for e in given), day)
    missing = "last" if last is None else "first"
    return TermRow(
        use=TermUse.TERM,
        name=f"{season} term {day.year}",
        first_day=first.first_day if first else None,
        last_day=last.last_day if last else None,
        said=" – ".join(e.title for e in given),
        line=event.line,
        doubt="" if len(given) == 2 else f"The calendar does not give its {missing} day. Enter it.",
    )


def _half_marks(begins: Sequence[CalendarEvent], ends: Sequence[CalendarEvent]) -> Iterator[TermRow]:
    """Yield the half-terms from events at their start and end."""
    left = sorted(ends, key=lambda e: e.first_day)
    for event in sorted(begins, key=lambda e: e.first_day):
        said = event.title.casefold()
        first = _next_weekday(event.last_day + ONE_DAY) if _BEFORE_HALF.search(said) else event.first_day
        after = next((e for e in left if timedelta() <= e.first_day - first <= LONGEST_PAUSE), None)
        last: date | None = None
        if after is not None:
            left.remove(after)
            is_back = _AFTER_HALF.search(after.title.casefold())
            last = _weekday_before(after.first_day) if is_back else after.last_day
        titles = [event.title, *([after.title] if after is not None else [])]
        yield TermRow(
            use=TermUse.HALF_TERM,
            name="Half-term",
            first_day=first,
            last_day=last,
            said=" – ".join(titles),
            line=event.line,
            doubt="" if last else "The calendar does not give its last day. Enter it.",
        )
    for event in left:
        yield TermRow(
            use=TermUse.HALF_TERM, name="Half-term", first_day=None, last_day=event.last_day, said=event.title,
            line=event.line, doubt="The calendar does not give its first day. Enter it.",
        )  # fmt: skip


def _between_holidays(holidays: Sequence[CalendarEvent]) -> Iterator[TermRow]:
    """Yield the terms between holidays, if the calendar has only those."""
    for one, other in pairwise(sorted(holidays, key=lambda e: e.first_day)):
        first, last = _next_weekday(one.last_day + ONE_DAY), _weekday_before(other.first_day)
        if not timedelta(SHORTEST_TERM) <= last - first <= timedelta(LONGEST_TERM):
            continue
        yield TermRow(
            use=TermUse.TERM,
            name=f"{season_of('', first)} term {first.year}",
            first_day=first,
            last_day=last,
            said=f"{one.title} – {other.title}",
            doubt="We have worked it out from the holidays before and after it.",
        )


def _joined(parts: Sequence[TermRow], halves: Sequence[TermRow]) -> tuple[list[TermRow], list[TermRow]]:
    """Join the two parts of a term; return the terms, and the half-terms between their parts."""
    terms, pauses = list[TermRow](), list[TermRow]()
    for part in parts:
        before = terms[-1] if terms else None
        if before is None or not _is_one_term(before, part):
            terms.append(part)
            continue
        first, last = _next_weekday(_day(before.last_day) + ONE_DAY), _weekday_before(_day(part.first_day))
        said = f"{before.said} – {part.said}"
        year = before.day
        name = f"{season_of(before.said, year)} term {year.year}"
        terms[-1] = replace(before, name=name, last_day=part.last_day, said=said)
        is_given = any(h.first_day and h.last_day and h.first_day <= last and first <= h.last_day for h in halves)
        if first <= last and not is_given:
            doubt = f"We have worked it out: {format_days(first, last)} is between two parts of one term."
            pauses.append(
                TermRow(use=TermUse.HALF_TERM, name="Half-term", first_day=first, last_day=last, said=said, doubt=doubt)
            )
    return terms, pauses


def _is_one_term(one: TermRow, other: TermRow) -> bool:
    """Return whether two rows are the halves of one term: near each other, and of one season by name."""
    if one.last_day is None or other.first_day is None or one.first_day is None or one.doubt:
        return False
    names = [re.findall(r"[a-z]+", said.casefold()) for said in (one.said, other.said)]
    seasons = [{_SEASONS[word] for word in words if word in _SEASONS} for words in names]
    pause = other.first_day - one.last_day
    return bool(seasons[0]) and seasons[0] == seasons[1] and timedelta() < pause <= LONGEST_PAUSE


def _with_year(name: str, day: date) -> str:
    return name if _YEAR.search(name) else f"{name} {day.year}"


def _day(day: date | None) -> date:
    return day or date.max


def _weekdays(first: date, last: date) -> tuple[date, date]:
    """Leave out weekends at either end, unless nothing else remains."""
    begin, end = _next_weekday(first), _weekday_before(last + ONE_DAY)
    return (begin, end) if begin <= end else (first, last)


def _next_weekday(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


def _weekday_before(day: date) -> date:
    """Return the last weekday before a day."""
    day -= ONE_DAY
    return day - timedelta(days=max(0, day.weekday() - 4))
