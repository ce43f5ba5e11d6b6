"""The order of work: implied links of rules that no waiver lifts, then the schedule, then rules about dates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from changeflow.programme.programme import Programme
from changeflow.roadmap.graph import loop_if_linked
from changeflow.roadmap.tasks import Link
from changeflow.rules.catalogue import RULES
from changeflow.rules.rule import Check
from changeflow.values.finding import Breach, Finding, ImpliedLink, Waiver
from changeflow.values.words import Origin, Severity


@dataclass(frozen=True, slots=True)
class Judged:
    """A programme with its rules' links and its schedule, and what the rules found."""

    programme: Programme
    findings: tuple[Finding, ...]
    used_waivers: tuple[Waiver, ...]
    """The waivers in force that lifted something."""

    @property
    def blocks(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.is_block)


def judge(programme: Programme) -> Judged:
    """Apply the rulebook. A loop among the programme's own links raises `CyclicRoadmapError`."""
    return _Judge(programme).run()


class _Judge:
    def __init__(self, programme: Programme) -> None:
        self.growing = programme.growing()
        self.findings: list[Finding] = []
        self.used: dict[Waiver, None] = {}

    def run(self) -> Judged:
        # The authored links must be free of loops before a rule may reason about paths.
        self.growing.schedule()
        self.findings += self._flawed_waivers()
        for rule in RULES.values():
            if not rule.needs_schedule:
                self._take(rule.check)
        self.growing.schedule()
        for rule in RULES.values():
            if rule.needs_schedule:
                self._take(rule.check)
            if rule.on_dates is not None:
                self._take(rule.on_dates)
            if self.programme.schedule is None:
                self.growing.schedule()
        order = list(RULES)
        self.findings.sort(key=lambda f: (f.severity.position, order.index(f.rule), f.subject, f.message))
        return Judged(self.programme, tuple(self.findings), tuple(self.used))

    @property
    def programme(self) -> Programme:
        return self.growing.programme

    def _take(self, check: Check) -> None:
        for outcome in list(check(self.programme)):
            if isinstance(outcome, Breach):
                self._report(outcome)
            else:
                self._enforce(outcome)
        self.growing.settle()

    def _enforce(self, wanted: ImpliedLink) -> None:
        successor = self.programme.roadmap.tasks[wanted.successor]
        predecessor = self.programme.roadmap.tasks[wanted.predecessor]
        if self._is_waived(wanted.rule, successor.service, successor.id):
            return
        if (broken := self._contradicted(wanted)) is not None:
            self._report(broken)
        if self.programme.guarantees(predecessor, before=successor):
            return
        loop = loop_if_linked(self.programme.graph, wanted.predecessor, wanted.successor)
        if loop:
            path = " -> ".join((*loop, loop[0]))
            message = f"{predecessor.name} must finish before {successor.name} starts, but that closes a loop: {path}."
            self._find(wanted.rule, Severity.BLOCK, successor.id, message, remedy="Remove one link of the loop.")
            return
        link = Link(wanted.predecessor, wanted.successor, origin=Origin.rule(wanted.rule))
        self.growing.add(link)
        message = f"{successor.name} now waits for {predecessor.name}."
        self._find(wanted.rule, Severity.INFO, successor.id, message, remedy="Nothing to do: the link was added.")

    def _contradicted(self, link: ImpliedLink) -> Breach | None:
        """What has happened may already contradict the rule."""
        facts, tasks = self.programme.facts.progress, self.programme.roadmap.tasks
        after, before = facts.get(link.successor), facts.get(link.predecessor)
        if after is None or (
            before and before.actual_finish is not None and before.actual_finish <= after.actual_start
        ):
            return None
        names = tasks[link.successor].name, tasks[link.predecessor].name
        message = f"{names[0]} has started before {names[1]} finished."
        return Breach(link.rule, link.successor, message, tasks[link.successor].service)

    def _report(self, breach: Breach) -> None:
        if not self._is_waived(breach.rule, breach.service, breach.subject):
            self._find(breach.rule, RULES[breach.rule].severity, breach.subject, breach.message)

    def _find(self, code: str, severity: Severity, subject: str, message: str, *, remedy: str | None = None) -> None:
        rule = RULES[code]
        finding = Finding(
            rule=code,
            title=rule.title,
            severity=severity,
            subject=subject,
            message=message,
            remedy=remedy if remedy is not None else rule.remedy,
            source=rule.source,
            blocks=rule.blocks if severity is Severity.BLOCK else "",
        )
        if finding not in self.findings:
            self.findings.append(finding)

    def _is_waived(self, code: str, service: str | None, subject: str) -> bool:
        if code not in RULES or not RULES[code].waived_by:
            return False
        for waiver in self._waivers(code):
            if waiver.is_in_force(self.programme.on) and waiver.covers(service=service, subject=subject):
                self.used[waiver] = None
                return True
        return False

    def _waivers(self, code: str) -> Iterable[Waiver]:
        return (w for w in self.programme.definition.waivers if w.rule == code)

    def _flawed_waivers(self) -> Iterator[Finding]:
        """A waiver of a rule that nobody may lift does nothing, and says so."""
        for waiver in self.programme.definition.waivers:
            rule = RULES.get(waiver.rule)
            if rule is not None and not rule.waived_by:
                yield Finding(
                    rule=rule.code,
                    title=rule.title,
                    severity=Severity.WARN,
                    subject=waiver.service or "programme",
                    message=f"The waiver of {rule.code} does nothing: nobody may lift this rule.",
                    remedy="Remove the waiver and keep the rule.",
                    source=rule.source,
                    blocks="",
                )
