"""The criteria of gates, above all what a pilot and its parallel runs must show before a go-live.

Every threshold is fixed in advance: exit criteria and tolerances are frozen once the pilot or the run has begun.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from changeflow.pilots.criteria import ParallelRunPolicy, ToConfirm
from changeflow.pilots.entries import CaseTested, Confirmation, IssueSeverity, Signature
from changeflow.pilots.issues import Issue, issues
from changeflow.pilots.proposals import propose
from changeflow.programme.definition import ServiceFile
from changeflow.programme.names import begin
from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.rules.catalogue import RULES
from changeflow.rules.engine import effective
from changeflow.rules.rule import Rule
from changeflow.values.moments import day_of
from changeflow.values.sentences import Sentence, SentenceValue, counted_sentence, sentence
from changeflow.values.words import Gate, Kind


class State(StrEnum):
    """The state of a criterion."""

    BLOCKS = "blocks"
    """It blocks approval. Only a waiver can change that, and not for every criterion."""
    OPEN = "open"
    """Not met yet: an approval may make it a condition."""
    NOTED = "noted"
    """To check; it does not block anything."""
    WAIVED = "waived"
    MET = "met"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a gate."""

    text: str
    state: State
    rule: str = ""
    with_owner: bool = False
    """Whether it is covered by a task whose owner is reminded of it."""
    remedy: str = ""
    """How to meet the criterion, if that is not obvious."""
    person: str = ""
    """The id of the person who must confirm or sign, if they have not yet done so."""
    to_them: str = ""
    """The same text, addressed to that person: “You have not signed this off yet.”"""
    owner: str = ""
    """The id of the owner of the task or issue behind the criterion, if there is one."""


def unless_waived(programme: Programme, rule: Rule, gate: Task) -> State:
    """Return `WAIVED` if a waiver covers the gate or what it opens, otherwise `BLOCKS`."""
    subjects = (gate.id, *programme.graph.successors(gate.id))
    waived = any(
        w.is_in_force(programme.on) and w.covers(service=gate.service, subject=subject, schools=gate.schools)
        for w in effective(programme.definition, rule.code)
        for subject in subjects
    )
    return State.WAIVED if waived else State.BLOCKS


CLEAN_RUN = "Correct or explain the differences and reconcile the period again, or run one more period in parallel."
MEASURED = "Measure it. If it misses the threshold, fix the cause and repeat the pilot."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """An item to confirm before a go-live, with its latest confirmation."""

    item: ToConfirm
    owner: str | None
    confirmed: Confirmation | None


def go_live_criteria(programme: Programme, gate: Task) -> Iterator[Criterion]:
    """Yield the evidence for and against a service's gate: parallel runs, pilot, issues and confirmations."""
    service = programme.service(gate.service) if gate.service else None
    if service is None:
        return
    yield from _runs_and_pilot(programme, gate, service)
    yield from _test_pack(programme, gate, service)
    yield from _issues(programme, gate)
    if gate.gate is Gate.GO_LIVE:
        yield from _confirmed(programme, gate)
        yield from _signed(programme, gate)
        yield from _questions(programme, service)


def _comes_after(programme: Programme, gate: Task, kind: Kind) -> bool:
    """Return whether a gate comes after any task of a kind in its service."""
    return any(programme.guarantees(t, before=gate) for t in programme.tasks(kind=kind, service=gate.service))


def policy_of(service: ServiceFile) -> ParallelRunPolicy:
    """Return the policy for judging a service's runs. By default, services that pay people compare net pay."""
    policy = service.parallel_run or ParallelRunPolicy()
    return policy.model_copy(update={"pay": "net"}) if service.pays_people and policy.pay is None else policy


def to_confirm(programme: Programme, gate: Task) -> tuple[ChecklistItem, ...]:
    """Return the items that people must confirm before a go-live, each with its latest confirmation."""
    service = programme.service(gate.service or "")
    lead = service.lead_provider.person if service.lead_provider else None
    asked = list(service.go_no_go.confirm)
    if service.pays_people:
        own = {item.id for item in asked}
        shipped = [ToConfirm.model_validate(v) for v in programme.law("payroll", "go_live_confirmations").value]
        asked = [*(item for item in shipped if item.id not in own), *asked]
    confirmations = {e.item: e for e in programme.facts.pilot if isinstance(e, Confirmation) and e.gate == gate.id}
    return tuple(ChecklistItem(item=i, owner=i.owner or lead, confirmed=confirmations.get(i.id)) for i in asked)


