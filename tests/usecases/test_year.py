"""A year played through day by day, with people who answer and act as chance has it: what must be so on each day.

In the sample's year people act on the pages; its first weeks are played through again with the commands' use cases.

What someone's free days are is worked out here from the sample's own files and the government's list of bank holidays,
not from the product's calendars.
"""

import csv
import random
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from changeflow.adkar.elements import Element
from changeflow.agenda.due import CHOICES, AnswerKind
from changeflow.delivery.channels import DELIVERED, Receipt
from changeflow.delivery.message import Message
from changeflow.errors import ChangeflowError
from changeflow.storage import keys
from changeflow.storage.database import engine_for, session_scope
from changeflow.storage.tables.agenda import DueRow
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from changeflow.usecases import definitions, dispatch, link_answers, ticks
from changeflow.usecases.answer_recording import Given
from changeflow.usecases.link_answers import LinkQuestion
from changeflow.web.calculations import Calculations
from tests import audited
from tests.builders import PROGRAMME, SERVICE, a_folder
from tests.conftest import SAMPLE
from tests.usecases.acted import KINDS, Office
from tests.usecases.hands import Commands, Hands, Pages

pytestmark = pytest.mark.slow
LONDON = ZoneInfo("Europe/London")
BANK_HOLIDAYS = {
    date.fromisoformat(day)
    for day in (
        "2026-08-31", "2026-12-25", "2026-12-28", "2027-01-01", "2027-03-26", "2027-03-29", "2027-05-03", "2027-05-31",
        "2027-08-30", "2027-12-27", "2027-12-28", "2028-01-03", "2028-04-14", "2028-04-17", "2028-05-01",
    )
}  # fmt: skip
"""England and Wales: gov.uk/bank-holidays, and for 2028 by the same rules."""
LINK = re.compile(r"http://127\.0\.0\.1:8000/([au])/(\S+)")
HOURS = (time(6, 40), time(9)), (time(8, 10), time(17, 45)), (time(13),), (time(9),), (time(8, 10),), (time(13),)
"""When the dispatcher runs, on one day, the next, and so on; nothing may go at 6:40 and at 17:45."""
NOON, LATE, SATURDAY = time(12), time(17, 10), 5


@dataclass(frozen=True)
class Sent:
    at: datetime
    message: Message

    @property
    def day(self) -> date:
        return self.at.astimezone(LONDON).date()

    @property
    def said(self) -> tuple[str, ...]:
        """All that does not differ by chance: links do."""
        m = self.message
        return (self.at.isoformat(), m.to_address, m.subject, LINK.sub("LINK", m.text), m.message_id)


