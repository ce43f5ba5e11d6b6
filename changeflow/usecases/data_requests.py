"""Record what people ask about the data on them, an extension, and the answer; each has its entry in the audit."""

from collections.abc import Collection
from datetime import date

from sqlmodel import Session

from changeflow.errors import ConflictError, InputError, UnknownThingError
from changeflow.programme.mandates import NO_PEOPLE
from changeflow.programme.people import answer_due
from changeflow.programme.programme import Programme
from changeflow.storage import data_requests, erasure, versions
from changeflow.storage.data_requests import DataRequest
from changeflow.usecases.unit_of_work import Change, UnitOfWork, unit_of_work
from changeflow.values.moments import format_day
from changeflow.values.words import Action, DataRequestKind

ANSWERED = "Someone has already recorded the answer to this request."
ASK_RECEIVED = "Enter the day on which you received the request."
ASK_ANSWERED = "Enter the day on which you answered."
ASK_EXTENDED = "Enter the day on which you informed the person."


def record_data_request(person: str, kind: DataRequestKind, received: date, change: Change) -> int:
    """Record a request from a person about their own data; return its number."""
    with unit_of_work(change) as work:
        by = work.permit(Action.RECORD_DATA_REQUEST)
        if person not in people_stored(work.session, work.name):
            raise UnknownThingError("person", person)
        _check_past(received, change.on, ASK_RECEIVED)
        known = data_requests.data_requests(work.session, work.name)
        if any(r.is_open and (r.person, r.kind, r.received) == (person, kind, received) for r in known):
            raise ConflictError("This request has already been recorded.")
        number = data_requests.add_data_request(work.session, work.name, person, kind, received, by=by, at=change.now)
        work.note("person:request", f"person:{person}:{kind.value}", by=by)
    return number


def extend_data_request(number: int, told_on: date, change: Change) -> date:
    """Record that the person was told that their complex request takes longer; return the new last day to answer.

    They must be told within the usual time (UK GDPR, Article 12(3)).
    """
    with unit_of_work(change) as work:
        by, found = work.permit(Action.RECORD_DATA_REQUEST), _open(work, number)
        if found.extended_on is not None:
            raise ConflictError("Someone has already extended the time to answer this request.")
        _check_past(told_on, change.on, ASK_EXTENDED)
        usual = due_day(work.programme, found, change.on)
        if not found.received <= told_on <= usual:
            raise InputError(
                f"You must tell the person between {format_day(found.received)}, when you received the request, and "
                f"{format_day(usual)}, the last day to answer it. {ASK_EXTENDED}"
            )
        data_requests.note_extension(work.session, number, told_on)
        work.note("person:extended", f"person:{found.person}:{found.kind.value}", by=by)
        return answer_due(work.programme, found.received, change.on, is_complex=True)


def close_data_request(number: int, answered_on: date, change: Change) -> None:
    """Record the day on which a request was answered."""
    with unit_of_work(change) as work:
        by, found = work.permit(Action.RECORD_DATA_REQUEST), _open(work, number)
        _check_past(answered_on, change.on, ASK_ANSWERED)
        if answered_on < found.received:
            raise InputError(f"You received the request on {format_day(found.received)}. {ASK_ANSWERED}")
        data_requests.note_answer(work.session, number, answered_on)
        work.note("person:answered", f"person:{found.person}:{found.kind.value}", by=by)


def copy_due(work: UnitOfWork, people: Collection[str], received: date) -> date:
    """Return the last day to answer a request for a copy: later if that of the same day has been extended."""
    known = data_requests.data_requests(work.session, work.name)
    same = (r for r in known if r.person in people and (r.kind, r.received) == (DataRequestKind.ACCESS, received))
    is_complex = any(r.extended_on is not None for r in same)
    return answer_due(work.programme, received, work.change.on, is_complex=is_complex)


def people_stored(session: Session, programme: str) -> set[str]:
    """Return the ids of everyone for whom contact details are stored, or rows that an erasure would remove."""
    found = versions.contacts(session, programme).keys() | erasure.people_with_data(session, programme)
    return found.difference(NO_PEOPLE)


def due_day(programme: Programme, request: DataRequest, today: date) -> date:
    """Return the last day to answer a request. For planning only; not legal advice."""
    return answer_due(programme, request.received, today, is_complex=request.extended_on is not None)


def _open(work: UnitOfWork, number: int) -> DataRequest:
    found = data_requests.data_request(work.session, work.name, number)
    if found is None:
        raise UnknownThingError("request", str(number))
    if not found.is_open:
        raise ConflictError(ANSWERED)
    return found


def _check_past(day: date, today: date, ask: str) -> None:
    if day > today:
        raise InputError(f"{format_day(day)} is in the future. {ask}")
