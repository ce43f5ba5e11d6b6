"""One trial: publish a trust's sequence of imports through a new door, and attack it."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from disclosure.attacker import Attacker, Finding, as_published
from disclosure.events import Door, Line
from disclosure.sequences import a_trust


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one trust."""

    seed: int
    story: tuple[str, ...]
    imports: int
    lines: int
    """Distinct lines seen in the whole sequence."""
    first_lines: int
    """Lines that say anything after the first import."""
    first_statements: int
    questions: int
    solved: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Job:
    seed: int
    door: str


def door_maker(path: str) -> Callable[[], Door]:
    """Return the function that makes a door, from `module:function`."""
    module, _, function = path.partition(":")
    made: Callable[[], Door] = getattr(importlib.import_module(module), function)
    return made


def attack_one(job: Job) -> Outcome:
    """Play one trust through a new door and attack it."""
    try:
        return _attack(job)
    except Exception as error:
        error.add_note(f"This is the trust of seed {job.seed}.")
        raise


def _attack(job: Job) -> Outcome:
    trust, door, attacker = a_trust(job.seed), door_maker(job.door)(), Attacker()
    findings: list[Finding] = []
    first: tuple[Line, ...] = ()
    for number, event in enumerate(trust.events):
        lines = door.play(event)
        first = lines if number == 0 else first
        findings += attacker.see(as_published(door, event), lines, door.named_groups(event))
    findings += attacker.attack(at_most=1)
    statements = [line.statements for line in first]
    return Outcome(
        seed=job.seed,
        story=trust.story,
        imports=len(trust.events),
        lines=len(attacker.lines),
        first_lines=sum(s > 0 for s in statements),
        first_statements=sum(statements),
        questions=attacker.questions,
        solved=attacker.asked,
        findings=tuple(findings),
    )


def explain(job: Job) -> Iterator[str]:
    """Repeat one trust with an attack after every import, and say when each finding first becomes possible."""
    trust, door, attacker = a_trust(job.seed), door_maker(job.door)(), Attacker()
    known: set[str] = set()
    for number, event in enumerate(trust.events):
        yield f"{number + 1}. {event.programme} {event.file} of {event.day}: {len(event.members)} people"
        lines = door.play(event)
        new = [line for line in lines if line not in attacker.lines]
        found = attacker.see(as_published(door, event), lines, door.named_groups(event)) + attacker.attack()
        for line in new:
            bands = ", ".join(f"{low} to {high}" for low, high in line.held)
            yield f"   shows {line.programme} {line.view}/{line.group} of {line.day}, {len(line.people)}: {bands}"
        for finding in found:
            if finding.text not in known:
                yield f"   {finding.guarantee}  {finding.text}"
        known.update(finding.text for finding in found)