def _runs_and_pilot(programme: Programme, gate: Task, service: ServiceFile) -> Iterator[Criterion]:
    share = programme.law("payroll", "pay_within_share").value if service.pays_people else 0
    runs = propose(
        parallel_run=policy_of(service) if _comes_after(programme, gate, Kind.PARALLEL_RUN) else None,
        runs=programme.facts.runs_of(service.service),
        minimum_clean=programme.rulepacks.number("payroll", "consecutive_clean_runs", on=programme.on),
        on=programme.on,
        within_share=Decimal(str(share)),
    )
    pilot = propose(
        parallel_run=None,
        runs=(),
        minimum_clean=0,
        pilot=service.pilot if _comes_after(programme, gate, Kind.PILOT) else None,
        measured=programme.facts.criteria.get(service.service, {}),
    )
    for code, proposal, remedy in (("R12", runs, CLEAN_RUN), ("R11", pilot, MEASURED)):
        against = unless_waived(programme, RULES[code], gate)
        yield from (Criterion(text, against, code, remedy=remedy) for text in proposal.against)
        yield from (Criterion(text, State.MET, code) for text in proposal.for_it)
    if service.pilot is not None and service.pilot.skipped:
        reason = service.pilot.skipped.rstrip(".")
        text, remedy = (
            sentence("There is no pilot. Reason given: %(reason)s.", reason=reason),
            "Decide whether this reason is good enough.",
        )
        yield Criterion(text, State.NOTED, "R11", remedy=remedy)
    if gate.gate is Gate.WAVE_RELEASE and programme.is_pilot(gate.wave):
        if service.pilot is None or not service.pilot.exit_criteria:
            text = sentence(
                "%(service)s has no exit criteria for its pilot. Set them before it starts.", service=service.name
            )
            yield Criterion(text, State.OPEN, "R11", remedy="Agree the criteria and their thresholds.")
        else:
            number = len(service.pilot.exit_criteria)
            text = counted_sentence(
                "The pilot has %(num)s exit criterion.", "The pilot has %(num)s exit criteria.", number
            )
            yield Criterion(text, State.MET, "R11")


def _test_pack(programme: Programme, gate: Task, service: ServiceFile) -> Iterator[Criterion]:
    """Check that every test case passed when it was last run; there is no averaging."""
    packs = [t for t in programme.tasks(kind=Kind.TEST_PACK, service=gate.service) if t.schools & gate.schools]
    if not service.assurance.has_test_pack or not any(programme.guarantees(t, before=gate) for t in packs):
        return
    latest = {e.case: e for e in programme.facts.pilot if isinstance(e, CaseTested) and e.service == service.service}
    against = unless_waived(programme, RULES["R12"], gate)
    passed = 0
    for case in service.assurance.cases:
        last = latest.get(case.id)
        if last is None:
            remedy = "Run the case in the new system and record the result."
            text = sentence("Test case “%(case)s” has not been run yet.", case=case.what)
            yield Criterion(text, against, "R12", remedy=remedy)
        elif not last.passed:
            text = sentence(
                "Test case “%(case)s” failed on %(day)s: %(evidence)s",
                case=case.what,
                day=last.on,
                evidence=last.evidence,
            )
            yield Criterion(text, against, "R12", remedy="Fix the cause and run the case again.")
        else:
            passed += 1
    if passed:
        text = counted_sentence(
            "%(passed)s of %(num)s test case has passed.",
            "%(passed)s of %(num)s test cases have passed.",
            len(service.assurance.cases),
            passed=passed,
        )
        yield Criterion(text, State.MET, "R12")


def _issues(programme: Programme, gate: Task) -> Iterator[Criterion]:
    """Weigh open issues: one that stops the service blocks all its gates, others may block the gates of later waves."""
    if gate.gate not in (Gate.WAVE_RELEASE, Gate.GO_LIVE):
        return
    against = unless_waived(programme, RULES["R11"], gate)
    known = issues(programme.facts.pilot, gate.service)
    still_open = [i for i in known if i.is_open]
    for issue in still_open:
        text = _of_issue(programme, issue)
        is_elsewhere = issue.school not in gate.schools if issue.school else not programme.is_pilot(gate.wave)
        if issue.severity is IssueSeverity.STOPS or (issue.blocks_next_wave and is_elsewhere):
            remedy = "Fix it, or agree a workaround that makes it less severe."
            yield Criterion(text, against, "R11", remedy=remedy, owner=issue.owner or "")
        elif issue.severity is IssueSeverity.HARMS:
            remedy = "Decide whether the go-live can proceed with this issue open."
            yield Criterion(text, State.NOTED, "R11", remedy=remedy, owner=issue.owner or "")
    if known and not any(i.severity is IssueSeverity.STOPS for i in still_open):
        yield Criterion(sentence("No open issue would stop the service."), State.MET, "R11")


def _of_issue(programme: Programme, issue: Issue) -> Sentence:
    known: dict[str, SentenceValue] = {
        "number": str(issue.number),
        "severity": issue.severity.label,
        "age": counted_sentence("%(num)s day", "%(num)s days", issue.age(programme.on)),
        "text": issue.text,
    }
    if issue.school is None:
        return sentence("Issue %(number)s (%(severity)s) has been open for %(age)s: %(text)s", **known)
    known["school"] = programme.school_name(issue.school)
    return sentence("Issue %(number)s at %(school)s (%(severity)s) has been open for %(age)s: %(text)s", **known)


