"""The closed list of edits, and edits as JSON."""

from collections.abc import Iterable, Mapping
from typing import Annotated, get_args

from pydantic import Field, TypeAdapter

from changeflow.intake.editing.base import EditBase
from changeflow.intake.editing.calendars import (
    AddBlackout,
    AddCalendar,
    AddClosure,
    RemoveBlackout,
    RemoveClosure,
    SetMeetings,
    SetTerm,
)
from changeflow.intake.editing.levelling import AcceptMove
from changeflow.intake.editing.risks import RemoveOption, SetEvent
from changeflow.intake.editing.settings import (
    AddAbsence,
    AddWaiver,
    ApplyLesson,
    SetBenefits,
    SetPolicy,
    SetSponsor,
    SetTeam,
)
from changeflow.intake.editing.structure import AddService, AddTask, RetireTask, SplitTask
from changeflow.intake.editing.succession import ReplacePerson
from changeflow.intake.editing.tasks import (
    LinkTasks,
    RenameTask,
    SetDeadline,
    SetDuration,
    SetEarliest,
    SetEstimate,
    SetNeed,
    SetOwner,
    SetTaskCalendar,
    UnlinkTasks,
)
from changeflow.intake.editing.wave_plans import OrderWaves, RemoveWave, SetWave, SplitWave
from changeflow.intake.editing.waves import AddSchool, AddWave, MoveSchool, RemoveSchool, RenameWave
from changeflow.intake.editing.wishes import KeepApart, RemoveApart, RemovePin, SetLimit, SetPin, SetWishes

AnyEdit = (
    MoveSchool
    | AddWave
    | RenameWave
    | SetWave
    | SplitWave
    | RemoveWave
    | OrderWaves
    | SetWishes
    | SetPin
    | RemovePin
    | KeepApart
    | RemoveApart
    | SetLimit
    | AcceptMove
    | SetEvent
    | RemoveOption
    | AddSchool
    | RemoveSchool
    | SetDuration
    | SetEstimate
    | LinkTasks
    | UnlinkTasks
    | SetDeadline
    | SetEarliest
    | SetOwner
    | SetTaskCalendar
    | SetNeed
    | AddTask
    | RenameTask
    | RetireTask
    | SplitTask
    | AddCalendar
    | AddClosure
    | RemoveClosure
    | SetTerm
    | AddBlackout
    | RemoveBlackout
    | SetMeetings
    | SetTeam
    | AddAbsence
    | AddService
    | SetPolicy
    | SetSponsor
    | SetBenefits
    | ReplacePerson
    | AddWaiver
    | ApplyLesson
)
Edit = Annotated[AnyEdit, Field(discriminator="kind")]
_EDITS: TypeAdapter[tuple[Edit, ...]] = TypeAdapter(tuple[Edit, ...])

KINDS: Mapping[str, type[EditBase]] = {str(model.model_fields["kind"].default): model for model in get_args(AnyEdit)}
"""Every kind of edit by its name, in the order that forms list them."""


def edits_from(data: object) -> tuple[Edit, ...]:
    """Read edits from plain data; a `ValidationError` says what is wrong."""
    return _EDITS.validate_python(data)


def edits_from_json(text: str) -> tuple[Edit, ...]:
    return _EDITS.validate_json(text)


def edits_to_json(edits: Iterable[Edit]) -> str:
    return _EDITS.dump_json(tuple(edits)).decode()
