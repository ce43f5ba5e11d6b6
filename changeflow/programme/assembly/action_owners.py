"""Owners that the services' files give to actions for groups of people, instead of the owners by rule."""

import re
from dataclasses import replace

from changeflow.adkar.elements import Element
from changeflow.adkar.readiness import CATALOGUE
from changeflow.programme.assembly.expansion import Expansion
from changeflow.programme.definition import Definition
from changeflow.programme.references import References

_NAMES = frozenset({*(action.id for action in CATALOGUE), *(f"people-{element}" for element in Element)})
_CORRECTIONS = ("put-right-", "be-seen-")
"""How the steps begin that follow from a checkpoint."""
_AGAIN = re.compile(r"-\d+$")
"""The number of an action that is planned again."""


def give_owners(expansion: Expansion, definition: Definition) -> None:
    """Give planned actions the owners in the services' files. The owner of an action that is not planned now waits."""
    references = References(definition)
    for service in definition.services:
        for name, owner in service.action_owners.items():
            task = expansion.tasks.get(f"{service.service}/{name}")
            if task is not None and task.is_added:
                who = references.owner(owner, service, task.schools)[0]
                expansion.tasks[task.id] = replace(task, owner=who)


def is_planned_action(step: str) -> bool:
    """Return whether a step is the name of an action that changeflow plans for a group of people."""
    return step in _NAMES or _AGAIN.sub("", step) in _NAMES or step.startswith(_CORRECTIONS)
