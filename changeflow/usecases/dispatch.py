"""Dispatch: claim messages that may go now, send them and record the outcome. None is lost, and repeats are marked."""

import secrets
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from changeflow.agenda.policy import Fate, SendVerdict
from changeflow.delivery.channels import Channel, Receipt, Sent
from changeflow.delivery.message import Message
from changeflow.errors import InputError
from changeflow.logs import log
from changeflow.programme.mandates import SYSTEM
from changeflow.storage import agenda, answers, audit, custody, messages, versions
from changeflow.storage.agenda import Nudge
from changeflow.storage.answers import AnswerLink
from changeflow.storage.custody import MachineState, NotReleasedError, StateSeen
from changeflow.storage.database import read_scope, session_scope
from changeflow.storage.messages import Outgoing
from changeflow.usecases.custody import take_stock
from changeflow.usecases.messages import Desk, House, house_of, write_letter
from changeflow.usecases.outbox import OutboxView, draft_of, look, open_from
from changeflow.usecases.ticks import tick
from changeflow.values.duration import counted
from changeflow.values.moments import local_day

LEASE = timedelta(seconds=50)
"""How long a worker may hold a message. Every channel sends faster; after this time another worker takes over."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=4)
GIVE_UP = timedelta(hours=72)
"""About as long as mail servers retry (RFC 5321, 4.5.4.1 recommends four to five days at most)."""
TOGETHER = 20
"""Messages opened in one transaction."""
COUNTED = ("sent", "nudges", "withdrawn", "held", "failed", "refused", "parked", "no_address")
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """The result of a dispatch."""

    sent: int = 0
    nudges: int = 0
    """Nudges in the messages sent."""
    withdrawn: int = 0
    held: int = 0
    """Held back: outside the recipient's hours, or over their limit."""
    failed: int = 0
    """Will be tried again."""
    refused: int = 0
    """The address does not work."""
    parked: int = 0
    """May have gone, and must not go twice: a person must check."""
    no_address: int = 0
    blocked: str = ""
    """Why nothing is sent: the database was restored and no one has released it."""

    @property
    def words(self) -> str:
        """The counts that are not zero: `1 message sent (2 nudges), 3 held`."""
        nudges = f" ({counted(self.nudges, 'nudge')})" if self.nudges else ""
        own = f"{counted(self.sent, 'message')} sent{nudges}"
        rest = [f"{row['count']} {row['what']}" for row in self.rows() if row["count"]]
        rest = [words for words in rest if words.split(" ", 1)[1] not in ("sent", "nudges")]
        return ", ".join([own, *rest] if self.sent else rest)

    def rows(self) -> list[dict[str, object]]:
        """Return the counts as a table."""
        return [{"what": name.replace("_", " "), "count": getattr(self, name)} for name in COUNTED]


def dispatch(
    *, db: str, now: datetime, channel: Channel, desk: Desk | None = None, clock: Clock | None = None
) -> Dispatched:
    """Send what may go at `now`, after withdrawing nudges that no longer apply.

    `clock` times leases and sending; by default it stays at `now`. A restored database sends nothing until a person
    has released it.
    """
    stock = take_stock(db=db, now=now)
    if stock.seen is None:
        return Dispatched(blocked=stock.message)
    worker = f"{socket.gethostname()}:{secrets.token_hex(4)}"
    office = _Post(db, channel, desk or Desk(), worker, clock or (lambda: now), stock.seen)
    counts: Counter[str] = Counter()
    blocked = ""
    try:
        office.count_on()
        office.resume(counts)
        if not office.is_over:
            office.send_new(now, counts)
    except NotReleasedError:
        # It was restored during this run, so no more messages are opened.
        blocked = take_stock(db=db, now=now).message
    outcome = {name: counts[name] for name in COUNTED}
    log("dispatch", channel=channel.name, **outcome)
    return Dispatched(**outcome, blocked=blocked)


