"""What a page previews is what is stored: 500 random changes, each kind at least ten times; usually fewer.

Each change is rehearsed, made, and compared with the programme before and after it as read from the database anew.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from changeflow.agenda.decisions import GateAnswer
from changeflow.errors import ChangeflowError
from changeflow.pilots.entries import IssueRaised
from changeflow.pilots.issues import IssueSeverity
from changeflow.programme.facts import CHANNELS, Announcement, Condition
from changeflow.reports.effects import effect_of
from changeflow.storage import facts
from changeflow.storage.database import read_scope
from changeflow.usecases import announcements, baselines, gates, pilot_records, recorded, waivers, week
from changeflow.usecases.acts import change_by, confirm, rehearse
from changeflow.usecases.progress import TaskReport, TaskStatus, report_task
from changeflow.usecases.stored import Stored, read
from changeflow.usecases.unit_of_work import Change
from changeflow.values.finding import Waiver
from changeflow.values.words import Outcome, Stops
from changeflow.web.security import SESSION
from tests.every_role import GO, NOW, PLAN, TODAY, World, stored_world
from tests.quick import many
from tests.web.visiting import signed_in

MANY, EACH, MOST_TRIES = many(40, thorough=80, whole=500), many(1, thorough=2, whole=10), 4_000
Do = Callable[[Change], object]


@dataclass
class Drawn:
    """Draws changes of one programme as it is now."""

    chance: random.Random
    stored: Stored
    world: World

    def possible(self) -> list[str]:
        is_blocked = any(f.blocks is Stops.BASELINE for f in self.stored.judged.blocks)
        return [kind for kind in KINDS if not (is_blocked and kind == takes_a_baseline.__name__)]

    def task(self) -> str:
        tasks = [t.id for t in self.stored.programme.tasks() if t.gate is None and not t.is_milestone]
        return self.chance.choice(sorted(tasks))

    def day(self) -> date:
        return TODAY - timedelta(days=self.chance.randrange(40))

    def gate(self) -> str:
        return self.chance.choice(
            [GO, PLAN, *sorted(t.id for t in self.stored.programme.tasks() if t.gate is not None)]
        )

    def person(self) -> str:
        return self.chance.choice(["member", "owner", "chief", "provider"])


def starts(drawn: Drawn) -> Do:
    task, said = drawn.task(), TaskReport(TaskStatus.STARTED, drawn.day())
    return lambda change: report_task(task, said, change)


def progresses(drawn: Drawn) -> Do:
    task, said = drawn.task(), TaskReport(TaskStatus.STARTED, drawn.day(), drawn.chance.randint(1, 60))
    return lambda change: report_task(task, said, change)


def finishes(drawn: Drawn) -> Do:
    task, said = drawn.task(), TaskReport(TaskStatus.FINISHED, drawn.day())
    return lambda change: report_task(task, said, change)


def decides(drawn: Drawn) -> Do:
    gate, outcome = drawn.gate(), drawn.chance.choice(list(Outcome))
    due = TODAY + timedelta(days=drawn.chance.randint(1, 60))
    condition = Condition(text="Agree the rota", owner="member", due=due, before=None)
    conditions = (condition,) if outcome is Outcome.CONDITIONS else ()
    answer = GateAnswer(task=gate, outcome=outcome, reason="x", on=TODAY, by=None, dissent="", conditions=conditions,
                        again=True)  # fmt: skip
    return lambda change: gates.decide(answer, change)


def takes_a_baseline(drawn: Drawn) -> Do:
    announces = drawn.chance.random() < 0.5
    return lambda change: baselines.take_baseline("x", change, announces=announces)


def announces_a_day(drawn: Drawn) -> Do:
    school, service = drawn.chance.choice(["ash", "beech", "cedar"]), drawn.chance.choice(["payroll", "estates"])
    day, how = TODAY + timedelta(days=drawn.chance.randrange(400)), drawn.chance.choice(CHANNELS)
    given = Announcement(service=service, school=school, day=day, on=TODAY, how=how)
    return lambda change: announcements.announce([given], change)


def announces_the_forecast(drawn: Drawn) -> Do:
    service, how = drawn.chance.choice(["payroll", "estates"]), drawn.chance.choice(CHANNELS)
    return lambda change: announcements.announce_forecast(service, (), how=how, on=TODAY, change=change)


def waives(drawn: Drawn) -> Do:
    rules = sorted({f.rule for f in drawn.stored.judged.findings} | {"R02", "R05", "R07", "R15"})
    service = drawn.chance.choice(["payroll", "estates", None])
    approved = ("chief", "chair", "accountant", *(["provider"] if service == "payroll" else []))
    waiver = Waiver(rule=drawn.chance.choice(rules), reason="x", owner="member", approved_by=approved,
                    expires=TODAY + timedelta(days=drawn.chance.randrange(300)), service=service)  # fmt: skip
    return lambda change: waivers.add_waiver(waiver, change)


def withdraws(drawn: Drawn) -> Do:
    with read_scope(drawn.world.db) as session:
        known = [f for f in facts.recorded(session, "small") if f.withdrawn is None]
    fact = drawn.chance.choice(known)
    return lambda change: recorded.withdraw_fact(fact.id, "x", change)


def records_a_week(drawn: Drawn) -> Do:
    statuses, chance = list(week.WeekStatus), drawn.chance
    entries = [
        week.WeekEntry(task=task, status=chance.choice(statuses), day=drawn.day(), seen="")
        for task in sorted({drawn.task() for _ in range(chance.randint(1, 3))})
    ]
    return lambda change: week.record_week(entries, {}, change)


def raises_an_issue(drawn: Drawn) -> Do:
    issue = IssueRaised(service="payroll", on=TODAY, by="", text=f"It stops {drawn.chance.random()}",
                        severity=drawn.chance.choice(list(IssueSeverity)), school="ash", owner="owner",
                        blocks_next_wave=drawn.chance.random() < 0.5)  # fmt: skip
    return lambda change: pilot_records.raise_issue(issue, change)


KINDS: Mapping[str, Callable[[Drawn], Do]] = {
    made.__name__: made
    for made in (
        starts,
        progresses,
        finishes,
        decides,
        takes_a_baseline,
        announces_a_day,
        announces_the_forecast,
        waives,
        withdraws,
        records_a_week,
        raises_an_issue,
    )
}


@pytest.fixture
def base(tmp_path: Path) -> World:
    return stored_world(tmp_path / "base")


def fresh(world: World) -> Stored:
    with read_scope(world.db) as session:
        return read(session, "small", on=TODAY)


@pytest.mark.slow
def test_what_is_previewed_is_what_is_stored(base: World, tmp_path: Path):
    chance, made, moved = random.Random(20270325), Counter[str](), Counter[str]()
    world, worlds = base.copy(tmp_path / "world-0"), 0
    tokens = {p: signed_in(world.db, p).cookies[SESSION] for p in ("member", "owner", "chief", "provider")}
    before = fresh(world)
    for _ in range(MOST_TRIES):
        if made.total() >= MANY and min(made[kind] for kind in KINDS) >= EACH:
            break
        if made.total() // 60 > worlds:
            # Most of a programme is done after some time: begin again.
            worlds += 1
            world = base.copy(tmp_path / f"world-{worlds}")
            tokens = {p: signed_in(world.db, p).cookies[SESSION] for p in tokens}
            before = fresh(world)
        drawn = Drawn(chance, before, world)
        kind = min(drawn.possible(), key=lambda k: made[k] + chance.random() * 30)
        do = KINDS[kind](drawn)
        person = "chief" if kind == takes_a_baseline.__name__ else drawn.person()
        change = change_by(tokens[person], "small", db=world.db, now=NOW)
        try:
            shown = rehearse(change, do).effect
        except ChangeflowError:
            continue
        confirm(change, do, expected=shown.mark)
        after = fresh(world)
        assert effect_of(before.judged, after.judged) == shown, kind
        before = after
        made[kind] += 1
        moved[kind] += bool(shown.parts)
    assert made.total() >= MANY
    assert min(made[kind] for kind in KINDS) >= EACH, made
    assert sum(moved.values()) >= MANY // 5, moved
