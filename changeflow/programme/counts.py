"""The numbers of tasks, milestones and links in a programme, counted in the same way for every output."""

from collections.abc import Iterator

from changeflow.programme.programme import Programme
from changeflow.roadmap.model.tasks import Task
from changeflow.values.duration import counted


def work_of(programme: Programme) -> Iterator[Task]:
    """Yield the programme's tasks, without the milestones of `programme.yaml`, which are not work."""
    milestones = {m.task for m in programme.milestones}
    return (task for task in programme.tasks() if task.id not in milestones)


def counts_in_words(programme: Programme) -> str:
    """Write `95 tasks (2 added since), 1 milestone, 187 links (7 added by rules)`.

    Added tasks are in no file: they come from people's needs, checkpoints and decisions.
    """
    work, links = list(work_of(programme)), programme.roadmap.links
    added, ruled = sum(t.is_added for t in work), sum(bool(k.rule) for k in links)
    parts = [
        counted(len(work), "task")
        + (f" ({added} added for people's needs, checkpoints and decisions)" if added else ""),
        *([counted(len(programme.milestones), "milestone")] if programme.milestones else []),
        counted(len(links), "link") + (f" ({ruled} added by rules)" if ruled else ""),
    ]
    return ", ".join(parts)
