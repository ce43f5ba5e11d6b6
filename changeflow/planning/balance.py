"""The balance of planned work between people, process and technology.

Source: Caja, change management for local authorities: too much goes to technology, and the cost of change is
overlooked. The limit is a setting.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from changeflow.programme.programme import Programme
from changeflow.values.words import Track


@dataclass(frozen=True, slots=True)
class Balance:
    """The planned working minutes of one service's tasks, or of all tasks."""

    name: str
    minutes: dict[Track, int]

    def share(self, track: Track) -> float:
        total = sum(self.minutes.values())
        return self.minutes[track] / total if total else 0.0


def balances(programme: Programme) -> Iterator[Balance]:
    """Yield the balance of the whole programme, then of each service. Each school's tasks count."""
    services = {s.service: s.name for s in programme.services}
    counted = {name: dict.fromkeys(Track, 0) for name in (None, *services)}
    for task in programme.tasks():
        timed = programme.timed(task.id)
        minutes = programme.roadmap.calendar_of(task.id).between(timed.early_start, timed.early_finish)
        counted[None][task.track] += minutes
        if task.service in services:
            counted[task.service][task.track] += minutes
    yield Balance("All services", counted[None])
    for service, name in services.items():
        yield Balance(name, counted[service])


def tipped(programme: Programme, balance: Balance) -> str:
    """Describe what is out of balance; empty if nothing is."""
    limit = programme.policy.technology_share_at_most
    if sum(balance.minutes.values()) and not balance.minutes[Track.PEOPLE]:
        return "no work is planned for people"
    if balance.share(Track.TECHNOLOGY) > limit:
        return f"more than {limit:.0%} goes to technology"
    return ""
