"""Term dates from a calendar or a list: read them, let people check them, and publish them as edits of the plan."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from changeflow.errors import InputError
from changeflow.intake.calendar_events import is_calendar, read_calendar
from changeflow.intake.editing.kinds import Edit, edits_from
from changeflow.intake.plan_terms import terms_in_lines
from changeflow.intake.term_guesses import TermRow, TermUse, guess_terms
from changeflow.programme.calendar_files import CalendarFile, Term
from changeflow.programme.programme import Programme
from changeflow.reports.edit_form_parts import calendar_options
from changeflow.reports.edit_plan_forms import new_calendar, without_calendar
from changeflow.reports.entry_forms import Options
from changeflow.storage.database import read_scope
from changeflow.usecases.acts import mark_of_dates
from changeflow.usecases.edit_pages import permit_editing
from changeflow.usecases.editing import PlanDraft, publish
from changeflow.usecases.stored import load
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.visits import Visit
from changeflow.values.duration import counted
from changeflow.values.moments import format_days

MOST_ROWS = 100
"""The most rows to check at once: a row for each term, half-term and closed day of ten years."""
LONGEST_NAME = 120
MOST_NOTES = 20
YEARS_AHEAD = timedelta(days=3_660)
NEW = "new|"
"""How the value of a calendar that is yet to be made begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTerms:
    """What was read from a calendar or a list."""

    rows: tuple[TermRow, ...]
    problems: tuple[tuple[int, str], ...] = ()
    """The lines that cannot be read, and why."""
    left_out: int = 0
    """How many events do not look like term dates, and are not among the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsPage:
    """The page for term dates."""

    calendars: Options
    """The calendars that can have them, also those that are yet to be made."""
    known: tuple[tuple[str, tuple[Term, ...]], ...]
    """The terms in force, by whose they are."""
    last_day: date | None


class TermRowsError(InputError):
    """Rows cannot be published as they are: what is wrong, by the row's number and field. Nothing was saved."""

    def __init__(self, problems: Sequence[tuple[int, str, str]]) -> None:
        self.problems = tuple(problems)
        rows = len({number for number, _, _ in problems})
        super().__init__("1 row needs a correction." if rows == 1 else f"{rows} rows need a correction.")


def terms_page(visit: Visit) -> TermsPage:
    """Return the terms in force, and the calendars that terms can be added to."""
    permit_editing(visit)
    names = dict(calendar_options(visit.programme))
    known = tuple((names[c.calendar], c.terms) for c in visit.definition.calendars if c.terms)
    days = [term.last_day for _, terms in known for term in terms]
    return TermsPage(calendars=_targets(visit.programme), known=known, last_day=max(days, default=None))


def _targets(programme: Programme) -> Options:
    new = tuple((f"{NEW}{value}", f"{words} (a new calendar)") for value, words in without_calendar(programme))
    return (*calendar_options(programme), *new)


def mark_of_calendars(programme: Programme) -> str:
    """Return a short string that changes with the plan's dates, what was announced, and the calendars."""
    definition = programme.definition
    calendars = repr((definition.calendars, definition.programme.closed))
    return hashlib.sha256(f"{mark_of_dates(programme)} {calendars}".encode()).hexdigest()[:16]


def read_terms(content: bytes, calendar: str, programme: Programme, on: date) -> ReadTerms:
    """Read term dates from a calendar's file, or from a list with a term on each line, for one of the plan's calendars.

    Events that ended before the school year in which the programme began are left out.
    """
    if not content.strip():
        raise InputError("Choose a file, or paste the term dates.")
    since = school_year_of(min(on, programme.definition.programme.start))
    read = read_term_rows(content, since=since, until=on + YEARS_AHEAD)
    terms = _terms_of(programme, calendar)
    return replace(read, rows=tuple(_as_known(row, terms) for row in read.rows))


def school_year_of(day: date) -> date:
    """Return the first of August before a day: our own choice, before any term of the school year."""
    return date(day.year if day.month >= 8 else day.year - 1, 8, 1)


