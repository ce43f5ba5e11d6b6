"""What to do about a barrier: by barrier and audience, in an order that never trains those who do not yet want it.

The texts are our own. Each names what is in it for the students, because that is what explains a change in schools.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from changeflow.adkar.assessment import Element
from changeflow.adkar.groups import GroupBarriers


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do, and who does it."""

    barrier: str
    by: str
    """The audience that acts: `sponsor`, `manager`, `lead`, `champion`, `trainer`."""
    text: str


CATALOGUE: Mapping[tuple[str, str], str] = {
    (Element.AWARENESS, "sponsor"): "Say in person why the change comes now, and what students gain from it.",
    (Element.AWARENESS, "manager"): "Walk through what changes in the team's own week, and what stays.",
    (Element.AWARENESS, "lead"): "Show the dates, and the reason for each of them.",
    (Element.DESIRE, "sponsor"): "Meet the group, listen to what it would lose, and answer with what was decided.",
    (Element.DESIRE, "manager"): "Talk one to one about gains and losses in the role, and what it gives the students.",
    (Element.DESIRE, "champion"): "Bring a colleague from a school that is live, to tell how it really is.",
    (Element.KNOWLEDGE, "trainer"): "Train on the group's own cases, close to the day on which they need it.",
    (Element.KNOWLEDGE, "lead"): "Publish who to call, and the three things that everybody asks.",
    (Element.ABILITY, "trainer"): "Sit beside people while they do it the first times, in the first pay month.",
    (Element.ABILITY, "manager"): "Give time to practise: take something else off the week.",
    (Element.REINFORCEMENT, "sponsor"): "Thank people for what works, in public, and close the old way.",
    (Element.REINFORCEMENT, "manager"): "Look at how it is used, and mend what drives people back to the old way.",
}
"""By (barrier, who acts)."""


def actions_for(group: GroupBarriers) -> tuple[Action, ...]:
    """Return what to do for a group's commonest barrier, first things first; nothing for a group that is not shown."""
    barrier = group.commonest
    if barrier is None:
        return ()
    return tuple(Action(barrier, by, text) for (element, by), text in CATALOGUE.items() if element == barrier)
