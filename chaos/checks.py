"""What must be true whatever happened: nothing lost, every repeat marked, and everything as in a quiet run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from sqlmodel import col, select

from changeflow.storage import audit
from changeflow.storage.database import session_scope
from changeflow.storage.tables.messages import MessageRow, NudgeRow
from chaos.postroom import Letter


@dataclass(frozen=True, slots=True)
class State:
    """The contents of a database at the end."""

    nudges: Mapping[str, str]
    """By key: the Message-ID of its message, or its state if it has none."""
    messages: Mapping[str, str]
    """The state of each message, by Message-ID."""
    faults: tuple[str, ...]
    """Faults in the audit chain."""


@dataclass(slots=True)
class Verdict:
    """The result of a run; every number except the first three should be 0."""

    COLUMNS: ClassVar[Sequence[str]] = ("messages", "kills", "repeats", "lost", "unmarked", "under_two_ids",
                                        "different", "unfinished", "audit_faults", "unreleased")  # fmt: skip
    messages: int = 0
    kills: int = 0
    repeats: int = 0
    """Copies marked as repeats, with the same Message-ID, so that a receiver can drop them."""
    lost: int = 0
    unmarked: int = 0
    """Second copies that are not marked as repeats."""
    under_two_ids: int = 0
    """The same message under two Message-IDs, which no receiver could recognise."""
    different: int = 0
    """Nudges or texts that differ from a quiet run."""
    unfinished: int = 0
    audit_faults: int = 0
    unreleased: int = 0
    """Messages sent from a restored database before a person released it."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        bad = (
            self.lost, self.unmarked, self.under_two_ids, self.different, self.unfinished, self.audit_faults,
            self.unreleased,
        )  # fmt: skip
        return not any(bad) and self.messages > 0

    def add(self, other: "Verdict") -> None:
        for name in self.COLUMNS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.notes += other.notes


def state_of(db: str) -> State:
    """Read the contents of a database."""
    with session_scope(db) as session:
        ids = {row.id: row.message_id for row in session.exec(select(MessageRow))}
        nudges = {}
        for row in session.exec(select(NudgeRow).order_by(col(NudgeRow.key))):
            still = "withdrawn" if row.withdrawn_at else "waiting"
            nudges[row.key] = ids[row.message] if row.message is not None else still
        messages = {row.message_id: row.state for row in session.exec(select(MessageRow))}
        broken = audit.examine(session).faults
    return State(nudges, messages, tuple(f"{b.number}: {b.what}" for b in broken))


def judge(quiet: State, expected: Sequence[Letter], found: State, got: Sequence[Letter]) -> Verdict:
    """Compare the messages that arrived with those of a quiet run of the same days."""
    copies = Counter(letter.message_id for letter in got)
    firsts = Counter(letter.message_id for letter in got if not letter.is_repeat)
    texts = {letter.message_id: (letter.to, letter.text) for letter in expected}
    verdict = Verdict(
        messages=len(texts),
        repeats=sum(copies.values()) - len(copies),
        lost=len(texts.keys() - copies.keys()),
        unmarked=sum(max(0, n - 1) for n in firsts.values()),
        under_two_ids=len(copies.keys() - texts.keys()),
        unfinished=sum(state == "open" for state in found.messages.values()),
        audit_faults=len(found.faults),
    )
    differing = [k for k in quiet.nudges.keys() | found.nudges.keys() if quiet.nudges.get(k) != found.nudges.get(k)]
    others = {letter.message_id for letter in got if texts.get(letter.message_id) != (letter.to, letter.text)}
    verdict.different = len(differing) + len(others)
    verdict.notes += [f"{k}: {quiet.nudges.get(k)} became {found.nudges.get(k)}" for k in sorted(differing)[:5]]
    verdict.notes += [f"another text under {message}" for message in sorted(others)[:5]]
    return verdict
