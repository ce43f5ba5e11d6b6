"""Training: who needs which session, who came, and what shows that it was of use. Planned is not delivered."""

from collections.abc import Iterator
from dataclasses import dataclass

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.values.words import Kind


@dataclass(frozen=True, slots=True)
class Session:
    """One session, with who needs it and who of them came."""

    task: Task
    needed_by: frozenset[str]
    came: frozenset[str]
    with_evidence: frozenset[str]
    """Of whom it is known what they can do since: a test, a case done, somebody who watched."""
    is_counted: bool
    """Whether anybody's attendance was reported at all: else nothing is known of it."""

    @property
    def share(self) -> float:
        return len(self.came) / len(self.needed_by) if self.needed_by else 1.0


def needs(programme: Programme, task: Task) -> frozenset[str]:
    """Return whom a session is for: people of its schools whom its service reaches, while they are there."""
    return frozenset(
        p.id
        for p in programme.definition.people
        if p.school in task.schools and p.is_reached_by(task.service or "") and p.is_here(programme.on)
    )


def sessions(
    programme: Programme, *, service: str | None = None, schools: frozenset[str] | None = None
) -> Iterator[Session]:
    """Yield the training sessions that match, by id."""
    for task in programme.tasks(kind=Kind.TRAINING, service=service, schools=schools):
        reported = [a for a in programme.facts.attendance if a.task == task.id]
        needed = needs(programme, task)
        yield Session(
            task=task,
            needed_by=needed,
            came=frozenset(a.person for a in reported) & needed,
            with_evidence=frozenset(a.person for a in reported if a.evidence) & needed,
            is_counted=bool(reported),
        )
