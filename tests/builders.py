"""Builders with the dullest valid values, so that a test shows only what matters."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from changeflow.adkar.published import Snapshot, Standing
from changeflow.calendar.layers import DaySpan, Layer, compile_calendar
from changeflow.calendar.periods import Periods, months
from changeflow.calendar.working import WorkingCalendar
from changeflow.delivery.channels import DELIVERED, Receipt
from changeflow.delivery.message import Message
from changeflow.roadmap.model.tasks import Link, LinkType, Roadmap, Task
from changeflow.values.duration import Duration, parse_duration
from changeflow.values.moments import datetime_of, minute_of
from changeflow.values.words import Origin
from tests.adkar.reference import band_of

HOURS = ((9 * 60, 17 * 60),)
DAY = 8 * 60
"""Working minutes of a day in these tests: 9 to 17."""
FIRST, LAST = date(2026, 9, 1), date(2028, 12, 31)
MONDAY = "2027-01-04"
"""A Monday without any holiday around it."""


class Postbox:
    """A channel that keeps what it is given, and answers as it is told to: the last answer again and again."""

    name, overwrites, reaches_people = "postbox", False, False

    def __init__(self, *receipts: Receipt, may_repeat: bool = True) -> None:
        self.sent: list[Message] = []
        self.receipts, self.may_repeat = list(receipts) or [DELIVERED], may_repeat

    def send(self, message: Message) -> Receipt:
        self.sent.append(message)
        return self.receipts.pop(0) if len(self.receipts) > 1 else self.receipts[0]


def a_standing(
    group: str, answered: int | None, *, held: tuple[int, ...] = (), view: str = "group", on: str = "2027-01-04"
) -> Standing:
    """Publish a group of which so many are held back at each element or before; the last number goes on to the end."""
    day = date.fromisoformat(on)
    counts = [*held, *[held[-1]] * (5 - len(held))] if held else []
    bands = tuple(band_of(n, answered, band=6) for n in counts) if answered is not None else None
    return Standing(view=view, group=group, round=on, on=day, confirmed=day, answered=answered, held=bands)


def a_snapshot(*standings: Standing, on: str = "2027-01-04") -> Snapshot:
    return Snapshot(round=on, on=date.fromisoformat(on), threshold=3, minimum=10, band=6, standings=tuple(standings))


def a_calendar(name: str = "office", *closed: tuple[str, str, str]) -> WorkingCalendar:
    """Monday to Friday, 9 to 17, closed from first to last day, for a reason."""
    spans = [DaySpan(date.fromisoformat(a), date.fromisoformat(b), (), why) for a, b, why in closed]
    layer = Layer("week", dict.fromkeys(range(5), HOURS), spans)
    return compile_calendar(name, [layer], first=FIRST, last=LAST)


def a_task(name: str, duration: str | int = "1d", **more: Any) -> Task:
    """A number is a count of days."""
    text = f"{duration}d" if isinstance(duration, int) else duration
    values: dict[str, Any] = {"id": name, "name": name, "calendar": "office"} | more
    return Task(duration=parse_duration(text, minutes_per_day=DAY), **values)


def a_link(text: str, origin: str = Origin.AUTHORED) -> Link:
    """`a -> b`, `a -> b SS+2d`."""
    before, _, rest = text.partition(" -> ")
    after, _, relation = rest.partition(" ")
    kind, lag = relation[:2] or "FS", relation[2:]
    length = parse_duration(lag, minutes_per_day=DAY, lag=True) if lag else Duration(0)
    return Link(before, after, LinkType(kind), length, origin)


def a_roadmap(*tasks: Task, links: tuple[str, ...] = (), start: str = MONDAY, **more: Any) -> Roadmap:
    """Its calendars are copies: days that one test lays out would make every later roadmap slower."""
    calendars: Mapping[str, WorkingCalendar] = more.pop("calendars", {"office": OFFICE})
    periods: Mapping[str, Periods] = more.pop("periods", {"month": MONTHS, "pay_period": MONTHS})
    return Roadmap(
        tasks={t.id: t for t in tasks},
        links=tuple(a_link(text) for text in links),
        calendars={key: copy(calendar) for key, calendar in calendars.items()},
        periods={key: copy(each) for key, each in periods.items()},
        start=at(start),
        minutes_per_day=DAY,
        **more,
    )


def at(text: str) -> int:
    return minute_of(datetime.fromisoformat(text))


def clock(position: int) -> str:
    return datetime_of(position).strftime("%a %d %b %H:%M")


OFFICE = a_calendar()
MONTHS = months(FIRST, 28)

PROGRAMME = """\
programme: small
name: A small programme
organisation: A trust
start: 2027-01-04
office: {email: office@example.org}
wiifts: {statement: More time for students, approved_by: chief, approved_on: 2026-12-01}
sponsor: {person: chief, since: 2026-09-01}
data_protection_contact: chief
waves:
  - {id: w1, name: wave 1, schools: [ash, beech]}
  - {id: w2, name: wave 2, schools: [cedar]}
