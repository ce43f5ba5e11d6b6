"""The rows of the table of permissions that are about accounts: signing in, invitations and tokens."""

from collections.abc import Mapping

from changeflow.programme.permission_entry import EVERYONE, PermissionEntry
from changeflow.programme.permission_lists import SET_UP
from changeflow.values.words import Action, Role

OF_ACCOUNTS: Mapping[Action, PermissionEntry] = {
    Action.SIGN_IN: PermissionEntry(
        "sign in and out",
        EVERYONE,
        routes=(
            "GET /",
            "GET /static/{name}",
            "GET /sign-in",
            "POST /sign-in",
            "GET /sign-in/link/{token}",
            "POST /sign-in/link/{token}",
            "GET /sign-in/provider",
            "GET /sign-in/provider/back",
            "GET /sign-in/here/{token}",
            "POST /sign-in/here/{token}",
            "POST /sign-out",
            "GET /p/{programme}/settings",
            "GET /p/{programme}/settings/sessions",
            "POST /p/{programme}/settings/sessions/end",
            "POST /p/{programme}/settings/sessions/end-all",
            "GET /p/{programme}/kept",
        ),
        note="invited people, and those whose address the organisation's provider has verified",
    ),
    Action.SET_UP: PermissionEntry(
        "set up the first programme",
        (Role.MACHINE,),
        routes=SET_UP,
        note="on the machine itself, with the address that `serve` prints once, until a programme is stored",
    ),
    Action.MAKE_TOKEN: PermissionEntry(
        "make or withdraw a token for another program",
        (Role.ADMIN,),
        routes=(
            "GET /p/{programme}/settings/tokens",
            "POST /p/{programme}/settings/tokens",
            "POST /p/{programme}/settings/tokens/withdraw",
        ),
        note="a token reads as the admin who made it",
    ),
    Action.INVITE: PermissionEntry(
        "invite people to sign in",
        (Role.ADMIN,),
        routes=(
            "GET /p/{programme}/settings/setup",
            "GET /p/{programme}/settings/people",
            "GET /p/{programme}/settings/people/{person}",
            "POST /p/{programme}/settings/people/{person}/invite",
            "POST /p/{programme}/settings/people/{person}/withdraw",
            "POST /p/{programme}/settings/people/{person}/release",
            "POST /p/{programme}/settings/people/{person}/end",
        ),
        note="and withdraw an invitation, release an address, or end someone's sessions. Each is recorded",
    ),
    Action.CHANGE_ADDRESS: PermissionEntry(
        "change a person's email address",
        (Role.SRO, Role.BOARD, Role.ADMIN),
        is_personal=True,
        note=(
            "in the browser, on the form for the person's details, because people sign in with their address; if none "
            "of these is named, those who may store a version. `apply` takes addresses from `people.csv`"
        ),
    ),
}
