"""Apply the rulebook in order: implied links, unless waived, then the schedule, then rules about dates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import networkx as nx

from changeflow.programme.definition import Definition
from changeflow.programme.mandates import holders
from changeflow.programme.programme import Growing, Programme
from changeflow.roadmap.model.graph import loop_if_linked
from changeflow.roadmap.model.tasks import Link, Task
from changeflow.rules.catalogue import RULES
from changeflow.rules.order import AS_HAPPENED
from changeflow.rules.rule import Check, Rule
from changeflow.values.base import TaskId
from changeflow.values.finding import Breach, Finding, ImpliedLink, Waiver
from changeflow.values.moments import format_day, format_days
from changeflow.values.words import Mandate, Origin, Severity, Stops


@dataclass(frozen=True, slots=True)
class Judged:
    """A programme with its implied links and its schedule, and the findings."""

    programme: Programme
    findings: tuple[Finding, ...]
    used_waivers: tuple[Waiver, ...]
    """The waivers in force that had an effect."""

    def with_names(self, names: Mapping[str, str]) -> "Judged":
        """Return a copy that shows people under other names."""
        named = self.programme.with_names(names)
        return self if named is self.programme else replace(self, programme=named)

    @property
    def blocks(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.is_block)


def judge(programme: Programme) -> Judged:
    """Apply the rulebook. A loop among the programme's own links raises `CyclicRoadmapError`."""
    return _Judge(programme).run()


def plan(programme: Programme) -> Programme:
    """Return the programme with its implied links and its schedule, as `judge` does, without looking for findings.

    This takes a third of the time, and is for what-ifs whose findings no one reads.
    """
    return _Judge(programme).planned()


class _Judge:
    def __init__(self, programme: Programme) -> None:
        self.growing = Growing(programme)
        self.findings: list[Finding] = []
        self.used: dict[Waiver, None] = {}
        self.lifted: dict[tuple[Waiver, TaskId], None] = {}
        """Each waiver with a task that it was used for."""
        self.waivers = {code: tuple(effective(programme.definition, code)) for code in RULES}

    def run(self) -> Judged:
        self._check_loops()
        self.findings += self._wrong_waivers()
        for rule in RULES.values():
            if not rule.needs_schedule:
                self._take(rule, rule.check)
        self.growing.schedule()
        for rule in RULES.values():
            if rule.needs_schedule:
                self._take(rule, rule.check)
            if rule.on_dates is not None:
                self._take(rule, rule.on_dates)
        for waiver, task in self.lifted:
            self._check_reach(waiver, task)
        order = list(RULES)
        self.findings.sort(key=lambda f: (f.severity.position, order.index(f.rule), f.subject, f.message))
        return Judged(self.programme, tuple(self.findings), tuple(self.used))

    def planned(self) -> Programme:
        self._check_loops()
        for rule in RULES.values():
            if rule.implies_links:
                self._take(rule, rule.check)
        return self.growing.schedule()

    def _check_loops(self) -> None:
        """Raise an error that names a loop among the programme's own links. Rules cannot search through loops."""
        if not nx.is_directed_acyclic_graph(self.programme.graph):
            self.growing.schedule()

    @property
    def programme(self) -> Programme:
        return self.growing.programme

    def _take(self, rule: Rule, check: Check) -> None:
        for outcome in list(check(self.programme)):
            if isinstance(outcome, Breach):
                self._report(outcome)
            elif rule.implies_links and check is rule.check:
                self._enforce(outcome)
            else:
                raise TypeError(f"rule {rule.code} may not add links here")
        self.growing.settle()

    def _enforce(self, wanted: ImpliedLink) -> None:
        successor = self.programme.roadmap.tasks[wanted.successor]
        predecessor = self.programme.roadmap.tasks[wanted.predecessor]
        if self._is_waived(wanted.rule, successor.service, successor.id, successor.schools):
            return
        if (broken := self._contradicted(wanted)) is not None:
            self._report(broken)
        if self.programme.guarantees(predecessor, before=successor):
            return
        loop = loop_if_linked(self.programme.graph, wanted.predecessor, wanted.successor)
        if loop:
            path = " -> ".join((*loop, loop[0]))
            message = (
                f"“{predecessor.name}” must finish before “{successor.name}” starts, but this would create a loop "
                f"({path})."
            )
            closed = _about(wanted, successor, message)
            self._find(Severity.BLOCK, closed, remedy="Remove one link from the loop.")
            return
        link = Link(wanted.predecessor, wanted.successor, origin=Origin.rule(wanted.rule))
        self.growing.add(link)
        added = _about(wanted, successor, f"“{successor.name}” now comes after “{predecessor.name}”.")
        self._find(Severity.INFO, added, remedy="No action needed: the link has been added.")

    def _contradicted(self, link: ImpliedLink) -> Breach | None:
        """Return a breach if what has happened already contradicts the rule."""
        facts, tasks = self.programme.facts.progress, self.programme.roadmap.tasks
        after, before = facts.get(link.successor), facts.get(link.predecessor)
        if after is None or (
            before and before.actual_finish is not None and before.actual_finish <= after.actual_start
        ):
            return None
        successor, predecessor = tasks[link.successor], tasks[link.predecessor]
        breach = _about(link, successor, f"“{successor.name}” started before “{predecessor.name}” finished.")
        return replace(breach, remedy=AS_HAPPENED)

    def _report(self, breach: Breach) -> None:
        if not self._is_waived(breach.rule, breach.service, breach.subject, breach.schools):
            self._find(breach.severity or RULES[breach.rule].severity, breach)

    def _find(self, severity: Severity, breach: Breach, *, remedy: str | None = None) -> None:
        finding = _finding(severity, breach, remedy or breach.remedy or RULES[breach.rule].remedy)
        if finding not in self.findings:
            self.findings.append(finding)

    def _is_waived(self, code: str, service: str | None, subject: str, schools: frozenset[str]) -> bool:
        for waiver in self.waivers.get(code, ()):
            task = self.programme.roadmap.tasks.get(subject)
            reach = schools or (task.schools if task else frozenset())
            if waiver.is_in_force(self.programme.on) and waiver.covers(service=service, subject=subject, schools=reach):
                self.used[waiver] = None
                if task is not None:
                    self.lifted[waiver, task.id] = None
                return True
        return False

    def _check_reach(self, waiver: Waiver, task: TaskId) -> None:
        """Report a waiver that ends before the work it covers."""
        programme, own = self.programme, self.programme.roadmap.tasks[task]
        first, last = programme.days_of(task)
        if last <= waiver.expires or programme.is_done(task):
            return
        runs = f"is on {format_day(last)}" if first == last else f"runs from {format_days(first, last)}"
        title, ends = RULES[waiver.rule].title, format_day(waiver.expires)
        message = f"“{own.name}” {runs}, but its waiver of the rule “{title}” ends on {ends}."
        remedy = "Extend the waiver to the last day of the work, or finish the work before the waiver ends."
        breach = Breach(waiver.rule, task, message, own.service, own.schools)
        self._find(RULES[waiver.rule].severity, breach, remedy=remedy)

    def _wrong_waivers(self) -> Iterator[Finding]:
        """Report each waiver in force that has no effect because its approvers lack the mandate."""
        definition = self.programme.definition
        for waiver in definition.waivers:
            error = waiver_error(definition, waiver) if waiver.rule in RULES else None
            if error is not None and waiver.is_in_force(self.programme.on):
                subject = waiver.task or waiver.service or "programme"
                yield _finding(Severity.WARN, Breach(waiver.rule, subject, error[0], waiver.service), error[1])