def read_term_rows(content: bytes, *, since: date, until: date) -> ReadTerms:
    """Read term dates without a programme; the most telling rows come first if there are too many."""
    if not is_calendar(content):
        return ReadTerms(rows=tuple(_rows_of_list(content)))
    read = read_calendar(content, since=since, until=until)
    rows = guess_terms(read.events)
    telling = [row for row in rows if row.use is not TermUse.NONE]
    others = [row for row in rows if row.use is TermUse.NONE]
    if not rows and not read.problems:
        raise InputError(f"The calendar has no events from {since.year} onwards.")
    if len(telling) > MOST_ROWS:
        raise InputError(
            f"The calendar has {len(telling)} terms, half-terms and closed days. At most {MOST_ROWS} can be checked at "
            "once. Choose a calendar that covers fewer years."
        )
    # Short events among a school's other dates are rarely term dates.
    shown = sorted(others, key=lambda row: (-_length(row), row.day))[: MOST_ROWS - len(telling)]
    kept = sorted([*telling, *shown], key=lambda row: (row.day, row.use is not TermUse.TERM))
    problems = tuple((problem.line, problem.text) for problem in read.problems)
    return ReadTerms(rows=tuple(kept), problems=problems, left_out=len(rows) - len(kept))


def _length(row: TermRow) -> int:
    return (row.last_day - row.first_day).days if row.first_day and row.last_day else 0


def _rows_of_list(content: bytes) -> Iterator[TermRow]:
    text = content.decode("utf-8-sig", errors="replace")
    if "\0" in text or "\ufffd" in text:
        raise InputError("This is neither a calendar nor a list of terms. Choose a file that ends in .ics.")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_ROWS:
        raise InputError(f"There are {len(lines)} lines. Enter at most {MOST_ROWS}.")
    for number, term in enumerate(terms_in_lines(lines), 1):
        yield TermRow(
            use=TermUse.TERM, name=term.name, first_day=term.first_day, last_day=term.last_day,
            said=lines[number - 1].strip()[:LONGEST_NAME], line=number,
        )  # fmt: skip
        if term.half_term is not None:
            first, last = term.half_term
            yield TermRow(use=TermUse.HALF_TERM, name="Half-term", first_day=first, last_day=last, said=term.name,
                          line=number)  # fmt: skip


def _as_known(row: TermRow, terms: Sequence[Term]) -> TermRow:
    """Give a term the name by which the plan knows the term of these days."""
    if row.use is not TermUse.TERM or row.first_day is None or row.last_day is None:
        return row
    found = [t for t in terms if t.first_day <= row.last_day and row.first_day <= t.last_day]
    return replace(row, name=found[0].name) if len(found) == 1 else row


def lines_of_terms(content: bytes, on: date) -> tuple[list[str], list[str]]:
    """Read a calendar into the lines of a list of terms; return them, and what to check or to enter later."""
    if not content.strip():
        raise InputError("Choose a calendar.")
    read = read_term_rows(content, since=school_year_of(on), until=on + YEARS_AHEAD)
    lines = list(term_lines(read.rows))
    if not lines:
        raise InputError("The calendar has no terms that we recognise. Enter them yourself.")
    notes = [f"Line {line}: {text}" for line, text in read.problems[:MOST_NOTES]]
    notes += [f"{row.name}: {row.doubt}" for row in read.rows if row.doubt][:MOST_NOTES]
    if closed := sum(1 for row in read.rows if row.use is TermUse.CLOSED):
        notes.append(f"{counted(closed, 'event')} with closed days: add these once the programme is stored.")
    return lines, notes


def term_lines(rows: Sequence[TermRow]) -> Iterator[str]:
    """Yield terms with their half-terms as the lines of a list; other rows are left out."""
    for row in rows:
        if row.use is not TermUse.TERM or row.first_day is None or row.last_day is None:
            continue
        half = _half_of(row.first_day, row.last_day, rows)
        days = [row.first_day, row.last_day, *(half or ())]
        yield "; ".join([row.name.replace(";", ","), *(f"{day.day}/{day.month}/{day.year}" for day in days)])