@dataclass
class Year:
    """One programme in the hands of chance."""

    db: str
    programme: str
    chance: random.Random
    folder: Path
    with_pages: bool = False
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    sent: list[Sent] = field(default_factory=list)
    name, reaches_people, may_repeat, overwrites = "postbox", False, True, False

    def __post_init__(self) -> None:
        made = Pages if self.with_pages else Commands
        self.hands: Hands = made(self.db, self.programme, lambda: self.now)
        self.office = Office(self.db, self.programme, self.chance, self.folder)

    def send(self, message: Message) -> Receipt:
        self.sent.append(Sent(self.now, message))
        return DELIVERED

    def live_through(self, day: date) -> None:
        before = len(self.sent)
        # On days on which no one works nothing may go at any hour: one is enough, on one of two weekends.
        free = day.weekday() >= SATURDAY or day in BANK_HOLIDAYS
        for hour in ((NOON,) if day.toordinal() % 4 == 1 else ()) if free else HOURS[day.toordinal() % len(HOURS)]:
            self.run(datetime.combine(day, hour, tzinfo=LONDON))
        for sent in self.sent[before:]:
            if "A few short questions" in sent.message.subject and self.chance.random() < 0.85:
                continue  # most people do not answer a survey; it is not worth half the test's time that they do
            for path, token in LINK.findall(sent.message.text):
                self.now = datetime.combine(day, time(16, self.chance.randrange(60)), tzinfo=LONDON)
                if path == "a":
                    self.answer(token)
                elif self.chance.random() < 0.02:
                    link_answers.switch_optional(token, off=self.chance.random() < 0.7, db=self.db, now=self.now)

        if not free and self.programme == SAMPLE.name:
            self.now = datetime.combine(day, time(16, 59), tzinfo=LONDON)
            for act in self.office.acts(day):
                self.hands.act(act)
        if not free and day.toordinal() % 3 == 2:
            # What the answers lead to may be due at once, to people who have had their message of the day.
            self.run(datetime.combine(day, LATE, tzinfo=LONDON))

    def run(self, now: datetime) -> None:
        self.now = now
        ticks.tick(db=self.db, now=now)
        dispatch.dispatch(db=self.db, now=now, channel=self)

    def answer(self, token: str) -> None:
        if self.chance.random() < 0.2:
            return
        try:
            question = link_answers.question_of(token, db=self.db, now=self.now)
        except ChangeflowError:
            return  # someone else has done it meanwhile
        if self.hands.answer(token, self.chosen(question)) and question.kind == "gate":
            self.decide(question)

    def chosen(self, question: LinkQuestion) -> Given:
        if question.kind == "assessment":
            return Given(kind=AnswerKind.DONE, scores={e: self.chance.randint(1, 5) for e in Element})
        if question.kind in ("feedback", "sponsor"):
            return Given(kind=AnswerKind.DONE, text="Visited a school and spoke with the office")
        kinds = [AnswerKind.DONE] * 6 + list(CHOICES)
        kind = AnswerKind.ACKNOWLEDGED if question.kind == "gate" else self.chance.choice(kinds)
        until = self.now.date() + timedelta(days=self.chance.randint(1, 20))
        people = [person for person, _ in question.people]
        return Given(
            kind=kind, until=until, to=self.chance.choice(people) if people else None, text="A supplier is late"
        )

    def decide(self, question: LinkQuestion) -> None:
        """Whoever may, decides; where the evidence does not carry it, the gate stays shut."""
        with session_scope(self.db) as session:
            gate = col(NudgeRow.reason).in_(("gate", "decision"))
            query = select(NudgeRow.subject, NudgeRow.person).where(gate, NudgeRow.due_on == question.due_on)
            subjects = session.exec(query).all()
        for task, person in sorted(set(subjects)):
            self.hands.act(self.office.decision(task, person, self.now.astimezone(LONDON).date()))


def check(year: Year, *, may_write: "FreeDays") -> None:
    """Hold against the year what was promised of every day of it."""
    _caps(year)
    for sent in year.sent:
        local = sent.at.astimezone(LONDON)
        assert time(8) <= local.time() < time(17, 30), f"{sent.message.to_address} at {local}"
        why = may_write.why_not(sent.message.to_address, sent.day)
        assert why is None, f"{sent.message.to_address} on {sent.day}: {why}"
    with session_scope(year.db) as session:
        nudges = {n.key: n for n in session.exec(select(NudgeRow))}
        due = session.exec(select(DueRow)).all()
        messages = {m.id: m for m in session.exec(select(MessageRow))}
        for thing in due:
            if thing.person is None:
                assert thing.rung == 4
                continue
            nudge = nudges[thing.key]
            is_explained = (nudge.withdrawn_at is not None or nudge.message is None) and nudge.why
            assert is_explained or messages[nudge.message].state == "sent", f"{thing.key} is neither sent nor explained"
        assert not audited.verify(session)[1]
        _escalation(list(nudges.values()), messages, may_write)


def _caps(year: Year) -> None:
    by_person: dict[str, list[date]] = defaultdict(list)
    for sent in year.sent:
        by_person[sent.message.to_address].append(sent.day)
    for address, days in by_person.items():
        assert max(Counter(days).values()) == 1, f"{address}: two on one day"
        for first in days:
            week = [d for d in days if first <= d < first + timedelta(days=7)]
            assert len(week) <= 3, f"{address}: {week}"


