"""The rows of the table of permissions that are about messages and the answers to them."""

from collections.abc import Mapping

from changeflow.programme.permission_entry import OPEN, PermissionEntry
from changeflow.values.words import Action, Role

OF_MESSAGES: Mapping[Action, PermissionEntry] = {
    Action.PREVIEW_MESSAGES: PermissionEntry(
        "preview messages",
        (Role.MACHINE, Role.SYSTEM),
        ("nudge preview", "nudge dispatch"),
        note="shows addresses, as sending does",
    ),
    Action.READ_MESSAGES: PermissionEntry(
        "see messages to people",
        (Role.PROJECT_TEAM, Role.CHANGE_LEAD, Role.SRO, Role.ADMIN),
        routes=(
            "GET /p/{programme}/people/messages",
            "GET /p/{programme}/people/messages/week",
            "POST /p/{programme}/people/messages/week",
            "GET /p/{programme}/people/messages/week/{day}/{person}",
            "POST /p/{programme}/people/messages/week/{day}/{person}",
        ),
        note="messages of the next week, before they are sent, those sent, and answers. Each access is recorded",
    ),
    Action.SWITCH_MESSAGES: PermissionEntry(
        "switch messages on or off",
        (Role.PROJECT_TEAM, Role.SRO, Role.ADMIN),
        ("nudge on", "nudge off"),
        routes=("POST /p/{programme}/people/messages",),
        note="on only after reading each kind of message of the first week",
    ),
    Action.TEST_MESSAGES: PermissionEntry(
        "see how messages are sent, and send a test",
        (Role.PROJECT_TEAM, Role.ADMIN),
        routes=("GET /p/{programme}/settings/mail", "POST /p/{programme}/settings/mail"),
        note="never shows passwords; a test goes only to the person who asks for it",
    ),
    Action.ANSWER_MESSAGE: PermissionEntry(
        "answer a message", (Role.RECIPIENT,), routes=("GET /a/{token}", "POST /a/{token}", "POST /a/{token}/undo")
    ),
    Action.ANSWER_OWN: PermissionEntry(
        "see and answer what they are asked",
        OPEN,
        routes=("GET /p/{programme}/me", "POST /p/{programme}/me", "POST /p/{programme}/me/undo"),
    ),
    Action.CHOOSE_MESSAGES: PermissionEntry(
        "choose which messages to get", (Role.RECIPIENT,), routes=("GET /u/{token}", "POST /u/{token}")
    ),
    Action.SUBSCRIBE: PermissionEntry(
        "subscribe to their own dates", (Role.RECIPIENT,), routes=("POST /u/{token}/calendar", "GET /c/{token}.ics")
    ),
}