def _half_of(first: date, last: date, rows: Sequence[TermRow]) -> tuple[date, date] | None:
    halves = [(r.first_day, r.last_day) for r in rows if r.use is TermUse.HALF_TERM and r.first_day and r.last_day]
    return next(((a, b) for a, b in halves if first <= a and b <= last), None)


def now_of(row: TermRow, calendar: str, programme: Programme) -> str:
    """Return what the plan says now about the days of a row, for comparison; empty if nothing."""
    terms = _terms_of(programme, calendar)
    if row.use is TermUse.TERM:
        known = next((t for t in terms if t.name == row.name), None)
        return "" if known is None else format_days(known.first_day, known.last_day)
    if row.use is TermUse.HALF_TERM and row.first_day is not None:
        day = row.first_day
        term = next((t for t in terms if t.first_day <= day <= t.last_day), None)
        return "" if term is None or term.half_term is None else format_days(*term.half_term)
    closed = _closed_of(programme, calendar) if row.use is TermUse.CLOSED else {}
    return "already closed" if (row.first_day, row.last_day) in closed.values() else ""


def publish_terms(rows: Mapping[int, TermRow], calendar: str, reason: str, change: Change) -> int:
    """Publish checked rows as edits of the plan; return the new version's number.

    Raise `TermRowsError` with everything that is wrong in them, and an `InputError` if they change nothing.
    """
    with read_scope(change.db) as session:
        stored = load(session, change.programme, on=change.on)
    edits = term_edits(rows, calendar, stored.programme)
    if not edits:
        raise InputError("The plan already has these dates. No changes saved.")
    return publish(PlanDraft(programme=stored.programme.id, base=stored.version.number, edits=edits), reason, change)


def term_edits(rows: Mapping[int, TermRow], calendar: str, programme: Programme) -> tuple[Edit, ...]:
    """Return the edits that make the plan's terms and closed days as the rows say."""
    if calendar not in dict(_targets(programme)):
        raise InputError("Choose whose term dates these are. No changes saved.")
    fields = list(_new_one(calendar))
    target = str(fields[0]["calendar"]) if fields else calendar
    terms = _terms_of(programme, calendar)
    if problems := [*_wrong(rows, terms), *_wrong_closures(rows, _closed_of(programme, calendar))]:
        raise TermRowsError(sorted(problems))
    changed = _changed_terms(rows, terms)
    before = {term.name: term for term in terms}
    fields += [
        {
            "kind": "set-term",
            "calendar": target,
            "name": term.name,
            "first_day": term.first_day,
            "last_day": term.last_day,
            "half_term": term.half_term,
        }
        for name, term in sorted(changed.items(), key=lambda item: item[1].first_day)
        if before.get(name) != term
    ]
    known = set(_closed_of(programme, calendar).values())
    for row in rows.values():
        if row.use is TermUse.CLOSED and (row.first_day, row.last_day) not in known:
            last = row.last_day if row.last_day != row.first_day else None
            closure = {"name": row.name, "first_day": row.first_day, "last_day": last}
            fields.append({"kind": "add-closure", "calendar": target, **closure})
    return edits_from(fields) if len(fields) > len(_new_one(calendar)) else ()


def _new_one(calendar: str) -> list[dict[str, object]]:
    """Return the edit that makes a calendar; empty if there is one."""
    if not calendar.startswith(NEW):
        return []
    return [{"kind": "add-calendar", **new_calendar({"whose": calendar.removeprefix(NEW)})}]


def _file(programme: Programme, calendar: str) -> CalendarFile | None:
    return next((c for c in programme.definition.calendars if c.calendar == calendar), None)


def _terms_of(programme: Programme, calendar: str) -> tuple[Term, ...]:
    file = _file(programme, calendar)
    return file.terms if file is not None else ()


