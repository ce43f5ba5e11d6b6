"""The evidence for and against a gate, from the rules and from what has happened.

A person decides. This lists the reasons for and against, and never says what to decide.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from changeflow.adkar.elements import Element
from changeflow.adkar.published import Band
from changeflow.adkar.readiness import is_past
from changeflow.adkar.reinforcement import StickVerdict
from changeflow.agenda.criteria import Criterion, State, go_live_criteria, unless_waived
from changeflow.errors import UnknownThingError
from changeflow.programme.assembly.readiness import standing_of
from changeflow.programme.facts import Condition, Decision
from changeflow.programme.mandates import Subject
from changeflow.programme.people import is_stale, sessions
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.catalogue import RULES
from changeflow.rules.engine import Judged
from changeflow.rules.rule import Rule
from changeflow.values.base import TaskId
from changeflow.values.finding import Waiver
from changeflow.values.moments import format_day
from changeflow.values.sentences import Sentence, SentenceValue, sentence
from changeflow.values.words import Gate, Kind, Outcome, Severity, Stops


@dataclass(frozen=True, slots=True)
class GateCase:
    """All evidence for and against a gate, most severe first."""

    task: TaskId
    criteria: tuple[Criterion, ...]

    def of(self, *states: State) -> tuple[str, ...]:
        return tuple(c.text for c in self.criteria if c.state in states)

    def against(self, *, reader: str = "") -> tuple[str, ...]:
        """Return the reasons against; those that the reader must deal with come first and are addressed to them."""
        found = [c for c in self.criteria if c.state in (State.BLOCKS, State.OPEN)]
        own = [c.to_them for c in found if c.person and c.person == reader]
        return (*own, *(c.text for c in found if not (c.person and c.person == reader)))

    @property
    def proposal(self) -> Outcome:
        """What the evidence supports: an approval only where nothing is missing."""
        states = {c.state for c in self.criteria}
        if State.BLOCKS in states:
            return Outcome.REJECT
        return Outcome.CONDITIONS if State.OPEN in states else Outcome.APPROVE

    @property
    def says(self) -> str:
        """The answer that the evidence supports, in words."""
        return {Outcome.APPROVE: "go", Outcome.CONDITIONS: "go, with conditions"}.get(self.proposal, "not yet")

    @property
    def sentence(self) -> str:
        return evidence_sentence(self.says)


def evidence_sentence(says: str) -> Sentence:
    """Write what the evidence supports (`GateCase.says`) as a sentence, the same one everywhere.

    >>> evidence_sentence("not yet"), evidence_sentence("go, with conditions")
    ('The evidence does not yet support going ahead.', 'The evidence supports going ahead, with conditions.')
    """
    if says == "not yet":
        return sentence("The evidence does not yet support going ahead.")
    if says == "go, with conditions":
        return sentence("The evidence supports going ahead, with conditions.")
    return sentence("The evidence supports going ahead.")


def gate_of(programme: Programme, task: TaskId) -> Task:
    """Return the task of a gate or of another decision, by id."""
    gate = programme.roadmap.tasks.get(task)
    if gate is None or gate.kind is not Kind.DECISION:
        raise UnknownThingError("gate", task, [t.id for t in programme.tasks(kind=Kind.DECISION)])
    return gate


def gate_subject(gate: Task) -> Subject:
    """Return a gate as the subject of a decision."""
    return Subject(thing=f"“{gate.name}”", service=gate.service, owners=frozenset({gate.owner} if gate.owner else ()))


def gate_words(programme: Programme, gate: Task) -> str:
    """Describe what a gate opens."""
    if gate.gate is None:
        return "a decision"
    if gate.gate is Gate.WAVE_RELEASE:
        return "needed before the pilot starts" if programme.is_pilot(gate.wave) else "needed before the wave starts"
    return {
        Gate.PLAN: "needed before design",
        Gate.DESIGN: "needed before development",
        Gate.GO_LIVE: "needed before go-live",
    }.get(gate.gate, "closes the programme")


def weigh(judged: Judged, task: TaskId) -> GateCase:
    """Weigh a gate's criteria: rules, predecessors, training, people, checkpoints, runs, the pilot, conditions."""
    programme = judged.programme
    gate = gate_of(programme, task)
    found = [
        *_rules(judged, gate),
        *_before(programme, gate),
        *_training(programme, gate),
        *_people(programme, gate),
        *_stuck(programme, gate),
        *go_live_criteria(programme, gate),
        *_conditions(programme, gate),
    ]
    order = list(State)
    return GateCase(gate.id, tuple(sorted(dict.fromkeys(found), key=lambda c: order.index(c.state))))