tasks:
  close: {kind: closure, duration: 1d, after: payroll/checkpoint, owner: chief}
milestones:
  all-live: {name: All are live, after: payroll/go-live, deadline: 2027-12-31}
"""
SERVICE = """\
service: payroll
name: Payroll
lead_provider: {person: lead, days_per_week: 2}
team: {manager: lead, members: [{person: lead, days_per_week: 1}]}
agreement: {kind: gives_and_gets, gives: [Numbers in time], gets: [Pay in time]}
pathway: short
"""
PATHWAY = """\
pathway: short
name: A short pathway
steps:
  requirements: {kind: requirements, phase: design, duration: 5d, sources: [heads, board, local_governing_bodies]}
  delegation: {kind: delegation, phase: develop, duration: 5d, after: requirements}
  capacity: {kind: capacity_in_place, phase: develop, per: wave, duration: 5d, after: requirements}
  system-live: {kind: system_live, phase: develop, per: wave, duration: 5d, after: requirements}
  train: {kind: training, phase: deploy, per: school, duration: 2d, after: [system-live, capacity, delegation]}
  skills: {kind: skills_evidenced, phase: deploy, per: wave, duration: 1d, after: train}
  go-live: {kind: go_live, phase: deploy, per: wave, after: skills}
  quick-win: {kind: quick_win, phase: deploy, per: wave, duration: 1d, after: go-live}
  restructure: {kind: org_change, phase: develop, per: wave, duration: 5d, after: [capacity, system-live]}
  roles-end: {kind: role_removal, phase: deploy, per: wave, duration: 1d, after: [restructure, go-live]}
  checkpoint: {kind: checkpoint, phase: sustain, per: wave, duration: 1d, after: go-live FS+10d}
"""
SCHOOLS = """\
id,name,phase,authority
ash,Ash School,primary,north
beech,Beech School,secondary,north
cedar,Cedar School,primary,north
"""
PEOPLE = """\
id,name,role,email,audience,school,groups,manager
chief,Chief Executive,Chief Executive,chief@example.org,sponsor,,,
lead,Director of People,Director of People,lead@example.org,lead,,,chief
"""


def a_folder(path: Path, **changes: str) -> Path:
    """Write a small programme folder: two waves, three schools, one service. `programme=…` replaces a file's text."""
    files = {
        "programme": ("programme.yaml", PROGRAMME),
        "service": ("services/payroll.yaml", SERVICE),
        "pathway": ("pathways/short.yaml", PATHWAY),
        "schools": ("schools.csv", SCHOOLS),
        "people": ("people.csv", PEOPLE),
    }
    for key, (name, text) in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(changes.get(key, text), encoding="utf-8")
    return path


def a_table_workbook(path: Path, rows: Iterable[Sequence[object]], *, sheet: str | None = None) -> Path:
    """Write rows as a workbook; days are shown as in Britain."""
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy"}) as book:
        page = book.add_worksheet(sheet)
        for n, row in enumerate(rows):
            page.write_row(n, 0, row)
    return path