def _closed_of(programme: Programme, calendar: str) -> Mapping[tuple[str, date], tuple[date | None, date | None]]:
    """Return the days of each closure of a calendar, by its name and first day."""
    file = _file(programme, calendar)
    return {(c.name, c.first_day): (c.first_day, c.last) for c in (file.closed if file is not None else ())}


def _changed_terms(rows: Mapping[int, TermRow], terms: Sequence[Term]) -> Mapping[str, Term]:
    """Return the terms that the rows give, and known terms of which they give only the half-term."""
    known = {term.name: term for term in terms}
    found = dict[str, Term]()
    for row in rows.values():
        if row.use is TermUse.TERM and row.first_day and row.last_day:
            half = _half_of(row.first_day, row.last_day, list(rows.values()))
            before = known[row.name].half_term if row.name in known else None
            found[row.name] = Term(
                name=row.name, first_day=row.first_day, last_day=row.last_day, half_term=half or before
            )
    for row in rows.values():
        if row.use is TermUse.HALF_TERM and row.first_day and row.last_day:
            inside = (t for t in found.values() if t.first_day <= row.first_day and row.last_day <= t.last_day)
            if next(inside, None) is None and (term := _term_around(row, terms)) is not None:
                found[term.name] = term.model_copy(update={"half_term": (row.first_day, row.last_day)})
    return found


def _term_around(row: TermRow, terms: Sequence[Term]) -> Term | None:
    first, last = row.first_day, row.last_day
    return next((t for t in terms if first and last and t.first_day <= first and last <= t.last_day), None)


def _wrong(rows: Mapping[int, TermRow], terms: Sequence[Term]) -> Iterator[tuple[int, str, str]]:
    """Yield what is wrong with terms and half-terms: the row's number, its field, and a sentence."""
    names, halves = dict[str, int](), dict[str, int]()
    for number, row in rows.items():
        if row.use is TermUse.TERM and names.setdefault(row.name.casefold(), number) != number:
            yield number, "name", f"Another row is also called “{row.name}”. Give one of them another name."
    given = _changed_terms(rows, terms)
    for number, row in rows.items():
        if row.use is not TermUse.HALF_TERM or row.first_day is None or row.last_day is None:
            continue
        term = _term_around(row, [*given.values(), *terms])
        days = format_days(row.first_day, row.last_day)
        if term is None:
            yield number, "use", f"The half-term {days} is not within a term. Correct its days, or leave it out."
        elif halves.setdefault(term.name, number) != number:
            what = f"“{term.name}” has two half-terms. Make the shorter one closed days."
            yield number, "use", what
    after = {**{t.name: t for t in terms}, **given}
    numbers = {row.name: number for number, row in rows.items() if row.use is TermUse.TERM}
    for one, other in pairwise(sorted(after.values(), key=lambda t: t.first_day)):
        if other.first_day <= one.last_day:
            number = max(numbers.get(one.name, 0), numbers.get(other.name, 0))
            if number:
                mine, theirs = (other, one) if numbers.get(other.name) == number else (one, other)
                days = format_days(theirs.first_day, theirs.last_day)
                yield number, "first", f"“{mine.name}” overlaps “{theirs.name}” ({days}). Correct one of them."


def _wrong_closures(
    rows: Mapping[int, TermRow], known: Mapping[tuple[str, date], tuple[date | None, date | None]]
) -> Iterator[tuple[int, str, str]]:
    seen = dict[tuple[str, date | None], int]()
    for number, row in rows.items():
        if row.use is not TermUse.CLOSED or row.first_day is None:
            continue
        if seen.setdefault((row.name, row.first_day), number) != number:
            yield number, "use", f"“{row.name}” appears twice on these days. Leave one of them out."
        days = known.get((row.name, row.first_day))
        if days is not None and days != (row.first_day, row.last_day):
            yield number, "name", f"A closure “{row.name}” already starts on this day. Give this one another name."