def _rules(judged: Judged, gate: Task) -> Iterator[Criterion]:
    programme = judged.programme
    for rule in RULES.values():
        if gate.gate is None:
            # A decision that is not a gate is judged by the rules that stop gates in general.
            if rule.blocks is not Stops.GATE:
                continue
        elif gate.gate not in rule.gates:
            continue
        about = [
            f
            for f in judged.findings
            if f.rule == rule.code
            and f.severity is not Severity.INFO
            and (gate.service is None or f.service in (None, gate.service))
            and (not f.schools or not gate.schools or f.schools & gate.schools)
        ]
        for finding in about:
            hard = finding.is_block or rule.hardens_at is gate.gate is not None
            state = State.BLOCKS if hard else State.NOTED
            yield Criterion(f"{finding.message.rstrip('.')}.", state, rule.code, remedy=finding.remedy)
        if about or gate.gate is None or not _concerns(programme, rule, gate):
            continue
        waiver = next((w for w in judged.used_waivers if w.rule == rule.code and _touches(programme, w, gate)), None)
        if waiver is not None:
            text = sentence("The rule “%(title)s” is waived until %(day)s.", title=rule.title, day=waiver.expires)
            yield Criterion(text, State.WAIVED, rule.code)
        else:
            text = sentence("The plan complies with the rule “%(title)s”.", title=rule.title)
            yield Criterion(text, State.MET, rule.code)


def _concerns(programme: Programme, rule: Rule, gate: Task) -> bool:
    if rule.only_for is None:
        return True
    services = [programme.service(gate.service)] if gate.service else programme.services
    return any(rule.only_for(s) for s in services)


def _touches(programme: Programme, waiver: Waiver, gate: Task) -> bool:
    """Return whether a waiver is about what a gate opens: its service, and its wave if both have one."""
    if waiver.schools and gate.schools and not set(waiver.schools) & gate.schools:
        return False
    if waiver.task is not None:
        task = programme.roadmap.tasks.get(waiver.task)
        is_elsewhere = task is not None and bool(task.schools and gate.schools) and not task.schools & gate.schools
        return waiver.task.startswith(f"{gate.service}/") and not is_elsewhere
    return waiver.service in (None, gate.service)


def _before(programme: Programme, gate: Task) -> Iterator[Criterion]:
    """Yield a criterion for each predecessor of the gate. Parallel runs have their own criteria."""
    progress = programme.roadmap.progress
    for name in sorted(programme.graph.predecessors(gate.id)):
        task = programme.roadmap.tasks[name]
        done = progress.get(name)
        if task.kind is Kind.DECISION and done and done.is_done:
            yield Criterion(sentence("The decision “%(task)s” has been made.", task=task.name), State.MET)
        elif done and done.is_done:
            yield Criterion(sentence("“%(task)s” is complete.", task=task.name), State.MET)
        else:
            ready = format_day(programme.timed(name).last_day)
            text, remedy = (
                sentence("“%(task)s” is not complete yet.", task=task.name),
                f"Complete it. The forecast is {ready}.",
            )
            owner = task.owner or ""
            yield Criterion(text, State.OPEN, with_owner=bool(owner), remedy=remedy, owner=owner)


