"""People on the critical path: what it takes until a wave is ready becomes tasks, and its go-live waits for them.

Everything here is made of what was published: dates and reasons are publications too. The order of the elements is
ADKAR's; the share, the lead times and how the pace is learnt are our own choices.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from changeflow.adkar.actions import CATALOGUE, GroupAction
from changeflow.adkar.elements import Element
from changeflow.adkar.published import Snapshot, Standing
from changeflow.adkar.readiness import WEEKS, Readiness, learnt_pace, readiness
from changeflow.programme.assembly.calendars import Calendars
from changeflow.programme.assembly.expansion import Expansion
from changeflow.programme.audiences import AUDIENCE, WAVE
from changeflow.programme.definition import Definition, ServiceFile, Wave
from changeflow.programme.facts import Facts
from changeflow.programme.impacts import gains_of
from changeflow.programme.references import References
from changeflow.roadmap.model.tasks import Bound, Constraint, Link, Task, TaskProgress
from changeflow.values.base import TaskId
from changeflow.values.duration import ZERO, Duration
from changeflow.values.moments import DAY, minute_of
from changeflow.values.words import Gate, Kind, Origin, Phase, Track

DAYS_A_WEEK = 5
READY = "people-ready"
"""The step of the milestone that a go-live waits for."""


def standing_of(facts: Facts, service: str, wave: str) -> Standing | None:
    """Return what is known of the people of a wave whom a service reaches; else of all people of the wave."""
    return _shown_of(facts.snapshot, service, wave) if facts.snapshot else None


def _shown_of(snapshot: Snapshot, service: str, wave: str) -> Standing | None:
    for view, group in ((AUDIENCE, f"{service}/{wave}"), (WAVE, wave)):
        standing = snapshot.of(view, group)
        if standing is not None and standing.is_shown:
            return standing
    return None


def phase_of_tasks(tasks: list[Task], facts: Facts) -> Phase:
    lives = [t for t in tasks if t.kind is Kind.GO_LIVE]
    done = [t for t in lives if (p := facts.progress.get(t.id)) and p.is_done]
    if lives and len(done) == len(lives):
        return Phase.SUSTAIN
    begun = any(t.kind is Kind.TRAINING and t.id in facts.progress for t in tasks)
    released = any(t.gate is Gate.WAVE_RELEASE and (p := facts.progress.get(t.id)) and p.is_done for t in tasks)
    return Phase.DEPLOY if begun or released else Phase.DEVELOP


def add_readiness(
    expansion: Expansion, definition: Definition, facts: Facts, calendars: Calendars
) -> dict[TaskId, TaskProgress]:
    """Add what people need until each go-live; return what of it has been reached already, by what was published."""
    return _Readiness(expansion, definition, facts, calendars).add()


class _Readiness:
    def __init__(self, expansion: Expansion, definition: Definition, facts: Facts, calendars: Calendars) -> None:
        self.expansion, self.definition, self.facts, self.calendars = expansion, definition, facts, calendars
        self.references = References(definition)
        self.minutes = definition.programme.working_week.minutes_per_day
        self.reached: dict[TaskId, TaskProgress] = {}

    def add(self) -> dict[TaskId, TaskProgress]:
        if self.facts.snapshot is None:
            return {}
        for service in self.definition.services:
            is_next = True
            for wave in self.references.waves_of(service):
                mine = [t for t in self.expansion.tasks.values() if t.service == service.service and t.wave == wave.id]
                lives = [t for t in mine if t.kind is Kind.GO_LIVE]
                self._history(service, wave)
                if not lives or all(t.id in self.facts.progress for t in lives):
                    continue
                standing = standing_of(self.facts, service.service, wave.id)
                if standing is not None:
                    self._wave(service, wave, mine, standing, in_detail=is_next)
                is_next = False
        return self.reached

    def _wave(self, service: ServiceFile, wave: Wave, mine: list[Task], standing: Standing, *, in_detail: bool) -> None:
        policy = self.definition.programme.policy
        found = readiness(
            standing, until=Element.KNOWLEDGE, share=policy.ready_share, phase=phase_of_tasks(mine, self.facts)
        )
        if found is None:
            return
        pace = self._pace(service, wave)
        after: list[TaskId] = []
        won: list[TaskId] = []
        for element, actions in found.way:
            tasks = (
                [self._action(service, wave, a, found, pace) for a in actions]
                if in_detail
                else [self._element(service, wave, element, found, pace)]
            )
            if element is not found.held_at:
                # The first ones say why, and the milestone; what follows them needs no words of its own.
                tasks = [replace(t, because="", constraints=()) for t in tasks]
            for task in tasks:
                self.expansion.tasks[task.id] = task
                self._link(after, task.id)
            after = [t.id for t in tasks]
            if element in (Element.AWARENESS, Element.DESIRE):
                won = after
        ready = self._milestone(service, wave, found, standing)
        self.expansion.tasks[ready.id] = ready
        self._link(after, ready.id)
        if found.is_ready:
            at = minute_of(standing.confirmed) + DAY
            self.reached[ready.id] = TaskProgress(at, at)
        decision = [t.id for t in mine if t.gate is Gate.GO_LIVE and t.id not in self.facts.progress]
        for waits in decision or [t.id for t in mine if t.kind is Kind.GO_LIVE]:
            self._link([ready.id], waits)
        # Nobody is trained for what they do not know of or do not want yet (R25).
        for training in (t.id for t in mine if t.kind is Kind.TRAINING and t.id not in self.facts.progress):
            self._link(won, training)

    def _link(self, before: list[TaskId], task: TaskId) -> None:
        self.expansion.links.extend(Link(b, task, origin=Origin.PEOPLE) for b in before)

    def _action(self, service: ServiceFile, wave: Wave, action: GroupAction, found: Readiness, pace: float) -> Task:
        """An action done before the latest publication has not been enough: it is planned again."""
        number, asked = 1, minute_of(found.standing.on) + DAY
        while (p := self.facts.progress.get(self._name(service, wave, action, number))) and (
            p.actual_finish or asked
        ) < asked:
            number += 1
        return self._task(
            service,
            wave,
            self._name(service, wave, action, number),
            action.name,
            weeks=action.school_weeks * pace,
            found=found,
            owner=self._owner(action.by, service, wave),
            note=action.message(group=wave.name, gains=gains_of(self.definition, service, wave)),
        )

    def _history(self, service: ServiceFile, wave: Wave) -> None:
        """Keep what was done for people, whatever has become of its reason: facts never lose their task."""
        for action in CATALOGUE:
            number = 1
            while (name := self._name(service, wave, action, number)) in self.facts.progress:
                self.expansion.tasks[name] = self._task(service, wave, name, action.name, weeks=action.school_weeks)
                number += 1

    @staticmethod
    def _name(service: ServiceFile, wave: Wave, action: GroupAction, number: int) -> TaskId:
        return f"{service.service}/{wave.id}/{action.id}{f'-{number}' if number > 1 else ''}"

    def _element(self, service: ServiceFile, wave: Wave, element: Element, found: Readiness, pace: float) -> Task:
        words = {Element.AWARENESS: "explain the change", Element.DESIRE: "win people for it"}
        name = f"{service.service}/{wave.id}/people-{element}"
        text = words.get(element, "prepare people for it")
        return self._task(service, wave, name, text, weeks=WEEKS[element] * pace, found=found)

    def _milestone(self, service: ServiceFile, wave: Wave, found: Readiness, standing: Standing) -> Task:
        task = self._task(
            service, wave, f"{service.service}/{wave.id}/{READY}", "people are ready", weeks=0, found=found
        )
        return replace(task, kind=Kind.READINESS, duration=ZERO)

    def _task(
        self,
        service: ServiceFile,
        wave: Wave,
        name: TaskId,
        text: str,
        *,
        weeks: float,
        found: Readiness | None = None,
        owner: str | None = None,
        note: str = "",
    ) -> Task:
        schools = frozenset(wave.schools)
        key = self.calendars.key("term", schools, Kind.ENGAGEMENT)
        since = (Constraint(Bound.START_NO_EARLIER, minute_of(found.standing.on) + DAY),) if found else ()
        return Task(
            id=name,
            name=f"{service.name}: {text}, {wave.name}",
            kind=Kind.ENGAGEMENT,
            track=Track.PEOPLE,
            service=service.service,
            schools=schools,
            wave=wave.id,
            duration=Duration(round(weeks * DAYS_A_WEEK) * self.minutes),
            calendar=key,
            term_calendar=key,
            terms=self.calendars.terms_key(schools),
            constraints=since,
            owner=owner,
            because=found.because if found else "",
            note=note,
        )

    def _owner(self, by: str, service: ServiceFile, wave: Wave) -> str | None:
        """Return who acts: the sponsor, the lead provider, or somebody of that part in the wave's schools or hubs."""
        if by == "sponsor":
            return self.references.owner("sponsor", service, frozenset())[0]
        lead = self.references.owner("lead_provider", service, frozenset())[0]
        if by == "lead":
            return lead
        schools = frozenset(wave.schools)
        hubs = {s.hub for s in self.definition.schools if s.id in schools}
        if by == "champion":
            near = [p.id for p in self.definition.people if p.audience == by and p.school in schools]
        elif by == "manager":
            # What every manager does is seen to by the change lead of their hub.
            near = [p.id for p in self.definition.people if p.audience == "lead" and p.hub in hubs and not p.school]
        else:
            near = [p.id for p in self.definition.people if p.audience == by]
        return min(near, default=lead)

    def _pace(self, service: ServiceFile, wave: Wave) -> float:
        """Return how much longer earlier waves took than planned; 1 where none has moved yet."""
        earlier = []
        for one in self.references.waves_of(service):
            if one.id == wave.id:
                break
            earlier.append(tuple(self._published(service, one)))
        term = self.calendars.get(self.calendars.key("term", frozenset(wave.schools), Kind.ENGAGEMENT))
        pace = learnt_pace(
            earlier,
            until=Element.KNOWLEDGE,
            share=self.definition.programme.policy.ready_share,
            weeks_between=lambda a, b: (
                sum(term.works_on(a + timedelta(days=n)) for n in range((b - a).days)) / DAYS_A_WEEK
            ),
        )
        return pace or 1.0

    def _published(self, service: ServiceFile, wave: Wave) -> Iterator[Standing]:
        """Yield what was published of a wave, round by round; what stayed as it was only once."""
        seen: set[str] = set()
        for snapshot in self.facts.snapshots:
            standing = _shown_of(snapshot, service.service, wave.id)
            if standing is not None and standing.round not in seen:
                seen.add(standing.round)
                yield standing
