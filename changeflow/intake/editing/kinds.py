"""The closed list of edits, and edits as JSON."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field, TypeAdapter

from changeflow.intake.editing.base import EditBase
from changeflow.intake.editing.tasks import (
    LinkTasks,
    RenameTask,
    SetDeadline,
    SetDuration,
    SetEstimate,
    SetOwner,
    UnlinkTasks,
)
from changeflow.intake.editing.waves import AddSchool, AddWave, MoveSchool, RemoveSchool, RenameWave

Edit = Annotated[
    MoveSchool
    | AddWave
    | RenameWave
    | AddSchool
    | RemoveSchool
    | SetDuration
    | SetEstimate
    | LinkTasks
    | UnlinkTasks
    | SetDeadline
    | SetOwner
    | RenameTask,
    Field(discriminator="kind"),
]
_EDITS: TypeAdapter[tuple[Edit, ...]] = TypeAdapter(tuple[Edit, ...])

KINDS: Mapping[str, type[EditBase]] = {
    str(model.model_fields["kind"].default): model
    for model in (
        MoveSchool,
        AddWave,
        RenameWave,
        AddSchool,
        RemoveSchool,
        SetDuration,
        SetEstimate,
        LinkTasks,
        UnlinkTasks,
        SetDeadline,
        SetOwner,
        RenameTask,
    )
}
"""Every kind of edit by its name, in the order that forms list them."""


def edits_from(data: object) -> tuple[Edit, ...]:
    """Read edits from plain data; a `ValidationError` says what is wrong."""
    return _EDITS.validate_python(data)


def edits_from_json(text: str) -> tuple[Edit, ...]:
    return _EDITS.validate_json(text)


def edits_to_json(edits: Iterable[Edit]) -> str:
    return _EDITS.dump_json(tuple(edits)).decode()