def _training(programme: Programme, gate: Task) -> Iterator[Criterion]:
    """Before a go-live, check that training has been delivered, not only planned, at enough of its schools."""
    if gate.gate is not Gate.GO_LIVE:
        return
    rule, progress = RULES["R15"], programme.roadmap.progress
    asked = programme.policy.attended_share
    held = [
        s
        for s in sessions(programme, service=gate.service, schools=gate.schools)
        if (p := progress.get(s.task.id)) and p.is_done
    ]
    # Where no attendance is reported, a finished session counts as delivered.
    done = [s for s in held if not s.is_counted or s.share >= asked]
    trained = frozenset(school for s in done for school in s.task.schools & gate.schools)
    for thin in (s for s in held if s not in done):
        text = sentence(
            "%(came)s of %(people)s people attended “%(task)s” (%(share)s needed).",
            task=thin.task.name,
            came=len(thin.came),
            people=len(thin.needed_by),
            share=f"{asked:.0%}",
        )
        yield Criterion(text, State.OPEN, rule.code, remedy=TRAIN_THE_REST)
    share, wanted = len(trained) / max(1, len(gate.schools)), programme.policy.trained_share
    known: dict[str, SentenceValue] = {"trained": len(trained), "schools": len(gate.schools)}
    if share >= wanted:
        text = sentence("Training has been delivered at %(trained)s of %(schools)s schools.", **known)
        yield Criterion(text, State.MET, rule.code)
        return
    text = sentence(
        "Training has been delivered at %(trained)s of %(schools)s schools (%(share)s needed). Still to be trained: "
        "%(missing)s.",
        share=sentence("all") if wanted >= 1 else f"{wanted:.0%}",
        missing=programme.school_names(gate.schools - trained),
        **known,
    )
    yield Criterion(text, unless_waived(programme, rule, gate), rule.code, remedy=TRAIN_SCHOOLS)


TRAIN_THE_REST = "Train those who did not attend, and record who came."
TRAIN_SCHOOLS = "Deliver the training at these schools, and record it."
ASK_THEM = "Ask the group directly, and note what they say."
ASSESS_AGAIN = "Assess the group again."
HELP_PEOPLE = "Take the actions recommended for this group, then assess it again."
CHECK = "Run the checkpoint, and record what it finds."
CORRECT = "Correct what the checkpoint found, then check again."
MEET_CONDITION = "Meet the condition, and record that it is done."
"""Remedies for criteria that are not met."""

BEFORE_GATE: Mapping[Gate, Element] = {Gate.WAVE_RELEASE: Element.DESIRE, Gate.GO_LIVE: Element.KNOWLEDGE}
"""The element that enough people must be past before training and before a go-live."""


def _people(programme: Programme, gate: Task) -> Iterator[Criterion]:
    """Check whether enough people are past the element needed, by the published counts, if these are recent."""
    element = BEFORE_GATE.get(gate.gate) if gate.gate else None
    if element is None or gate.service is None or gate.wave is None:
        return
    share, standing = programme.policy.ready_share, standing_of(programme.facts, gate.service, gate.wave)
    asked = sentence("Desire before training") if element is Element.DESIRE else sentence("Knowledge before go-live")
    band = standing.held_by(element) if standing is not None else None
    if standing is None or band is None or standing.answered is None:
        yield Criterion(_not_known(programme, asked), State.NOTED, "R25", remedy=ASK_THEM)
        return
    if is_stale(programme, standing, programme.on):
        text = sentence(
            "%(asked)s: not known. The last assessment, on %(day)s, was too long ago.",
            asked=asked,
            day=standing.confirmed,
        )
        yield Criterion(text, State.OPEN, "R25", remedy=ASSESS_AGAIN)
        return
    text = _counted(standing.answered, band, element, share, standing.confirmed)
    past = is_past(standing, element, share=share)
    if past is None:
        text = sentence(
            "%(held)s To protect privacy, we do not give an exact number for a group this small. Ask the group "
            "directly.",
            held=text,
        )
    state = State.NOTED if past is None else State.MET if past else State.OPEN
    remedy = HELP_PEOPLE if state is State.OPEN else ""
    yield Criterion(text, state, "R25", remedy=remedy)


