"""Edits that add, remove and split tasks, and that add services."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from changeflow.errors import EditRefusedError
from changeflow.intake.editing.base import EditBase, Namer, ids
from changeflow.intake.editing.sources import (
    PROGRAMME,
    PROGRAMME_FILE,
    Sources,
    data_in,
    field_of,
    pathway_steps,
    service_file,
    steps_of,
    with_item,
    with_or_without,
    with_value,
    without,
)
from changeflow.intake.editing.tasks import TaskEdit, listed_links
from changeflow.intake.editing.yaml_splice import block_text
from changeflow.places import shipped_pathway
from changeflow.roadmap.model.pathways import Per, parse_link
from changeflow.roadmap.model.tasks import LinkType
from changeflow.values.base import Id
from changeflow.values.duration import DurationText, written_in_words
from changeflow.values.words import Kind, Phase

PATHWAY = "central-service"
INHERITED = ("per", "phase", "track", "owner", "calendar", "waves", "classes", "needs", "holds_people")
"""What the second part of a split task takes over from the first."""
_BEFORE = (LinkType.FS, LinkType.FF)
"""Links to the finish of a task, which then go to the finish of its last part."""


class AddTask(EditBase):
    """Add a task to a service or to the programme."""

    kind: Literal["add-task"] = "add-task"
    title: ClassVar[str] = "Add a task"
    service: Id | None = Field(None, description="By default the task belongs to the whole programme")
    id: Id
    name: str = Field(min_length=1)
    duration: DurationText
    after: tuple[str, ...] = Field((), description="The tasks that it waits for")
    phase: Phase | None = None
    owner: str | None = None
    per: Per | None = Field(None, description="Once for the service, or for each wave or school")
    task_kind: Kind | None = Field(None, description="By default work")

    def apply(self, sources: Sources) -> Sources:
        file = PROGRAMME_FILE if self.service is None else service_file(sources, self.service)
        known = data_in(sources, file).get("tasks") or {} if self.service is None else steps_of(sources, self.service)
        if self.id in known:
            raise EditRefusedError(f"There is already a task '{self.id}'.")
        fields: dict[str, object] = {"name": self.name, "duration": self.duration}
        fields |= {"after": list(self.after)} if self.after else {}
        more = {"phase": self.phase, "owner": self.owner, "per": self.per, "kind": self.task_kind}
        fields |= {name: value for name, value in more.items() if value is not None}
        return with_value(sources, file, ("tasks", self.id), fields)

    def words(self, name: Namer = ids) -> str:
        where = name("service", self.service) if self.service else "the programme"
        return f"Add the task “{self.name}” ({written_in_words(self.duration)}) to {where}."


class RetireTask(TaskEdit):
    """Remove a task or milestone from the plan. Its records stay, and tasks no longer wait for it."""

    kind: Literal["retire-task"] = "retire-task"
    title: ClassVar[str] = "Remove a task"
    needs_reason: ClassVar[bool] = True

    def apply(self, sources: Sources) -> Sources:
        file, path = self.place(sources, "name")
        if path[0] == "milestones":
            return without(sources, file, path[:-1])
        return with_value(sources, file, (*path[:-1], "drop"), True)  # noqa: FBT003

    def words(self, name: Namer = ids) -> str:
        return f"Remove {name('task', self.task)} from the plan."

    def retires(self, task: str) -> bool:
        service, _, local = self.task.partition("/")
        is_copy = "/" not in local and task.startswith(f"{service}/") and task.rpartition("/")[2] == local
        return task == self.task or is_copy


class SplitTask(TaskEdit):
    """Split a step of a service into two. The first part keeps its id and its progress; the second follows it."""

    kind: Literal["split-task"] = "split-task"
    title: ClassVar[str] = "Split a task"
    first_duration: DurationText
    first_name: str | None = Field(None, min_length=1, description="By default its name stays")
    id: Id = Field(description="The id of the second part")
    name: str = Field(min_length=1, description="The name of the second part")
    duration: DurationText = Field(description="The duration of the second part")

    def apply(self, sources: Sources) -> Sources:
        service, _, step = self.task.partition("/")
        if service == PROGRAMME or "/" in step:
            raise EditRefusedError("Only a step of a service can be split, for all its waves and schools.")
        file, path = self.place(sources, "duration")
        if (kind := field_of(sources, self.task, "kind")) not in (None, Kind.WORK):
            raise EditRefusedError(f"'{self.task}' is of kind {kind}, and rules need it whole.")
        if self.id in steps_of(sources, service):
            raise EditRefusedError(f"There is already a task '{self.id}'.")
        for other, where, links in list(_successors(sources, service, step)):
            for link in links:
                sources = with_item(sources, other, where, _to_last_part(link, step, self.id))
        sources = with_value(sources, file, path, self.first_duration)
        sources = with_or_without(sources, file, (*path[:-1], "estimate"), None)
        if self.first_name is not None:
            sources = with_value(sources, file, (*path[:-1], "name"), self.first_name)
        fields: dict[str, object] = {"name": self.name, "duration": self.duration, "after": step, "was": step}
        inherited = {name: field_of(sources, self.task, name) for name in INHERITED}
        fields |= {name: value for name, value in inherited.items() if value is not None}
        return with_value(sources, file, ("tasks", self.id), fields)

    def words(self, name: Namer = ids) -> str:
        return (
            f"Split {name('task', self.task)}: the first part takes {written_in_words(self.first_duration)}, "
            f"then “{self.name}” takes {written_in_words(self.duration)}."
        )


class AddService(EditBase):
    """Add a service whose tasks follow a pathway."""

    kind: Literal["add-service"] = "add-service"
    title: ClassVar[str] = "Add a service"
    service: Id
    name: str = Field(min_length=1)
    pathway: Id = Field(PATHWAY, description="The template of its tasks")
    service_class: str = Field("general", description="Payroll and finance have more rules")
    lead_provider: Id | None = None
    days_per_week: float = Field(1.0, ge=0, le=5, description="The lead provider's time")

    def apply(self, sources: Sources) -> Sources:
        file = f"services/{self.service}.yaml"
        services = [str(data_in(sources, name).get("service")) for name in sources if name.startswith("services/")]
        if file in sources or self.service in services:
            raise EditRefusedError(f"There is already a service '{self.service}'.")
        if f"pathways/{self.pathway}.yaml" not in sources and shipped_pathway(self.pathway) is None:
            raise EditRefusedError(f"There is no pathway '{self.pathway}'.")
        fields: dict[str, object] = {"service": self.service, "name": self.name}
        fields |= {"class": self.service_class} if self.service_class != "general" else {}
        fields |= {"pathway": self.pathway}
        if self.lead_provider is not None:
            fields["lead_provider"] = {"person": self.lead_provider, "days_per_week": self.days_per_week}
        return {**sources, file: block_text(fields)}

    def words(self, name: Namer = ids) -> str:
        lead = f", led by {name('person', self.lead_provider)}" if self.lead_provider else ""
        return f"Add the service {self.name}{lead}."


def _successors(sources: Sources, service: str, step: str) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """Yield where links to the finish of a step are written or must be, and these links."""
    for name in [n for n in sources if n.startswith("services/")]:
        data = data_in(sources, name)
        here = str(data.get("service"))
        own = data.get("tasks") or {}
        steps = pathway_steps(sources, str(data.get("pathway") or PATHWAY))
        for key in dict.fromkeys((*steps, *own)):
            fields, general = own.get(key) or {}, steps.get(key) or {}
            yield from _links_in(fields, general, name, ("tasks", key), (service, step, here))
    programme = data_in(sources, PROGRAMME_FILE)
    for kind in ("tasks", "milestones"):
        for key, fields in (programme.get(kind) or {}).items():
            yield from _links_in(fields or {}, {}, PROGRAMME_FILE, (kind, key), (service, step, PROGRAMME))


def _links_in(
    own: Mapping[str, Any], general: Mapping[str, Any], file: str, path: tuple[str, ...], of: tuple[str, str, str]
) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    for field in ("after", "also_after", "after_previous_wave"):
        if found := [text for text in listed_links(own.get(field)) if _ends(text, *of)]:
            yield file, (*path, field), found
    if own.get("after") is None and (found := [t for t in listed_links(general.get("after")) if _ends(t, *of)]):
        yield file, (*path, "also_after"), found


def _ends(text: str, service: str, step: str, here: str) -> bool:
    """Return whether a link written in the service `here` is to the finish of a step."""
    link = parse_link(text)
    owner, _, last = link.task.rpartition("/")
    is_it = last == step and (owner.partition("/")[0] == service or (here == service and PROGRAMME not in owner))
    return is_it and link.type in _BEFORE


def _to_last_part(text: str, step: str, last: str) -> str:
    task = parse_link(text).task
    return text.replace(task, f"{task.removesuffix(step)}{last}", 1)
