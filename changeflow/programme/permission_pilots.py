"""The rows of the table of permissions that are about pilots and parallel runs."""

from collections.abc import Mapping

from changeflow.programme.mandates import WORKING
from changeflow.programme.permission_entry import EVERYONE, PermissionEntry
from changeflow.programme.permission_lists import LEDGERS, pilot_form
from changeflow.values.words import Action, Role

OF_PILOTS: Mapping[Action, PermissionEntry] = {
    Action.MEASURE_PILOT: PermissionEntry(
        "record a pilot's measure",
        (*WORKING, Role.OWNER),
        ("pilot measure",),
        routes=pilot_form("measures/{criterion}"),
    ),
    Action.RECONCILE: PermissionEntry(
        "store a parallel run",
        WORKING,
        ("pilot reconcile",),
        routes=LEDGERS,
        note=(
            "with `--service`. Individual contracts are shown only to those who may see them. Without `--service`, it "
            "works on your own files"
        ),
    ),
    Action.RECORD_FILING: PermissionEntry(
        "record a filing", WORKING, ("pilot submitted",), routes=pilot_form("filings/new")
    ),
    Action.RECORD_TEST: PermissionEntry("record a test", WORKING, ("pilot test",), routes=pilot_form("tests/{case}")),
    Action.RAISE_ISSUE: PermissionEntry(
        "raise an issue", EVERYONE, ("pilot issue raise",), routes=pilot_form("issues/new")
    ),
    Action.UPDATE_ISSUE: PermissionEntry(
        "update {thing}",
        (*WORKING, Role.OWNER, Role.HEAD),
        ("pilot issue update",),
        routes=pilot_form("issues/{number:number}"),
        thing="an issue",
    ),
    Action.GIVE_FEEDBACK: PermissionEntry(
        "give feedback",
        EVERYONE,
        ("pilot feedback add",),
        routes=pilot_form("feedback/new"),
    ),
    Action.PLAN_IMPROVEMENT: PermissionEntry(
        "plan an improvement", WORKING, ("pilot feedback improve",), routes=pilot_form("improvements/new")
    ),
    Action.FINISH_IMPROVEMENT: PermissionEntry(
        "finish {thing}",
        (*WORKING, Role.OWNER),
        ("pilot feedback done",),
        routes=pilot_form("improvements/{number:number}"),
        thing="an improvement",
    ),
    Action.PROPOSE_LESSON: PermissionEntry(
        "propose a lesson", WORKING, ("pilot lesson propose",), routes=pilot_form("lessons/new")
    ),
    Action.ANSWER_LESSON: PermissionEntry(
        "accept or decline a lesson",
        WORKING,
        ("pilot lesson accept", "pilot lesson decline"),
        routes=pilot_form("lessons/{number:number}"),
    ),
    Action.REPEAT_PILOT: PermissionEntry(
        "repeat a pilot or a parallel run", WORKING, ("pilot again",), routes=pilot_form("repeat/{run:path}")
    ),
}
"""Rows in the order of `docs/roles.md`."""
