"""The pages for data protection: people's requests about their data, and the people whose data is stored."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from changeflow.errors import UnknownThingError
from changeflow.programme.people import answer_due
from changeflow.reports.data_protection import KINDS, DataPersonLine, RequestLine, status_of
from changeflow.reports.record import actor_in_words
from changeflow.storage import data_requests, persons
from changeflow.storage.data_requests import DataRequest
from changeflow.usecases.data_requests import due_day, people_stored
from changeflow.usecases.visits import Visit
from changeflow.values.moments import format_day
from changeflow.values.words import Action, DataRequestKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DataProtectionPage:
    """Everyone's requests, and the people whose data is stored."""

    waiting: tuple[RequestLine, ...]
    """The requests that are not answered, the most urgent first."""
    answered: tuple[RequestLine, ...]
    """The latest first."""
    people: tuple[DataPersonLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDataPage:
    """One person whose data is stored."""

    line: DataPersonLine
    waiting: tuple[RequestLine, ...]
    answered: tuple[RequestLine, ...]
    unsure: tuple[tuple[str, str], ...]
    """Ids, with titles, that share an address with the person and may be theirs."""
    elsewhere: tuple[str, ...]
    """Other programmes that have data about them, by name if the visitor belongs to them too."""
    received: date | None
    """The day of their first unanswered request for a copy."""
    usual: date
    """The last day to answer a request received today."""


def data_protection_page(visit: Visit) -> DataProtectionPage:
    """Return the requests and people; raise unless the visitor may see them. The audit records the reading."""
    permit_requests(visit)
    visit.note_look("data-requests")
    found = data_requests.data_requests(visit.session, visit.name)
    people = _people(visit, found)
    waiting, answered = _lines(visit, found, {p.person for p in people})
    return DataProtectionPage(waiting=waiting, answered=answered, people=tuple(people))


def person_data_page(visit: Visit, person: str) -> PersonDataPage:
    """Return what is known of one person's data, without the data; raise `UnknownThingError` if there is none."""
    permit_requests(visit)
    visit.note_look("data-requests")
    every = data_requests.data_requests(visit.session, visit.name)
    line = next((p for p in _people(visit, every) if p.person == person), None)
    if line is None:
        raise UnknownThingError("person", person)
    theirs = [r for r in every if r.person == person]
    waiting, answered = _lines(visit, theirs, {person})
    identity = persons.identity_of(visit.session, person)
    named = persons.programmes_that_name(visit.session, (person,))
    copies = [r.received for r in theirs if r.is_open and r.kind is DataRequestKind.ACCESS]
    return PersonDataPage(
        line=line,
        waiting=waiting,
        answered=answered,
        unsure=tuple((one, visit.programme.person(one)) for one in identity.unsure),
        elsewhere=tuple(sorted(named.keys() - {visit.name})),
        received=min(copies, default=None),
        usual=answer_due(visit.programme, visit.today, visit.today),
    )


def permit_requests(visit: Visit) -> None:
    """Raise unless the person may record requests about personal data."""
    visit.permit(Action.RECORD_DATA_REQUEST)


def permit_person_export(visit: Visit) -> None:
    """Raise unless the person may export everything stored about someone."""
    visit.permit(Action.EXPORT_PERSON)


def permit_erasure(visit: Visit) -> None:
    """Raise unless the person may erase everything stored about someone."""
    visit.permit(Action.ERASE_PERSON)


def _people(visit: Visit, requests: Iterable[DataRequest]) -> list[DataPersonLine]:
    listed = {p.id for p in visit.definition.people}
    waiting = Counter(r.person for r in requests if r.is_open)
    lines = [
        DataPersonLine(
            person=person, title=visit.programme.person(person), is_listed=person in listed, waiting=waiting[person]
        )
        for person in people_stored(visit.session, visit.name)
    ]
    return sorted(lines, key=lambda line: (line.title.casefold(), line.person))


def _lines(
    visit: Visit, found: Iterable[DataRequest], stored: Collection[str]
) -> tuple[tuple[RequestLine, ...], tuple[RequestLine, ...]]:
    """Return unanswered requests, the most urgent first, and answered ones, the latest first.

    `stored` are the people whose data is stored.
    """
    due = [(due_day(visit.programme, request, visit.today), request) for request in found]
    waiting = sorted((d for d in due if d[1].is_open), key=lambda d: (d[0], d[1].id))
    answered = sorted((d for d in due if not d[1].is_open), key=lambda d: (d[1].answered_on or d[0], d[1].id))
    return (
        tuple(_line(visit, *d, has_page=d[1].person in stored) for d in waiting),
        tuple(_line(visit, *d, has_page=d[1].person in stored) for d in reversed(answered)),
    )


def _line(visit: Visit, due: date, request: DataRequest, *, has_page: bool) -> RequestLine:
    status, level = status_of(due, request.answered_on, visit.today)
    may_take_longer = request.is_open and request.extended_on is None and visit.today <= due
    longer = answer_due(visit.programme, request.received, visit.today, is_complex=True)
    return RequestLine(
        number=request.id,
        person=request.person,
        title=actor_in_words(visit.programme, request.person),
        has_page=has_page,
        kind=KINDS[request.kind],
        received=format_day(request.received),
        due=format_day(due),
        status=status,
        level=level,
        recorded_by=actor_in_words(visit.programme, request.by),
        extended=format_day(request.extended_on) if request.extended_on else "",
        longer=format_day(longer) if may_take_longer else "",
    )