class _Post:
    """One run of the dispatcher."""

    def __init__(self, db: str, channel: Channel, desk: Desk, worker: str, clock: Clock, seen: StateSeen) -> None:
        self.db, self.channel, self.desk, self.worker, self.clock = db, channel, desk, worker, clock
        self.state, self.seen = MachineState(db), seen
        """The database's state when its count last advanced."""
        self.is_over = False
        """Whether the channel accepts no more today."""
        self.gone: list[tuple[Outgoing, list[Nudge]]] = []
        """Sent but not marked yet: only on a channel where a repeat leaves no second copy."""

    def count_on(self) -> None:
        with session_scope(self.db) as session:
            seen = custody.advance(session, self.seen)
        self._note_seen(seen)

    def _note_seen(self, seen: StateSeen) -> None:
        """Record outside the database what is committed, before sending any of it."""
        self.state.note(seen)
        self.seen = seen

    def resume(self, counts: Counter[str]) -> None:
        """Resume messages that an earlier run opened, because they failed temporarily or the worker died."""
        with read_scope(self.db) as session:
            ids = messages.resumable(session, now=self.clock())
        for message in ids:
            if self.is_over:
                return
            with session_scope(self.db) as session:
                names = agenda.programmes_of(session, message)
                for name in names:
                    versions.lock_programme(session, name)
                claimed = messages.claim(session, message, worker=self.worker, now=self.clock(), lease=LEASE)
                nudges = agenda.carried_by(session, message) if claimed else []
                houses = {name: house_of(session, name) for name in sorted({n.programme for n in nudges})}
                if claimed is None:
                    continue
                if not nudges:
                    why = "none of its content applies any more"
                    self._settle(session, [(claimed, nudges)], messages.DROPPED, why)
                    counts["withdrawn"] += 1
                    continue
                if (later := open_from(nudges, houses, self.clock())) is not None:
                    messages.put_back(session, message, worker=self.worker, until=later)
                    continue
                if claimed.may_have_gone and not self.channel.may_repeat:
                    self._settle(session, [(claimed, nudges)], messages.PARKED, "it may already have been sent")
                    counts["parked"] += 1
                    continue
                [letter] = self._written(session, [(claimed, nudges)], houses)
                for name in names:
                    self._note_open(session, name, [message])
                seen = custody.advance(session, self.seen)
            self._note_seen(seen)
            self._hand_over(claimed, nudges, letter, counts)
            self._mark_gone()

    def send_new(self, now: datetime, counts: Counter[str]) -> None:
        """Open messages for everyone who may have one, a few at a time, and send them."""
        today = local_day(now)
        with read_scope(self.db) as session:
            waiting = {n.programme for n in agenda.waiting(session, now=now)}
            stale = agenda.stale(session, day=today, names=waiting)
        for name in stale:
            counts["withdrawn"] += sum(t.withdrawn for t in tick(db=self.db, now=now, programme=name))
        with session_scope(self.db) as session:
            found = look(session, now, live_only=self.channel.reaches_people)
            gone = [w.id for v in found.verdicts if v.fate is Fate.WITHDRAWN for w in v.nudges]
            for name in sorted({found.nudges[i].programme for i in gone}):
                versions.lock_programme(session, name)
                count = sum(found.nudges[i].programme == name for i in gone)
                subject = f"nudges:{count}"
                audit.append(session, name, at=now, actor=SYSTEM, action="nudge:withdraw", subject=subject)
            for verdict in found.verdicts:
                ids = [w.id for w in verdict.nudges]
                if verdict.fate is Fate.WITHDRAWN:
                    agenda.withdraw(session, ids, at=now, why=verdict.why)
                    counts["withdrawn"] += len(ids)
                elif verdict.fate in (Fate.HELD, Fate.UNREACHED):
                    agenda.hold(session, dict.fromkeys(ids, verdict.why))
                    counts["no_address" if verdict.fate is Fate.UNREACHED else "held"] += len(ids)
        going = [v for v in found.verdicts if v.fate is Fate.GOES]
        for first in range(0, len(going), TOGETHER):
            for claimed, nudges, letter in self._open(going[first : first + TOGETHER], found):
                if self.is_over:
                    self._postpone(claimed, "the channel's daily limit", now + LONGEST_WAIT)
                else:
                    self._hand_over(claimed, nudges, letter, counts)
            self._mark_gone()

    def _open(
        self, some: Sequence[SendVerdict], found: OutboxView
    ) -> list[tuple[Outgoing, list[Nudge], Message | None]]:
        """Open messages in one transaction, or one by one if another dispatcher has taken some."""
        nudges = [[found.nudges[w.id] for w in v.nudges] for v in some]
        offices = [found.houses[its[0].programme].definition.programme.office for its in nudges]
        drafts = [draft_of(v, found, o.email.rpartition("@")[2]) for v, o in zip(some, offices, strict=True)]
        try:
            with session_scope(self.db) as session:
                names = sorted({n.programme for its in nudges for n in its})
                for name in names:
                    versions.lock_programme(session, name)
                opened = messages.open_messages(session, drafts, worker=self.worker, now=self.clock(), lease=LEASE)
                if opened is None:
                    raise _TakenError
                letters = self._written(session, list(zip(opened, nudges, strict=True)), found.houses)
                for name in names:
                    own = zip(opened, nudges, strict=True)
                    self._note_open(session, name, [o.id for o, its in own if any(n.programme == name for n in its)])
                seen = custody.advance(session, self.seen)
            self._note_seen(seen)
            return list(zip(opened, nudges, letters, strict=True))
        except (IntegrityError, _TakenError):
            if len(some) == 1:
                return []
            return [opened for v in some for opened in self._open((v,), found)]

    def _written(
        self, session: Session, opened: Sequence[tuple[Outgoing, list[Nudge]]], houses: Mapping[str, House]
    ) -> list[Message | None]:
        """Write letters with a link for each nudge; None for a letter that has no recipient."""
        now, links = self.clock(), dict[str, AnswerLink]()
        letters = [
            write_letter(nudges, houses, self.desk, now, outgoing.message_id, links, outgoing)
            for outgoing, nudges in opened
        ]
        answers.add_links(session, links, at=now)
        return letters

    def _note_open(self, session: Session, programme: str, ids: Sequence[int]) -> None:
        """Seal the opened messages, their links and their nudges in the audit."""
        subject = f"message:{min(ids)}" if len(ids) == 1 else f"message:{min(ids)}-{max(ids)}"
        now = self.clock()
        audit.append(session, programme, at=now, actor=SYSTEM, action="message:open", subject=subject, fallback=True)

    def _hand_over(self, claimed: Outgoing, nudges: list[Nudge], letter: Message | None, counts: Counter[str]) -> None:
        if claimed.may_have_gone and not self.channel.may_repeat:
            self._finish(claimed, nudges, messages.PARKED, "it may already have been sent")
            counts["parked"] += 1
            return
        if letter is None:
            self._finish(claimed, nudges, messages.DROPPED, "no one to send it to")
            counts["no_address"] += 1
            return
        try:
            receipt = self.channel.send(letter)
        except InputError as error:
            receipt = Receipt(Sent.NEVER, str(error))
        self.is_over = self.is_over or receipt.stop_today
        counts[self._note(claimed, nudges, receipt)] += 1
        if receipt.sent is Sent.YES:
            counts["nudges"] += len(nudges)

    def _note(self, claimed: Outgoing, nudges: list[Nudge], receipt: Receipt) -> str:
        """Mark a message's outcome; return the count that it belongs to."""
        now = self.clock()
        if receipt.sent is Sent.YES:
            self.gone.append((claimed, nudges))
            if not self.channel.overwrites:
                self._mark_gone()
            return "sent"
        if receipt.sent is Sent.NEVER:
            self._finish(claimed, nudges, messages.FAILED, receipt.detail)
            with session_scope(self.db) as session:
                for name in sorted({n.programme for n in nudges}):
                    versions.lock_programme(session, name)
                    subject = f"message:{claimed.id}"
                    audit.append(
                        session, name, at=now, actor=SYSTEM, action="message:undeliverable", subject=subject,
                        fallback=True,
                    )  # fmt: skip
                answers.mark_undeliverable(session, claimed.recipient, at=now, error=receipt.detail)
            return "refused"
        if receipt.sent is Sent.MAYBE and not self.channel.may_repeat:
            self._finish(claimed, nudges, messages.PARKED, receipt.detail)
            return "parked"
        if now - claimed.created_at > GIVE_UP:
            self._finish(claimed, nudges, messages.FAILED, f"given up after three days: {receipt.detail}")
            return "refused"
        wait = min(FIRST_WAIT * 2 ** min(claimed.attempts - 1, 10), LONGEST_WAIT)
        self._postpone(claimed, receipt.detail, now + wait, may_have_gone=receipt.sent is Sent.MAYBE)
        return "failed"

    def _postpone(self, claimed: Outgoing, error: str, until: datetime, *, may_have_gone: bool = False) -> None:
        log(
            "message", id=claimed.id, state="put off", attempts=claimed.attempts, channel=self.channel.name, error=error
        )
        with session_scope(self.db) as session:
            messages.postpone(
                session, claimed.id, worker=self.worker, until=until, error=error, may_have_gone=may_have_gone
            )

    def _finish(self, claimed: Outgoing, nudges: list[Nudge], state: str, error: str | None) -> None:
        with session_scope(self.db) as session:
            self._settle(session, [(claimed, nudges)], state, error)

    def _mark_gone(self) -> None:
        gone, self.gone = self.gone, []
        if gone:
            with session_scope(self.db) as session:
                self._settle(session, gone, messages.SENT, None)

    def _settle(
        self, session: Session, some: Sequence[tuple[Outgoing, list[Nudge]]], state: str, error: str | None
    ) -> None:
        """Record the outcome of messages that we still hold, in the table and the audit."""
        now = self.clock()
        carried = {c.id: {n.programme for n in its} or set(agenda.programmes_of(session, c.id)) for c, its in some}
        names = sorted(set().union(*carried.values()))
        for name in names:
            # Without the lock, two workers could give audit entries the same number, and one would lose its mark.
            versions.lock_programme(session, name)
        ours = messages.settle(
            session, [c.id for c, _ in some], worker=self.worker, state=state, at=now, channel=self.channel.name,
            error=error,
        )  # fmt: skip
        for claimed, nudges in some:
            log(
                "message",
                id=claimed.id,
                state=state if claimed.id in ours else "lost to another",
                attempts=claimed.attempts,
                nudges=len(nudges),
                repeat=claimed.may_have_gone,
                channel=self.channel.name,
                error=error,
            )
        for name in names:
            entries = [
                (f"message:{state}", f"message:{claimed.id}")
                for claimed, _ in some
                if claimed.id in ours and name in carried[claimed.id]
            ]
            audit.append_all(session, name, entries, at=now, actor=SYSTEM)


class _TakenError(Exception):
    """Another dispatcher has taken some of the nudges."""