def _counted(answered: int, band: Band, element: Element, share: float, day: date) -> Sentence:
    """Say how many people are past an element, worked out from the published band of those who are not."""
    least, most = max(0, answered - band.high), answered - band.low
    known: dict[str, SentenceValue] = {
        "past": sentence("between %(least)s and %(most)s", least=least, most=most) if least < most else most,
        "answered": answered,
        "needed": ceil(Fraction(str(share)) * answered),
        "day": day,
    }
    if element is Element.DESIRE:
        return sentence(
            "Desire before training: %(past)s of the %(answered)s people who answered by %(day)s want to take part. At "
            "least %(needed)s are needed.",
            **known,
        )
    return sentence(
        "Knowledge before go-live: %(past)s of the %(answered)s people who answered by %(day)s know what they will do "
        "differently. At least %(needed)s are needed.",
        **known,
    )


def _not_known(programme: Programme, asked: Sentence) -> Sentence:
    if not programme.facts.snapshots:
        return sentence("%(asked)s: not known. There has been no assessment yet.", asked=asked)
    return sentence(
        "%(asked)s: not known. Too few people have answered, or the number would identify a person.", asked=asked
    )


def _stuck(programme: Programme, gate: Task) -> Iterator[Criterion]:
    """Before closure, check that the last checkpoint of every wave found that the change is embedded."""
    if gate.gate is not Gate.CLOSURE:
        return
    latest = programme.latest_checkpoints()
    for key in sorted({(t.service, t.wave) for t in programme.tasks(kind=Kind.GO_LIVE) if t.service and t.wave}):
        one = latest.get(key)
        if one is None:
            wave = next(w.in_names for w in programme.definition.programme.waves if w.id == key[1])
            service = programme.service(key[0] or "").name
            text = sentence("%(service)s, %(wave)s: no checkpoint has been reported.", service=service, wave=wave)
            yield Criterion(text, State.OPEN, "R16", remedy=CHECK)
        else:
            is_met = one.judgement.verdict is StickVerdict.SUSTAINED
            found = f"“{one.task.name}” ({one.judgement.verdict}): {'; '.join(one.judgement.reasons)}."
            remedy = "" if is_met else CORRECT
            yield Criterion(found, State.MET if is_met else State.OPEN, "R16", remedy=remedy)


def _conditions(programme: Programme, gate: Task) -> Iterator[Criterion]:
    """Yield the overdue conditions of earlier approvals for the service, in this wave and those before it."""
    order: dict[str | None, int] = {wave.id: n for n, wave in enumerate(programme.definition.programme.waves)}
    for decision, condition in open_conditions(programme):
        earlier = programme.roadmap.tasks.get(decision.task)
        if earlier is None or earlier.id == gate.id or gate.service not in (None, earlier.service):
            continue
        if order.get(earlier.wave, 0) > order.get(gate.wave, len(order)):
            continue
        if condition.due <= programme.on:
            text = sentence(
                "The condition “%(condition)s” was due on %(day)s and has not been met.",
                condition=condition.text,
                day=condition.due,
            )
            yield Criterion(text, State.OPEN, remedy=MEET_CONDITION, owner=condition.owner)


def open_conditions(programme: Programme) -> Iterator[tuple[Decision, Condition]]:
    """Yield each condition that has not been met, with its decision."""
    for decision in programme.facts.decisions:
        for number, condition in decision.numbered:
            if not programme.is_done(decision.condition_task(number)):
                yield decision, condition
