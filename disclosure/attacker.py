"""The attacker: sees every import and every line, and reports which guarantees are broken.

It was written from the promises (docs/people.md, docs/privacy.md), not from the publishing code. It knows all
memberships, who answered and when, whose answers stayed the same, and perhaps one person's own barrier at all times.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from changeflow.values.duration import counted
from disclosure.events import ELEMENTS, NO_BARRIER, REINFORCEMENT, Door, GroupKey, Import, Line
from disclosure.history import History
from disclosure.knowledge import Cuts, Identities, Knowledge, Late, know
from disclosure.search import Closed, Narrowed, Search

GUARANTEES = {
    "G0": "Every published line is true of the answers that it counts",
    "G1": "No barrier or score of a person is known exactly",
    "G2": "No score of a person is narrowed to two values",
    "G3": "Every count, shown or hidden, is uncertain by at least five",
    "G4": "No group with fewer than ten people is shown",
    "G5": "No one is in more than three published groups",
    "G6": "A hidden group stays hidden until ten people have joined or left",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken guarantee."""

    guarantee: str
    text: str
    people: frozenset[str] = frozenset()
    """The ids of the people concerned, if the finding is about single people."""


@dataclass(slots=True)
class Attacker:
    """Everything seen in one sequence."""

    events: list[Import] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    named: list[Mapping[GroupKey, frozenset[str]]] = field(default_factory=list)
    identities: Identities = field(default_factory=Identities)
    history: History = field(init=False)
    late: Late = field(init=False)
    cuts: Cuts = field(init=False)
    asked: int = 0
    """The number of questions that went to the solver."""
    questions: int = 0
    """The number of people (for each insider) and counts examined."""

    def __post_init__(self) -> None:
        self.history = History(self.identities)
        self.late = Late(self.identities)
        self.cuts = Cuts(self.identities)

    def see(self, event: Import, lines: Sequence[Line], groups: Mapping[GroupKey, frozenset[str]]) -> list[Finding]:
        """Record an import and everything visible after it; return findings from the lines alone."""
        self.identities.learn(event)
        event = self.cuts.counted_in(self.late.counted_with(event))
        self.events.append(event)
        self.lines += [line for line in lines if line not in self.lines]
        self.named.append(groups)
        return [Finding(*broken) for broken in self.history.see(event, lines, groups)]

    def attack(self, *, at_most: int | None = None) -> list[Finding]:
        """Return what everything seen so far reveals, at most `at_most` findings for each guarantee.

        Lines are never forgotten, so an attack after the last import finds everything that earlier attacks find.
        """
        knowledge, untrue = know(self.events, self.lines, self.named, self.identities)
        found = [Finding("G0", f"{line.view}/{line.group} is not true of any import of {line.day}.") for line in untrue]
        if untrue:
            return _first(found, at_most)
        search = Search(knowledge, seed=len(self.lines) + 1)
        for narrowed in search.narrowed():
            found.append(_explain(narrowed, knowledge))
            if at_most is not None and len(found) >= at_most:
                break
        for closed in search.closed():
            found.append(_explain_count(closed))
            if at_most is not None and sum(f.guarantee == "G3" for f in found) >= at_most:
                break
        self.asked += search.asked
        self.questions += search.insider_rows * len(knowledge.kinds) + 10 * len(knowledge.groups)
        return _first(found, at_most)


def as_published(door: Door, event: Import) -> Import:
    """Return an import with the threshold that its publication names, which may be an earlier one than requested."""
    published = getattr(door, "threshold", None)
    return replace(event, threshold=published(event.programme)) if published else event


def run(door: Door, events: Sequence[Import], *, at_most: int | None = 1) -> tuple[list[Finding], Attacker]:
    """Play a sequence through a door; return the findings, and the attacker with everything seen."""
    attacker = Attacker()
    found: list[Finding] = []
    for event in events:
        lines = door.play(event)
        found += attacker.see(as_published(door, event), lines, door.named_groups(event))
    return found + attacker.attack(at_most=at_most), attacker


def _first(found: Sequence[Finding], at_most: int | None) -> list[Finding]:
    """Return the first findings of each guarantee."""
    kept: list[Finding] = []
    for finding in found:
        if at_most is None or sum(k.guarantee == finding.guarantee for k in kept) < at_most:
            kept.append(finding)
    return kept


def _explain(narrowed: Narrowed, knowledge: Knowledge) -> Finding:
    kind = knowledge.kinds[narrowed.kind]
    people = frozenset(knowledge.unknowns[u].person for u in kind.unknowns)
    domain = kind.domain
    scores = [0] * ELEMENTS
    for state in narrowed.states:
        scores = [known | more for known, more in zip(scores, domain.scores(state), strict=True)]
    places = [{state[n] for state in narrowed.states} for n in range(len(domain.thresholds))]
    without = [{domain.place(s, t, live=False) for s in narrowed.states} for t in domain.not_live]
    is_exact = any(len(p) == 1 for p in (*places, *without)) or any(s.bit_count() == 1 for s in scores)
    beside = " with an insider's help" if narrowed.insider else ""
    possible = " and ".join(
        f"{{{', '.join(map(_place, sorted(p)))}}} at threshold {t}"
        for p, t in zip(places, domain.thresholds, strict=True)
    )
    who = f"{min(people)} and {counted(len(people) - 1, 'other')}" if len(people) > 1 else min(people)
    return Finding("G1" if is_exact else "G2", f"The barrier of {who} is known to be {possible}{beside}.", people)


def _explain_count(closed: Closed) -> Finding:
    group = closed.group
    at = " or ".join(map(_place, closed.places))
    return Finding(
        "G3",
        f"{'/'.join(group.key)}, import {group.event + 1}: {closed.low} to {closed.high} of {len(group.counted)} "
        f"people have a barrier at {at}.",
    )


def _place(place: int) -> str:
    names = ("awareness", "desire", "knowledge", "ability", "reinforcement")
    return "none" if place == NO_BARRIER else names[place] if place <= REINFORCEMENT else str(place)
