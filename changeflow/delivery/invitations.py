"""Calendar entries (RFC 5545): a feed of a person's dates, and invitations that can move or be withdrawn (RFC 5546)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from changeflow.values.moments import LONDON

MEETS_AT, MEETS_FOR = time(10), timedelta(hours=1)
"""When a checkpoint is held, unless its owner moves it: our own choice."""
PRODUCT = "-//changeflow//changeflow//EN"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """One entry in one person's calendar. An update keeps the `uid` and has a higher `sequence`."""

    uid: str
    title: str
    day: date
    sequence: int
    stamp: datetime
    says: str = ""
    is_meeting: bool = False
    """Whether it is at `MEETS_AT`, in Europe/London, rather than all day."""
    is_cancelled: bool = False
    organiser: tuple[str, str] | None = None
    """Name and address."""
    attendee: tuple[str, str] | None = None


def feed(name: str, entries: Iterable[CalendarEntry]) -> bytes:
    """Return a calendar to subscribe to."""
    return _icalendar("PUBLISH", entries, name=name)


def invitation(entry: CalendarEntry) -> bytes:
    """Return an invitation, or its withdrawal."""
    return _icalendar("CANCEL" if entry.is_cancelled else "REQUEST", [entry])


def _icalendar(method: str, entries: Iterable[CalendarEntry], *, name: str = "") -> bytes:
    # Imported only when needed, because most commands never need it.
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
    for entry in entries:
        calendar.add_component(_event(entry))
    # A calendar that names a time zone must include its definition.
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(entry: CalendarEntry) -> Any:  # noqa: ANN401  (icalendar has no types)
    from icalendar import Event

    event = Event()
    event.add("uid", entry.uid)
    event.add("summary", entry.title)
    event.add("dtstamp", entry.stamp)
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    if entry.says:
        event.add("description", entry.says)
    if entry.is_meeting:
        begins = datetime.combine(entry.day, MEETS_AT, tzinfo=LONDON)
        event.add("dtstart", begins)
        event.add("dtend", begins + MEETS_FOR)
    else:
        event.add("dtstart", entry.day)
        event.add("dtend", entry.day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    if entry.organiser:
        event.add("organizer", _who(entry.organiser))
    if entry.attendee:
        event.add("attendee", _who(entry.attendee), parameters={"PARTSTAT": "NEEDS-ACTION"})
    return event


def _who(person: tuple[str, str]) -> Any:  # noqa: ANN401  (icalendar has no types)
    from icalendar import vCalAddress, vText

    name, address = person
    who = vCalAddress(f"mailto:{address}")
    who.params["CN"] = vText(name)
    return who