def _escalation(nudges: Sequence[NudgeRow], messages: dict[int, MessageRow], people: "FreeDays") -> None:
    """What went about one thing and one day goes up the escalation path, and to a manager only on the level for it."""
    by_thing: dict[tuple[str, date], list[NudgeRow]] = defaultdict(list)
    for nudge in nudges:
        if nudge.message is not None:
            by_thing[nudge.subject, nudge.due_on].append(nudge)
    for (subject, _), own in by_thing.items():
        own.sort(key=lambda n: messages[n.message].sent_at or n.created_at)
        for reason in {n.reason for n in own}:
            assert reason not in ("assessment", "feedback") or max(n.rung for n in own) < 3, f"{subject} went further"
        by_asked: dict[str, list[int]] = defaultdict(list)
        for nudge in own:
            if nudge.rung < 3:
                by_asked[nudge.person].append(nudge.rung)
            else:
                assert nudge.person in people.managers, f"{subject} went to {nudge.person}, who manages nobody"
        for levels in by_asked.values():
            assert levels == sorted(set(levels)), f"{subject}: levels {levels}"


class FreeDays:
    """When each person of a folder must not be written to, read from its files."""

    def __init__(self, folder: Path) -> None:
        with (folder / "people.csv").open(encoding="utf-8") as lines:
            self.people = {row["email"]: row for row in csv.DictReader(lines)}
        with (folder / "schools.csv").open(encoding="utf-8") as lines:
            authority = {row["id"]: row["authority"] for row in csv.DictReader(lines)}
        services = [yaml.safe_load(path.read_text()) for path in (folder / "services").glob("*.yaml")]
        self.managers = {row["manager"] for row in self.people.values()}
        self.managers |= {s["lead_provider"]["person"] for s in services}
        self.closed: dict[str, list[tuple[date, date]]] = defaultdict(list)
        self.terms: dict[str, list[tuple[date, date]]] = {}
        programme = yaml.safe_load((folder / "programme.yaml").read_text())
        self.closed["everybody"] = [(c["first_day"], c["last_day"]) for c in programme.get("closed", ())]
        terms_of = {}
        for path in sorted((folder / "calendars").glob("*.yaml")):
            calendar = yaml.safe_load(path.read_text())
            if "authority" in calendar:
                terms_of[calendar["authority"]] = calendar["terms"]
            if "school" in calendar:
                spans = [(c["first_day"], c.get("last_day", c["first_day"])) for c in calendar["closed"]]
                self.closed[calendar["school"]] += spans
        for school, where in authority.items():
            if where in terms_of:
                self.terms[school] = [(t["first_day"], t["last_day"]) for t in terms_of[where]]
                self.closed[school] += [tuple(t["half_term"]) for t in terms_of[where]]

    def why_not(self, address: str, day: date) -> str | None:
        row = self.people[address]
        school = row["school"]
        spans = [*self.closed["everybody"], *(self.closed[school] if school else ())]
        away = (row.get("away") or "").partition("..")
        if away[0]:
            spans.append((date.fromisoformat(away[0]), date.fromisoformat(away[2])))
        if day.weekday() > 4 or day in BANK_HOLIDAYS:
            return "a weekend or a bank holiday"
        if any(first <= day <= last for first, last in spans):
            return "they are away, or their place is closed"
        if school in self.terms and not any(first <= day <= last for first, last in self.terms[school]):
            return "school holidays"
        works_on = row.get("works_on")
        if works_on and day.strftime("%a").lower() not in works_on.split(";"):
            return "not one of their days"
        return None


