"""The rows of the table of permissions that are about the data on people: their requests, exports and erasures."""

from collections.abc import Mapping

from changeflow.programme.permission_entry import PermissionEntry
from changeflow.values.words import Action, Role

_WHO = (Role.DATA_PROTECTION, Role.ADMIN)
_PAGE = "/p/{programme}/settings/data-protection"

OF_DATA_PROTECTION: Mapping[Action, PermissionEntry] = {
    Action.RECORD_DATA_REQUEST: PermissionEntry(
        "record people's requests about their data",
        _WHO,
        routes=(
            f"GET {_PAGE}",
            f"GET {_PAGE}/{{person}}",
            f"POST {_PAGE}/{{person}}/requests",
            f"POST {_PAGE}/requests/{{number:number}}/answered",
            f"POST {_PAGE}/requests/{{number:number}}/extended",
        ),
        is_personal=True,
        note="with the last day to answer each",
    ),
    Action.EXPORT_PERSON: PermissionEntry(
        "export a person's data",
        _WHO,
        ("person export",),
        routes=(f"POST {_PAGE}/{{person}}/export",),
        is_personal=True,
        note="needs a reason if it includes scores; nothing else shows one person's scores",
    ),
    Action.ERASE_PERSON: PermissionEntry(
        "erase a person's data",
        _WHO,
        ("person erase",),
        routes=(f"POST {_PAGE}/{{person}}/erase",),
        is_personal=True,
    ),
    Action.DELETE_OLD_DATA: PermissionEntry(
        "delete data whose retention period has ended",
        _WHO,
        routes=("GET /p/{programme}/settings/retention", "POST /p/{programme}/settings/retention"),
        is_personal=True,
        note="changeflow does this each night; people can do it straight away if they give a reason",
    ),
}