def _confirmed(programme: Programme, gate: Task) -> Iterator[Criterion]:
    goes_live = go_live_day(programme, gate)
    for asked in to_confirm(programme, gate):
        given, what = asked.confirmed, asked.item.what.rstrip(".")
        if given is None:
            text = (
                sentence(
                    "Not yet confirmed by %(owner)s: “%(what)s”.",
                    what=what,
                    owner=programme.the_person(asked.owner),
                )
                if asked.owner
                else sentence("Not yet confirmed: “%(what)s”.", what=what)
            )
            remedy = (
                "Ask them to confirm it, with evidence." if asked.owner else "Ask someone to confirm it, with evidence."
            )
            to_them = sentence("You have not yet confirmed “%(what)s”.", what=what)
            yield Criterion(
                text, State.OPEN, "R12", remedy=remedy, person=asked.owner or "", to_them=to_them if asked.owner else ""
            )
        elif given.until is not None and given.until < max(programme.on, goes_live):
            text = sentence(
                "“%(what)s” is confirmed only until %(until)s, but go-live is on %(day)s.",
                what=what,
                until=given.until,
                day=goes_live,
            )
            yield Criterion(text, State.OPEN, "R12", remedy="Extend it beyond the go-live date, or go live earlier.")
        else:
            yield Criterion(_as_confirmed(programme, what, given), State.MET, "R12")


def _as_confirmed(programme: Programme, what: str, given: Confirmation) -> Sentence:
    known: dict[str, SentenceValue] = {
        "what": what,
        "evidence": given.evidence.rstrip("."),
        "who": programme.the_person(given.by),
        "day": given.on,
    }
    if given.until is None:
        return sentence("%(what)s. Confirmed by %(who)s on %(day)s. Evidence: “%(evidence)s”.", **known)
    return sentence(
        "%(what)s. Confirmed by %(who)s on %(day)s, valid until %(until)s. Evidence: “%(evidence)s”.",
        until=given.until,
        **known,
    )


def go_live_day(programme: Programme, gate: Task) -> date:
    """Return the forecast day of the go-live that a gate opens, or of the gate itself if it opens none."""
    lives = [
        programme.timed(t.id).early_start
        for t in programme.tasks(kind=Kind.GO_LIVE, service=gate.service)
        if t.wave == gate.wave and programme.graph.has_edge(gate.id, t.id)
    ]
    return day_of(min(lives) if lives else programme.timed(gate.id).early_finish)


def signatures(programme: Programme, gate: Task) -> dict[str, Signature | None]:
    """Return the latest answer of each person who must sign a go-live, in the order of the service's file."""
    signed = {e.by: e for e in programme.facts.pilot if isinstance(e, Signature) and e.gate == gate.id}
    return {person: signed.get(person) for person in programme.service(gate.service or "").go_no_go.sign}


def awaited(programme: Programme, gate: Task) -> Iterator[str]:
    """Yield the people who have not yet signed a go-live or confirmed their items."""
    if gate.gate is not Gate.GO_LIVE or gate.service is None:
        return
    yield from (person for person, given in signatures(programme, gate).items() if given is None)
    yield from (v.owner for v in to_confirm(programme, gate) if v.confirmed is None and v.owner is not None)


def _signed(programme: Programme, gate: Task) -> Iterator[Criterion]:
    for person, given in signatures(programme, gate).items():
        who = begin(programme.the_person(person))
        if given is None:
            text = sentence("%(who)s has not signed this off yet.", who=who)
            remedy = "Ask them to sign it off, or to say why they will not."
            to_them = sentence("You have not signed this off yet.")
            yield Criterion(text, State.BLOCKS, remedy=remedy, person=person, to_them=to_them)
            continue
        remedy = "" if given.agrees else "Provide what they need, and ask them again."
        yield Criterion(_as_signed(who, given), State.MET if given.agrees else State.BLOCKS, remedy=remedy)


def _as_signed(who: str, given: Signature) -> Sentence:
    known: dict[str, SentenceValue] = {"who": who, "day": given.on}
    if not given.words:
        if given.agrees:
            return sentence("%(who)s signed this off on %(day)s.", **known)
        return sentence("%(who)s refused to sign this off on %(day)s.", **known)
    words = given.words.rstrip(".")
    if given.agrees:
        return sentence("%(who)s signed this off on %(day)s: “%(words)s”.", words=words, **known)
    return sentence("%(who)s refused to sign this off on %(day)s: “%(words)s”.", words=words, **known)


def _questions(programme: Programme, service: ServiceFile) -> Iterator[Criterion]:
    """Yield the questions to ask before a new system pays people, which no plan can answer."""
    if service.pays_people:
        for question in programme.law("payroll", "go_live_questions").value:
            text = str(question).strip()
            asked = text if text.endswith(("?", ".")) else f"{text}?"
            yield Criterion(asked, State.NOTED, "R12")
