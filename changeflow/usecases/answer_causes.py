"""Why an answer, or another day for it, delays what was promised: asked for, checked and kept as a comment."""

from changeflow.errors import InputError
from changeflow.programme.facts import Facts
from changeflow.programme.typed_progress import LONGEST_COMMENT
from changeflow.reports.effects import MOVES, Effect, delays_promises, effect_of
from changeflow.reports.own_school import OTHER_SCHOOLS, effect_for_school, own_school_of
from changeflow.usecases.unit_of_work import UnitOfWork
from changeflow.values.sentences import sentence


class CauseNeededError(InputError):
    """The answer delays an announced date or a decision, and the person has not said why; nothing was saved."""

    def __init__(self, effect: Effect) -> None:
        super().__init__(sentence("This will delay an announced date or a decision. Tell us why."))
        shown = {*(topic.value for topic in MOVES), OTHER_SCHOOLS}
        self.moves = tuple(line for part in effect.parts if part.title in shown for line in part.lines)


def cause_of(work: UnitOfWork, person: str, facts: Facts, given: str) -> str:
    """Return why dates become later with new facts; raise a `CauseNeededError` if someone must say so and has not."""
    cause = given.strip()
    if len(cause) > LONGEST_COMMENT:
        raise InputError(sentence("Your reason must be %(most)s characters or fewer.", most=f"{LONGEST_COMMENT:,}"))
    before, after = work.stored.judged, work.judge(facts)
    if cause or not delays_promises(before, after):
        return cause
    effect = effect_of(before, after)
    definition = work.programme.definition
    school = next((p.school for p in definition.people if p.id == person), None)
    raise CauseNeededError(effect_for_school(effect, own_school_of(definition, school)) if school else effect)