def sample_with_habits(folder: Path) -> Path:
    """The sample, with rounds of assessment, and with people who work some days, are away, or read Welsh."""
    shutil.copytree(SAMPLE, folder)
    text = (folder / "programme.yaml").read_text()
    (folder / "programme.yaml").write_text(text.replace("policy:\n", "policy:\n  assess_every_weeks: 40\n"))
    with (folder / "people.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    for n, row in enumerate(rows):
        row["works_on"] = ("", "", "mon;tue;wed", "tue;thu;fri")[n % 4]
        row["away"] = ("", "2026-11-09..2026-11-27", "2027-02-01..2027-02-12")[n % 3]
        row["language"] = ("en", "cy")[n % 5 == 4]
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


@contextmanager
def one_key(folder: Path) -> Iterator[None]:
    """Keep one key for all databases: with keys of their own, the same message has two Message-IDs."""
    before = keys.keep_in(folder / "changeflow.key")
    try:
        yield
    finally:
        keys.keep_in(before)


def lived(db: str, folder: Path, actor: str, days: list[date], seed: int, *, with_pages: bool = False) -> Year:
    programme = yaml.safe_load((folder / "programme.yaml").read_text())["programme"]
    year = Year(db, programme, random.Random(seed), folder.parent, with_pages)
    began = datetime.combine(days[0], time(5), tzinfo=LONDON)
    definitions.apply(folder, db=db, actor=actor, now=began)
    for day in days:
        year.live_through(day)
    engine_for(db).dispose()
    return year


@pytest.mark.thorough
@settings(max_examples=1, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_a_year_of_the_sample(tmp_path_factory: pytest.TempPathFactory, seed: int):
    made = tmp_path_factory.mktemp("year")
    folder = sample_with_habits(made / "sample")
    days = [date(2026, 9, 1) + timedelta(days=n) for n in range(365)]
    with one_key(made), pytest.MonkeyPatch.context() as patched:
        patched.setattr(Calculations, "wake", lambda _: None)  # uploads are compared in this process
        year = lived(f"sqlite:///{made / 'first.db'}", folder, "chief-executive", days, seed, with_pages=True)
        check(year, may_write=FreeDays(folder))
        assert len(year.sent) > 300
        assert year.hands.made.keys() >= KINDS
        # The same answers and acts again, by commands: the same messages, to the letter.
        again = lived(f"sqlite:///{made / 'again.db'}", folder, "chief-executive", days[:17], seed)
    assert [s.said for s in again.sent] == [s.said for s in year.sent if s.day <= days[16]]


SMALL_PEOPLE = """\
id,name,role,email,audience,school,groups,manager,works_on,away,language
chief,Chief Executive,Chief Executive,chief@example.org,sponsor,,,,,,
lead,Director of People,Director of People,lead@example.org,lead,,,chief,,2027-03-22..2027-03-30,cy
head,Head,Head teacher,head@example.org,lead,ash,,chief,mon;thu,,
"""


@pytest.mark.thorough
@settings(max_examples=2, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(
    seed=st.integers(0, 2**32),
    first=st.sampled_from(["2026-10-12", "2026-12-14", "2027-03-15", "2028-02-14"]),
    jumps=st.sets(st.integers(3, 30), max_size=3),
)
def test_whenever_it_begins_and_wherever_the_clock_jumps(
    tmp_path_factory: pytest.TempPathFactory, seed: int, first: str, jumps: set[int]
):
    """Both changes of the clocks, a turn of the year, a leap day; on some days the clock goes back a day, then on."""
    made = tmp_path_factory.mktemp("small")
    owned = SERVICE + "tasks:\n  requirements: {owner: lead}\n  delegation: {owner: head}\n  train: {owner: head}\n"
    programme = PROGRAMME.replace("start: 2027-01-04", f"start: {first}")
    folder = a_folder(made / "trust", service=owned, people=SMALL_PEOPLE, programme=programme)
    days = [date.fromisoformat(first) + timedelta(days=n) for n in range(35)]
    for number in sorted(jumps, reverse=True):
        days.insert(number, days[number - 2])
    with one_key(made):
        years = [lived(f"sqlite:///{made / name}.db", folder, "chief", days, seed) for name in ("first", "again")]
        check(years[0], may_write=FreeDays(folder))
    assert [s.said for s in years[1].sent] == [s.said for s in years[0].sent]
    assert years[0].sent
