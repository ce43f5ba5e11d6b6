"""The tasks of setting up changeflow, each with its state: only the programme is required."""

from dataclasses import dataclass
from enum import StrEnum

from changeflow.programme.differences import counted_people
from changeflow.storage import invitations
from changeflow.usecases.visits import Visit
from changeflow.values.duration import counted
from changeflow.values.moments import format_day
from changeflow.values.words import Action


class SetupState(StrEnum):
    """The state of a setup task."""

    DONE = "Completed"
    OPEN = "Not started"
    WAITS = "Cannot start yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupTask:
    """A setup task."""

    title: str
    hint: str
    state: SetupState
    path: str = ""
    """The page to do it on; empty if no page can do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSetup:
    """What the server is set up for."""

    has_provider: bool
    has_mail: bool


AFTER = (
    ("Schools", "Check the list of schools, or paste your own."),
    ("People and roles", "Say who does what, and invite people to sign in."),
    ("Terms and closures", "Enter term dates, so that work in schools is planned in term time."),
    ("Benefits for students", "Say what the change does for students, and who has approved that."),
    ("Email", "Connect a mail server, so that changeflow can send messages."),
    ("Sign-in", "Let people sign in with your organisation’s accounts."),
    ("Messages", "Read next week’s messages, then switch messages on."),
)
"""The tasks that follow the programme, in order, with what each is for."""
NO_SENDING = "A sandbox sends no messages."
OF_SENDING = ("Email", "Messages")
"""The tasks that a sandbox, which sends nothing, cannot start."""


def tasks_before(*, has_admin: bool) -> list[SetupTask]:
    """Return the tasks before a programme is stored."""
    you = SetupTask(
        title="About you",
        hint="You become the first admin.",
        state=SetupState.DONE if has_admin else SetupState.OPEN,
        path="/setup/you",
    )
    programme = SetupTask(
        title="Your programme",
        hint="Import a plan that you already have, start from a ready-made programme, or try the sample.",
        state=SetupState.OPEN if has_admin else SetupState.WAITS,
        path="/setup/programme" if has_admin else "",
    )
    return [you, programme, *(SetupTask(title=t, hint=h, state=SetupState.WAITS) for t, h in AFTER)]


def tasks_after(found: Visit, server: ServerSetup) -> list[SetupTask]:
    """Return the tasks once a programme is stored, for its admin."""
    found.permit(Action.INVITE)
    definition, here = found.definition, f"/p/{found.name}"
    invited, people = len(invitations.invitations(found.session, found.name)), len(definition.people)
    days = [term.last_day for calendar in definition.calendars for term in calendar.terms]
    benefits = definition.programme.wiifts
    states = {
        "Schools": (True, f"{counted(len(definition.schools), 'school')} in the programme.", f"{here}/schools"),
        "People and roles": (
            invited > 0,
            f"{counted_people(people)} in the programme, {invited} invited.",
            f"{here}/settings/people",
        ),
        "Terms and closures": (
            bool(days),
            f"Term dates until {format_day(max(days))}." if days else "No term dates yet.",
            f"{here}/settings/terms" if found.may(Action.STORE_VERSION) else "",
        ),
        "Benefits for students": (
            benefits is not None and benefits.approved_on is not None,
            benefits.statement if benefits else "Not described yet.",
            f"{here}/edits/set-benefits" if found.may(Action.STORE_VERSION) else "",
        ),
        "Email": (server.has_mail, _mail_in_words(found, server), f"{here}/settings/mail"),
        "Sign-in": (server.has_provider, _sign_in_in_words(server), f"{here}/settings/people"),
        "Messages": (
            found.reaches_people,
            _messages_in_words(found),
            "" if found.is_sandbox else f"{here}/people/messages/week",
        ),
    }
    done = SetupTask(title="Your programme", hint=definition.programme.name, state=SetupState.DONE, path=here)
    sends = not found.is_sandbox
    return [
        done,
        *(
            SetupTask(
                title=title,
                hint=hint,
                state=_state(is_done=is_done, can_start=sends or title not in OF_SENDING),
                path=path,
            )
            for title, (is_done, hint, path) in states.items()
        ),
    ]


def _state(*, is_done: bool, can_start: bool) -> SetupState:
    return SetupState.DONE if is_done else SetupState.OPEN if can_start else SetupState.WAITS


def _messages_in_words(found: Visit) -> str:
    if found.is_sandbox:
        return NO_SENDING
    return "Messages are on." if found.reaches_people else dict(AFTER)["Messages"]


def _mail_in_words(found: Visit, server: ServerSetup) -> str:
    if found.is_sandbox:
        return NO_SENDING
    if server.has_mail:
        return "A mail server is set."
    return "No mail server is set yet. The person who runs the machine sets one when changeflow starts."


def _sign_in_in_words(server: ServerSetup) -> str:
    if server.has_provider:
        return "People sign in with your organisation’s accounts."
    return (
        "Invited people sign in with a link by email. Admins sign in on this machine only, until accounts are set up."
    )
