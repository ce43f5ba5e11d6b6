"""Tasks that the next version of a programme no longer has: one with facts goes only when that is meant."""

from collections.abc import Sequence

from changeflow.errors import CheckFailedError, InputError
from changeflow.programme.definition import Definition
from changeflow.programme.facts import Facts
from changeflow.programme.programme import Programme, join
from changeflow.values.problem import check_known
from changeflow.values.rulepack import Rulepacks


def check_retired(
    before: Definition, after: Programme, known: Facts, retire: Sequence[str], *, rulepacks: Rulepacks
) -> None:
    """Keep a task that has facts from vanishing by a slip of the pen; `retire` are those that are meant to go.

    Only tasks that the latest version defines count: those that changeflow makes of facts come and go with them.
    """
    others = (
        (d.task for d in known.decisions),
        (a.task for a in known.attendance),
        (c.task for c in known.checkpoints),
    )
    with_facts = set(known.progress).union(*others)
    left, had = set(after.roadmap.tasks), set(join(before, rulepacks=rulepacks)[0].roadmap.tasks)
    for task in retire:
        if task in left:
            raise InputError(f"'{task}' is still in the folder: take it out there to retire it. Nothing was written.")
        check_known("task to retire", task, (had | with_facts) - left)
    if gone := sorted((with_facts & had) - left - set(retire)):
        options = " ".join(f"--retire {task}" for task in gone)
        raise CheckFailedError(
            f"The folder no longer has {', '.join(gone)}, of which facts are stored. "
            f"If that is intended, add {options}; nothing was written."
        )