def _finding(severity: Severity, breach: Breach, remedy: str) -> Finding:
    rule = RULES[breach.rule]
    return Finding(
        rule=rule.code,
        title=rule.title,
        severity=severity,
        subject=breach.subject,
        message=breach.message,
        remedy=remedy,
        source=rule.cited,
        blocks=rule.blocks if severity is Severity.BLOCK else Stops.NOTHING,
        service=breach.service,
        schools=breach.schools,
    )


def _about(link: ImpliedLink, successor: Task, message: str) -> Breach:
    return Breach(link.rule, successor.id, message, successor.service, successor.schools)


def missing_mandates(definition: Definition, waiver: Waiver) -> tuple[Mandate, ...]:
    """Return the mandates that the waiver needs and none of its approvers holds."""
    rule = RULES[waiver.rule]
    service = waiver.service or _service_of(definition, waiver)
    return tuple(m for m in rule.lifted_by if not holders(definition, m, service) & set(waiver.approved_by))


def lifts(definition: Definition, waiver: Waiver) -> bool:
    """Return whether a waiver's rule can be waived, and its approvers hold all the mandates that it needs."""
    rule = RULES.get(waiver.rule)
    return rule is not None and bool(rule.lifted_by) and not missing_mandates(definition, waiver)


def waiver_error(definition: Definition, waiver: Waiver) -> tuple[str, str] | None:
    """Return why a waiver has no effect, and the remedy; None if it has one."""
    rule = RULES[waiver.rule]
    if not rule.lifted_by:
        return (
            f"No one may waive the rule “{rule.title}”, so the waiver has no effect.",
            "Leave it out.",
        )
    missing = missing_mandates(definition, waiver)
    if not missing:
        return None
    approvers = " and ".join(_role(definition, p) for p in waiver.approved_by)
    what = f"The waiver of the rule “{rule.title}” has no effect, because {approvers} may not approve it."
    return what, " ".join(_who(definition, m, waiver) for m in missing)


def _who(definition: Definition, mandate: Mandate, waiver: Waiver) -> str:
    found = sorted(holders(definition, mandate, waiver.service or _service_of(definition, waiver)))
    if found:
        return f"Get approval from the {mandate}: {' or '.join(_role(definition, p) for p in found)}."
    if mandate in (Mandate.BOARD, Mandate.FINANCE):
        return f"No one holds the mandate of the {mandate}. Name a person under `mandates` in programme.yaml."
    return f"There is no {mandate} yet. Name one."


def _service_of(definition: Definition, waiver: Waiver) -> str | None:
    first = (waiver.task or "").partition("/")[0]
    return next((s.service for s in definition.services if s.service == first), None)


def _role(definition: Definition, person: str) -> str:
    role = definition.role_of(person)
    return f"the {role}" if role else f"'{person}'"


def effective(definition: Definition, code: str) -> Iterator[Waiver]:
    """Yield the properly approved waivers of a rule, whether in force or not."""
    return (w for w in definition.waivers if w.rule == code and lifts(definition, w))
